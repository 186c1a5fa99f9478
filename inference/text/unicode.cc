#include "inference/text/unicode.h"

#include <algorithm>
#include <array>

namespace inference {
namespace {

#include "inference/text/unicode_tables.inc"

// Ranges are kept as sorted boundaries: start, end, start, end, … A code point is inside a range
// if an odd number of boundaries is at most as large. The compiler unpacks the tables.
template <std::size_t kRanges, std::size_t kBytes>
constexpr std::array<std::uint32_t, 2 * kRanges> unpack(const std::uint8_t (&packed)[kBytes]) {
  std::array<std::uint32_t, 2 * kRanges> boundaries{};
  std::uint32_t sum = 0;
  std::size_t at = 0;
  for (auto& boundary : boundaries) {
    std::uint32_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const std::uint32_t byte = packed[at++];
      value |= (byte & 0x7FU) << shift;
      if (byte < 0x80) break;
    }
    sum += value;
    boundary = sum;
  }
  return boundaries;
}

constexpr auto kLetters = unpack<kLetterRangeCount>(kLetterRanges);
constexpr auto kNumbers = unpack<kNumberRangeCount>(kNumberRanges);

template <class Boundaries>
bool inside(const Boundaries& boundaries, char32_t code) {
  const auto above = std::upper_bound(boundaries.begin(), boundaries.end(), code);
  return (above - boundaries.begin()) % 2 == 1;
}

bool is_space(char32_t code) {
  return (code >= 0x09 && code <= 0x0D) || code == 0x20 || code == 0x85 || code == 0xA0 ||
         code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 ||
         code == 0x202F || code == 0x205F || code == 0x3000;
}

bool is_ascii_letter(char32_t code) { return (code | 0x20) >= 'a' && (code | 0x20) <= 'z'; }

}  // namespace

CharClass char_class(char32_t code) {
  if (code < 0x80) {
    if (is_ascii_letter(code)) return CharClass::Letter;
    if (code >= '0' && code <= '9') return CharClass::Number;
    return is_space(code) ? CharClass::Space : CharClass::Other;
  }
  if (inside(kLetters, code)) return CharClass::Letter;
  if (inside(kNumbers, code)) return CharClass::Number;
  return is_space(code) ? CharClass::Space : CharClass::Other;
}

Utf8Char decode_utf8(std::string_view text, std::size_t at) {
  constexpr Utf8Char kInvalid{kReplacementChar, 1};
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xC2 || lead > 0xF4) return kInvalid;
  const std::uint32_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() - at < size) return kInvalid;
  char32_t code = lead & (0x7FU >> size);
  for (std::uint32_t i = 1; i < size; ++i) {
    const auto byte = static_cast<unsigned char>(text[at + i]);
    if ((byte & 0xC0) != 0x80) return kInvalid;
    code = (code << 6) | (byte & 0x3FU);
  }
  const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  if (overlong || surrogate || code > 0x10FFFF) return kInvalid;
  return {code, size};
}

std::size_t unfinished_utf8_bytes(std::string_view text) {
  const std::size_t most = std::min<std::size_t>(3, text.size());
  for (std::size_t back = 1; back <= most; ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    const std::size_t size = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    return size > back ? back : 0;
  }
  return 0;
}

}  // namespace inference
