// JSON payloads as a stream of events into a flat list of scalars. There is no tree: the only
// state is the path to the current value, at most depth_max steps long, so a bomb of a million
// brackets is dropped at the first bracket that is too deep.

#include <algorithm>
#include <string>

#include "schemas/json_reader.h"
#include "schemas/json_value.h"
#include "schemas/payload_formats.h"

namespace schemas {
namespace {

class FieldCollector final : public JsonSink {
 public:
  FieldCollector(const PayloadLimits& limits, PayloadFields& fields)
      : limits_(limits), fields_(fields) {}

  PayloadError error() const { return error_; }

  bool on_null() override { return add(nullptr); }
  bool on_boolean(bool value) override { return add(value); }

  bool on_number(std::string_view text) override {
    Number number;
    const PayloadError error = read_number(text, limits_, number);
    if (error == PayloadError::NotANumber) return fail(PayloadError::NumberOutOfRange);
    return error == PayloadError::None ? add(std::move(number)) : fail(error);
  }

  bool on_string(std::string& value) override {
    if (value.size() > limits_.string_bytes_max) return fail(PayloadError::StringTooLong);
    if (value.find('\0') != std::string::npos) return fail(PayloadError::ContainsNul);
    return add(std::move(value));
  }

  bool on_key(std::string& key) override {
    if (++keys_count_ > limits_.keys_max) return fail(PayloadError::TooManyKeys);
    if (key.size() > limits_.key_bytes_max) return fail(PayloadError::KeyTooLong);
    if (key.find('\0') != std::string::npos) return fail(PayloadError::ContainsNul);
    std::vector<std::string>& keys = path_.back().keys;
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) {
      return fail(PayloadError::DuplicateKey);
    }
    keys.push_back(std::move(key));
    return true;
  }

  bool on_object_start() override { return open(Container::Object); }
  bool on_array_start() override { return open(Container::Array); }
  bool on_object_end() override { return close(); }
  bool on_array_end() override { return close(); }

 private:
  enum class Container { Object, Array };

  // One open container and the place in it of the value that is being read.
  struct Step {
    Container container;
    std::vector<std::string> keys;  // so far; the last one is current
    std::size_t index = 0;          // of the next element
  };

  bool fail(PayloadError error) {
    error_ = error;
    return false;
  }

  bool open(Container container) {
    if (path_.size() >= limits_.depth_max) return fail(PayloadError::TooDeep);
    // Containers count as values, or a list of empty lists would have no bound.
    if (++values_count_ > limits_.values_max) return fail(PayloadError::TooManyValues);
    path_.push_back({container, {}, 0});
    return true;
  }

  bool close() {
    path_.pop_back();
    if (!path_.empty()) ++path_.back().index;
    return true;
  }

  bool add(Scalar value) {
    if (++values_count_ > limits_.values_max) return fail(PayloadError::TooManyValues);
    fields_.push_back({pointer(), std::move(value)});
    if (!path_.empty()) ++path_.back().index;
    return true;
  }

  std::string pointer() const {
    std::string text;
    for (const Step& step : path_) {
      text = step.container == Container::Object ? pointer_to(text, step.keys.back())
                                                 : pointer_to(text, step.index);
    }
    return text;
  }

  const PayloadLimits& limits_;
  PayloadFields& fields_;
  std::vector<Step> path_;
  std::size_t keys_count_ = 0;
  std::size_t values_count_ = 0;
  PayloadError error_ = PayloadError::None;
};

}  // namespace

PayloadError read_json_payload(std::string_view bytes, const PayloadLimits& limits,
                               PayloadFields& fields) {
  FieldCollector collector(limits, fields);
  switch (read_json(bytes, collector).outcome) {
    case JsonOutcome::Complete:
      return PayloadError::None;
    case JsonOutcome::Stopped:
      return collector.error();
    case JsonOutcome::NumberOutOfRange:
      return PayloadError::NumberOutOfRange;
    case JsonOutcome::Malformed:
      return PayloadError::NotJson;
  }
  return PayloadError::NotJson;
}

}  // namespace schemas
