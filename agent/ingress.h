#pragma once

// What happens on the network thread: the cheap checks, the route, the queue. Nothing here waits
// or decides, because keep-alive and acknowledgements wait for it.
// Thread safety: safe.

#include <memory>
#include <mutex>

#include "agent/feedback.h"
#include "agent/inbox.h"
#include "agent/ledger.h"
#include "agent/log.h"
#include "agent/route.h"
#include "agent/side_channel.h"
#include "transport/client.h"

namespace agent {

class Ingress {
 public:
  // Everything outlives this object.
  // Without a side channel every message is an input.
  Ingress(Inbox* inbox, Ledger* ledger, FeedbackBooks* feedback, Logger* logger,
          SideChannel* side = nullptr)
      : inbox_(inbox), ledger_(ledger), feedback_(feedback), logger_(logger), side_(side) {}

  // Messages from now on go to these routes.
  void set_routes(std::shared_ptr<const RouteSet> routes);
  std::shared_ptr<const RouteSet> routes() const;

  // Each matching route gets the message as an input of its own; a message that no route can take
  // is one input that is rejected. Feedback is no input and goes to its route. Running out of
  // memory here ends the process: the broker delivers again what was not acknowledged.
  void accept(transport::Message&& message) noexcept;

  // The transport dropped a message; `why` is what its on_rejected told.
  void reject_dropped(std::string_view why) noexcept;

 private:
  void offer(const RouteSet& set, const std::shared_ptr<const Route>& route,
             const transport::Message& message, transport::Captures captures);
  void accept_feedback(const RouteSet& set, transport::Message&& message);
  void refuse(Outcome outcome, std::string_view why, std::string_view route,
              std::string_view topic);

  Inbox* const inbox_;
  Ledger* const ledger_;
  FeedbackBooks* const feedback_;
  Logger* const logger_;
  SideChannel* const side_;
  mutable std::mutex mutex_;
  std::shared_ptr<const RouteSet> routes_;  // guarded by mutex_; shared with queue and worker
};

}  // namespace agent
