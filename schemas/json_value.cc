#include "schemas/json_value.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "schemas/decimal.h"
#include "schemas/json_reader.h"
#include "schemas/utf8.h"

namespace schemas {
namespace {

using Kind = JsonValue::Kind;

// Builds the tree. The stack holds pointers into vectors: only the innermost open container
// grows, so the containers around it, and the pointers to them, stay where they are.
class TreeBuilder final : public JsonSink {
 public:
  explicit TreeBuilder(const JsonLimits& limits) : limits_(limits) {}

  bool on_null() override { return add(Kind::Null) != nullptr; }
  bool on_boolean(bool value) override {
    JsonValue* added = add(Kind::Boolean);
    if (added != nullptr) added->boolean = value;
    return added != nullptr;
  }
  bool on_number(std::string_view text) override {
    JsonValue* added = add(Kind::Number);
    if (added != nullptr) added->text = text;
    return added != nullptr;
  }
  bool on_string(std::string& value) override {
    JsonValue* added = add(Kind::String);
    if (added != nullptr) added->text = std::move(value);
    return added != nullptr;
  }
  bool on_key(std::string& key) override {
    open_.back()->keys.push_back(std::move(key));
    return true;
  }
  bool on_object_start() override { return open(Kind::Object); }
  bool on_array_start() override { return open(Kind::Array); }
  bool on_array_end() override {
    open_.pop_back();
    return true;
  }
  bool on_object_end() override {
    const std::optional<std::string_view> twice = duplicate_key(*open_.back());
    if (twice) return fail("the key " + quote(take_code_points(*twice, 40)) + " is there twice");
    open_.pop_back();
    return true;
  }

  JsonValue& root() { return root_; }
  const std::string& reason() const { return reason_; }

  // Pointer of the innermost value that reading had reached.
  std::string pointer() const {
    std::string pointer;
    for (const JsonValue* container : open_) {
      const bool at_start = container->keys.empty() && container->items.empty();
      if (at_start || container == closing_) break;
      pointer = container->is(Kind::Object) ? pointer_to(pointer, container->keys.back())
                                            : pointer_to(pointer, container->items.size() - 1);
    }
    return pointer;
  }

 private:
  static std::optional<std::string_view> duplicate_key(const JsonValue& object) {
    std::vector<std::string_view> sorted(object.keys.begin(), object.keys.end());
    std::sort(sorted.begin(), sorted.end());
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    if (twice == sorted.end()) return std::nullopt;
    return *twice;
  }

  bool fail(std::string reason) {
    if (!open_.empty()) closing_ = open_.back();
    reason_ = std::move(reason);
    return false;
  }

  JsonValue* add(Kind kind) {
    if (++values_count_ > limits_.values_max) {
      fail("more than " + std::to_string(limits_.values_max) + " values");
      return nullptr;
    }
    JsonValue* added = open_.empty() ? &root_ : &open_.back()->items.emplace_back();
    added->kind = kind;
    added->place = static_cast<std::uint32_t>(values_count_);
    return added;
  }

  bool open(Kind kind) {
    if (open_.size() >= limits_.depth_max) {
      return fail("nested deeper than " + std::to_string(limits_.depth_max) + " levels");
    }
    JsonValue* added = add(kind);
    if (added != nullptr) open_.push_back(added);
    return added != nullptr;
  }

  const JsonLimits limits_;
  JsonValue root_;
  std::vector<JsonValue*> open_;  // containers not yet closed, outermost first
  const JsonValue* closing_ = nullptr;
  std::size_t values_count_ = 0;
  std::string reason_;
};

void append_escaped(char c, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x20) {
    out += c;
    return;
  }
  out += "\\u00";
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

enum class Form { Compact, Canonical };

std::string number_text(const JsonValue& value, Form form) {
  if (form == Form::Compact) return value.text;
  const std::optional<Decimal> decimal = parse_decimal(value.text);
  // Beyond what Decimal takes, a number is equal to the same digits only.
  return decimal ? canonical_text(*decimal) : value.text;
}

void write(const JsonValue& value, Form form, std::string& out);

void write_object(const JsonValue& value, Form form, std::string& out) {
  std::vector<std::size_t> order(value.keys.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (form == Form::Canonical) {
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return value.keys[a] < value.keys[b]; });
  }
  out += '{';
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i > 0) out += ',';
    out += quote(value.keys[order[i]]);
    out += ':';
    write(value.items[order[i]], form, out);
  }
  out += '}';
}

void write(const JsonValue& value, Form form, std::string& out) {
  switch (value.kind) {
    case Kind::Null:
      out += "null";
      return;
    case Kind::Boolean:
      out += value.boolean ? "true" : "false";
      return;
    case Kind::Number:
      out += number_text(value, form);
      return;
    case Kind::String:
      out += quote(value.text);
      return;
    case Kind::Array:
      out += '[';
      for (std::size_t i = 0; i < value.items.size(); ++i) {
        if (i > 0) out += ',';
        write(value.items[i], form, out);
      }
      out += ']';
      return;
    case Kind::Object:
      write_object(value, form, out);
      return;
  }
}

}  // namespace

const JsonValue* JsonValue::find(std::string_view key) const {
  const auto found = std::find(keys.begin(), keys.end(), key);
  return found == keys.end() ? nullptr : &items[static_cast<std::size_t>(found - keys.begin())];
}

JsonParse parse_json(std::string_view text, const JsonLimits& limits) {
  JsonParse parse;
  if (text.size() > limits.bytes_max) {
    parse.reason = std::to_string(text.size()) + " bytes, at most " +
                   std::to_string(limits.bytes_max) + " are taken";
    return parse;
  }
  TreeBuilder builder(limits);
  const JsonReadResult read = read_json(text, builder);
  parse.ok = read.outcome == JsonOutcome::Complete;
  if (parse.ok) {
    parse.value = std::move(builder.root());
    return parse;
  }
  parse.pointer = builder.pointer();
  const std::string offset = std::to_string(read.offset);
  if (read.outcome == JsonOutcome::Stopped) parse.reason = builder.reason();
  if (read.outcome == JsonOutcome::NumberOutOfRange) {
    parse.reason = "a number is too large at byte " + offset;
  }
  if (read.outcome == JsonOutcome::Malformed) parse.reason = "not JSON at byte " + offset;
  return parse;
}

std::string write_compact(const JsonValue& value) {
  std::string out;
  write(value, Form::Compact, out);
  return out;
}

std::string write_canonical(const JsonValue& value) {
  std::string out;
  write(value, Form::Canonical, out);
  return out;
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) append_escaped(c, out);
  out += '"';
  return out;
}

std::string pointer_to(const std::string& pointer, std::string_view key) {
  std::string out = pointer + "/";
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

std::string pointer_to(const std::string& pointer, std::size_t index) {
  return pointer + "/" + std::to_string(index);
}

std::string describe(const JsonValue& value) {
  constexpr std::size_t kShown = 40;  // code points
  switch (value.kind) {
    case Kind::Null:
      return "null";
    case Kind::Boolean:
      return value.boolean ? "true" : "false";
    case Kind::Number:
      return "the number " + value.text.substr(0, kShown);
    case Kind::String: {
      const std::string_view shown = take_code_points(value.text, kShown);
      return "the string " + quote(shown) + (shown.size() < value.text.size() ? "..." : "");
    }
    case Kind::Array:
      return "an array of " + std::to_string(value.items.size());
    case Kind::Object:
      return "an object";
  }
  return "nothing";
}

}  // namespace schemas
