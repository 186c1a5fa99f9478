// Goal: decimals are exact. Method: goldens from Python's decimal module, scaled integers, and a
// search over all short decimals for "is there a number in this interval".

#include "schemas/decimal.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/random.h"

namespace schemas {
namespace {

int sign_of(std::strong_ordering order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }

Decimal decimal(const std::string& text) {
  const std::optional<Decimal> value = parse_decimal(text);
  EXPECT_TRUE(value) << text;
  return value.value_or(Decimal{});
}

// number / 10^places as text, with or without an exponent.
std::string scaled_text(std::int64_t number, int places, bool with_exponent) {
  if (with_exponent) return std::to_string(number) + "e-" + std::to_string(places);
  std::string digits = std::to_string(number < 0 ? -number : number);
  const auto width = static_cast<std::size_t>(places) + 1;
  if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
  if (places > 0) digits.insert(digits.size() - static_cast<std::size_t>(places), ".");
  return (number < 0 ? "-" : "") + digits;
}

TEST(Decimal, AgreesWithPythonOnTheGoldens) {
  std::ifstream file(PICOLM_SOURCE_DIR "/tests/schemas/decimal.golden");
  ASSERT_TRUE(file);
  int compared = 0;
  int rounded = 0;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string kind, a, b, c, d;
    words >> kind >> a >> b >> c >> d;
    if (kind == "compare") {
      ++compared;
      EXPECT_EQ(std::to_string(sign_of(compare(decimal(a), decimal(b)))), c) << line;
      EXPECT_EQ(canonical_text(decimal(a)) == canonical_text(decimal(b)), c == "0") << line;
      EXPECT_EQ(decimal(a) == decimal(b), c == "0") << line;
    } else {
      ++rounded;
      EXPECT_EQ(std::to_string(floor_to_int64(decimal(a))), b) << line;
      EXPECT_EQ(std::to_string(ceil_to_int64(decimal(a))), c) << line;
      EXPECT_EQ(plain_text(decimal(a)), d) << line;
      EXPECT_EQ(decimal(a).is_integer(), d.find('.') == std::string::npos) << line;
    }
  }
  EXPECT_GT(compared, 300);
  EXPECT_GT(rounded, 150);
}

TEST(Decimal, OrdersScaledIntegersAsTheirIntegers) {
  test_support::Random random(7);
  const auto number = [&] { return static_cast<std::int64_t>(random.below(2001)) - 1000; };
  for (int i = 0; i < 50000; ++i) {
    const std::int64_t a = number();
    const std::int64_t b = number();
    const auto places_a = static_cast<int>(random.below(4));
    const auto places_b = static_cast<int>(random.below(4));
    const std::string text_a = scaled_text(a, places_a, random.below(2) == 0);
    const std::string text_b = scaled_text(b, places_b, random.below(2) == 0);
    std::int64_t same_a = a;
    std::int64_t same_b = b;
    for (int place = places_a; place < 3; ++place) same_a *= 10;
    for (int place = places_b; place < 3; ++place) same_b *= 10;
    const int order = same_a < same_b ? -1 : same_a > same_b ? 1 : 0;
    ASSERT_EQ(sign_of(compare(decimal(text_a), decimal(text_b))), order)
        << text_a << " and " << text_b;
  }
}

TEST(Decimal, KeepsItsValueThroughText) {
  test_support::Random random(8);
  for (int i = 0; i < 20000; ++i) {
    const auto number = static_cast<std::int64_t>(random.next()) >> random.below(60);
    const std::string text = scaled_text(number, static_cast<int>(random.below(25)), true);
    const Decimal value = decimal(text);
    ASSERT_EQ(decimal(plain_text(value)), value) << text;
    ASSERT_EQ(decimal(canonical_text(value)), value) << text;
  }
}

TEST(Decimal, RefusesWhatIsNotAJsonNumber) {
  for (const char* text :
       {"",    "-",  "+1", "01",  "-01", ".5",       "5.",    "1e",  "1e+",   "1.e1",
        "0x1", "1 ", " 1", "1,5", "NaN", "Infinity", "1e5.0", "--1", "1e--1", "1_0"}) {
    EXPECT_FALSE(parse_decimal(text)) << text;
  }
}

TEST(Decimal, RefusesExponentsBeyondAMillionUnlessTheValueIsZero) {
  EXPECT_TRUE(parse_decimal("1e1000000"));
  EXPECT_TRUE(parse_decimal("1e-1000000"));
  EXPECT_FALSE(parse_decimal("1e1000001"));
  EXPECT_FALSE(parse_decimal("1e-99999999999999999999999999"));
  EXPECT_EQ(decimal("0e99999999999999999999999999"), Decimal{});
}

// All texts of decimals with at most `digits_max` digits, by counting.
std::vector<Decimal> all_of_digits(int digits_max) {
  std::vector<Decimal> values;
  for (int fraction = 0; fraction < digits_max; ++fraction) {
    std::int64_t count = 1;
    for (int i = 0; i < digits_max; ++i) count *= 10;
    for (std::int64_t number = -count + 1; number < count; ++number) {
      values.push_back(decimal(scaled_text(number, fraction, false)));
    }
  }
  return values;
}

TEST(Decimal, FindsAValueOfFewDigitsExactlyWhenThereIsOne) {
  constexpr int kDigits = 2;
  const std::vector<Decimal> values = all_of_digits(kDigits);
  const std::vector<std::string> ends = {"",     "-100",  "-99.5", "-99",   "-10",  "-9.95", "-9.9",
                                         "-9.8", "-0.15", "-0.1",  "-0.05", "0",    "0.05",  "0.1",
                                         "0.11", "0.2",   "9.85",  "9.9",   "9.91", "10",    "10.1",
                                         "10.9", "11",    "98.9",  "99",    "99.1", "100",   "1e9"};
  for (const std::string& low : ends) {
    for (const std::string& high : ends) {
      for (int open = 0; open < 4; ++open) {
        DecimalInterval interval;
        if (!low.empty()) interval.minimum = decimal(low);
        if (!high.empty()) interval.maximum = decimal(high);
        interval.minimum_exclusive = (open & 1) != 0;
        interval.maximum_exclusive = (open & 2) != 0;
        bool found = false;
        for (const Decimal& value : values) found = found || contains(interval, value);
        ASSERT_EQ(has_value_of_digits(interval, kDigits), found)
            << "'" << low << "' to '" << high << "', open " << open;
      }
    }
  }
}

}  // namespace
}  // namespace schemas
