#pragma once

// The `window` of one route.
// Thread safety: free functions without state.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agent/config.h"

namespace agent {

// Throws ConfigError; `where` begins it. REQUIRES: the shape of `entry` was checked, and the fields
// of `route` are read.
void read_window(const nlohmann::ordered_json& entry, const std::string& where, RouteConfig* route);

// What the examples read in each field of the window, if there is one.
// REQUIRES: the examples of `route` are read.
void read_example_readings(RouteConfig* route);

}  // namespace agent
