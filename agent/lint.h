#pragma once

// What is wrong or doubtful in a configuration as a whole, beyond its single keys.
// Thread safety: free function without state.

#include <string>
#include <vector>

#include "agent/config.h"

namespace agent {

struct Findings {
  std::vector<std::string> errors;    // the agent would answer itself: refused
  std::vector<std::string> warnings;  // allowed, but probably not meant
};

Findings lint(const Config& config);

}  // namespace agent
