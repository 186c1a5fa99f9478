// The model against formulas in double precision. What remains between them: keys and values in
// half precision, and for quantised weights activations of 8 bits.

#include <gtest/gtest.h>

#include <cmath>

#include "tests/inference/model_testing.h"
#include "tests/inference/reference_model.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace test_support {
namespace {

std::vector<TokenId> random_tokens(std::uint32_t vocabulary_count, std::size_t count) {
  Random random(7);
  std::vector<TokenId> tokens(count);
  for (TokenId& token : tokens) token = static_cast<TokenId>(random.below(vocabulary_count));
  return tokens;
}

// Root mean square of the difference, divided by the spread of the reference's logits.
double relative_error(const Logits& ours, const std::vector<double>& reference) {
  double mean = 0;
  for (const double value : reference) mean += value / static_cast<double>(reference.size());
  double difference = 0;
  double spread = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    difference += (ours[i] - reference[i]) * (ours[i] - reference[i]);
    spread += (reference[i] - mean) * (reference[i] - mean);
  }
  return std::sqrt(difference / spread);
}

// The largest error over all positions of a random text.
double largest_error(const TinyModelOptions& options) {
  const TempDir folder;
  LoadedModel loaded(write_tiny_model(options, folder.file("tiny.gguf")), {.threads = 2});
  const std::vector<TokenId> tokens = random_tokens(loaded.config().vocabulary_count, 12);
  KvSequence sequence = loaded.sequence();
  const std::vector<Logits> ours = loaded.append(sequence, tokens, tokens.size());
  const auto reference = ReferenceModel(loaded.file()).logits(tokens);
  double largest = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const double error = relative_error(ours[i], reference[i]);
    if (!(error <= largest)) largest = error;  // NaN too
  }
  return largest;
}

bool exact_activations(QuantType type) {
  return type == QuantType::F32 || type == QuantType::F16 || type == QuantType::BF16;
}

TEST(ModelReference, EveryTypeOfWeightsFollowsTheFormulas) {
  for (const QuantType type : kAllTypes) {
    SCOPED_TRACE(inference::geometry(type).name);
    EXPECT_LT(largest_error(tiny_options(type)), exact_activations(type) ? 0.001 : 0.06);
  }
}

TEST(ModelReference, TiedOutputUsesTheEmbedding) {
  for (const QuantType type : {QuantType::F32, QuantType::Q8_0}) {
    TinyModelOptions options = tiny_options(type);
    options.tied_output = true;
    EXPECT_LT(largest_error(options), exact_activations(type) ? 0.001 : 0.06);
  }
}

TEST(ModelReference, MixedTypesAreQuantisedForEach) {
  TinyModelOptions options = tiny_options(QuantType::Q4_K);
  options.mix = QuantMix::Q4KM;
  options.layer_count = 3;
  EXPECT_LT(largest_error(options), 0.06);
  // Rows that fit no block fall back to F16: both formats in one group of products.
  options = tiny_options(QuantType::Q4_0);
  options.feed_forward_length = 76;
  options.fall_back = true;
  EXPECT_LT(largest_error(options), 0.06);
}

TEST(ModelReference, HeadsShareKeysInGroups) {
  struct Heads {
    std::uint32_t query, kv, length;
  };
  for (const Heads heads :
       {Heads{1, 1, 64}, Heads{8, 1, 8}, Heads{6, 2, 10}, Heads{4, 4, 16}, Heads{3, 3, 34}}) {
    SCOPED_TRACE(heads.query);
    TinyModelOptions options = tiny_options(QuantType::F32);
    options.head_count = heads.query;
    options.kv_head_count = heads.kv;
    options.head_length = heads.length;
    EXPECT_LT(largest_error(options), 0.001);
  }
}

TEST(ModelReference, RopeFollowsBaseAndDivisors) {
  TinyModelOptions options = tiny_options(QuantType::F32);
  options.rope_base = 500000;
  EXPECT_LT(largest_error(options), 0.001);
  options.rope_freqs = true;
  EXPECT_LT(largest_error(options), 0.001);
}

TEST(ModelReference, LinearScalingDividesPositions) {
  const TempDir folder;
  GgufWriter writer = tiny_model(tiny_options(QuantType::F32));
  writer.string("llama.rope.scaling.type", "linear");
  writer.f32("llama.rope.scaling.factor", 4);
  writer.write(folder.file("scaled.gguf"));
  LoadedModel loaded(folder.file("scaled.gguf"));
  EXPECT_EQ(loaded.config().rope_factor, 4);
  const std::vector<TokenId> tokens = random_tokens(loaded.config().vocabulary_count, 8);
  const std::vector<Logits> ours = loaded.one_by_one(tokens);
  const auto reference = ReferenceModel(loaded.file()).logits(tokens);
  EXPECT_LT(relative_error(ours.back(), reference.back()), 0.001);
}

}  // namespace
}  // namespace test_support
