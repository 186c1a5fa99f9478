#pragma once

// What a client has asked the broker and not heard back: the requests its owner waits for, and
// the publishes in flight, each of whose callbacks is called exactly once whatever happens.
// Thread safety: safe. Callbacks run without the lock held, so they may be slow, not recursive.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "transport/client.h"
#include "transport/mutex.h"

namespace transport {

using PublishDone = std::function<void(PublishResult)>;

// What a request came to.
struct Reply {
  bool ok = false;
  int code = 0;  // of the broker (> 0) or of the client library (< 0)
  std::string text = {};
  std::vector<int> codes = {};  // of a subscribe or unsubscribe: one a filter

  // Of a connect: what CONNACK said.
  bool session_present = false;
  std::size_t packet_bytes_max = std::numeric_limits<std::size_t>::max();
  bool retain_available = true;
  int qos_max = 2;
};

class Requests {
 public:
  using Id = std::uintptr_t;  // never 0

  // Starts `count` requests that the caller will wait for together, numbered from the id given
  // back; older ones are forgotten. Nothing after cancel(). REQUIRES: count > 0.
  [[nodiscard]] std::optional<Id> begin(std::size_t count = 1) PICOLM_EXCLUDES(mutex_);

  // Waits for the replies to all requests begun last, in their order; an empty list at the
  // deadline or after cancel().
  [[nodiscard]] std::vector<Reply> wait(std::chrono::steady_clock::time_point deadline)
      PICOLM_EXCLUDES(mutex_);

  // Network thread: the reply to request `id`. One that is no longer waited for is dropped.
  void answer(Id id, Reply reply) PICOLM_EXCLUDES(mutex_);

  // Ends wait() now and makes begin() refuse from here on.
  void cancel() PICOLM_EXCLUDES(mutex_);

  // Keeps `done` for a publish about to be sent. Nothing, and `done` untouched, when `max` are
  // in flight.
  [[nodiscard]] std::optional<Id> add_publish(PublishDone& done, std::size_t max)
      PICOLM_EXCLUDES(mutex_);

  // Calls the publish's `done`, unless it was called before.
  void finish_publish(Id id, PublishResult result) PICOLM_EXCLUDES(mutex_);
  void finish_all_publishes(PublishStatus status) PICOLM_EXCLUDES(mutex_);

  // Waits until no publish is in flight or the deadline.
  void wait_for_publishes(std::chrono::steady_clock::time_point deadline) PICOLM_EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  CondVar changed_;
  Id last_id_ PICOLM_GUARDED_BY(mutex_) = 0;
  Id first_ PICOLM_GUARDED_BY(mutex_) = 0;                               // id of replies_[0]
  std::vector<std::optional<Reply>> replies_ PICOLM_GUARDED_BY(mutex_);  // empty: nobody waits
  std::size_t missing_ PICOLM_GUARDED_BY(mutex_) = 0;
  bool cancelled_ PICOLM_GUARDED_BY(mutex_) = false;
  std::map<Id, PublishDone> publishes_ PICOLM_GUARDED_BY(mutex_);
};

}  // namespace transport
