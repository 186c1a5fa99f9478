#pragma once

// What a route's configuration says about acting: mode, command topic, states, interlock,
// repetition and silence. Thread safety: free functions without state.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agent/config.h"

namespace agent {

// Throws ConfigError; `where` begins it.
// REQUIRES: topics, payload, time, fields and schema of `route` are read.
void read_act(const nlohmann::ordered_json& json, const std::string& where, RouteConfig* route);

}  // namespace agent
