#pragma once

// The second, independent check of every decision: a JSON parser (nlohmann) walks the document
// against the SchemaSpec. It shares no code with the constraint automaton on purpose.
// Thread safety: free function without state.

#include <string>
#include <string_view>

#include "schemas/schema_spec.h"

namespace schemas {

struct Verdict {
  bool valid = false;
  std::string pointer;  // of the first value that is wrong; empty if valid
  std::string reason;   // what was found and what was wanted; empty if valid
};

// Never throws, whatever the bytes: text that is not JSON is invalid at pointer "".
// Duplicate keys, trailing bytes, invalid UTF-8 and nesting over 64 levels are invalid too.
[[nodiscard]] Verdict validate(const SchemaSpec& spec, std::string_view json);

}  // namespace schemas
