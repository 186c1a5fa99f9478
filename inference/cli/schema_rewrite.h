#pragma once

// A document in the form in which the automaton is asked about it: compact, declared keys in the
// order of the schema, other keys after them as they come, numbers as they are written, strings
// with only the escapes that JSON demands.
// Thread safety: free function without state.

#include <string>

#include "schemas/json_value.h"
#include "schemas/schema_spec.h"

namespace picolm {

std::string rewrite(const schemas::SchemaSpec& spec, const schemas::JsonValue& value);

}  // namespace picolm
