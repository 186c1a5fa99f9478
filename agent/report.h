#pragma once

// What the agent says about itself: the status and the metrics, as JSON.
// Thread safety: free functions without state.

#include <cstdint>
#include <map>
#include <string>

#include "agent/feedback.h"
#include "agent/inbox.h"
#include "agent/ledger.h"
#include "agent/outbox.h"
#include "transport/link.h"

namespace agent {

struct StatusReport {
  std::string state;  // online, degraded, offline
  std::string since;  // ISO 8601; empty: unknown, as in the will
  std::string config_hash;
  std::string model_hash;
  std::map<std::string, std::string> routes;  // name and failure; empty: works
};

std::string status_json(const StatusReport& status);

struct MetricsReport {
  LedgerSnapshot ledger;
  InboxDepth queue;
  OutboxCounts outbox;
  FeedbackCounts feedback;
  transport::LinkState link;
  std::int64_t uptime_s = 0;
  std::uint64_t resident_bytes = 0;
};

std::string metrics_json(const MetricsReport& metrics);

// What became of one feedback, for ROOT/AGENT/refused/ROUTE.
std::string refused_json(const FeedbackRefusal& refusal, std::int64_t time_ms);

// Memory of this process that is in RAM now; 0 if the system does not say.
std::uint64_t resident_bytes();

}  // namespace agent
