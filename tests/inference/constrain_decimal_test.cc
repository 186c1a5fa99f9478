#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "inference/constrain/decimal.h"
#include "inference/constrain/number_reader.h"
#include "inference/error.h"
#include "tests/inference/constrain_support.h"

namespace {

using constrain_test::compare_plain_decimals;
using constrain_test::kThinning;
using inference::DecimalRange;
using inference::DecimalState;
using test_support::Random;

constexpr std::string_view kBytes = "-.0123456789";

bool accepts(const DecimalRange& range, std::string_view text) {
  DecimalState state;
  for (const char c : text) {
    if (!range.step(&state, static_cast<std::uint8_t>(c))) return false;
  }
  return range.accepts(state);
}

DecimalRange integers(std::int64_t minimum, std::int64_t maximum) {
  return DecimalRange(schemas::IntegerNode{minimum, maximum});
}

// Follows random bytes and checks in every state that the shortest completion is what its length
// says, and one more than the best of the next states.
void check_completions(const DecimalRange& range, Random& random) {
  DecimalState state;
  for (int length = 0; length < 40; ++length) {
    const std::uint32_t shortest = range.shortest_bytes(state);
    std::uint32_t best = std::numeric_limits<std::uint32_t>::max();
    std::vector<DecimalState> next_states;
    for (const char c : kBytes) {
      DecimalState next = state;
      if (!range.step(&next, static_cast<std::uint8_t>(c))) continue;
      next_states.push_back(next);
      best = std::min(best, range.shortest_bytes(next) + 1);
    }
    ASSERT_EQ(range.accepts(state), shortest == 0);
    if (shortest > 0) {
      ASSERT_EQ(shortest, best);
    }
    std::string completion;
    range.append_shortest(state, &completion);
    ASSERT_EQ(completion.size(), shortest);
    DecimalState end = state;
    for (const char c : completion) {
      ASSERT_TRUE(range.step(&end, static_cast<std::uint8_t>(c))) << completion;
    }
    ASSERT_TRUE(range.accepts(end)) << completion;
    if (next_states.empty()) return;
    state = next_states[random.below(next_states.size())];
  }
}

// Every range within [-120, 120], every text that could be meant by a number near it.
TEST(ConstrainDecimal, IntegerRangesAreExactExhaustively) {
  std::vector<std::pair<std::string, int>> numbers;
  for (int value = -131; value <= 131; ++value) numbers.emplace_back(std::to_string(value), value);
  for (const int value : {-1205, -1000, 1000, 1199, 12000}) {
    numbers.emplace_back(std::to_string(value), value);
  }
  const std::string never[] = {"",    "-",   "-0", "00",  "01",  "-01", "007",
                               "1.0", "0.0", "+1", "1e1", "--1", "1-",  "-.5"};
  for (int minimum = -120; minimum <= 120; minimum += kThinning) {
    for (int maximum = minimum; maximum <= 120; ++maximum) {
      const DecimalRange range = integers(minimum, maximum);
      for (const auto& [text, value] : numbers) {
        if (accepts(range, text) != (value >= minimum && value <= maximum)) {
          FAIL() << text << " in [" << minimum << ", " << maximum << "]";
        }
      }
      for (const std::string& text : never) ASSERT_FALSE(accepts(range, text)) << text;
    }
  }
}

TEST(ConstrainDecimal, CompletionsOfIntegersAreShortestAndExact) {
  Random random(11);
  for (int round = 0; round < 3000; ++round) {
    const auto minimum = static_cast<std::int64_t>(random.below(3000)) - 1500;
    const DecimalRange range =
        integers(minimum, minimum + static_cast<std::int64_t>(random.below(1200)));
    check_completions(range, random);
    if (HasFatalFailure()) return;
  }
}

TEST(ConstrainDecimal, IntegersReachBothEdgesOfInt64) {
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  const DecimalRange all = integers(kMin, kMax);
  EXPECT_TRUE(accepts(all, "9223372036854775807"));
  EXPECT_FALSE(accepts(all, "9223372036854775808"));
  EXPECT_TRUE(accepts(all, "-9223372036854775808"));
  EXPECT_FALSE(accepts(all, "-9223372036854775809"));
  EXPECT_FALSE(accepts(all, "18446744073709551617"));
  Random random(12);
  for (int round = 0; round < 20000; ++round) {
    const auto draw = [&] {
      // Few or many bits, so that all lengths occur.
      return static_cast<std::int64_t>(random.next()) >> random.below(64);
    };
    const std::int64_t minimum = draw();
    const std::int64_t maximum = draw();
    const DecimalRange range = integers(minimum, maximum);
    ASSERT_EQ(range.empty(), minimum > maximum);
    if (range.empty()) continue;
    const std::int64_t near = random.below(2) == 0 ? minimum : maximum;
    const std::int64_t delta = static_cast<std::int64_t>(random.below(5)) - 2;
    const bool wraps = delta > 0 ? near > kMax - delta : near < kMin - delta;
    for (const std::int64_t value : {draw(), near, wraps ? near : near + delta}) {
      ASSERT_EQ(accepts(range, std::to_string(value)), value >= minimum && value <= maximum)
          << value << " in [" << minimum << ", " << maximum << "]";
    }
    if (round % 20 == 0) check_completions(range, random);
    if (HasFatalFailure()) return;
  }
}

std::string random_decimal(Random& random, std::size_t digits_max) {
  std::string text = random.below(2) == 0 ? "-" : "";
  const std::size_t integer_digits = 1 + random.below(digits_max);
  if (random.below(3) == 0) {
    text += '0';
  } else {
    text += static_cast<char>('1' + random.below(9));
    for (std::size_t i = 1; i < integer_digits; ++i) {
      text += static_cast<char>('0' + random.below(10));
    }
  }
  const std::size_t fraction_digits = random.below(digits_max);
  if (fraction_digits > 0) text += '.';
  for (std::size_t i = 0; i < fraction_digits; ++i) {
    text += static_cast<char>(random.below(3) == 0 ? '0' : '0' + random.below(10));
  }
  return text;
}

// A text close to `text`: the same, one digit changed, cut off, or with more digits.
std::string near(const std::string& text, Random& random) {
  std::string result = text;
  const std::size_t at = random.below(result.size());
  switch (random.below(4)) {
    case 0:
      if (result[at] >= '0' && result[at] <= '9') {
        result[at] = static_cast<char>('0' + random.below(10));
      }
      break;
    case 1:
      result.resize(at + 1);
      break;
    case 2:
      if (result.find('.') == std::string::npos) result += '.';
      result += static_cast<char>('0' + random.below(10));
      break;
    default:
      break;
  }
  return result;
}

bool is_written_form(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  const std::string_view integer = text.substr(0, point);
  const bool has_point = point != std::string_view::npos;
  if (integer.empty() || (integer.size() > 1 && integer[0] == '0')) return false;
  if (has_point && point + 1 == text.size()) return false;
  if (text.size() - (has_point ? 1 : 0) > inference::kNumberDigitsMax) return false;
  return !negative || text.find_first_not_of("0.") != std::string_view::npos;
}

TEST(ConstrainDecimal, NumberBoundsAreExactOnRandomDecimals) {
  Random random(13);
  int inside_count = 0;
  for (int round = 0; round < 40000; ++round) {
    schemas::NumberNode node;
    const std::size_t digits = 1 + random.below(20);  // also more than can be written
    if (random.below(4) != 0) {
      node.minimum = schemas::DecimalBound{random_decimal(random, digits), random.below(2) == 0};
    }
    if (random.below(4) != 0) {
      std::string text = node.minimum && random.below(3) == 0 ? near(node.minimum->text, random)
                                                              : random_decimal(random, digits);
      if (text.back() == '.' || text == "-") text += '0';
      node.maximum = schemas::DecimalBound{text, random.below(2) == 0};
    }
    const DecimalRange range(node);
    for (int i = 0; i < 6; ++i) {
      std::string text = random_decimal(random, 1 + random.below(10));
      if (node.minimum && i % 3 == 1) text = near(node.minimum->text, random);
      if (node.maximum && i % 3 == 2) text = near(node.maximum->text, random);
      bool inside = is_written_form(text);
      if (inside && node.minimum) {
        const int order = compare_plain_decimals(text, node.minimum->text);
        inside = node.minimum->exclusive ? order > 0 : order >= 0;
      }
      if (inside && node.maximum) {
        const int order = compare_plain_decimals(text, node.maximum->text);
        inside = node.maximum->exclusive ? order < 0 : order <= 0;
      }
      ASSERT_EQ(accepts(range, text), inside)
          << text << " in " << (node.minimum ? node.minimum->text : "-") << " .. "
          << (node.maximum ? node.maximum->text : "-");
      if (inside) {
        ASSERT_FALSE(range.empty());
        ++inside_count;
      }
    }
    if (!range.empty() && round % 10 == 0) check_completions(range, random);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(inside_count, 10000);
}

TEST(ConstrainDecimal, ExclusiveBoundsExcludeOnlyTheBound) {
  schemas::NumberNode node;
  node.minimum = schemas::DecimalBound{"0", true};
  node.maximum = schemas::DecimalBound{"1", true};
  const DecimalRange range(node);
  EXPECT_FALSE(accepts(range, "0"));
  EXPECT_FALSE(accepts(range, "0.0"));
  EXPECT_TRUE(accepts(range, "0.00000000000001"));
  EXPECT_TRUE(accepts(range, "0.99999999999999"));
  EXPECT_FALSE(accepts(range, "1"));
  EXPECT_FALSE(accepts(range, "1.0"));
  EXPECT_FALSE(accepts(range, "-0.5"));
}

TEST(ConstrainDecimal, RefusesBoundsThatAreNoPlainDecimals) {
  for (const char* text : {"", "-", "1e5", ".5", "5.", "1.2.3", "abc", "+1", "1 "}) {
    schemas::NumberNode node;
    node.minimum = schemas::DecimalBound{text, false};
    EXPECT_THROW(DecimalRange{node}, inference::LoadError) << text;
  }
}

// --- multipleOf ---------------------------------------------------------------------------------

struct Multiples {
  std::vector<std::string> texts;
  std::vector<int> thousandths;
};

const std::vector<Multiples>& all_multiples() {
  static const std::vector<Multiples> all = {{{"3"}, {3000}},
                                             {{"4", "6"}, {4000, 6000}},
                                             {{"2.5"}, {2500}},
                                             {{"0.01"}, {10}},
                                             {{"0.3"}, {300}},
                                             {{"0.25", "0.1"}, {250, 100}},
                                             {{"7", "0.001"}, {7000, 1}},
                                             {{"100"}, {100'000}}};
  return all;
}

bool divide(const Multiples& multiples, int thousandths) {
  return std::all_of(multiples.thousandths.begin(), multiples.thousandths.end(),
                     [&](int one) { return thousandths % one == 0; });
}

// Every decimal of up to three places around the bounds, written and read.
TEST(ConstrainDecimal, MultiplesOfNumbersAreExactExhaustively) {
  Random random(14);
  for (const Multiples& multiples : all_multiples()) {
    SCOPED_TRACE(multiples.texts.front());
    schemas::NumberNode node;
    node.minimum = schemas::DecimalBound{"-7.5", true};
    node.maximum = schemas::DecimalBound{"12", false};
    node.multiples = multiples.texts;
    const DecimalRange range(node);
    const inference::NumberBounds bounds(node);
    for (int value = -13'000; value <= 13'000; ++value) {
      const int magnitude = std::abs(value);
      const std::string sign = value < 0 ? "-" : "";
      const std::string whole = std::to_string(magnitude / 1000);
      const std::string places = std::to_string(1000 + magnitude % 1000).substr(1);
      const bool inside = value > -7500 && value <= 12'000 && divide(multiples, value);
      for (std::size_t count = 0; count <= 3; ++count) {
        if (places.find_first_not_of('0', count) != std::string::npos) continue;  // not exactly it
        const std::string text = sign + whole + (count > 0 ? "." : "") + places.substr(0, count);
        if (accepts(range, text) != inside) FAIL() << text << " written";
        for (const std::string& spelling : {text, text + "e0", text + "E+00"}) {
          inference::NumberReader number;
          for (const char c : spelling) {
            ASSERT_TRUE(number.step(static_cast<std::uint8_t>(c))) << spelling;
          }
          if (bounds.contains(number) != inside) FAIL() << spelling << " read";
        }
      }
    }
    for (int round = 0; round < 300; ++round) {
      check_completions(range, random);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(ConstrainDecimal, MultiplesOfIntegersAreExactExhaustively) {
  Random random(15);
  for (const Multiples& multiples : all_multiples()) {
    SCOPED_TRACE(multiples.texts.front());
    for (int minimum = -60; minimum <= 60; minimum += 1 + 3 * kThinning) {
      for (const int width : {0, 5, 37, 100}) {
        schemas::IntegerNode node{minimum, minimum + width};
        node.multiples = multiples.texts;
        const DecimalRange range(node);
        bool any = false;
        for (int value = -170; value <= 170; ++value) {
          const bool inside =
              value >= minimum && value <= minimum + width && divide(multiples, value * 1000);
          any = any || inside;
          if (accepts(range, std::to_string(value)) != inside) FAIL() << value << " " << minimum;
        }
        ASSERT_EQ(range.empty(), !any);
        if (any) check_completions(range, random);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(ConstrainDecimal, RefusesMultiplesThatAreNoPositiveDecimals) {
  for (const char* text : {"0", "0.00", "1e3", "", "1234567890123456789"}) {
    schemas::NumberNode node;
    node.multiples = {text};
    EXPECT_THROW(DecimalRange{node}, inference::LoadError) << text;
  }
}

}  // namespace
