#pragma once

// What the broker has been asked to deliver, and what to ask or leave next. A kept session also
// keeps subscriptions that we no longer want, so filters are remembered until they are left.
// Thread safety: unsafe; owned by the link thread.

#include <set>
#include <string>
#include <vector>

#include "transport/client.h"

namespace transport {

class SubscriptionBook {
 public:
  struct Plan {
    std::vector<Subscription> ask = {};
    std::vector<std::string> leave = {};
  };

  // A connection begins: everything wanted is asked for again, also when the broker kept the
  // session, which may have been restored from an old snapshot.
  void connected(bool session_present);

  // What brings the broker in line with `wanted`, which holds each filter once.
  [[nodiscard]] Plan plan(const std::vector<Subscription>& wanted) const;

  // The plan was carried out: `codes` are the reason codes of plan.ask.
  // REQUIRES: codes.size() == plan.ask.size().
  void carried_out(const Plan& plan, const std::vector<int>& codes);

  // Filters asked for on this connection that were not granted.
  [[nodiscard]] std::vector<std::string> refused() const;

 private:
  std::vector<Subscription> asked_;  // on this connection
  std::set<std::string> refused_;
  std::set<std::string> in_session_;  // of the broker, as far as we caused it
};

}  // namespace transport
