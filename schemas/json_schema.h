#pragma once

// JSON Schema text, or the shorthand `{"status":["ok","error"]}`, to a SchemaSpec.
// What cannot be enforced is refused, never ignored.
// Thread safety: free functions without state.

#include <stdexcept>
#include <string>
#include <string_view>

#include "schemas/schema_spec.h"

namespace schemas {

// Thrown at load. what() reads "POINTER: KEYWORD: REASON".
class SchemaError : public std::runtime_error {
 public:
  SchemaError(std::string pointer, std::string keyword, std::string reason);
  const std::string& pointer() const { return pointer_; }  // JSON pointer of the keyword or value
  const std::string& keyword() const { return keyword_; }
  const std::string& reason() const { return reason_; }

 private:
  std::string pointer_;
  std::string keyword_;
  std::string reason_;
};

// Parses `text`, which is JSON Schema or the shorthand (an object whose keys are not JSON Schema
// keywords and whose values are lists of allowed values). Throws SchemaError.
SchemaSpec parse_schema(std::string_view text);

// The same from a file of at most 1 MiB. Throws SchemaError with the path in the reason.
SchemaSpec load_schema(const std::string& path);

}  // namespace schemas
