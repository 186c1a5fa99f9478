// Weights are scaled by 1 / sqrt(row length), so that every product keeps the size of its input
// and activations stay finite through any number of layers; the output is a little larger, so that
// the logits of different tokens differ clearly.

#include "tests/support/tiny_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "tests/support/random.h"
#include "tests/support/random_weights.h"
#include "tests/support/vocabulary.h"

namespace test_support {
namespace {

constexpr float kLogitDeviation = 3;

void require(bool condition, const char* message) {
  if (!condition) throw std::invalid_argument(message);
}

void check(const TinyModelOptions& options) {
  require(options.layer_count > 0 && options.embedding_length > 0, "a model needs layers");
  require(options.feed_forward_length > 0 && options.context_length > 0, "a length is 0");
  require(options.head_count > 0 && options.kv_head_count > 0, "a model needs heads");
  require(options.head_count % options.kv_head_count == 0, "kv_head_count must divide head_count");
  require(options.head_length > 0 && options.head_length % 2 == 0, "head_length must be even");
}

std::string layer_name(std::uint32_t layer, const char* name) {
  return "blk." + std::to_string(layer) + "." + name + ".weight";
}

// The layers that llama.cpp gives more bits in a mix: the first and last eighth, and of the ones
// between every third.
bool more_bits(std::uint32_t layer, std::uint32_t layer_count) {
  const std::uint32_t eighth = layer_count / 8;
  return layer < eighth || layer >= 7 * layer_count / 8 || (layer - eighth) % 3 == 2;
}

// One writer, its options, and a number for each tensor so that each has its own random stream.
class Builder {
 public:
  Builder(const TinyModelOptions& options, GgufWriter& writer)
      : options_(options), writer_(writer) {}

  void matrix(const std::string& name, QuantType type, std::uint64_t row_length,
              std::uint64_t row_count, float deviation) {
    type = fitting(type, row_length, name);
    writer_.tensor(
        name, type, {row_length, row_count},
        [type, deviation, seed = next_seed()](std::uint64_t row, std::span<std::byte> out) {
          Random random(seed + row);
          fill_row(type, deviation, random, out);
        });
  }

  void layer_matrix(std::uint32_t layer, const char* name, std::uint64_t row_length,
                    std::uint64_t row_count, bool important) {
    QuantType type = options_.matrix_type;
    if (options_.mix == QuantMix::Q4KM) {
      const bool more = important && more_bits(layer, options_.layer_count);
      type = more ? QuantType::Q6_K : QuantType::Q4_K;
    }
    matrix(layer_name(layer, name), type, row_length, row_count,
           1 / std::sqrt(static_cast<float>(row_length)));
  }

  // Around 1, as trained norms are.
  void norm(const std::string& name) {
    Random random(next_seed());
    std::vector<float> weights(options_.embedding_length);
    for (float& weight : weights) weight = 1 + 0.1F * random.normal();
    writer_.f32_tensor(name, {weights.size()}, weights);
  }

 private:
  std::uint64_t next_seed() { return options_.seed * 0x9e3779b97f4a7c15ULL + (++tensors_ << 32); }

  QuantType fitting(QuantType type, std::uint64_t row_length, const std::string& name) const {
    if (row_length % inference::geometry(type).block_values == 0) return type;
    if (!options_.fall_back) {
      throw std::invalid_argument(name + ": rows of " + std::to_string(row_length) +
                                  " values do not fit blocks of " +
                                  std::string(inference::geometry(type).name));
    }
    switch (type) {
      case QuantType::Q4_K:
        return fitting(QuantType::Q5_0, row_length, name);
      case QuantType::Q5_K:
        return fitting(QuantType::Q5_1, row_length, name);
      case QuantType::Q6_K:
        return fitting(QuantType::Q8_0, row_length, name);
      default:
        return QuantType::F16;
    }
  }

  const TinyModelOptions& options_;
  GgufWriter& writer_;
  std::uint64_t tensors_ = 0;
};

void write_keys(const TinyModelOptions& options, std::uint32_t vocabulary_count,
                GgufWriter& writer) {
  const std::string prefix = options.architecture + ".";
  writer.string("general.architecture", options.architecture);
  writer.string("general.name", "random weights");
  writer.u32(prefix + "block_count", options.layer_count);
  writer.u32(prefix + "context_length", options.context_length);
  writer.u32(prefix + "embedding_length", options.embedding_length);
  writer.u32(prefix + "feed_forward_length", options.feed_forward_length);
  writer.u32(prefix + "attention.head_count", options.head_count);
  writer.u32(prefix + "attention.head_count_kv", options.kv_head_count);
  if (options.head_length * options.head_count != options.embedding_length) {
    writer.u32(prefix + "attention.key_length", options.head_length);
    writer.u32(prefix + "attention.value_length", options.head_length);
  }
  writer.f32(prefix + "attention.layer_norm_rms_epsilon", options.rms_epsilon);
  writer.u32(prefix + "rope.dimension_count", options.head_length);
  writer.f32(prefix + "rope.freq_base", options.rope_base);
  writer.u32(prefix + "vocab_size", vocabulary_count);
}

void write_layer(const TinyModelOptions& options, std::uint32_t layer, Builder& builder) {
  const std::uint64_t width = options.embedding_length;
  const std::uint64_t query_width = std::uint64_t{options.head_count} * options.head_length;
  const std::uint64_t kv_width = std::uint64_t{options.kv_head_count} * options.head_length;
  const std::uint64_t inner = options.feed_forward_length;
  builder.norm(layer_name(layer, "attn_norm"));
  builder.layer_matrix(layer, "attn_q", width, query_width, false);
  builder.layer_matrix(layer, "attn_k", width, kv_width, false);
  builder.layer_matrix(layer, "attn_v", width, kv_width, true);
  builder.layer_matrix(layer, "attn_output", query_width, width, false);
  builder.norm(layer_name(layer, "ffn_norm"));
  builder.layer_matrix(layer, "ffn_gate", width, inner, false);
  builder.layer_matrix(layer, "ffn_up", width, inner, false);
  builder.layer_matrix(layer, "ffn_down", inner, width, true);
}

// Divisors of the rotation frequencies: 1 for the fast half, growing to 8 for the slowest.
std::vector<float> rope_divisors(std::uint32_t head_length) {
  std::vector<float> divisors(head_length / 2, 1.0F);
  for (std::size_t i = divisors.size() / 2; i < divisors.size(); ++i) {
    divisors[i] = 1 + 7 * static_cast<float>(i + 1 - divisors.size() / 2) /
                          static_cast<float>(divisors.size() - divisors.size() / 2);
  }
  return divisors;
}

}  // namespace

TinyModelOptions tiny_options(QuantType type) {
  TinyModelOptions options;
  options.matrix_type = type;
  if (inference::geometry(type).block_values == 256) {
    options.embedding_length = 256;
    options.feed_forward_length = 512;
    options.head_length = 64;
  }
  return options;
}

GgufWriter tiny_model(const TinyModelOptions& options) {
  check(options);
  const Vocabulary vocabulary =
      make_vocabulary(options.vocabulary, options.chat, options.vocabulary_count, options.seed);
  const auto vocabulary_count = static_cast<std::uint32_t>(vocabulary.tokens.size());
  GgufWriter writer;
  write_keys(options, vocabulary_count, writer);
  write_vocabulary(vocabulary, options.vocabulary, writer);

  Builder builder(options, writer);
  const bool mixed = options.mix == QuantMix::Q4KM;
  const QuantType output_type =
      options.embedding_type.value_or(mixed ? QuantType::Q6_K : options.matrix_type);
  const QuantType embedding_type = options.embedding_type.value_or(
      mixed ? (options.tied_output ? QuantType::Q6_K : QuantType::Q4_K) : options.matrix_type);
  const float deviation = kLogitDeviation / std::sqrt(static_cast<float>(options.embedding_length));
  builder.matrix("token_embd.weight", embedding_type, options.embedding_length, vocabulary_count,
                 deviation);
  for (std::uint32_t layer = 0; layer < options.layer_count; ++layer) {
    write_layer(options, layer, builder);
  }
  builder.norm("output_norm.weight");
  if (!options.tied_output) {
    builder.matrix("output.weight", output_type, options.embedding_length, vocabulary_count,
                   deviation);
  }
  if (options.rope_freqs) {
    const std::vector<float> divisors = rope_divisors(options.head_length);
    writer.f32_tensor("rope_freqs.weight", {divisors.size()}, divisors);
  }
  return writer;
}

std::string write_tiny_model(const TinyModelOptions& options, const std::string& path) {
  tiny_model(options).write(path);
  return path;
}

GgufWriter vocabulary_only(const TinyModelOptions& options) {
  const Vocabulary vocabulary =
      make_vocabulary(options.vocabulary, options.chat, options.vocabulary_count, options.seed);
  GgufWriter writer;
  write_keys(options, static_cast<std::uint32_t>(vocabulary.tokens.size()), writer);
  write_vocabulary(vocabulary, options.vocabulary, writer);
  return writer;
}

}  // namespace test_support
