#pragma once

// Exact decimals. JSON numbers are decimals; comparing them through `double` calls 0.1 + 2^-60
// and 0.1 equal, and a bound that is off by one unit in the last place is a wrong decision.
// Thread safety: values and free functions without state.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace schemas {

// value = (negative ? -1 : 1) * 0.DIGITS * 10^exponent. One value has one form: DIGITS has no
// leading and no trailing zero, and zero is {false, "", 0}.
struct Decimal {
  bool negative = false;
  std::string digits;
  std::int64_t exponent = 0;

  bool is_zero() const { return digits.empty(); }
  bool is_integer() const { return static_cast<std::int64_t>(digits.size()) <= exponent; }
  bool operator==(const Decimal&) const = default;
};

// Parses a number of the JSON grammar. Returns nothing for any other text and for exponents
// beyond a million, which no device needs and which would make arithmetic on them slow.
[[nodiscard]] std::optional<Decimal> parse_decimal(std::string_view text);

[[nodiscard]] std::strong_ordering compare(const Decimal& a, const Decimal& b);

// Is value / multiple an integer? False also where more than 18 digits would have to be divided by.
// REQUIRES: multiple is above zero.
[[nodiscard]] bool is_multiple(const Decimal& value, const Decimal& multiple);

// The integer at or below (above) `value`, clipped to int64.
[[nodiscard]] std::int64_t floor_to_int64(const Decimal& value);
[[nodiscard]] std::int64_t ceil_to_int64(const Decimal& value);

// The value as a JSON number without exponent: "-12.5", "0.001", "300".
// Its length is at most digits.size() + |exponent| + 3.
[[nodiscard]] std::string plain_text(const Decimal& value);

// The value in a form that is equal exactly when the values are: "-125e-1".
[[nodiscard]] std::string canonical_text(const Decimal& value);

// An interval; a missing end is open to infinity.
struct DecimalInterval {
  std::optional<Decimal> minimum;
  std::optional<Decimal> maximum;
  bool minimum_exclusive = false;
  bool maximum_exclusive = false;
};

[[nodiscard]] bool contains(const DecimalInterval& interval, const Decimal& value);

// Is there a value in the interval that is written with at most `digits_max` digits, both sides of
// the point together, the zero of "0.5" included?
[[nodiscard]] bool has_value_of_digits(const DecimalInterval& interval, std::size_t digits_max);

}  // namespace schemas
