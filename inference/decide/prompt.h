#pragma once

// What the model is told about a route: instructions, then each field with its options.
// Thread safety: free function without state.

#include <string>
#include <string_view>

#include "schemas/schema_spec.h"

namespace inference {

// `INSTRUCTIONS Answer with JSON. action: "start", "stop"; level: an integer from 0 to 9.`
std::string make_system_text(std::string_view instructions, const schemas::SchemaSpec& spec);

}  // namespace inference
