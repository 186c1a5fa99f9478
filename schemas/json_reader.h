#pragma once

// Strict JSON (RFC 8259) as a stream of events. The only door to the third-party parser, so its
// leniencies are closed here once: a NUL byte does not end the text, a byte order mark is not
// skipped, and numbers arrive as text.
// Thread safety: free functions without state.

#include <cstddef>
#include <string>
#include <string_view>

namespace schemas {

// Receives a document in order. Each call returns false to stop the reading at once; nothing is
// called after that. Strings and keys are decoded UTF-8 and may be moved from.
class JsonSink {
 public:
  virtual ~JsonSink() = default;
  virtual bool on_null() = 0;
  virtual bool on_boolean(bool value) = 0;
  virtual bool on_number(std::string_view text) = 0;  // JSON grammar; finite as a double
  virtual bool on_string(std::string& value) = 0;
  virtual bool on_key(std::string& key) = 0;
  virtual bool on_object_start() = 0;
  virtual bool on_object_end() = 0;
  virtual bool on_array_start() = 0;
  virtual bool on_array_end() = 0;
};

enum class JsonOutcome {
  Complete,          // one document and nothing after it
  Stopped,           // the sink said so
  NumberOutOfRange,  // a number beyond the range of a double, such as 1e400
  Malformed,         // not JSON
};

struct JsonReadResult {
  JsonOutcome outcome = JsonOutcome::Malformed;
  std::size_t offset = 0;  // byte after which reading stopped, if not Complete
};

// Never throws but for memory. The stack does not grow with the nesting of `text`.
[[nodiscard]] JsonReadResult read_json(std::string_view text, JsonSink& sink);

}  // namespace schemas
