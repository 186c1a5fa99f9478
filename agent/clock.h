#pragma once

// Times as text and numbers. Wall clock time is data; timers use std::chrono::steady_clock.
// Thread safety: free functions without state.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace agent {

// One moment on both clocks.
struct Moment {
  std::int64_t wall_ms = 0;    // since 1970
  std::int64_t steady_ms = 0;  // of the steady clock
};
Moment moment_now();

// Milliseconds since 1970 by the wall clock.
std::int64_t wall_ms();

// "2026-01-31T12:00:00.500Z".
std::string iso8601(std::int64_t ms);

// The inverse, with Z or an offset such as +01:00 and any number of fraction digits.
// Nothing if `text` is not such a time between the years 1970 and 9999.
std::optional<std::int64_t> parse_iso8601(std::string_view text);

}  // namespace agent
