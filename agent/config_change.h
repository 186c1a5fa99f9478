#pragma once

// What an agent accepts as its configuration, at the start and while it runs.
// Thread safety: free functions without state.

#include <string>

#include "agent/config.h"
#include "agent/log.h"

namespace agent {

// With `advise` every route only advises.
Config advise_only(Config config, bool advise);

// Warns of what lint() finds. Throws ConfigError for what it refuses.
Config checked(Config config, Logger* logger);

// Why a running agent cannot change to `next`, or empty.
std::string needs_restart(const Config& present, const Config& next);

}  // namespace agent
