#include <gtest/gtest.h>

#include <array>
#include <string>

#include "inference/text/unicode.h"

namespace inference {
namespace {

std::string utf8(char32_t code) {
  if (code < 0x80) return {static_cast<char>(code)};
  std::string out;
  const int tails = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr std::array<unsigned, 4> kLeads{0, 0xC0, 0xE0, 0xF0};
  out.push_back(static_cast<char>(kLeads[static_cast<std::size_t>(tails)] |
                                  static_cast<unsigned>(code >> (6 * tails))));
  for (int i = tails - 1; i >= 0; --i) {
    out.push_back(static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3F)));
  }
  return out;
}

bool is_surrogate(char32_t code) { return code >= 0xD800 && code < 0xE000; }

TEST(Unicode, DecodesEveryCodePointAndKnowsWhereItEnds) {
  for (char32_t code = 0; code < 0x110000; ++code) {
    if (is_surrogate(code)) continue;
    const std::string text = "x" + utf8(code) + "y";
    const Utf8Char c = decode_utf8(text, 1);
    ASSERT_EQ(c.code, code);
    ASSERT_EQ(c.size_bytes, text.size() - 2);
  }
}

// Three-byte windows, all of them: what decodes must encode to the same bytes again.
TEST(Unicode, NeverAcceptsASecondSpellingOfACharacter) {
  std::string text(3, '\0');
  for (unsigned first = 0x80; first < 0x100; ++first) {
    for (unsigned second = 0; second < 0x100; ++second) {
      for (unsigned third = 0; third < 0x100; ++third) {
        text[0] = static_cast<char>(first);
        text[1] = static_cast<char>(second);
        text[2] = static_cast<char>(third);
        const Utf8Char c = decode_utf8(text, 0);
        if (c.size_bytes == 1) {
          ASSERT_EQ(c.code, kReplacementChar);
        } else {
          ASSERT_EQ(utf8(c.code), text.substr(0, c.size_bytes));
        }
      }
    }
  }
}

TEST(Unicode, RefusesSurrogatesAndWhatLiesBeyondTheLastCodePoint) {
  for (const char* text : {"\xED\xA0\x80", "\xED\xBF\xBF", "\xF4\x90\x80\x80", "\xF8\x88\x80\x80",
                           "\xF0\x80\x80\x80", "\xC3", "\xE2\x96", "\xF0\x9F\x9A"}) {
    EXPECT_EQ(decode_utf8(text, 0).size_bytes, 1U);
    EXPECT_EQ(decode_utf8(text, 0).code, kReplacementChar);
  }
}

// Expected counts: sums over unicodedata2 15.1.0 in Python, and the property White_Space.
TEST(Unicode, CountsEveryClass) {
  std::array<std::size_t, 4> counts{};
  for (char32_t code = 0; code < 0x110000; ++code) {
    ++counts[static_cast<std::size_t>(char_class(code))];
  }
  EXPECT_EQ(counts[static_cast<std::size_t>(CharClass::Letter)], 136726U);
  EXPECT_EQ(counts[static_cast<std::size_t>(CharClass::Number)], 1831U);
  EXPECT_EQ(counts[static_cast<std::size_t>(CharClass::Space)], 25U);
}

TEST(Unicode, KnowsTheEdgesOfRanges) {
  EXPECT_EQ(char_class('@'), CharClass::Other);
  EXPECT_EQ(char_class('A'), CharClass::Letter);
  EXPECT_EQ(char_class('['), CharClass::Other);
  EXPECT_EQ(char_class('{'), CharClass::Other);
  EXPECT_EQ(char_class('/'), CharClass::Other);
  EXPECT_EQ(char_class(':'), CharClass::Other);
  EXPECT_EQ(char_class(0x1C), CharClass::Other);  // a separator to Python, not White_Space
  EXPECT_EQ(char_class(0x85), CharClass::Space);
  EXPECT_EQ(char_class(0x200B), CharClass::Other);
  EXPECT_EQ(char_class(0x00BD), CharClass::Number);  // one half
  EXPECT_EQ(char_class(0x2167), CharClass::Number);  // Roman eight
  EXPECT_EQ(char_class(0x4E00), CharClass::Letter);  // first and last of the ideographs
  EXPECT_EQ(char_class(0x9FFF), CharClass::Letter);
  EXPECT_EQ(char_class(0xAC00), CharClass::Letter);
  EXPECT_EQ(char_class(0xD7A3), CharClass::Letter);
  EXPECT_EQ(char_class(0xD7A4), CharClass::Other);
  EXPECT_EQ(char_class(0x10FFFF), CharClass::Other);
}

TEST(Unicode, SeesUnfinishedCharactersAtTheEnd) {
  EXPECT_EQ(unfinished_utf8_bytes(""), 0U);
  EXPECT_EQ(unfinished_utf8_bytes("ab"), 0U);
  EXPECT_EQ(unfinished_utf8_bytes("\u00e9"), 0U);
  EXPECT_EQ(unfinished_utf8_bytes("a\xC3"), 1U);
  EXPECT_EQ(unfinished_utf8_bytes("a\xF0\x9F\x9A"), 3U);
  EXPECT_EQ(unfinished_utf8_bytes("\U0001F680"), 0U);
  EXPECT_EQ(unfinished_utf8_bytes("\x80\x80\x80\x80"), 0U);
}

}  // namespace
}  // namespace inference
