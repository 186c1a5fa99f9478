#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "inference/error.h"
#include "inference/model/config.h"
#include "inference/model/weights.h"
#include "tests/inference/model_testing.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace test_support {
namespace {

using inference::LoadError;

// The message with which a model is refused, or nothing if it is not.
std::string refusal(const std::string& bytes) {
  const TempDir folder;
  const std::string path = folder.write("model.gguf", bytes);
  try {
    LoadedModel loaded(path);
  } catch (const LoadError& error) {
    return error.what();
  }
  return {};
}

std::string refusal(const GgufWriter& writer) { return refusal(writer.bytes()); }

std::string tiny_bytes() { return tiny_model(tiny_options(QuantType::F32)).bytes(); }

// The file with another value for a key of four bytes.
template <typename Value>
std::string with_value(std::string bytes, const std::string& key, Value value) {
  static_assert(sizeof(Value) == 4);
  const std::size_t at = bytes.find(key);
  EXPECT_NE(at, std::string::npos) << key;
  std::memcpy(bytes.data() + at + key.size() + 4, &value, sizeof value);  // behind the type
  return bytes;
}

// The file with one name instead of another of the same length.
std::string with_name(std::string bytes, const std::string& from, const std::string& to) {
  EXPECT_EQ(from.size(), to.size());
  const std::size_t at = bytes.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return bytes.replace(at, from.size(), to);
}

void expect_words(const std::string& message, std::initializer_list<const char*> words) {
  for (const char* word : words) {
    EXPECT_NE(message.find(word), std::string::npos) << "no " << word << " in: " << message;
  }
}

TEST(ModelConfig, TakesEverythingFromTheFile) {
  const TempDir folder;
  TinyModelOptions options = tiny_options(QuantType::F32);
  options.layer_count = 3;
  options.head_count = 4;
  options.kv_head_count = 2;
  options.head_length = 10;
  options.context_length = 77;
  options.rope_base = 12345;
  options.rms_epsilon = 1e-6F;
  options.tied_output = true;
  LoadedModel loaded(write_tiny_model(options, folder.file("model.gguf")));
  const inference::Config& config = loaded.config();
  EXPECT_EQ(config.architecture, "llama");
  EXPECT_EQ(config.layer_count, 3u);
  EXPECT_EQ(config.embedding_length, options.embedding_length);
  EXPECT_EQ(config.feed_forward_length, options.feed_forward_length);
  EXPECT_EQ(config.head_count, 4u);
  EXPECT_EQ(config.kv_head_count, 2u);
  EXPECT_EQ(config.head_length, 10u);
  EXPECT_EQ(config.query_width(), 40u);
  EXPECT_EQ(config.kv_width(), 20u);
  EXPECT_EQ(config.context_length, 77u);
  EXPECT_EQ(config.vocabulary_count, loaded.file().array_count("tokenizer.ggml.tokens"));
  EXPECT_EQ(config.rope_base, 12345);
  EXPECT_EQ(config.rms_epsilon, 1e-6F);
  EXPECT_TRUE(config.tied_output);
  EXPECT_EQ(loaded.model().context_tokens(), 77u);
}

TEST(ModelConfig, RefusesNumbersOutOfRange) {
  struct Case {
    const char* key;
    std::uint32_t value;
    const char* wanted;
  };
  const Case cases[] = {
      {"llama.block_count", 0, "1 to 256"},
      {"llama.block_count", 257, "1 to 256"},
      {"llama.block_count", 2147483648u, "1 to 256"},
      {"llama.context_length", 0, "1 to 16777216"},
      {"llama.context_length", 2147483648u, "1 to 16777216"},
      {"llama.embedding_length", 0, "1 to 65536"},
      {"llama.embedding_length", 65537, "1 to 65536"},
      {"llama.feed_forward_length", 0, "1 to 262144"},
      {"llama.feed_forward_length", 4294967295u, "1 to 262144"},
      {"llama.attention.head_count", 0, "1 to 1024"},
      {"llama.attention.head_count", 1025, "1 to 1024"},
      {"llama.attention.head_count_kv", 0, "1 to 1024"},
      {"llama.attention.head_count_kv", 3, "a divisor of the head count 4"},
      {"llama.attention.head_count_kv", 8, "a divisor of the head count 4"},
      {"llama.rope.dimension_count", 8, "16 to 16"},
      {"llama.vocab_size", 7, " to "},
  };
  for (const Case& item : cases) {
    SCOPED_TRACE(item.key);
    const std::string message = refusal(with_value(tiny_bytes(), item.key, item.value));
    expect_words(message, {"model.gguf: offset ", item.key, std::to_string(item.value).c_str(),
                           item.wanted});
  }
}

TEST(ModelConfig, RefusesFloatsOutOfRange) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const char* key : {"llama.attention.layer_norm_rms_epsilon", "llama.rope.freq_base"}) {
    for (const float value : {0.0F, -1.0F, kNan, kInfinity, -kInfinity}) {
      const std::string message = refusal(with_value(tiny_bytes(), key, value));
      expect_words(message, {"model.gguf: offset ", key, "wanted"});
    }
  }
}

TEST(ModelConfig, RefusesWrongHeadLengths) {
  GgufWriter odd = tiny_model(tiny_options(QuantType::F32));
  odd.u32("llama.attention.key_length", 17);
  expect_words(refusal(odd), {"llama.attention.key_length", "17", "an even number"});
  GgufWriter unequal = tiny_model(tiny_options(QuantType::F32));
  unequal.u32("llama.attention.value_length", 32);
  expect_words(refusal(unequal), {"llama.attention.value_length", "32", "16 to 16"});
  GgufWriter large = tiny_model(tiny_options(QuantType::F32));
  large.u32("llama.attention.key_length", 514);
  expect_words(refusal(large), {"llama.attention.key_length", "514", "2 to 512"});
  expect_words(refusal(with_value(tiny_bytes(), "llama.attention.head_count", 6u)),
               {"llama.attention.head_count", "6", "divisor"});
}

TEST(ModelConfig, RefusesOtherArchitecturesByName) {
  TinyModelOptions options = tiny_options(QuantType::F32);
  options.architecture = "mamba2";
  expect_words(refusal(tiny_model(options)),
               {"general.architecture", "\"mamba2\"", "a supported architecture: llama"});
}

TEST(ModelConfig, RefusesKeysThatAskForOtherArithmetic) {
  const auto with = [](auto&& add) {
    GgufWriter writer = tiny_model(tiny_options(QuantType::F32));
    add(writer);
    return refusal(writer);
  };
  expect_words(with([](GgufWriter& w) { w.u32("llama.expert_count", 8); }),
               {"llama.expert_count", "8"});
  expect_words(with([](GgufWriter& w) { w.u32("llama.attention.sliding_window", 512); }),
               {"llama.attention.sliding_window", "512"});
  expect_words(with([](GgufWriter& w) { w.f32("llama.logit_scale", 0.5F); }),
               {"llama.logit_scale", "0.5"});
  expect_words(with([](GgufWriter& w) { w.string("llama.rope.scaling.type", "yarn"); }),
               {"llama.rope.scaling.type", "\"yarn\"", "none or linear"});
  expect_words(with([](GgufWriter& w) { w.f32("llama.rope.scaling.factor", 0); }),
               {"llama.rope.scaling.factor", "0.01 to 1000"});
  EXPECT_EQ(with([](GgufWriter& w) { w.u32("llama.expert_count", 0); }), "");
  EXPECT_EQ(with([](GgufWriter& w) { w.string("llama.rope.scaling.type", "none"); }), "");
}

TEST(ModelConfig, RefusesVocabularyOfAnotherSizeThanTheEmbedding) {
  const TempDir folder;
  const inference::gguf::File file(folder.write("whole.gguf", tiny_bytes()));
  const std::uint64_t rows = file.find_tensor("token_embd.weight")->rows();
  const std::string fewer = std::to_string(rows - 1);
  // One row less in the table entry: name, number of dimensions, row length, rows.
  std::string bytes =
      with_value(tiny_bytes(), "llama.vocab_size", static_cast<std::uint32_t>(rows - 1));
  const std::string name = "token_embd.weight";
  const auto less = static_cast<std::uint32_t>(rows - 1);
  std::memcpy(bytes.data() + bytes.find(name) + name.size() + 4 + 8, &less, sizeof less);
  expect_words(refusal(bytes), {"tokenizer.ggml.tokens", std::to_string(rows).c_str(),
                                "as many as token_embd.weight has rows", fewer.c_str()});
}

TEST(ModelConfig, RefusesMissingKeys) {
  for (const std::string key :
       {"general.architecture", "llama.block_count", "llama.context_length",
        "llama.embedding_length", "llama.feed_forward_length", "llama.attention.head_count",
        "llama.attention.layer_norm_rms_epsilon"}) {
    std::string other = key;
    other[key.size() - 1] = '_';
    // `head_count` is also the beginning of `head_count_kv`; only the first is renamed.
    expect_words(refusal(with_name(tiny_bytes(), key, other)), {"model.gguf", key.c_str()});
  }
}

TEST(WeightsCheck, RefusesMissingTensors) {
  const char* const names[] = {
      "token_embd.weight",     "blk.0.attn_norm.weight", "blk.1.attn_q.weight",
      "blk.0.attn_k.weight",   "blk.1.attn_v.weight",    "blk.0.attn_output.weight",
      "blk.1.ffn_norm.weight", "blk.0.ffn_gate.weight",  "blk.1.ffn_up.weight",
      "blk.0.ffn_down.weight", "output_norm.weight"};
  for (const std::string name : names) {
    std::string other = name;
    other[name.size() - 8] = 'X';
    expect_words(refusal(with_name(tiny_bytes(), name, other)),
                 {"model.gguf", name.c_str(), "no such tensor", "wanted"});
  }
}

TEST(WeightsCheck, RefusesTensorsItWouldHaveToLeaveOut) {
  GgufWriter biased = tiny_model(tiny_options(QuantType::F32));
  biased.f32_tensor("blk.1.attn_q.bias", {64}, std::vector<float>(64));
  expect_words(refusal(biased), {"model.gguf: offset ", "blk.1.attn_q.bias", "leave out"});
  GgufWriter deeper = tiny_model(tiny_options(QuantType::F32));
  deeper.f32_tensor("blk.2.attn_norm.weight", {64}, std::vector<float>(64));
  expect_words(refusal(deeper), {"blk.2.attn_norm.weight"});
}

TEST(WeightsCheck, RefusesOtherShapesAndTypes) {
  GgufWriter freqs = tiny_model(tiny_options(QuantType::F32));
  freqs.f32_tensor("rope_freqs.weight", {16}, std::vector<float>(16, 1.0F));
  expect_words(refusal(freqs), {"rope_freqs.weight", "shape [16]", "shape [8]"});
  GgufWriter half = tiny_model(tiny_options(QuantType::F32));
  half.tensor("rope_freqs.weight", QuantType::F16, {8}, std::vector<std::byte>(16));
  expect_words(refusal(half), {"rope_freqs.weight", "type f16", "type f32"});
  // A layer more than there are tensors, a width that no tensor has.
  expect_words(refusal(with_value(tiny_bytes(), "llama.block_count", 3u)),
               {"blk.2.attn_norm.weight", "no such tensor"});
  expect_words(refusal(with_value(tiny_bytes(), "llama.feed_forward_length", 95u)),
               {"blk.0.ffn_gate.weight", "shape [64, 96]", "shape [64, 95]"});
}

TEST(WeightsCheck, RefusesRopeDivisorsThatAreNoDivisors) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  for (const float value : {0.0F, -1.0F, kNan, 1e30F}) {
    GgufWriter writer = tiny_model(tiny_options(QuantType::F32));
    std::vector<float> divisors(8, 1.0F);
    divisors[5] = value;
    writer.f32_tensor("rope_freqs.weight", {8}, divisors);
    expect_words(refusal(writer), {"rope_freqs.weight", "0.001 to 1000000"});
  }
}

}  // namespace
}  // namespace test_support
