#pragma once

// What the worker knows of teaching: which lessons a route has, what becomes of feedback, and the
// recent inputs that feedback can name. A lesson is on the disk before the route is taught.
// Thread safety: unsafe; owned by the worker thread.

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/feedback.h"
#include "agent/inbox.h"
#include "agent/judge.h"
#include "agent/log.h"
#include "agent/open_routes.h"
#include "agent/store/store.h"
#include "agent/teach_plan.h"

namespace agent {

class Learner {
 public:
  // Says in the log what was wrong with the store. The pointers outlive this object.
  Learner(OpenedStore opened, FeedbackBooks* books, Logger* logger);
  ~Learner();
  Learner(const Learner&) = delete;
  Learner& operator=(const Learner&) = delete;

  // What `route` is to be taught now. A store that fails costs the lessons, not the examples.
  TeachPlan plan(const RouteConfig& route);

  // Where routes are taught: all open sets, since messages of an older one may still be queued.
  struct School {
    std::span<OpenRoutes* const> sets;
    Judge* judge = nullptr;
  };

  // Stores what `items` (feedback) teach, then teaches each of their routes once. Without sets they
  // are only stored.
  void learn(std::span<const InboxItem> items, const School& school);

  // The message can be named by feedback from now on.
  void remember(const InboxItem& item, const DecisionRecord& record, const Element& element,
                std::size_t element_index);

  // What the model decided for sure may become a lesson, if the route says so.
  void consider(const InboxItem& item, const DecisionRecord& record, const Element& element,
                std::size_t element_index);

  // Between messages: teaches what was considered, at most once a minute, writes recent inputs now
  // and then, and teaches what another process, such as `picolm-agent lessons forget`, has changed.
  void tend(const School& school);

 private:
  struct Pupil {  // what one feedback brought: stored and not taught yet
    std::vector<std::int64_t> lessons;
    FeedbackRefusal refusal;  // what to say if it cannot be taught
    bool refused = false;
  };

  // Stores what one feedback teaches, or refuses it.
  void take(const InboxItem& item, std::vector<Pupil>* pupils);
  // The message that `feedback` is about; nothing: refused, with the reason in `refusal`.
  std::vector<RecentInput> messages(const Feedback& feedback, const RouteConfig& route,
                                    FeedbackRefusal* refusal);
  void teach(const std::string& route, std::span<Pupil> pupils, const School& school);
  void teach_one(OpenRoutes* set, const Route& route, std::span<Pupil> pupils,
                 const School& school);
  void teach_own(const School& school);
  void flush();
  void report_failure(const StoreError& error);

  std::unique_ptr<Store> store_;
  FeedbackBooks* const books_;
  Logger* const logger_;
  std::map<std::string, std::vector<std::int64_t>> taught_;  // route -> lessons, as last planned
  std::vector<StoredLesson> own_;  // considered and not stored yet; bounded
  std::optional<std::chrono::steady_clock::time_point> own_taught_at_;
  std::int64_t data_version_ = 0;
  std::uint64_t failures_ = 0;
  std::chrono::steady_clock::time_point tended_at_{};
  std::chrono::steady_clock::time_point flushed_at_ = std::chrono::steady_clock::now();
};

}  // namespace agent
