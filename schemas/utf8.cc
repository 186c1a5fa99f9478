// A lead byte fixes both the length of its sequence and the range of the byte after it; all later
// bytes are 80..BF (Unicode 15, table 3-7):
//
//   00..7F
//   C2..DF  80..BF
//   E0      A0..BF  80..BF           below A0 the form is overlong
//   E1..EC  80..BF  80..BF
//   ED      80..9F  80..BF           A0 and above are surrogates
//   EE..EF  80..BF  80..BF
//   F0      90..BF  80..BF  80..BF   below 90 the form is overlong
//   F1..F3  80..BF  80..BF  80..BF
//   F4      80..8F  80..BF  80..BF   above 8F lies beyond U+10FFFF

#include "schemas/utf8.h"

#include <cstdint>
#include <cstring>

namespace schemas {
namespace {

std::uint8_t byte_at(std::string_view bytes, std::size_t index) {
  return static_cast<std::uint8_t>(bytes[index]);
}

bool is_continuation(std::uint8_t byte) { return (byte & 0xC0) == 0x80; }

// Length of the sequence at `index`, or 0 if it is ill-formed.
std::size_t sequence_length(std::string_view bytes, std::size_t index) {
  const std::uint8_t lead = byte_at(bytes, index);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (bytes.size() - index < length) return 0;
  std::uint8_t second_min = 0x80;
  std::uint8_t second_max = 0xBF;
  if (lead == 0xE0) second_min = 0xA0;
  if (lead == 0xED) second_max = 0x9F;
  if (lead == 0xF0) second_min = 0x90;
  if (lead == 0xF4) second_max = 0x8F;
  const std::uint8_t second = byte_at(bytes, index + 1);
  if (second < second_min || second > second_max) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (!is_continuation(byte_at(bytes, index + i))) return 0;
  }
  return length;
}

// Number of leading bytes of `bytes` from `index` that are ASCII, counted in steps of eight.
std::size_t ascii_run(std::string_view bytes, std::size_t index) {
  const std::size_t start = index;
  while (bytes.size() - index >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + index, 8);
    if ((word & 0x8080808080808080ULL) != 0) break;
    index += 8;
  }
  return index - start;
}

}  // namespace

bool is_valid_utf8(std::string_view bytes) {
  std::size_t index = 0;
  while (index < bytes.size()) {
    const std::size_t ascii = ascii_run(bytes, index);
    if (ascii > 0) {
      index += ascii;
      continue;
    }
    const std::size_t length = sequence_length(bytes, index);
    if (length == 0) return false;
    index += length;
  }
  return true;
}

std::size_t count_code_points(std::string_view bytes) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (!is_continuation(byte_at(bytes, i))) ++count;
  }
  return count;
}

std::string_view take_code_points(std::string_view bytes, std::size_t code_points_max) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (!is_continuation(byte_at(bytes, i)) && count++ == code_points_max) {
      return bytes.substr(0, i);
    }
  }
  return bytes;
}

}  // namespace schemas
