#pragma once

// Messages that are no inputs: states that preconditions look at, answers of people and machines,
// the global stop, and the fence. The fence is a message that the agent sends to itself after each
// connect: what arrives before it was queued by the broker while nobody listened, and may be old.
// Thread safety: safe.

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "agent/alarms.h"
#include "agent/clock_watch.h"
#include "agent/log.h"
#include "agent/route.h"
#include "agent/silence_watch.h"
#include "agent/state_book.h"
#include "agent/stop_book.h"

namespace agent {

// An answer of a person (confirm) or a machine (ack).
struct Notice {
  std::string topic;
  std::string payload;
};

class SideChannel {
 public:
  static constexpr std::size_t kNoticesMax = 256;  // waiting; later ones are lost: no answer
  static constexpr std::size_t kNoticeBytesMax = 16 << 10;

  // `stop_file` keeps the stop; empty: memory only. `wake` ends the worker's wait. The pointers
  // outlive this object.
  SideChannel(const std::string& stop_file, Alarms* alarms, Logger* logger,
              std::function<void()> wake);

  // Network thread. True: the message was for this and is no input (a state may be both).
  bool take(const RouteSet& set, const transport::Message& message);

  // What is sent as fence on a new connection; until it comes back messages count as queued.
  std::string raise_fence();
  void link_down() { live_ = false; }
  bool live() const { return live_; }

  std::uint64_t next_sequence() { return ++sequence_; }
  std::vector<Notice> take_notices();

  StateBook& states() { return states_; }
  ClockWatch& clock() { return clock_; }
  SilenceWatch& silence() { return silence_; }
  StopBook& stops() { return stops_; }

 private:
  void take_stop(StopBook::Scope scope, const transport::Message& message);

  Alarms* const alarms_;
  Logger* const logger_;
  const std::function<void()> wake_;
  StateBook states_;
  ClockWatch clock_;
  SilenceWatch silence_;
  StopBook stops_;
  std::atomic<bool> live_{false};
  std::atomic<std::uint64_t> sequence_{0};
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::string fence_;
  std::uint64_t fence_count_ = 0;
  std::vector<Notice> notices_;
};

}  // namespace agent
