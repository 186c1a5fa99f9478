#pragma once

// Compares a configuration document with the table of keys: names, types and ranges. What passes
// can be read without further checks of these.
// Thread safety: free function without state.

#include <nlohmann/json_fwd.hpp>

namespace agent {

// Throws ConfigError for the first thing that is wrong, naming the key's place in the document.
void check_shape(const nlohmann::ordered_json& document);

}  // namespace agent
