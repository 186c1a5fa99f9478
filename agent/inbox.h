#pragma once

// The bounded queue between the network thread and the worker. When it is full the new message is
// not taken; the caller counts it as shed. A share of it is kept for events and commands, so that
// a storm of telemetry cannot push a command out.
// Thread safety: safe; one consumer.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "agent/route.h"
#include "transport/client.h"

namespace agent {

enum class InboxKind : std::uint8_t { Input, Feedback };

// Feedback waits among the inputs, so that it is taught after those that came before it and
// before those that come after.
struct InboxItem {
  InboxKind kind = InboxKind::Input;
  std::uint64_t generation = 0;  // of the route set that matched it
  std::shared_ptr<const Route> route;
  transport::Message message;
  transport::Captures captures;
  std::chrono::steady_clock::time_point received_at;
  std::uint64_t sequence = 0;  // of arrival
  bool queued = false;         // by the broker, before this connection
};

struct InboxLimits {
  std::size_t messages_max = 1024;
  std::size_t bytes_max = 4 << 20;           // payloads, topics, properties, captures
  std::size_t telemetry_share_percent = 75;  // of both limits, feedback included
};

struct InboxDepth {
  std::size_t messages = 0;
  std::size_t bytes = 0;
};

class Inbox {
 public:
  explicit Inbox(const InboxLimits& limits) : limits_(limits) {}

  // Takes `item`, or leaves it alone and returns false: full or closed.
  [[nodiscard]] bool push(InboxItem&& item);

  // The oldest messages, at most `count`; waits at most `timeout` for the first. None: none came,
  // or woken.
  std::vector<InboxItem> pop(std::size_t count, std::chrono::milliseconds timeout);

  // Ends a wait in pop() early.
  void wake();

  // No message is taken any more; those inside can still be popped.
  void close();

  InboxDepth depth() const;

 private:
  const InboxLimits limits_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::deque<InboxItem> items_;
  std::size_t bytes_ = 0;
  bool closed_ = false;
  bool woken_ = false;
};

}  // namespace agent
