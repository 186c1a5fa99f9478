#pragma once

// The `rules` of one route.
// Thread safety: free functions without state.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agent/config.h"

namespace agent {

// Conditions and names checked; `decide` is left to the caller, who knows the schema.
// Throws ConfigError; `where` begins it. REQUIRES: payload and fields of `route` are read.
std::vector<RuleConfig> read_rules(const nlohmann::ordered_json& json, const std::string& where,
                                   const RouteConfig& route);

}  // namespace agent
