// Goal: the UTF-8 validator is RFC 3629 and nothing else. Method: every sequence of one, two and
// three bytes and seeded ones of four against a reference that is only the standard's table.

#include "schemas/utf8.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/support/random.h"

namespace schemas {
namespace {

struct Range {
  std::uint8_t first;
  std::uint8_t last;
  bool holds(char c) const {
    const auto byte = static_cast<std::uint8_t>(c);
    return byte >= first && byte <= last;
  }
};

struct Row {
  std::size_t length;
  Range bytes[4];
};

// Unicode 15, table 3-7, row by row.
constexpr Row kTable[] = {
    {1, {{0x00, 0x7F}}},
    {2, {{0xC2, 0xDF}, {0x80, 0xBF}}},
    {3, {{0xE0, 0xE0}, {0xA0, 0xBF}, {0x80, 0xBF}}},
    {3, {{0xE1, 0xEC}, {0x80, 0xBF}, {0x80, 0xBF}}},
    {3, {{0xED, 0xED}, {0x80, 0x9F}, {0x80, 0xBF}}},
    {3, {{0xEE, 0xEF}, {0x80, 0xBF}, {0x80, 0xBF}}},
    {4, {{0xF0, 0xF0}, {0x90, 0xBF}, {0x80, 0xBF}, {0x80, 0xBF}}},
    {4, {{0xF1, 0xF3}, {0x80, 0xBF}, {0x80, 0xBF}, {0x80, 0xBF}}},
    {4, {{0xF4, 0xF4}, {0x80, 0x8F}, {0x80, 0xBF}, {0x80, 0xBF}}},
};

bool row_matches(const Row& row, std::string_view bytes) {
  if (bytes.size() < row.length) return false;
  for (std::size_t i = 0; i < row.length; ++i) {
    if (!row.bytes[i].holds(bytes[i])) return false;
  }
  return true;
}

bool is_valid_by_table(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t length = 0;
    for (const Row& row : kTable) {
      if (row_matches(row, bytes)) length = row.length;
    }
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

// The first `length` bytes of `number`, lowest first.
struct Sequence {
  Sequence(std::uint32_t number, std::size_t length_bytes) : length(length_bytes) {
    for (std::size_t i = 0; i < length; ++i) bytes[i] = static_cast<char>(number >> (8 * i));
  }
  std::string_view view() const { return {bytes, length}; }
  char bytes[4] = {};
  std::size_t length;
};

// Instrumented builds try a part of the sequences: the release build tries all of them.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint32_t kStride = 17;
#else
constexpr std::uint32_t kStride = 1;
#endif

std::string encode(std::uint32_t point) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | ((point >> shift) & 0x3F)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xC0 | (point >> 6)), tail(0)};
  if (point < 0x10000) return {static_cast<char>(0xE0 | (point >> 12)), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | (point >> 18)), tail(12), tail(6), tail(0)};
}

TEST(Utf8, AgreesWithTheTableOnEverySequenceOfUpToThreeBytes) {
  for (std::size_t length = 1; length <= 3; ++length) {
    const std::uint32_t count = 1U << (8 * length);
    std::uint32_t wrong = 0;
    for (std::uint32_t number = 0; number < count; number += length < 3 ? 1 : kStride) {
      const Sequence bytes(number, length);
      wrong += is_valid_utf8(bytes.view()) != is_valid_by_table(bytes.view()) ? 1U : 0U;
    }
    EXPECT_EQ(wrong, 0U) << "of length " << length;
  }
}

TEST(Utf8, AgreesWithTheTableOnSequencesOfFourBytes) {
  test_support::Random random(4);
  for (std::uint32_t i = 0; i < 2000000 / kStride; ++i) {
    auto number = static_cast<std::uint32_t>(random.next());
    // Half of them begin as sequences of four do, and most of those go on as they should.
    if (i % 2 == 0) number = (number & 0xFFFFFF00U) | (0xEFU + (number & 7U));
    if (i % 4 == 0) number = (number & 0x3F3FFFFFU) | 0x80800000U;
    const Sequence bytes(number, 4);
    ASSERT_EQ(is_valid_utf8(bytes.view()), is_valid_by_table(bytes.view())) << std::hex << number;
  }
}

TEST(Utf8, TakesEveryCodePointAndNoSurrogate) {
  for (std::uint32_t point = 0; point <= 0x10FFFF; ++point) {
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    const std::string text = encode(point);
    ASSERT_EQ(is_valid_utf8(text), !surrogate) << std::hex << point;
    ASSERT_EQ(is_valid_utf8(text.substr(0, text.size() - 1)), text.size() == 1);
  }
}

TEST(Utf8, FindsABadByteAtEveryPlaceOfALongText) {
  for (std::size_t place = 0; place < 40; ++place) {
    std::string text(40, 'a');
    text[place] = '\xFF';
    EXPECT_FALSE(is_valid_utf8(text)) << place;
    text[place] = '\xC3';
    EXPECT_FALSE(is_valid_utf8(text)) << place;
  }
  EXPECT_TRUE(is_valid_utf8(std::string(40, 'a')));
  EXPECT_TRUE(is_valid_utf8(""));
}

TEST(Utf8, CountsAndCutsCodePointsNotBytes) {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x92\xA9";  // a, e acute, euro, U+1F4A9
  EXPECT_EQ(count_code_points(text), 4U);
  EXPECT_EQ(take_code_points(text, 0), "");
  EXPECT_EQ(take_code_points(text, 2), "a\xC3\xA9");
  EXPECT_EQ(take_code_points(text, 4), text);
  EXPECT_EQ(take_code_points(text, 9), text);
}

}  // namespace
}  // namespace schemas
