#pragma once

// A record as MQTT messages: the decision, a reply, the note that the agent abstained.
// Thread safety: free functions without state.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/judge.h"
#include "agent/route.h"
#include "transport/client.h"

namespace agent {

// A message and what its payload is where there are no user properties.
struct Outbound {
  transport::Message message;
  std::string payload_311;
  enum class Duty : std::uint8_t { Note, Command, SafeCommand };
  Duty duty = Duty::Note;
  std::int64_t lifetime_ms = 0;  // after it was added; 0: the outbox's own bound
};

struct Sender {
  std::string source;  // CloudEvents source, "picolm/press-line-4"
  std::string model_hash;
  std::string abstained_prefix;  // "picolm/press-line-4/abstained/"
};

// {"v":1,"id":...,"decision":{...}}; the decision is null where there is none.
std::string full_envelope(const DecisionRecord& record);

// Everything that leaves because of `record`. A reply goes out for every outcome of the judge if
// the request asked for one and `routes` allows its topic: the decision, or null with the outcome
// and the CloudEvents type picolm.refusal. What never reaches the judge (refused on arrival, shed)
// gets no reply; a requester needs a time limit of its own.
std::vector<Outbound> compose(const DecisionRecord& record, const RouteConfig& route,
                              const transport::Properties& request, const RouteSet& routes,
                              const Sender& sender);

// The explanation that `try` prints, one line.
std::string explain(const DecisionRecord& record);

}  // namespace agent
