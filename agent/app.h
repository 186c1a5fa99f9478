#pragma once

// Owns everything and wires it: configuration -> inbox, ledger, outbox -> worker -> link. What
// others use is declared before them, so that it is there until they have ended.
// Thread safety: the public methods are called by one thread (main).

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/alarms.h"
#include "agent/config.h"
#include "agent/feedback.h"
#include "agent/inbox.h"
#include "agent/ingress.h"
#include "agent/ledger.h"
#include "agent/log.h"
#include "agent/outbox.h"
#include "agent/report.h"
#include "agent/state_dir.h"
#include "agent/worker.h"
#include "transport/link.h"

namespace agent {

// What tests replace or shorten; the defaults are the product.
struct AppOptions {
  std::function<LoadedModel(const ModelConfig&)> load = load_model;
  InboxLimits inbox;
  OutboxLimits outbox;
  transport::SupervisorOptions link;
  std::chrono::milliseconds metrics_interval{10'000};
  std::chrono::milliseconds drain{2500};  // for the queue, of the 5 s in all
  std::chrono::milliseconds decision_deadline{3000};
  std::chrono::milliseconds flush{800};  // for the outbox
  bool advise = false;                   // every route only advises
};

class App {
 public:
  // Throws ConfigError for what lint() refuses, transport::TransportError for a broker that can
  // never be reached, and StateDirError. `logger` outlives this object.
  App(Config config, AppOptions options, Logger* logger);
  // Without a stop() that returned true it waits for the decision or the load under way.
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  // Starts the worker, which loads the model; the link starts when that is done.
  void start();

  // Housekeeping; call it every 100 to 500 ms. False: the agent cannot go on, see failure().
  [[nodiscard]] bool tick();

  // Reads the configuration's file again. What is refused leaves everything as it was.
  void reload();

  // Drains, says offline, closes. False: a decision was still under way; the process must end
  // now without destroying this object.
  [[nodiscard]] bool stop();

  std::string failure() const { return failure_; }
  LedgerSnapshot books() const { return ledger_.snapshot(); }
  OutboxCounts sent() const { return outbox_.counts(); }
  bool connected() const { return link_ != nullptr && link_->state().connected(); }

 private:
  void start_link();
  void on_link(const transport::LinkState& state);
  void deliver(const DecisionRecord& record, const RouteConfig& route,
               const transport::Properties& request);
  // Any thread: the note that feedback taught nothing. Sent with the next tick.
  void ask(const ConfirmRequest& request);
  void tell_refused(const FeedbackRefusal& refusal);
  void pump();
  void apply(Config config, std::shared_ptr<const RouteSet> routes);
  StatusReport status() const;
  // Publishes the status if it differs from what the broker was last given.
  void update_status();
  void publish_metrics();
  // Publishes what changed of the alarms, all of them on a new connection.
  void publish_alarms();
  void watch_clock();

  const AppOptions options_;
  Logger* const logger_;
  const std::chrono::steady_clock::time_point started_at_;

  const std::string file_;    // of the configuration
  const std::string source_;  // CloudEvents source, and the prefix of the agent's own topics

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  Config config_;                             // changed by a reload on the worker thread
  std::vector<std::string> refused_filters_;  // told by the link thread

  // Owned by the main thread.
  StateDir state_dir_;
  std::string failure_;
  std::uint64_t generation_ = 1;  // of the latest route set
  std::string state_;             // last told: online or degraded
  std::string state_since_;
  std::string status_sent_;
  std::uint64_t status_connect_ = 0;  // connection on which it was sent
  std::uint64_t alarms_connect_ = 0;  // the same of the alarms
  std::chrono::steady_clock::time_point metrics_at_{};

  // Link thread only.
  std::uint64_t link_failures_ = 0;  // since the last connection
  std::uint64_t link_connects_ = 0;  // of which the log has told
  std::uint64_t fence_connect_ = 0;  // on which the fence was sent

  Alarms alarms_;
  Inbox inbox_;
  Ledger ledger_;
  FeedbackBooks feedback_;
  SideChannel side_;
  Ingress ingress_;
  std::atomic<transport::Link*> link_for_send_{nullptr};
  Outbox outbox_;
  std::unique_ptr<transport::Link> link_;
  Worker worker_;  // after the link, which its thread uses until it is joined
};

}  // namespace agent
