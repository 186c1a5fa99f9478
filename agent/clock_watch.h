#pragma once

// Whether the wall clock can be trusted: it is after the day this program was made, and it goes as
// fast as the steady clock. A gateway without a battery wakes in 1970 and jumps when the network
// tells it the time; what came before the jump has an age that nobody knows.
// Thread safety: safe.

#include <cstdint>
#include <mutex>

#include "agent/clock.h"

namespace agent {

class ClockWatch {
 public:
  static constexpr std::int64_t kFloorMs = 1'767'225'600'000;  // 2026-01-01, no earlier is true
  static constexpr std::int64_t kStepMs = 2'000;               // more is a jump
  static constexpr std::int64_t kSettleMs = 10'000;            // without a jump, before it counts

  // Compares the clocks. Call it often: at each message and each tick.
  void observe(const Moment& now);

  // Whether the wall clock has been right since `steady_ms`. REQUIRES: observe() was called.
  bool trusted_since(std::int64_t steady_ms) const;
  bool trusted() const;

 private:
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  bool seen_ = false;
  bool above_floor_ = false;
  std::int64_t offset_ms_ = 0;  // wall - steady
  std::int64_t steady_ms_ = 0;  // of the latest observation
  std::int64_t jumped_ms_ = 0;  // steady, of the latest jump
  bool jumped_ = false;
};

}  // namespace agent
