#pragma once

// A JSON document as a small tree: objects keep the order of the text, numbers keep their digits.
// Bounded in bytes, depth and values, so that walking it by recursion is safe.
// Thread safety: values and free functions without state.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace schemas {

struct JsonValue {
  enum class Kind : std::uint8_t { Null, Boolean, Number, String, Array, Object };

  Kind kind = Kind::Null;
  bool boolean = false;
  std::uint32_t place = 0;        // of the value in its text, from 1; 0: it was not read from one
  std::string text;               // String: decoded UTF-8. Number: as written
  std::vector<std::string> keys;  // Object: unique, in the order of the text
  std::vector<JsonValue> items;   // Array: elements. Object: values, [keys.size()]

  // The member of an object called `key`, or null. Owned by this value.
  const JsonValue* find(std::string_view key) const;

  bool is(Kind wanted) const { return kind == wanted; }
};

struct JsonLimits {
  std::size_t bytes_max = 0;
  std::size_t depth_max = 0;
  std::size_t values_max = 0;
};

struct JsonParse {
  bool ok = false;
  JsonValue value;      // if ok
  std::string pointer;  // of the value where reading stopped, if not ok
  std::string reason;
};

// Parses one document. Duplicate keys, invalid UTF-8, lone surrogates and trailing bytes fail.
[[nodiscard]] JsonParse parse_json(std::string_view text, const JsonLimits& limits);

// The value without white space. Strings carry only the escapes that JSON demands.
[[nodiscard]] std::string write_compact(const JsonValue& value);

// Text that is equal exactly when two values are equal as JSON Schema defines it: 1 and 1.0 are,
// objects are whatever the order of their members, true and 1 are not.
[[nodiscard]] std::string write_canonical(const JsonValue& value);

// `text` as a JSON string with its quotes, with only the escapes that JSON demands.
[[nodiscard]] std::string quote(std::string_view text);

// `pointer` and one more step, escaped as RFC 6901 says.
[[nodiscard]] std::string pointer_to(const std::string& pointer, std::string_view key);
[[nodiscard]] std::string pointer_to(const std::string& pointer, std::size_t index);

// "an object", "the string \"abc\"", "the number 12": for messages, cut to a short line.
[[nodiscard]] std::string describe(const JsonValue& value);

}  // namespace schemas
