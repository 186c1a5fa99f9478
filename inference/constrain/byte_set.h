#pragma once

// A set of byte values.
// Thread safety: plain value.

#include <array>
#include <bit>
#include <cstdint>

namespace inference {

class ByteSet {
 public:
  void set(std::uint8_t byte) { words_[byte >> 6] |= std::uint64_t{1} << (byte & 63); }
  bool test(std::uint8_t byte) const { return ((words_[byte >> 6] >> (byte & 63)) & 1) != 0; }
  bool empty() const { return (words_[0] | words_[1] | words_[2] | words_[3]) == 0; }

  std::uint32_t count() const {
    int total = 0;
    for (const std::uint64_t word : words_) total += std::popcount(word);
    return static_cast<std::uint32_t>(total);
  }

  // The smallest member. REQUIRES: not empty().
  std::uint8_t first() const {
    unsigned index = 0;
    while (words_[index] == 0) ++index;
    return static_cast<std::uint8_t>(index * 64 +
                                     static_cast<unsigned>(std::countr_zero(words_[index])));
  }

  bool operator==(const ByteSet&) const = default;

 private:
  std::array<std::uint64_t, 4> words_{};
};

}  // namespace inference
