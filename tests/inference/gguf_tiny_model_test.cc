// The models that other tests make for themselves: the loader accepts them, they are the same
// everywhere, their values have the promised size, and their vocabulary is complete.

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <stdexcept>

#include "inference/gguf/file.h"
#include "inference/quant/decode.h"
#include "inference/quant/half.h"
#include "tests/support/random.h"
#include "tests/support/random_weights.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"
#include "tests/support/vocabulary.h"

namespace test_support {
namespace {

using inference::gguf::File;
using inference::gguf::Tensor;

constexpr QuantType kTypes[] = {QuantType::F32,  QuantType::F16,  QuantType::BF16, QuantType::Q4_0,
                                QuantType::Q4_1, QuantType::Q5_0, QuantType::Q5_1, QuantType::Q8_0,
                                QuantType::Q4_K, QuantType::Q5_K, QuantType::Q6_K};

std::uint64_t hash(const std::string& bytes) {  // FNV-1a
  std::uint64_t value = 0xcbf29ce484222325ULL;
  for (const char byte : bytes) {
    value = (value ^ static_cast<unsigned char>(byte)) * 0x100000001b3ULL;
  }
  return value;
}

TEST(Random, GivesTheSameNumbersEverywhere) {
  // xoshiro256** after SplitMix64 with seed 0, from the authors' reference code.
  Random random(0);
  EXPECT_EQ(random.next(), 0x99ec5f36cb75f2b4ULL);
  EXPECT_EQ(random.next(), 0xbf6e1f784956452aULL);
  EXPECT_EQ(random.next(), 0x1a5f849d4933e6e0ULL);
}

TEST(Random, StaysInsideItsBoundsAndSpreads) {
  Random random(1);
  std::set<std::uint64_t> seen;
  double sum = 0;
  double squares = 0;
  constexpr int kCount = 20000;
  for (int i = 0; i < kCount; ++i) {
    const std::uint64_t value = random.below(7);
    ASSERT_LT(value, 7U);
    seen.insert(value);
    const float uniform = random.uniform(-2.0F, 3.0F);
    ASSERT_GE(uniform, -2.0F);
    ASSERT_LT(uniform, 3.0F);
    const double normal = random.normal();
    sum += normal;
    squares += normal * normal;
  }
  EXPECT_EQ(seen.size(), 7U);
  EXPECT_NEAR(sum / kCount, 0, 0.03);
  EXPECT_NEAR(squares / kCount, 1, 0.03);
}

TEST(RandomWeights, RoundsHalvesAsTheEngineReadsThem) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = inference::half_to_float(half);
    if (std::isnan(value)) continue;
    ASSERT_EQ(half_bits(value), half) << value;
  }
  EXPECT_EQ(half_bits(65519.0F), 0x7bff);
  EXPECT_EQ(half_bits(65520.0F), 0x7c00);
  EXPECT_EQ(half_bits(1.0F + 0x1p-11F), 0x3c00);  // ties go to even
  EXPECT_EQ(half_bits(1.0F + 0x3p-11F), 0x3c02);
  EXPECT_EQ(bfloat_bits(1.0F + 0x1p-8F), 0x3f80);
  EXPECT_EQ(bfloat_bits(1.0F + 0x3p-8F), 0x3f82);
}

TEST(RandomWeights, HaveTheWantedDeviationInEveryType) {
  constexpr std::size_t kCount = 256 * 256;
  constexpr float kDeviation = 0.0625F;
  for (const QuantType type : kTypes) {
    const inference::QuantGeometry& shape = inference::geometry(type);
    SCOPED_TRACE(shape.name);
    Random random(7);
    std::vector<std::byte> row(kCount / shape.block_values * shape.block_bytes);
    fill_row(type, kDeviation, random, row);
    std::vector<float> values(kCount);
    inference::decode_row(type, row.data(), kCount, values.data());
    double sum = 0;
    double squares = 0;
    for (const float value : values) {
      ASSERT_TRUE(std::isfinite(value));
      sum += value;
      squares += static_cast<double>(value) * value;
    }
    // Codes -8..7 of Q4_0 have a mean of -0.5, a ninth of their deviation.
    EXPECT_NEAR(sum / kCount, 0, 0.125F * kDeviation);
    EXPECT_NEAR(std::sqrt(squares / kCount), kDeviation, 0.12F * kDeviation);
  }
}

TEST(TinyModel, LoadsInEveryTypeAndShape) {
  const TempDir folder;
  for (const QuantType type : kTypes) {
    SCOPED_TRACE(inference::geometry(type).name);
    const TinyModelOptions options = tiny_options(type);
    const File file(write_tiny_model(options, folder.file("model.gguf")));
    EXPECT_EQ(file.u32("llama.block_count"), options.layer_count);
    EXPECT_EQ(file.tensors().size(), 9U * options.layer_count + 3);
    const Tensor* down = file.find_tensor("blk.1.ffn_down.weight");
    ASSERT_NE(down, nullptr);
    EXPECT_EQ(down->type, type);
    EXPECT_EQ(down->dims,
              (std::vector<std::uint64_t>{options.feed_forward_length, options.embedding_length}));
    EXPECT_EQ(file.find_tensor("blk.0.attn_norm.weight")->type, QuantType::F32);
  }
}

TEST(TinyModel, LeavesOutOrAddsWhatTheOptionsSay) {
  const TempDir folder;
  TinyModelOptions options;
  options.tied_output = true;
  options.rope_freqs = true;
  options.head_length = 24;  // heads wider than the residual stream
  const File file(write_tiny_model(options, folder.file("model.gguf")));
  EXPECT_EQ(file.find_tensor("output.weight"), nullptr);
  ASSERT_NE(file.find_tensor("rope_freqs.weight"), nullptr);
  EXPECT_EQ(file.find_tensor("rope_freqs.weight")->dims, std::vector<std::uint64_t>{12});
  EXPECT_EQ(file.u32("llama.attention.key_length"), 24U);
  EXPECT_EQ(file.find_tensor("blk.0.attn_q.weight")->dims, (std::vector<std::uint64_t>{64, 96}));
  EXPECT_EQ(file.find_tensor("blk.0.attn_output.weight")->dims,
            (std::vector<std::uint64_t>{96, 64}));
}

TEST(TinyModel, GivesTheSameBytesForTheSameSeedOnly) {
  TinyModelOptions options = tiny_options(QuantType::Q4_0);
  const std::string first = tiny_model(options).bytes();
  const GgufWriter again = tiny_model(options);
  EXPECT_EQ(again.bytes(), first);
  EXPECT_EQ(again.bytes(), first) << "writing twice";
  options.seed = 2;
  EXPECT_NE(hash(tiny_model(options).bytes()), hash(first));
}

TEST(TinyModel, MixesTypesAsQ4KMDoes) {
  const TempDir folder;
  TinyModelOptions options = tiny_options(QuantType::Q4_K);
  options.mix = QuantMix::Q4KM;
  options.layer_count = 22;
  const File file(write_tiny_model(options, folder.file("model.gguf")));
  std::set<std::uint32_t> more_bits;
  for (std::uint32_t layer = 0; layer < options.layer_count; ++layer) {
    const std::string prefix = "blk." + std::to_string(layer) + ".";
    const QuantType type = file.find_tensor(prefix + "ffn_down.weight")->type;
    EXPECT_EQ(file.find_tensor(prefix + "attn_v.weight")->type, type);
    EXPECT_EQ(file.find_tensor(prefix + "attn_q.weight")->type, QuantType::Q4_K);
    if (type == QuantType::Q6_K) more_bits.insert(layer);
  }
  EXPECT_EQ(more_bits, (std::set<std::uint32_t>{0, 1, 4, 7, 10, 13, 16, 19, 20, 21}));
  EXPECT_EQ(file.find_tensor("output.weight")->type, QuantType::Q6_K);
  EXPECT_EQ(file.find_tensor("token_embd.weight")->type, QuantType::Q4_K);
}

TEST(TinyModel, FallsBackWhereRowsDoNotFitOnlyIfAsked) {
  const TempDir folder;
  TinyModelOptions options;
  options.matrix_type = QuantType::Q4_K;
  EXPECT_THROW(tiny_model(options), std::invalid_argument);
  options.fall_back = true;
  const File file(write_tiny_model(options, folder.file("model.gguf")));
  EXPECT_EQ(file.find_tensor("blk.0.attn_q.weight")->type, QuantType::Q5_0);
  options.feed_forward_length = 100;
  const File odd(write_tiny_model(options, folder.file("odd.gguf")));
  EXPECT_EQ(odd.find_tensor("blk.0.ffn_down.weight")->type, QuantType::F16);
}

TEST(TinyModel, RefusesShapesThatNoModelHas) {
  TinyModelOptions options;
  options.kv_head_count = 3;
  EXPECT_THROW(tiny_model(options), std::invalid_argument);
  options = TinyModelOptions();
  options.head_length = 15;
  EXPECT_THROW(tiny_model(options), std::invalid_argument);
  options = TinyModelOptions();
  options.vocabulary_count = 10;
  EXPECT_THROW(tiny_model(options), std::invalid_argument);
}

TEST(Vocabulary, IsCompleteUniqueAndMadeOfItsMerges) {
  for (const ChatMarker chat :
       {ChatMarker::None, ChatMarker::ChatMl, ChatMarker::Zephyr, ChatMarker::Llama3}) {
    const Vocabulary bpe = make_vocabulary(VocabularyKind::Bpe, chat, 2000, 1);
    const std::set<std::string> tokens(bpe.tokens.begin(), bpe.tokens.end());
    EXPECT_EQ(bpe.tokens.size(), 2000U);
    EXPECT_EQ(tokens.size(), 2000U);
    EXPECT_EQ(bpe.kinds.size(), 2000U);
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      EXPECT_TRUE(tokens.contains(byte_level_character(static_cast<std::uint8_t>(byte)))) << byte;
    }
    for (const std::string& merge : bpe.merges) {
      const std::size_t space = merge.find(' ');
      ASSERT_NE(space, std::string::npos);
      const std::string left = merge.substr(0, space);
      const std::string right = merge.substr(space + 1);
      EXPECT_TRUE(tokens.contains(left) && tokens.contains(right)) << merge;
      EXPECT_TRUE(tokens.contains(left + right)) << merge;
    }
    const Vocabulary spm = make_vocabulary(VocabularyKind::Spm, chat, 2000, 1);
    EXPECT_EQ(std::set<std::string>(spm.tokens.begin(), spm.tokens.end()).size(), 2000U);
    EXPECT_EQ(spm.scores.size(), 2000U);
    EXPECT_EQ(spm.tokens[3], "<0x00>");
    EXPECT_EQ(spm.tokens[258], "<0xFF>");
  }
}

TEST(Vocabulary, SpellsBytesAsGpt2Does) {
  EXPECT_EQ(byte_level_character('a'), "a");
  EXPECT_EQ(byte_level_character(' '), "\u0120");
  EXPECT_EQ(byte_level_character('\n'), "\u010a");
  EXPECT_EQ(byte_level_character(0), "\u0100");
  EXPECT_EQ(byte_level_character(0x7f), "\u0121");
  EXPECT_EQ(byte_level_character(0xad), "\u0143");
  EXPECT_EQ(byte_level_character(0xff), "\u00ff");
}

}  // namespace
}  // namespace test_support
