#pragma once

// When to connect, decided without a clock or a network of its own: full jitter back-off plus a
// token bucket. A fleet that lost one broker spreads out, and a broker that accepts and then
// kicks us is not hammered either, because only a connection that stayed up resets the back-off.
// Thread safety: unsafe; owned by one thread.

#include <chrono>
#include <cstdint>
#include <functional>

namespace transport {

using SteadyTime = std::chrono::steady_clock::time_point;

struct ReconnectOptions {
  std::chrono::milliseconds delay_min{500};   // upper end of the first wait's range
  std::chrono::milliseconds delay_max{4000};  // the range doubles up to this
  std::chrono::milliseconds stable{30000};    // up this long: the next loss starts at delay_min
  int connects_per_min_max = 20;              // bucket size and refill rate
};

// What to do next: connect now when `at` is not in the future, else wait until `at` and ask again.
struct ReconnectAction {
  bool connect = false;
  SteadyTime at{};
};

class ReconnectPolicy {
 public:
  // `random` returns a number in [0, 1) each time it is called.
  // Throws std::invalid_argument when a limit is not positive or delay_min > delay_max.
  ReconnectPolicy(const ReconnectOptions& options, std::function<double()> random);

  // Asks for leave to connect. A granted connect takes a token, so call it once an attempt.
  [[nodiscard]] ReconnectAction next(SteadyTime now);

  void connect_failed(SteadyTime now);
  void connected(SteadyTime now);
  // The link was lost after connected(). Backs off like a failure unless it had been stable.
  void lost(SteadyTime now);

 private:
  void back_off(SteadyTime now);
  void refill(SteadyTime now);

  const ReconnectOptions options_;
  std::function<double()> random_;
  int failures_in_a_row_ = 0;
  SteadyTime not_before_{};  // end of the current wait
  SteadyTime connected_at_{};
  double tokens_ = 0;  // [0, connects_per_min_max]
  SteadyTime refilled_at_{};
  bool started_ = false;
};

}  // namespace transport
