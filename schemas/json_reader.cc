#include "schemas/json_reader.h"

#include <cstdint>
#include <nlohmann/json.hpp>

namespace schemas {
namespace {

using nlohmann::json;

constexpr int kNumberOutOfRange = 406;  // id of the parser's error for numbers beyond a double

// Hands the parser's events on. The parser never builds a tree: its trees copy, print and (in the
// binary formats) read themselves by recursion without a bound.
class Adapter {
 public:
  explicit Adapter(JsonSink& sink) : sink_(sink) {}

  bool null() { return keep(sink_.on_null()); }
  bool boolean(bool value) { return keep(sink_.on_boolean(value)); }
  bool number_integer(json::number_integer_t value) {
    return keep(sink_.on_number(std::to_string(value)));
  }
  bool number_unsigned(json::number_unsigned_t value) {
    return keep(sink_.on_number(std::to_string(value)));
  }
  bool number_float(json::number_float_t, const std::string& text) {
    return keep(sink_.on_number(without_locale(text)));
  }
  bool string(std::string& value) { return keep(sink_.on_string(value)); }
  bool binary(json::binary_t&) { return keep(false); }  // not in JSON text
  bool start_object(std::size_t) { return keep(sink_.on_object_start()); }
  bool key(std::string& value) { return keep(sink_.on_key(value)); }
  bool end_object() { return keep(sink_.on_object_end()); }
  bool start_array(std::size_t) { return keep(sink_.on_array_start()); }
  bool end_array() { return keep(sink_.on_array_end()); }

  bool parse_error(std::size_t position, const std::string&, const json::exception& error) {
    offset_ = position;
    out_of_range_ = error.id == kNumberOutOfRange;
    return false;
  }

  JsonReadResult result(bool complete) const {
    if (complete) return {JsonOutcome::Complete, 0};
    if (stopped_) return {JsonOutcome::Stopped, offset_};
    return {out_of_range_ ? JsonOutcome::NumberOutOfRange : JsonOutcome::Malformed, offset_};
  }

 private:
  bool keep(bool going) {
    stopped_ = stopped_ || !going;
    return going;
  }

  // The parser writes the locale's decimal point into the text it hands out.
  static std::string without_locale(std::string text) {
    for (char& c : text) {
      const bool known = (c >= '0' && c <= '9') || c == '-' || c == '+' || c == 'e' || c == 'E';
      if (!known) c = '.';
    }
    return text;
  }

  JsonSink& sink_;
  bool stopped_ = false;
  bool out_of_range_ = false;
  std::size_t offset_ = 0;
};

}  // namespace

JsonReadResult read_json(std::string_view text, JsonSink& sink) {
  const std::size_t nul = text.find('\0');  // the parser takes it for the end of the text
  if (nul != std::string_view::npos) return {JsonOutcome::Malformed, nul};
  if (text.substr(0, 3) == "\xEF\xBB\xBF") return {JsonOutcome::Malformed, 0};
  Adapter adapter(sink);
  const bool complete = json::sax_parse(text.begin(), text.end(), &adapter);
  return adapter.result(complete);
}

}  // namespace schemas
