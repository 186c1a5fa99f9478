#pragma once

// What the readers of a configuration's parts have in common. `where` begins each refusal.
// Thread safety: free functions without state.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "agent/config.h"

namespace agent {

// The value as a refusal shows it: the first 60 bytes of it.
std::string shown(const nlohmann::ordered_json& json);

// REQUIRES: a boolean, a number or a text.
schemas::Scalar scalar_of(const nlohmann::ordered_json& json);

// Throws ConfigError for what is neither empty nor begins with '/'.
void check_pointer(const std::string& where, const std::string& pointer);

// Names used by a template must be captured by every filter, or they would sometimes be empty.
// Throws ConfigError.
void check_names(const std::string& where, const std::vector<std::string>& used,
                 const std::vector<transport::TopicPattern>& subscribe);

}  // namespace agent
