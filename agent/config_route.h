#pragma once

// One entry of "routes": values of checked shape to a RouteConfig, with the contracts between its
// keys.
// Thread safety: free function without state.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "agent/config.h"
#include "agent/trust.h"

namespace agent {

// REQUIRES: `json` passed check_shape. `where` is its place ("routes[0]"), `file` the
// configuration's path. What is read from other files goes into `hash`. Throws ConfigError.
RouteConfig read_route(const nlohmann::ordered_json& json, const std::string& where,
                       const std::string& file, Sha256* hash);

// Whether `name` could be a route's: 1 to 64 letters, digits, '.', '_' or '-'.
bool is_plain_name(std::string_view name);

}  // namespace agent
