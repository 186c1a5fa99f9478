#pragma once

// A token bucket: bytes at a steady rate, with a small burst after a pause. The time is passed in.
// Thread safety: unsafe.

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace inference {

class Throttle {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kBurst{50};  // of bytes that a pause saves up

  // `bytes_per_second` 0: no limit.
  explicit Throttle(std::uint64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}

  // Takes `bytes` out of the bucket. They may be read from the returned time on.
  Clock::time_point take(std::uint64_t bytes, Clock::time_point now) {
    if (bytes_per_second_ == 0) return now;
    free_at_ = std::max(free_at_, now - kBurst);
    free_at_ += std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(
        static_cast<double>(bytes) / static_cast<double>(bytes_per_second_)));
    return free_at_;
  }

 private:
  std::uint64_t bytes_per_second_;
  Clock::time_point free_at_{};
};

}  // namespace inference
