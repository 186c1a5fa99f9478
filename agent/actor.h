#pragma once

// From a record to what leaves: repetition, mode, the interlock, confirmations that are waited for
// and acknowledgements that are missed. It decides; others publish.
// Thread safety: unsafe; owned by the worker thread. Clocks are passed in.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/alarms.h"
#include "agent/change_gate.h"
#include "agent/interlock.h"
#include "agent/judge.h"
#include "agent/side_channel.h"

namespace agent {

// A record with what it needs to leave.
struct Settled {
  DecisionRecord record;
  std::shared_ptr<const Route> route;
  transport::Properties request;
  std::chrono::steady_clock::time_point received_at;
};

// The input as far as acting goes.
struct ActInput {
  transport::Captures captures;
  Values values;
  std::vector<NamedNumber> windows;
  Origin origin;         // but for clock and waiting time, which are filled in
  bool precise = false;  // the route may act on what was learned
};

// What a person is asked, for ROOT/AGENT/confirm/ROUTE.
struct ConfirmRequest {
  std::string route;
  std::string payload;
};

class Actor {
 public:
  static constexpr std::size_t kHeldMax = 64;    // decisions that wait for a person
  static constexpr std::size_t kAcksMax = 1024;  // commands that wait for a machine; more unwatched

  // Both outlive this object.
  Actor(SideChannel* side, Alarms* alarms) : side_(side), alarms_(alarms) {}

  // Ends the record's outcome and says whether it is also a command. Nothing: it waits for a
  // person and comes out of tend() later.
  std::vector<Settled> settle(Settled settled, ActInput input, const Moment& now);

  // What confirmations, their absence, the stop and acknowledgements have settled since.
  std::vector<Settled> tend(const Moment& now);

  // All that waits, refused: the agent ends.
  std::vector<Settled> abandon();

  std::vector<ConfirmRequest> take_requests() { return std::move(requests_); }
  bool waits() const { return !held_.empty() || !acks_.empty(); }

 private:
  struct Held {
    Settled settled;
    ActInput input;
    std::string target;
    std::string confirm_topic;
    std::int64_t until_ms = 0;  // steady
  };
  struct Ack {
    std::string target;
    std::string topic;
    std::int64_t until_ms = 0;  // steady
  };

  Ruling rule(const Settled& settled, const ActInput& input, const std::string& target,
              std::string_view decision, bool confirmed, const Moment& now, bool act);
  // False: it waits.
  bool act(Settled* settled, ActInput* input, bool confirmed, const Moment& now);
  void command(Settled* settled, const std::string& target, bool safe, const Moment& now);
  void refuse(Settled* settled, const ActInput& input, const std::string& target,
              const Ruling& ruling, const Moment& now);
  void hold(Settled settled, ActInput input, const std::string& target, const Moment& now);
  void take_notice(const Notice& notice, const Moment& now, std::vector<Settled>* out);

  SideChannel* const side_;
  Alarms* const alarms_;
  Interlock interlock_;
  ChangeGate gate_;
  std::vector<Held> held_;
  std::map<std::string, Ack, std::less<>> acks_;  // by decision id
  std::vector<Settled> superseded_;               // by acts on their target
  std::vector<ConfirmRequest> requests_;
};

}  // namespace agent
