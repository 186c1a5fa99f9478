// A decimal is kept as a string of digits and the place of its point, so nothing is ever rounded
// and there is no overflow: comparing is comparing exponents, then digits as text.
//
//   "-12.50"  ->  negative, digits "125", exponent 2      0.125 * 10^2
//   "0.001"   ->  digits "1", exponent -2                 0.1   * 10^-2
//   "3e2"     ->  digits "3", exponent 3                  0.3   * 10^3
//
// "Is there a number in this interval that can be written with D digits?" is answered with zero,
// if the interval holds it, else with one candidate for each place of the point: the one nearest
// to the end that lies farther from zero. Cutting digits moves a number towards zero, so nothing
// has to be rounded up.

#include "schemas/decimal.h"

#include <algorithm>
#include <limits>

namespace schemas {
namespace {

constexpr std::int64_t kExponentMax = 1000000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Reads digits from `index` on and returns them.
std::string_view take_digits(std::string_view text, std::size_t& index) {
  const std::size_t start = index;
  while (index < text.size() && is_digit(text[index])) ++index;
  return text.substr(start, index - start);
}

// The signed digits after `e`, clipped just beyond kExponentMax.
std::optional<std::int64_t> take_exponent(std::string_view text, std::size_t& index) {
  bool negative = false;
  if (index < text.size() && (text[index] == '+' || text[index] == '-')) {
    negative = text[index] == '-';
    ++index;
  }
  const std::string_view digits = take_digits(text, index);
  if (digits.empty()) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : digits) value = std::min(value * 10 + (c - '0'), kExponentMax + 1);
  return negative ? -value : value;
}

Decimal normalise(bool negative, std::string digits, std::int64_t exponent) {
  const std::size_t first = digits.find_first_not_of('0');
  if (first == std::string::npos) return Decimal{};
  digits.erase(digits.find_last_not_of('0') + 1);
  digits.erase(0, first);
  return Decimal{negative, std::move(digits), exponent - static_cast<std::int64_t>(first)};
}

std::strong_ordering compare_magnitude(const Decimal& a, const Decimal& b) {
  if (a.is_zero() || b.is_zero()) return b.is_zero() <=> a.is_zero();
  if (a.exponent != b.exponent) return a.exponent <=> b.exponent;
  return a.digits.compare(b.digits) <=> 0;
}

Decimal negated(Decimal value) {
  value.negative = !value.negative && !value.is_zero();
  return value;
}

// |value| without its fraction, clipped to 2^63.
std::uint64_t whole_magnitude(const Decimal& value) {
  constexpr std::uint64_t kClip = std::uint64_t{1} << 63;
  if (value.exponent > 19) return kClip;
  std::uint64_t whole = 0;
  for (std::int64_t i = 0; i < value.exponent; ++i) {
    const auto index = static_cast<std::size_t>(i);
    const char digit = index < value.digits.size() ? value.digits[index] : '0';
    whole = whole * 10 + static_cast<std::uint64_t>(digit - '0');  // 19 digits fit in 64 bits
  }
  return std::min(whole, kClip);
}

// The places a decimal is written with.
struct Places {
  std::size_t whole;
  std::size_t fraction;
};

// 10^whole - 10^-fraction, the largest number of these places.
Decimal largest_of(Places places) {
  return Decimal{false, std::string(places.whole + places.fraction, '9'),
                 static_cast<std::int64_t>(places.whole)};
}

// Cuts a positive value after the places of the fraction.
Decimal cut_fraction(const Decimal& value, Places places) {
  const std::int64_t kept = value.exponent + static_cast<std::int64_t>(places.fraction);
  if (kept <= 0) return Decimal{};
  const auto length = std::min(static_cast<std::size_t>(kept), value.digits.size());
  return normalise(false, value.digits.substr(0, length), value.exponent);
}

// value - 10^-fraction. REQUIRES: value > 0, within the places.
Decimal one_step_down(const Decimal& value, Places places) {
  std::string digits = value.digits;
  std::int64_t exponent = value.exponent;
  if (exponent < 0) {
    digits.insert(0, static_cast<std::size_t>(-exponent), '0');
    exponent = 0;
  }
  digits.resize(static_cast<std::size_t>(exponent) + places.fraction, '0');
  std::size_t index = digits.size();
  while (digits[--index] == '0') digits[index] = '9';  // borrow; a non-zero digit exists
  --digits[index];
  return normalise(false, std::move(digits), exponent);
}

// Does the interval hold a positive number of these places? Tries the largest that is not above
// the maximum: if that one is below the minimum, so are all others.
bool has_positive_value(const DecimalInterval& interval, Places places) {
  Decimal candidate = largest_of(places);
  if (interval.maximum && compare(*interval.maximum, candidate) <= 0) {
    if (interval.maximum->negative || interval.maximum->is_zero()) return false;
    candidate = cut_fraction(*interval.maximum, places);
    const bool at_open_end = interval.maximum_exclusive && candidate == *interval.maximum;
    if (at_open_end) candidate = one_step_down(candidate, places);
  }
  return !candidate.is_zero() && contains(interval, candidate);
}

// The same for all ways to spread `digits_max` digits; a leading zero counts.
bool has_positive_value_of_digits(const DecimalInterval& interval, std::size_t digits_max) {
  for (std::size_t whole = 1; whole <= digits_max; ++whole) {
    if (has_positive_value(interval, {whole, digits_max - whole})) return true;
  }
  return false;
}

}  // namespace

std::optional<Decimal> parse_decimal(std::string_view text) {
  std::size_t index = 0;
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) ++index;
  const std::string_view whole = take_digits(text, index);
  if (whole.empty() || (whole.size() > 1 && whole[0] == '0')) return std::nullopt;
  std::string digits(whole);
  if (index < text.size() && text[index] == '.') {
    ++index;
    const std::string_view fraction = take_digits(text, index);
    if (fraction.empty()) return std::nullopt;
    digits += fraction;
  }
  std::int64_t exponent = 0;
  if (index < text.size() && (text[index] == 'e' || text[index] == 'E')) {
    ++index;
    const std::optional<std::int64_t> written = take_exponent(text, index);
    if (!written) return std::nullopt;
    exponent = *written;
  }
  if (index != text.size()) return std::nullopt;
  Decimal value =
      normalise(negative, std::move(digits), exponent + static_cast<std::int64_t>(whole.size()));
  if (!value.is_zero() && (exponent > kExponentMax || exponent < -kExponentMax)) {
    return std::nullopt;
  }
  return value;
}

std::strong_ordering compare(const Decimal& a, const Decimal& b) {
  if (a.negative != b.negative) return b.negative <=> a.negative;
  return a.negative ? compare_magnitude(b, a) : compare_magnitude(a, b);
}

std::int64_t floor_to_int64(const Decimal& value) {
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  const std::uint64_t whole = whole_magnitude(value);
  if (!value.negative)
    return whole > static_cast<std::uint64_t>(kMax) ? kMax : static_cast<std::int64_t>(whole);
  const std::uint64_t magnitude = whole + (value.is_integer() ? 0U : 1U);
  if (magnitude > static_cast<std::uint64_t>(kMax)) return kMin;
  return -static_cast<std::int64_t>(magnitude);
}

std::int64_t ceil_to_int64(const Decimal& value) {
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  const std::uint64_t whole = whole_magnitude(value);
  if (value.negative) {
    return whole > static_cast<std::uint64_t>(kMax) ? kMin : -static_cast<std::int64_t>(whole);
  }
  const std::uint64_t magnitude = whole + (value.is_integer() ? 0U : 1U);
  return magnitude > static_cast<std::uint64_t>(kMax) ? kMax : static_cast<std::int64_t>(magnitude);
}

std::string plain_text(const Decimal& value) {
  if (value.is_zero()) return "0";
  const auto size = static_cast<std::int64_t>(value.digits.size());
  std::string text = value.negative ? "-" : "";
  if (value.exponent <= 0) {
    text += "0.";
    text.append(static_cast<std::size_t>(-value.exponent), '0');
    return text + value.digits;
  }
  if (value.exponent >= size) {
    text += value.digits;
    text.append(static_cast<std::size_t>(value.exponent - size), '0');
    return text;
  }
  const auto point = static_cast<std::size_t>(value.exponent);
  return text + value.digits.substr(0, point) + "." + value.digits.substr(point);
}

std::string canonical_text(const Decimal& value) {
  if (value.is_zero()) return "0";
  const std::int64_t exponent = value.exponent - static_cast<std::int64_t>(value.digits.size());
  return (value.negative ? "-" : "") + value.digits + "e" + std::to_string(exponent);
}

bool contains(const DecimalInterval& interval, const Decimal& value) {
  if (interval.minimum) {
    const std::strong_ordering order = compare(value, *interval.minimum);
    if (order < 0 || (interval.minimum_exclusive && order == 0)) return false;
  }
  if (interval.maximum) {
    const std::strong_ordering order = compare(value, *interval.maximum);
    if (order > 0 || (interval.maximum_exclusive && order == 0)) return false;
  }
  return true;
}

bool has_value_of_digits(const DecimalInterval& interval, std::size_t digits_max) {
  if (contains(interval, Decimal{})) return true;
  DecimalInterval mirrored;
  mirrored.minimum_exclusive = interval.maximum_exclusive;
  mirrored.maximum_exclusive = interval.minimum_exclusive;
  if (interval.maximum) mirrored.minimum = negated(*interval.maximum);
  if (interval.minimum) mirrored.maximum = negated(*interval.minimum);
  return has_positive_value_of_digits(interval, digits_max) ||
         has_positive_value_of_digits(mirrored, digits_max);
}

// value / multiple, as long division on digits: is nothing left?
bool is_multiple(const Decimal& value, const Decimal& multiple) {
  if (value.is_zero()) return true;
  const std::int64_t value_unit = value.exponent - static_cast<std::int64_t>(value.digits.size());
  const std::int64_t unit = multiple.exponent - static_cast<std::int64_t>(multiple.digits.size());
  constexpr std::int64_t kDigitsMax = 18;
  if (multiple.digits.size() > kDigitsMax || value_unit < unit - kDigitsMax) return false;
  __extension__ using Wide = unsigned __int128;
  Wide divisor = 0;
  for (const char c : multiple.digits) divisor = divisor * 10 + static_cast<unsigned>(c - '0');
  for (std::int64_t i = value_unit; i < unit; ++i) divisor *= 10;
  Wide rest = 0;
  for (const char c : value.digits) rest = (rest * 10 + static_cast<unsigned>(c - '0')) % divisor;
  for (std::int64_t i = unit; i < value_unit && rest != 0; ++i) rest = rest * 10 % divisor;
  return rest == 0;
}

}  // namespace schemas
