#pragma once

// What a configuration asks of the link: how to connect and what to listen to.
// Thread safety: free functions without state.

#include <vector>

#include "agent/config.h"
#include "agent/report.h"
#include "transport/client.h"

namespace agent {

// Password and key files read, everything else from the configuration. `will` is the status that
// the broker publishes when the agent is gone.
transport::ClientOptions client_options(const Config& config, const StatusReport& will);

// Each filter once.
std::vector<transport::Subscription> subscriptions(const Config& config);

}  // namespace agent
