// Decoders against the reference decoders of GGUF, bit layouts against drawings, and real files
// that hold one model in four types.

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "inference/gguf/file.h"
#include "inference/quant/blocks.h"
#include "inference/quant/decode.h"
#include "tests/inference/kernels_inputs.h"
#include "tests/support/test_data.h"

namespace kernels_test {
namespace {

// What the Python package gguf 0.19.0 (gguf.quants.dequantize, numpy) makes of golden_bytes():
// the hash of all values, and the values at 0, 1, n/7, n/3, n/2 + 5, 2n/3 + 17, n - 34, n - 1.
// To make a line anew: the bytes of golden_bytes(), dequantised, as float32, plus 0 (which turns
// -0 into +0), hashed by FNV-1a over the little-endian bytes.
struct Golden {
  QuantType type;
  std::size_t n;
  std::uint64_t hash;
  std::array<float, 8> values;
};

constexpr Golden kGolden[] = {
    {QuantType::F16,
     4096,
     0xbf585330a2c29552u,
     {-0x1.b1p+11f, 0x1.6cp+8f, -0x1.3cp+12f, -0x1.458p+10f, 0x1.9b8p-14f, -0x1.4dp+2f, -0x1.35p+0f,
      -0x1.a44p+13f}},
    {QuantType::BF16,
     4096,
     0x1325448382a1a426u,
     {-0x1.8ap-4f, -0x1.ep+44f, -0x1.a6p-122f, 0x1.a8p+26f, 0x1.c2p-46f, -0x1.bap+49f, -0x1.62p+50f,
      0x1.f8p+41f}},
    {QuantType::Q4_0,
     1024,
     0x42634b6c7dbc276bu,
     {0x1.c7p+7f, 0x0p+0f, 0x1.6acp-2f, 0x1.624p-12f, 0x0p+0f, -0x1.e3cp+4f, 0x1.dc4p-1f,
      -0x1.2d2p+9f}},
    {QuantType::Q4_1,
     1024,
     0x6d09bdabd560ddb2u,
     {0x1.bd8dp+5f, 0x1.ea4bp+5f, -0x1.be127p+0f, 0x1.3a48p-1f, -0x1.befffep+13f, 0x1.1d04p+0f,
      -0x1.a5c0bap+9f, -0x1.567b2p-1f}},
    {QuantType::Q5_0,
     1024,
     0x39eb83f6089c9ffcu,
     {0x1.437p+17f, 0x1.f72p+17f, -0x1.f688p+11f, -0x1.46ap-1f, -0x1.6d4p+14f, 0x1.0ccp+7f,
      -0x1.356p+10f, 0x1.702p+11f}},
    {QuantType::Q5_1,
     1024,
     0xe17df9b6376bd44bu,
     {0x1.00dfccp+13f, 0x1.187f3p+11f, -0x1.9cd8p+13f, -0x1.a7b98p+9f, -0x1.c2d822p+5f,
      0x1.9bb3p+12f, -0x1.5a9f4cp+16f, 0x1.28cp-6f}},
    {QuantType::Q8_0,
     1024,
     0x49842cc38be531b0u,
     {0x1.4b8p+3f, -0x1.36c8p+8f, 0x1.ae2cp+4f, 0x1.7d33p+13f, -0x1.b7a1p+20f, 0x1.b778p+19f,
      0x1.8aecp+17f, 0x1.f33p+19f}},
    {QuantType::Q4_K,
     8192,
     0x6385476686ef2e84u,
     {0x1.274fecp+20f, 0x1.3febecp+20f, -0x1.1fac18p+19f, -0x1.ce2cp+1f, -0x1.74bc0cp+16f,
      0x1.d4abp+14f, 0x1.14df98p+16f, 0x1.762ef4p+17f}},
    {QuantType::Q5_K,
     8192,
     0x34a9c36a499aab71u,
     {-0x1.3f3adp+14f, -0x1.2cadp+10f, -0x1.82726p+0f, 0x1.fe3p+14f, -0x1.a46606p+20f,
      -0x1.1aa2aap+18f, -0x1.7f489p+5f, -0x1.263p+5f}},
    {QuantType::Q6_K,
     8192,
     0x68be4662338c646fu,
     {-0x1.13p+17f, 0x1.adbp+17f, -0x1.139e2p+11f, 0x1.3839p+11f, 0x1.00914p-4f, -0x1.0d0ddp-2f,
      -0x1.0fe54p+15f, -0x1.614f8p+13f}},
};

// Every byte from Knuth's 64-bit generator, seeded by the type's number plus 1; halves that are
// scales lose one exponent bit where they would be infinite or NaN.
std::vector<std::byte> golden_bytes(QuantType type, std::size_t n) {
  const inference::QuantGeometry& geometry = inference::geometry(type);
  std::vector<std::byte> bytes(n / geometry.block_values * geometry.block_bytes);
  std::uint64_t state = static_cast<std::uint64_t>(type) + 1;
  for (std::byte& byte : bytes) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<std::byte>(state >> 56);
  }
  const bool two_halves = type == QuantType::Q4_1 || type == QuantType::Q5_1 ||
                          type == QuantType::Q4_K || type == QuantType::Q5_K;
  const std::size_t first = type == QuantType::Q6_K ? 208 : 0;
  const std::byte exponent{type == QuantType::BF16 ? std::uint8_t{0x7f} : std::uint8_t{0x7c}};
  for (std::size_t block = 0; block < bytes.size(); block += geometry.block_bytes) {
    for (std::size_t at = first; at <= first + (two_halves ? 2 : 0); at += 2) {
      std::byte& high = bytes[block + at + 1];
      if ((high & exponent) == exponent) high &= std::byte{0xbf};
    }
  }
  return bytes;
}

TEST(Decode, GivesTheValuesOfTheReferenceDecoders) {
  for (const Golden& golden : kGolden) {
    const std::vector<std::byte> bytes = golden_bytes(golden.type, golden.n);
    const std::size_t n = golden.n;
    std::vector<float> values(n);
    inference::decode_row(golden.type, bytes.data(), n, values.data());
    for (float& value : values) value += 0.0f;
    const std::size_t picks[] = {0, 1, n / 7, n / 3, n / 2 + 5, 2 * n / 3 + 17, n - 34, n - 1};
    for (std::size_t i = 0; i < std::size(picks); ++i) {
      EXPECT_EQ(values[picks[i]], golden.values[i]) << type_name(golden.type) << " " << picks[i];
    }
    Hash hash;
    hash.add(values);
    EXPECT_EQ(hash.value(), golden.hash) << type_name(golden.type);
  }
}

TEST(Decode, CopiesFloatsAsTheyAre) {
  Random random(5);
  const std::vector<float> values = floats(77, Flavour::Hostile, random);
  std::vector<float> decoded(values.size());
  inference::decode_row(QuantType::F32, reinterpret_cast<const std::byte*>(values.data()),
                        values.size(), decoded.data());
  EXPECT_EQ(std::memcmp(values.data(), decoded.data(), values.size() * sizeof(float)), 0);
}

// One code of the block is set to 1, all others to 0: exactly one value of the row differs, and it
// is the one the drawing in blocks.h names.
TEST(Decode, PutsEachCodeWhereTheDrawingSaysSo) {
  inference::BlockQ4_K block{};
  block.d = inference::float_to_half(1.0f);
  for (std::size_t s = 0; s < 4; ++s) block.scales[s] = 0xc1;   // scale 1, upper bits of 4-7
  for (std::size_t s = 8; s < 12; ++s) block.scales[s] = 0x01;  // 48 + 1
  for (std::size_t byte = 0; byte < sizeof(block.codes); ++byte) {
    for (const int nibble : {0, 1}) {
      block.codes[byte] = nibble == 0 ? 0x01 : 0x10;
      float values[256];
      inference::decode_row(QuantType::Q4_K, reinterpret_cast<const std::byte*>(&block), 256,
                            values);
      const std::size_t sub_block = 2 * (byte / 32) + static_cast<std::size_t>(nibble);
      for (std::size_t i = 0; i < 256; ++i) {
        const float wanted = i != 32 * sub_block + byte % 32 ? 0.0f : sub_block < 4 ? 1.0f : 49.0f;
        ASSERT_EQ(values[i], wanted) << "byte " << byte << ", nibble " << nibble << ", value " << i;
      }
    }
    block.codes[byte] = 0;
  }
}

TEST(Decode, TakesEveryByteWithoutHarm) {
  for (const QuantType type : kAllTypes) {
    Random random(3);
    const std::vector<std::byte> bytes = weights(type, 4, 1024, Flavour::Hostile, random);
    std::vector<float> values(4 * 1024);
    inference::decode_row(type, bytes.data(), values.size(), values.data());
    EXPECT_GT(std::count_if(values.begin(), values.end(), [](float v) { return std::isfinite(v); }),
              0)
        << type_name(type);
  }
}

TEST(QuantType, IsFoundByItsNumberAndNoOther) {
  for (std::uint32_t number = 0; number < 64; ++number) {
    const std::optional<QuantType> type = inference::quant_type_from_gguf(number);
    const bool known = std::any_of(std::begin(kAllTypes), std::end(kAllTypes), [&](QuantType t) {
      return static_cast<std::uint32_t>(t) == number;
    });
    EXPECT_EQ(type.has_value(), known) << number;
    if (type) {
      EXPECT_EQ(static_cast<std::uint32_t>(*type), number);
    }
  }
}

std::vector<float> decoded(const inference::gguf::File& file,
                           const inference::gguf::Tensor& tensor) {
  const auto rows = static_cast<std::size_t>(tensor.rows());
  const auto row_values = static_cast<std::size_t>(tensor.dims[0]);
  const auto row_bytes = static_cast<std::size_t>(tensor.row_bytes());
  std::vector<std::byte> bytes(rows * row_bytes);
  EXPECT_TRUE(file.read_at(tensor.offset, bytes));
  std::vector<float> values(rows * row_values);
  for (std::size_t row = 0; row < rows; ++row) {
    inference::decode_row(tensor.type, bytes.data() + row * row_bytes, row_values,
                          values.data() + row * row_values);
  }
  return values;
}

// How far a value of a block may be from its original when the largest magnitude is `largest`:
// half a step (Q4_0: a whole one, its scale is largest / -8, and 8 is no code), and what rounding
// the scale to a half does to a code.
float rounding_max(QuantType type, float value, float largest) {
  switch (type) {
    case QuantType::F16:
      return std::abs(value) * 0x1p-11f + 0x1p-25f;
    case QuantType::Q8_0:
      return largest / 127.0f * 0.5f + std::abs(value) * 0x1p-10f;
    case QuantType::Q4_0:
      return largest / 8.0f + std::abs(value) * 0x1p-10f;
    default:
      return 0.0f;
  }
}

TEST(Decode, AgreesOnOneModelInFourTypes) {
  const std::string folder = "gguf/stories260K-";
  const auto original_path = test_support::shared_file(folder + "f32.gguf");
  if (!original_path) GTEST_SKIP() << "skipped: " << test_support::kNoSharedData;
  const inference::gguf::File original(*original_path);
  for (const char* name : {"F16.gguf", "q8_0.gguf", "q4_0.gguf"}) {
    const auto path = test_support::shared_file(folder + name);
    ASSERT_TRUE(path) << name;
    const inference::gguf::File file(*path);
    for (const inference::gguf::Tensor& tensor : file.tensors()) {
      const inference::gguf::Tensor* same_tensor = original.find_tensor(tensor.name);
      ASSERT_NE(same_tensor, nullptr) << tensor.name;
      const std::vector<float> expected = decoded(original, *same_tensor);
      const std::vector<float> actual = decoded(file, tensor);
      ASSERT_EQ(expected.size(), actual.size());
      const std::size_t block = inference::geometry(tensor.type).block_values;
      for (std::size_t i = 0; i < expected.size(); ++i) {
        float largest = 0;
        for (std::size_t k = i / block * block; k < i / block * block + block; ++k) {
          largest = std::max(largest, std::abs(expected[k]));
        }
        ASSERT_LE(std::abs(expected[i] - actual[i]),
                  rounding_max(tensor.type, expected[i], largest))
            << name << " " << tensor.name << " " << i;
      }
    }
  }
}

}  // namespace
}  // namespace kernels_test
