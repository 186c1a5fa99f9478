#pragma once

// What the tokenizers need of Unicode: UTF-8 decoding and the classes \p{L}, \p{N} and \s.
// Thread safety: pure functions over constant tables.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace inference {

// Every code point is in exactly one class. Space is the property White_Space.
enum class CharClass : std::uint8_t { Letter, Number, Space, Other };

CharClass char_class(char32_t code);

struct Utf8Char {
  char32_t code;
  std::uint32_t size_bytes;  // 1 to 4
};

inline constexpr char32_t kReplacementChar = 0xFFFD;

// The character that starts at `at`. Bytes that are not UTF-8 (stray or missing continuation,
// overlong form, surrogate, beyond U+10FFFF) count one by one as U+FFFD of one byte.
// REQUIRES: at < text.size().
Utf8Char decode_utf8(std::string_view text, std::size_t at);

// How many bytes at the end of `text` are the start of a character that is not finished.
std::size_t unfinished_utf8_bytes(std::string_view text);

}  // namespace inference
