// The constants are the first 32 bits of the fractional parts of square and cube roots of the first
// primes; they are computed here from integers, so that none can be mistyped.

#include "inference/cli/sha256.h"

#include <bit>
#include <string>

namespace picolm {
namespace {

using Words = std::array<std::uint32_t, 64>;
__extension__ typedef unsigned __int128 Wide;

// floor(p^(1/root) * 2^32) mod 2^32, the root found bit by bit.
constexpr std::uint32_t root_fraction(std::uint32_t prime, int root) {
  std::uint64_t r = 0;
  for (std::uint64_t bit = std::uint64_t{1} << 36; bit != 0; bit >>= 1) {
    const std::uint64_t next = r | bit;
    // next^root < prime * 2^(32 root); of the cube the last 32 bits are dropped on both sides.
    const Wide square = static_cast<Wide>(next) * next;
    const Wide low = (square & 0xFFFFFFFFu) * next;
    const Wide power = root == 2 ? square : (square >> 32) * next + (low >> 32);
    const bool fits = power < (static_cast<Wide>(prime) << 64);
    if (fits) r = next;
  }
  return static_cast<std::uint32_t>(r);
}

template <std::size_t kCount>
constexpr std::array<std::uint32_t, kCount> fractions(int root) {
  std::array<std::uint32_t, kCount> out{};
  std::uint32_t prime = 1;
  for (std::uint32_t& value : out) {
    for (bool is_prime = false; !is_prime;) {
      is_prime = ++prime > 1;
      for (std::uint32_t d = 2; d * d <= prime; ++d) is_prime = is_prime && prime % d != 0;
    }
    value = root_fraction(prime, root);
  }
  return out;
}

constexpr std::array<std::uint32_t, 8> kStart = fractions<8>(2);
constexpr Words kRound = fractions<64>(3);
static_assert(kStart[0] == 0x6A09E667 && kRound[0] == 0x428A2F98 && kRound[63] == 0xC67178F2);

void compress(std::array<std::uint32_t, 8>& h, const std::uint8_t* block) {
  Words w{};
  for (std::size_t i = 0; i < 16; ++i) {
    for (std::size_t k = 0; k < 4; ++k) w[i] = (w[i] << 8) | block[4 * i + k];
  }
  for (std::size_t i = 16; i < 64; ++i) {
    const std::uint32_t a = w[i - 15];
    const std::uint32_t b = w[i - 2];
    w[i] = w[i - 16] + (std::rotr(a, 7) ^ std::rotr(a, 18) ^ (a >> 3)) + w[i - 7] +
           (std::rotr(b, 17) ^ std::rotr(b, 19) ^ (b >> 10));
  }
  std::array<std::uint32_t, 8> v = h;
  for (std::size_t i = 0; i < 64; ++i) {
    const std::uint32_t e = v[4];
    const std::uint32_t a = v[0];
    const std::uint32_t t1 = v[7] + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) +
                             ((e & v[5]) ^ (~e & v[6])) + kRound[i] + w[i];
    const std::uint32_t t2 = (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) +
                             ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
    for (std::size_t k = 7; k > 0; --k) v[k] = v[k - 1];
    v[4] += t1;
    v[0] = t1 + t2;
  }
  for (std::size_t k = 0; k < 8; ++k) h[k] += v[k];
}

}  // namespace

std::array<std::uint8_t, 32> sha256(std::string_view text) {
  std::string padded(text);
  padded += static_cast<char>(0x80);
  while (padded.size() % 64 != 56) padded += '\0';
  const std::uint64_t bits = std::uint64_t{text.size()} * 8;
  for (int shift = 56; shift >= 0; shift -= 8) padded += static_cast<char>((bits >> shift) & 0xFF);
  std::array<std::uint32_t, 8> h = kStart;
  for (std::size_t i = 0; i < padded.size(); i += 64) {
    compress(h, reinterpret_cast<const std::uint8_t*>(padded.data()) + i);
  }
  std::array<std::uint8_t, 32> out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::uint8_t>(h[i / 4] >> (24 - 8 * (i % 4)));
  }
  return out;
}

}  // namespace picolm
