#pragma once

// Inputs for the tests of kernels and decoders: seeded, and rich in what breaks arithmetic.
// Thread safety: free functions without state.

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "inference/quant/half.h"
#include "inference/quant/quant_type.h"
#include "tests/support/random.h"

namespace kernels_test {

using inference::QuantType;
using test_support::Random;

inline constexpr QuantType kAllTypes[] = {QuantType::F32,  QuantType::F16,  QuantType::BF16,
                                          QuantType::Q4_0, QuantType::Q4_1, QuantType::Q5_0,
                                          QuantType::Q5_1, QuantType::Q8_0, QuantType::Q4_K,
                                          QuantType::Q5_K, QuantType::Q6_K};

inline std::string type_name(QuantType type) { return std::string(inference::geometry(type).name); }

// Uniform in [0, bound).
inline std::size_t draw(Random& random, std::size_t bound) {
  return static_cast<std::size_t>(random.below(bound));
}

enum class Flavour {
  Tame,    // magnitudes a model has
  Hostile  // any bits: infinities, NaN, subnormals, overflow
};

// A float of any kind; special values come often.
inline float hostile_float(Random& random) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const float special[] = {0.0f,
                           -0.0f,
                           1.0f,
                           -1.0f,
                           kInfinity,
                           -kInfinity,
                           std::numeric_limits<float>::quiet_NaN(),
                           0x1p-149f,
                           -0x1p-149f,
                           0x1p-126f,
                           -0x1.fffffcp-127f,
                           0x1.fffffep+127f,
                           -0x1.fffffep+127f,
                           65504.0f,
                           65519.9f,
                           65520.0f,
                           0x1p-24f,
                           0x1p-25f,
                           88.72284f,
                           -103.98f};
  switch (random.below(4)) {
    case 0:
      return special[random.below(std::size(special))];
    case 1:
      return std::bit_cast<float>(static_cast<std::uint32_t>(random.next()));
    default:
      return random.uniform(-4.0f, 4.0f);
  }
}

// A few of the values are hostile where `flavour` says so: mostly tame rows must show that one
// bad value does not spread further than it should.
inline std::vector<float> floats(std::size_t n, Flavour flavour, Random& random) {
  std::vector<float> values(n);
  const bool dense = random.below(2) == 0;
  for (float& value : values) {
    const bool hostile = flavour == Flavour::Hostile && (dense || random.below(64) == 0);
    value = hostile ? hostile_float(random) : random.normal();
  }
  return values;
}

inline std::vector<inference::Half> halves(std::size_t n, Flavour flavour, Random& random) {
  std::vector<inference::Half> values(n);
  for (inference::Half& value : values) {
    value = flavour == Flavour::Hostile ? static_cast<inference::Half>(random.next())
                                        : inference::float_to_half(random.normal());
  }
  return values;
}

inline void put_half(std::byte* at, float value) {
  const inference::Half half = inference::float_to_half(value);
  std::memcpy(at, &half, sizeof(half));
}

// `rows` rows of `n` weights. All bytes are random, so all codes and sub-block scales occur; when
// tame, block scales are replaced by values a model has. Offsets are those drawn in blocks.h.
inline std::vector<std::byte> weights(QuantType type, std::size_t rows, std::size_t n,
                                      Flavour flavour, Random& random) {
  const inference::QuantGeometry& geometry = inference::geometry(type);
  std::vector<std::byte> bytes(rows * (n / geometry.block_values) * geometry.block_bytes);
  random.fill(bytes);
  if (flavour == Flavour::Hostile) return bytes;
  for (std::size_t at = 0; at < bytes.size(); at += geometry.block_bytes) {
    std::byte* block = bytes.data() + at;
    switch (type) {
      case QuantType::F32: {
        const float value = random.normal();
        std::memcpy(block, &value, sizeof(value));
        break;
      }
      case QuantType::F16:
        put_half(block, random.normal());
        break;
      case QuantType::BF16: {
        const std::uint16_t value = inference::float_to_bf16(random.normal());
        std::memcpy(block, &value, sizeof(value));
        break;
      }
      case QuantType::Q4_1:
      case QuantType::Q5_1:
      case QuantType::Q4_K:
      case QuantType::Q5_K:
        put_half(block, random.uniform(-0.1f, 0.1f));
        put_half(block + 2, random.uniform(-0.5f, 0.5f));
        break;
      case QuantType::Q6_K:
        put_half(block + 208, random.uniform(-0.01f, 0.01f));
        break;
      default:
        put_half(block, random.uniform(-0.1f, 0.1f));
    }
  }
  return bytes;
}

// The same bits, or both NaN: which NaN is not defined.
inline bool same(float a, float b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
}

// FNV-1a over the bits of what is added; every NaN of floats and halves is taken as one.
class Hash {
 public:
  void add(std::span<const float> values) {
    for (float value : values) {
      const float canonical = std::isnan(value) ? std::bit_cast<float>(0x7fc00000u) : value;
      add_bits(std::bit_cast<std::uint32_t>(canonical), 4);
    }
  }
  void add(std::span<const inference::Half> values) {
    for (inference::Half value : values) {
      const bool nan = (value & 0x7fffu) > 0x7c00u;
      add_bits(nan ? 0x7e00u : value, 2);
    }
  }
  void add(double value) { add_bits(std::bit_cast<std::uint64_t>(value), 8); }
  std::uint64_t value() const { return state_; }

 private:
  void add_bits(std::uint64_t bits, int bytes) {
    for (int i = 0; i < bytes; ++i) {
      state_ = (state_ ^ ((bits >> (8 * i)) & 0xffu)) * 0x100000001b3u;
    }
  }
  std::uint64_t state_ = 0xcbf29ce484222325u;
};

}  // namespace kernels_test
