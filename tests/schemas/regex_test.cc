// Goal: a pattern means what ECMA-262 says, to the table that writes and to the validator's own
// matcher, which share only the parser. The oracle is the matcher of the C++ library.

#include "schemas/regex.h"

#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <vector>

#include "schemas/text_product.h"
#include "schemas/text_tables.h"
#include "tests/support/random.h"

namespace schemas {
namespace {

using test_support::Random;

std::string utf8(std::uint32_t code) {
  const auto tail = [&](unsigned shift) {
    return static_cast<char>(0x80 | (code >> shift & 0x3F));
  };
  if (code < 0x80) return {static_cast<char>(code)};
  if (code < 0x800) return {static_cast<char>(0xC0 | code >> 6), tail(0)};
  if (code < 0x10000) return {static_cast<char>(0xE0 | code >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | code >> 18), tail(12), tail(6), tail(0)};
}

class PatternMaker {
 public:
  explicit PatternMaker(Random& random) : random_(random) {}

  std::string alternatives(int depth) {
    std::string out = sequence(depth);
    while (random_.below(4) == 0) out += "|" + sequence(depth);
    return out;
  }

 private:
  std::string sequence(int depth) {
    std::string out;
    for (auto n = random_.below(4); n > 0; --n) {
      out += random_.below(8) == 0 ? std::string(random_.below(2) == 0 ? "^" : "$")
                                   : atom(depth) + quantifier();
    }
    return out;
  }

  std::string atom(int depth) {
    static const char* const kAtoms[] = {"a",       "b",      "-",      "0",    ".",   "[ab]",
                                         "[^a]",    "[a-c0]", "[^-0]",  "[b-]", "\\d", "\\w",
                                         "\\s",     "\\D",    "\\W",    "\\S",  "\\.", "\\x61",
                                         "\\u0062", "[\\d-]", "[^\\w]", "\\-",  "\\n", "[\\s0]"};
    if (depth > 0 && random_.below(4) == 0) {
      return (random_.below(2) == 0 ? "(" : "(?:") + alternatives(depth - 1) + ")";
    }
    return kAtoms[random_.below(std::size(kAtoms))];
  }

  std::string quantifier() {
    static const char* const kCounts[] = {"*", "+", "?", "{2}", "{1,}", "{0,2}", "*?", "+?", "??"};
    return random_.below(3) != 0 ? "" : kCounts[random_.below(std::size(kCounts))];
  }

  Random& random_;
};

TEST(RegexPattern, MeansWhatTheMatcherOfTheLibraryFinds) {
  Random random(91);
  int found_count = 0;
  int missed_count = 0;
  for (int round = 0; round < 800; ++round) {
    const std::string pattern = PatternMaker(random).alternatives(2);
    const std::regex oracle(pattern, std::regex::ECMAScript);
    const RegexParse parse = parse_regex(pattern);
    ASSERT_TRUE(parse.ok) << pattern << ": " << parse.reason;
    const StringAutomaton table = regex_automaton(parse.regex);
    for (int i = 0; i < 40; ++i) {
      std::string text;
      for (auto n = random.below(6); n > 0; --n) text += "ab-0c. \n_"[random.below(9)];
      const bool wanted = std::regex_search(text, oracle);
      ASSERT_EQ(pattern_finds(parse, text), wanted) << pattern << " in " << text;
      ASSERT_EQ(label_of(table, text) != 0, wanted) << pattern << " in " << text;
      ++(wanted ? found_count : missed_count);
    }
  }
  EXPECT_GT(found_count, 3'000);
  EXPECT_GT(missed_count, 3'000);
}

TEST(RegexPattern, LooksAheadAtItsBeginningOnly) {
  TextTables tables;
  const auto matches = [&](const char* pattern, const char* text) {
    const bool by_table = tables.matches({TextCheck::Kind::Pattern, false, pattern}, text);
    EXPECT_EQ(pattern_finds(parse_regex(pattern), text), by_table) << pattern << " in " << text;
    return by_table;
  };
  EXPECT_TRUE(matches("^(?!ab)[a-z]+$", "ba"));
  EXPECT_FALSE(matches("^(?!ab)[a-z]+$", "abc"));
  EXPECT_TRUE(matches("^(?=.*[0-9])(?=.*[a-z]).{3,}$", "a-1"));
  EXPECT_FALSE(matches("^(?=.*[0-9])(?=.*[a-z]).{3,}$", "a--"));
  EXPECT_FALSE(parse_regex("a(?!b)").ok);
}

TEST(RegexPattern, RefusesWhatIsNoPatternOrNotRegular) {
  const std::string deep(200, '(');
  for (const std::string& pattern :
       {std::string("(a)\\1"), std::string("\\bword"), std::string("(?<=a)b"),
        std::string("(?<!a)b"), std::string("\\p{L}"), std::string("(a"), std::string("a)"),
        std::string("[b-a]"), std::string("[a"), std::string("*a"), std::string("a{3,2}"),
        std::string("a{999999}"), std::string("\\q"), std::string("a\\"),
        deep + std::string(200, ')')}) {
    const RegexParse parse = parse_regex(pattern);
    EXPECT_FALSE(parse.ok) << pattern;
    EXPECT_FALSE(parse.reason.empty()) << pattern;
  }
}

// A set of code points and the bytes that spell them are the same set, at every length of UTF-8.
TEST(RegexPattern, SplitsSetsOfCodePointsIntoBytesExactly) {
  for (const char* pattern :
       {"^.$", "^[^a]$", "^[\\u00e4-\\u20ac]$", "^[\\u0080\\u07ff\\u0800]$",
        "^[\\ud800\\udc00-\\udbff\\udfff]$", "^\\S$", "^[\\uffff]$", "^\\W$"}) {
    const RegexParse parse = parse_regex(pattern);
    if (!parse.ok) continue;  // pairs of surrogates need not be understood
    const StringAutomaton table = regex_automaton(parse.regex);
    for (std::uint32_t code = 0x20; code <= 0x10FFFF; code += code < 0x11000 ? 1 : 251) {
      if (code >= 0xD800 && code <= 0xDFFF) continue;
      const std::string text = utf8(code);
      ASSERT_EQ(label_of(table, text) != 0, pattern_finds(parse, text)) << pattern << " " << code;
    }
  }
}

}  // namespace
}  // namespace schemas
