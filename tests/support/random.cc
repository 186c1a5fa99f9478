// SplitMix64 (Steele, Lea, Flood 2014) spreads the seed over the state of xoshiro256** (Blackman,
// Vigna 2018), which is fast enough to fill hundreds of megabytes and has no bad seeds this way.

#include "tests/support/random.h"

#include <bit>
#include <cstring>

namespace test_support {

Random::Random(std::uint64_t seed) {
  for (std::uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    word = z ^ (z >> 31);
  }
}

std::uint64_t Random::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t Random::below(std::uint64_t bound) {
  // High half of a 64 x 64 bit product, in 32-bit pieces: no __int128 on 32-bit targets.
  const std::uint64_t x = next();
  const std::uint64_t x_low = x & 0xffffffffU;
  const std::uint64_t x_high = x >> 32;
  const std::uint64_t b_low = bound & 0xffffffffU;
  const std::uint64_t b_high = bound >> 32;
  const std::uint64_t middle = x_high * b_low + ((x_low * b_low) >> 32);
  const std::uint64_t carry = (middle & 0xffffffffU) + x_low * b_high;
  return x_high * b_high + (middle >> 32) + (carry >> 32);
}

double Random::uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

float Random::uniform(float low, float high) {
  return low + (high - low) * (static_cast<float>(next() >> 40) * 0x1.0p-24F);
}

float Random::normal() {
  // Each 16-bit piece has variance 2^32 / 12; four of them 2^32 / 3.
  const std::uint64_t bits = next();
  const std::int32_t sum =
      static_cast<std::int32_t>(bits & 0xffff) + static_cast<std::int32_t>((bits >> 16) & 0xffff) +
      static_cast<std::int32_t>((bits >> 32) & 0xffff) + static_cast<std::int32_t>(bits >> 48);
  return static_cast<float>(2 * sum - 4 * 65535) * (0.5F * 1.7320508F / 65536.0F);
}

void Random::fill(std::span<std::byte> out) {
  while (!out.empty()) {
    const std::uint64_t bits = next();
    const std::size_t count = out.size() < sizeof bits ? out.size() : sizeof bits;
    std::memcpy(out.data(), &bits, count);  // little-endian hosts only, as GGUF itself
    out = out.subspan(count);
  }
}

}  // namespace test_support
