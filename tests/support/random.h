#pragma once

// Seeded random numbers that are the same on every platform and library: SplitMix64 seeds
// xoshiro256**. Integers and exact float steps only, so tests may rely on the very values.
// Thread safety: unsafe; one generator a thread.

#include <cstddef>
#include <cstdint>
#include <span>

namespace test_support {

class Random {
 public:
  explicit Random(std::uint64_t seed);

  std::uint64_t next();

  // Uniform in [0, bound). REQUIRES: bound > 0. (The bias is below bound / 2^64.)
  std::uint64_t below(std::uint64_t bound);

  double uniform();                      // in [0, 1)
  float uniform(float low, float high);  // in [low, high)

  // Mean 0, variance 1, bell-shaped, never beyond ±3.47: the sum of four uniforms.
  float normal();

  void fill(std::span<std::byte> out);

 private:
  std::uint64_t state_[4];
};

}  // namespace test_support
