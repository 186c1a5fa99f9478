// A clock that is slewed drifts against the steady clock by at most half a millisecond a second, so
// the offset is carried along and only its sudden change counts as a jump.

#include "agent/clock_watch.h"

#include <algorithm>
#include <cstdlib>

namespace agent {

void ClockWatch::observe(const Moment& now) {
  const std::lock_guard lock(mutex_);
  const std::int64_t offset_ms = now.wall_ms - now.steady_ms;
  if (seen_ && std::llabs(offset_ms - offset_ms_) > kStepMs) {
    jumped_ = true;
    jumped_ms_ = std::max(now.steady_ms, steady_ms_);
  }
  seen_ = true;
  above_floor_ = now.wall_ms >= kFloorMs;
  offset_ms_ = offset_ms;
  steady_ms_ = std::max(now.steady_ms, steady_ms_);
}

bool ClockWatch::trusted() const {
  const std::lock_guard lock(mutex_);
  return seen_ && above_floor_ && (!jumped_ || steady_ms_ - jumped_ms_ >= kSettleMs);
}

bool ClockWatch::trusted_since(std::int64_t steady_ms) const {
  if (!trusted()) return false;
  const std::lock_guard lock(mutex_);
  return !jumped_ || steady_ms > jumped_ms_;
}

}  // namespace agent
