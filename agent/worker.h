#pragma once

// The one thread that owns the model: it loads it, opens the routes, and takes messages from the
// inbox to records and from there to the outbox. Messages that wait are decided together, since
// they share the reading of the weights; a lone one is decided at once.
// Thread safety: the public methods are called by one thread (main); counters are safe.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "agent/actor.h"
#include "agent/decider.h"
#include "agent/inbox.h"
#include "agent/judge.h"
#include "agent/learner.h"
#include "agent/ledger.h"
#include "agent/log.h"
#include "agent/open_routes.h"
#include "agent/window_book.h"

namespace agent {

struct WorkerOptions {
  std::string agent_id;
  std::string window_file = {};  // keeps the routes' windows over a restart; empty: they are not
  std::string nonce;             // tells generated input ids of this start from those of others
  std::function<LoadedModel()> load;        // runs on the worker thread
  std::function<OpenedStore()> open_store;  // the same
  // Worker thread: one record is ready to leave.
  std::function<void(const DecisionRecord&, const RouteConfig&, const transport::Properties&)>
      deliver;
  // Worker thread: a person is asked.
  std::function<void(const ConfirmRequest&)> ask;
  SideChannel* side = nullptr;
  Alarms* alarms = nullptr;
};

enum class WorkerPhase { Loading, Running, Failed, Stopped };

class Worker {
 public:
  // Name of a route and its failure; empty for one that works.
  using RouteStates = std::map<std::string, std::string>;

  // The pointers outlive this object.
  Worker(WorkerOptions options, Inbox* inbox, Ledger* ledger, FeedbackBooks* feedback,
         Logger* logger);
  // Ends the thread first, which takes as long as what it is at: without a stop() that is a model
  // to load or one decision.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Starts the thread, which loads the model and opens `routes`.
  void start(std::shared_ptr<const RouteSet> routes);

  // Waits until the phase is not Loading, at most `timeout`, and returns it.
  WorkerPhase wait_loaded(std::chrono::milliseconds timeout);
  WorkerPhase phase() const;
  std::string failure() const;     // why the phase is Failed
  std::string model_hash() const;  // once loaded
  RouteStates route_states() const;

  // Opens `routes` beside the present ones and then, if all opened, calls `accepted` on the worker
  // thread; messages queued before are still decided by the old routes. Otherwise the old ones
  // stay and `refused` is called with the reason, on the worker thread too.
  void reload(std::shared_ptr<const RouteSet> routes, std::function<void()> accepted,
              std::function<void(const std::string&)> refused);

  // Decides what is queued until `drain` has passed, sheds the rest, and ends the thread.
  // False: decisions were still under way at `deadline` after the call; the thread goes on and
  // the process must end without destroying this object.
  [[nodiscard]] bool stop(std::chrono::milliseconds drain, std::chrono::milliseconds deadline);

 private:
  struct Reload {
    std::shared_ptr<const RouteSet> routes;
    std::function<void()> accepted;
    std::function<void(const std::string&)> refused;
  };
  struct OpenSet {
    std::uint64_t generation = 0;
    std::unique_ptr<OpenRoutes> routes;
  };

  void run(std::shared_ptr<const RouteSet> routes);
  bool load(const RouteSet& routes);
  // The routes of `set` opened; `states` says how that went.
  OpenSet open(const RouteSet& set, RouteStates* states);
  void apply_reload(const Reload& reload);
  struct Input {
    const InboxItem* item = nullptr;
    JudgeInput judged;
  };
  // In order: runs of inputs are decided, runs of feedback learned.
  void process(std::span<const InboxItem> items);
  void process_inputs(std::span<const InboxItem> items);
  void process_feedback(std::span<const InboxItem> items);
  JudgeInput input_of(const InboxItem& item, const std::vector<Element>& elements,
                      std::size_t index) const;
  void extend_windows(const InboxItem& item, std::vector<Element>* elements);
  // Empties `batch`.
  void decide(std::vector<Input>* batch);
  // Publishes and closes the books of what is settled.
  void conclude(const std::vector<Settled>& settled);
  // Answers, silence and the stop, between messages.
  void tend_acts();
  // The alarm of routes that are to act and are not precise enough.
  void tell_precision();
  ActInput act_input_of(const InboxItem& item, const Element& element) const;
  void finish(const DecisionRecord& record);
  std::vector<OpenRoutes*> open_sets() const;
  std::optional<OpenRoutes::Found> handle_of(const InboxItem& item) const;
  bool drain_over() const;
  void set_phase(WorkerPhase phase, std::string failure);

  const WorkerOptions options_;
  Inbox* const inbox_;
  Ledger* const ledger_;
  FeedbackBooks* const feedback_;
  Logger* const logger_;
  std::thread thread_;

  // Owned by the worker thread. The routes go before the model.
  LoadedModel model_;
  std::unique_ptr<Judge> judge_;
  std::unique_ptr<Learner> learner_;
  WindowBook windows_;
  WindowFile window_file_;
  std::unique_ptr<Actor> actor_;
  std::vector<OpenSet> open_;  // oldest first; more than one only while old messages are queued

  std::atomic<bool> stopping_{false};
  std::atomic<std::int64_t> drain_until_ns_{0};  // steady clock

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  WorkerPhase phase_ = WorkerPhase::Loading;
  std::string failure_;
  std::string model_hash_;
  RouteStates states_;
  std::optional<Reload> reload_;
};

}  // namespace agent
