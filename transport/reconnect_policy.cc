// Full jitter: the n-th wait is uniform in [0, min(delay_max, delay_min * 2^n)]. Losing the link
// soon after a success counts as one more failure, since a broker that accepts and kicks (a
// second client with our id, an overload) would otherwise be hit at delay_min for ever.
// The token bucket bounds what jitter cannot: a run of short waits.

#include "transport/reconnect_policy.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace transport {
namespace {

using FractionalMs = std::chrono::duration<double, std::milli>;

std::chrono::steady_clock::duration to_steady(FractionalMs ms) {
  return std::chrono::ceil<std::chrono::steady_clock::duration>(ms);
}

}  // namespace

ReconnectPolicy::ReconnectPolicy(const ReconnectOptions& options, std::function<double()> random)
    : options_(options), random_(std::move(random)), tokens_(options.connects_per_min_max) {
  if (options_.delay_min.count() <= 0 || options_.delay_max < options_.delay_min ||
      options_.stable.count() <= 0 || options_.connects_per_min_max <= 0) {
    throw std::invalid_argument("reconnect limits must be positive, delay_min <= delay_max");
  }
}

void ReconnectPolicy::refill(SteadyTime now) {
  if (started_ && now > refilled_at_) {
    const double minutes =
        std::chrono::duration<double, std::ratio<60>>(now - refilled_at_).count();
    const double size = options_.connects_per_min_max;
    tokens_ = std::min(size, tokens_ + minutes * size);
  }
  started_ = true;
  refilled_at_ = now;
}

ReconnectAction ReconnectPolicy::next(SteadyTime now) {
  refill(now);
  if (now < not_before_) return {.connect = false, .at = not_before_};
  if (tokens_ < 1.0) {
    const double ms = (1.0 - tokens_) * 60000.0 / options_.connects_per_min_max;
    return {.connect = false, .at = now + to_steady(FractionalMs(ms))};
  }
  tokens_ -= 1.0;
  return {.connect = true, .at = now};
}

void ReconnectPolicy::back_off(SteadyTime now) {
  const FractionalMs longest(options_.delay_max);
  FractionalMs range(options_.delay_min);
  for (int i = 0; i < failures_in_a_row_ && range < longest; ++i) range *= 2;
  range = std::min(range, longest);
  not_before_ = now + to_steady(range * random_());
  ++failures_in_a_row_;
}

void ReconnectPolicy::connect_failed(SteadyTime now) { back_off(now); }

void ReconnectPolicy::connected(SteadyTime now) { connected_at_ = now; }

void ReconnectPolicy::lost(SteadyTime now) {
  if (now - connected_at_ >= options_.stable) failures_in_a_row_ = 0;
  back_off(now);
}

}  // namespace transport
