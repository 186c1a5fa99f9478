#include "agent/clock.h"

#include <chrono>
#include <cstdio>

namespace agent {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

// Reads digits from a text that is consumed from the front.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool digits(std::size_t count, std::int64_t* value) {
    if (rest_.size() < count) return false;
    *value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
      *value = *value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return true;
  }

  bool any_of(std::string_view set, char* found = nullptr) {
    if (rest_.empty() || set.find(rest_.front()) == std::string_view::npos) return false;
    if (found != nullptr) *found = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }

  // Fraction digits after the point, as milliseconds.
  bool fraction(std::int64_t* ms) {
    std::size_t count = 0;
    *ms = 0;
    for (; count < rest_.size() && rest_[count] >= '0' && rest_[count] <= '9'; ++count) {
      if (count < 3) *ms = *ms * 10 + (rest_[count] - '0');
    }
    for (std::size_t i = count; i < 3; ++i) *ms *= 10;
    rest_.remove_prefix(count);
    return count > 0;
  }

  bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace

std::int64_t wall_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Moment moment_now() {
  return {wall_ms(), std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::steady_clock::now().time_since_epoch())
                         .count()};
}

std::string iso8601(std::int64_t ms) {
  const std::int64_t days = ms / kDayMs - (ms % kDayMs < 0 ? 1 : 0);
  const std::int64_t in_day = ms - days * kDayMs;
  const std::chrono::year_month_day date{
      std::chrono::sys_days{std::chrono::days{static_cast<int>(days)}}};
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(in_day / 3'600'000),
                static_cast<int>(in_day / 60'000 % 60), static_cast<int>(in_day / 1000 % 60),
                static_cast<int>(in_day % 1000));
  return buffer;
}

std::optional<std::int64_t> parse_iso8601(std::string_view text) {
  Reader in(text);
  std::int64_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0;
  const bool date = in.digits(4, &year) && in.any_of("-") && in.digits(2, &month) &&
                    in.any_of("-") && in.digits(2, &day) && in.any_of("Tt ");
  const bool time = date && in.digits(2, &hour) && in.any_of(":") && in.digits(2, &minute) &&
                    in.any_of(":") && in.digits(2, &second);
  if (!time) return std::nullopt;
  const std::chrono::year_month_day civil{std::chrono::year{static_cast<int>(year)},
                                          std::chrono::month{static_cast<unsigned>(month)},
                                          std::chrono::day{static_cast<unsigned>(day)}};
  if (!civil.ok() || year < 1970 || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  if (in.any_of(".,") && !in.fraction(&ms)) return std::nullopt;
  std::int64_t offset_minutes = 0;
  char sign = '+';
  if (!in.any_of("Zz")) {
    std::int64_t hours = 0, minutes = 0;
    if (!in.any_of("+-", &sign) || !in.digits(2, &hours)) return std::nullopt;
    in.any_of(":");
    if (!in.digits(2, &minutes) || hours > 23 || minutes > 59) return std::nullopt;
    offset_minutes = (hours * 60 + minutes) * (sign == '-' ? -1 : 1);
  }
  if (!in.done()) return std::nullopt;
  const std::int64_t seconds = hour * 3600 + (minute - offset_minutes) * 60 + second;
  return std::chrono::sys_days{civil}.time_since_epoch().count() * kDayMs + seconds * 1000 + ms;
}

}  // namespace agent
