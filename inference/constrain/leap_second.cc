#include "inference/constrain/leap_second.h"

#include <string_view>

namespace inference {
namespace {

constexpr std::string_view kFixed = "yyyy-mm-ddThh:mm:60";  // letters but T are digits to read
constexpr std::uint32_t kTimeAt = 11;
constexpr std::uint32_t kBehindSecond = 19;
constexpr std::uint32_t kBehindPoint = 20;
constexpr std::uint32_t kInFraction = 21;
constexpr std::uint32_t kOffset = 22;
constexpr std::uint32_t kEnd = kOffset + 5;
constexpr std::string_view kOffsetForm = "hh:mm";

bool is_digit(std::uint8_t byte) { return byte >= '0' && byte <= '9'; }

bool is_date(std::uint32_t date) {
  constexpr std::uint32_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const std::uint32_t year = date / 10'000;
  const std::uint32_t month = date / 100 % 100;
  const std::uint32_t day = date % 100;
  if (month < 1 || month > 12 || day < 1) return false;
  const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return day <= kDays[month - 1] + (month == 2 && is_leap ? 1 : 0);
}

bool is_time(std::uint32_t time) { return time / 100 < 24 && time % 100 < 60; }
std::uint32_t minutes(std::uint32_t time) { return time / 100 * 60 + time % 100; }

}  // namespace

LeapSecond LeapSecond::begin(bool has_date) {
  LeapSecond text;
  if (!has_date) text.at = kTimeAt;
  return text;
}

bool LeapSecond::step(std::uint8_t byte) {
  if (at < kBehindSecond) {
    const auto wanted = static_cast<std::uint8_t>(kFixed[at]);
    if (wanted == 'T' && !is_date(date)) return false;
    if (wanted >= 'a') {
      if (!is_digit(byte)) return false;
      std::uint32_t& number = at < kTimeAt ? date : local;
      number = number * 10 + (byte - '0');
    } else if (byte != wanted && !(wanted == 'T' && byte == 't')) {
      return false;
    }
    ++at;
    return true;
  }
  if (at >= kEnd) return false;
  if (at >= kOffset) {
    if (kOffsetForm[at - kOffset] == ':') {
      if (byte != ':') return false;
    } else {
      if (!is_digit(byte)) return false;
      offset = offset * 10 + (byte - '0');
    }
    ++at;
    return true;
  }
  if (at != kBehindSecond && is_digit(byte)) {
    at = kInFraction;
    return true;
  }
  if (at == kBehindPoint) return false;
  if (byte == '.' && at == kBehindSecond) {
    at = kBehindPoint;
    return true;
  }
  if (byte == 'Z' || byte == 'z') {
    at = kEnd;
    return true;
  }
  if (byte != '+' && byte != '-') return false;
  is_west = byte == '-';
  at = kOffset;
  return true;
}

bool LeapSecond::is_whole() const {
  constexpr std::uint32_t kDay = 24 * 60;
  if (at != kEnd || !is_time(local) || !is_time(offset)) return false;
  const std::uint32_t shift = is_west ? minutes(offset) : kDay - minutes(offset);
  return (minutes(local) + shift) % kDay == kDay - 1;
}

}  // namespace inference
