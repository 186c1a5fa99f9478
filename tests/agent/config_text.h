#pragma once

// A configuration that is accepted, and ways to spoil it.
// Thread safety: free functions without state.

#include <nlohmann/json.hpp>
#include <string>

#include "agent/config.h"
#include "tests/support/temp_dir.h"

namespace agent {

using TestJson = nlohmann::ordered_json;

// One route "press" with named levels, fields and a schema of {status,target}.
TestJson good_config();

// `json` written to a file and loaded. Throws ConfigError.
Config load(const TestJson& json);

// What load() says about `json`; empty if it is accepted.
std::string refusal(const TestJson& json);

// The same for text that need not be JSON.
std::string text_refusal(const std::string& text);

}  // namespace agent
