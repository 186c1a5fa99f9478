#include "inference/model/config.h"

#include <array>
#include <cstdio>
#include <string_view>
#include <utility>

#include "inference/gguf/file.h"
#include "inference/gguf/refuse.h"

namespace inference {
namespace {

constexpr std::array<std::string_view, 1> kArchitectures = {"llama"};

// What llama.cpp takes where an older file says nothing.
constexpr float kRopeBaseDefault = 10000;

// Keys of the same name space that change the arithmetic and that this engine does not follow.
// Present with another value than the neutral one they are refused by name.
struct NeutralNumber {
  std::string_view suffix;
  std::uint32_t neutral;
};
constexpr std::array<NeutralNumber, 3> kNeutralIntegers = {{
    {"expert_count", 0},
    {"expert_used_count", 0},
    {"attention.sliding_window", 0},
}};
constexpr std::array<std::string_view, 9> kUnknownArithmetic = {
    "attention.clamp_kqv",    "attention.max_alibi_bias", "attention.scale",
    "attn_logit_softcapping", "final_logit_softcapping",  "logit_scale",
    "embedding_scale",        "residual_scale",           "attention.causal",
};

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

// Reads "<architecture>.<suffix>" keys and refuses what is out of range.
class KeyReader {
 public:
  KeyReader(const gguf::File& file, std::string architecture)
      : file_(file), prefix_(std::move(architecture) + ".") {}

  std::string key(std::string_view suffix) const { return prefix_ + std::string(suffix); }
  bool has(std::string_view suffix) const { return file_.has(key(suffix)); }

  std::uint32_t u32(std::string_view suffix, std::uint32_t low, std::uint32_t high) const {
    return in_range(suffix, file_.u32(key(suffix)), low, high);
  }
  std::uint32_t u32_or(std::string_view suffix, std::uint32_t fallback, std::uint32_t low,
                       std::uint32_t high) const {
    return in_range(suffix, file_.u32_or(key(suffix), fallback), low, high);
  }
  float f32(std::string_view suffix, float low, float high) const {
    return in_range(suffix, file_.f32(key(suffix)), low, high);
  }
  float f32_or(std::string_view suffix, float fallback, float low, float high) const {
    return in_range(suffix, file_.f32_or(key(suffix), fallback), low, high);
  }

  [[noreturn]] void refuse(std::string_view suffix, std::string_view found,
                           std::string_view wanted) const {
    file_.refuse(key(suffix), found, wanted);
  }

 private:
  std::uint32_t in_range(std::string_view suffix, std::uint32_t value, std::uint32_t low,
                         std::uint32_t high) const {
    if (value < low || value > high) {
      refuse(suffix, std::to_string(value), std::to_string(low) + " to " + std::to_string(high));
    }
    return value;
  }
  float in_range(std::string_view suffix, float value, float low, float high) const {
    if (!(value >= low && value <= high)) {  // also refuses NaN
      refuse(suffix, number_text(value), number_text(low) + " to " + number_text(high));
    }
    return value;
  }

  const gguf::File& file_;
  std::string prefix_;
};

void read_architecture(const gguf::File& file, Config* config) {
  config->architecture = file.string("general.architecture");
  std::string supported;
  for (const std::string_view name : kArchitectures) {
    if (config->architecture == name) return;
    if (!supported.empty()) supported += ", ";
    supported += name;
  }
  file.refuse("general.architecture", gguf::quoted(config->architecture),
              "a supported architecture: " + supported);
}

void read_heads(const KeyReader& keys, const ConfigLimits& limits, Config* config) {
  config->head_count = keys.u32("attention.head_count", 1, limits.head_count_max);
  config->kv_head_count =
      keys.u32_or("attention.head_count_kv", config->head_count, 1, limits.head_count_max);
  if (config->head_count % config->kv_head_count != 0) {
    keys.refuse("attention.head_count_kv", std::to_string(config->kv_head_count),
                "a divisor of the head count " + std::to_string(config->head_count));
  }
  if (!keys.has("attention.key_length") && config->embedding_length % config->head_count != 0) {
    keys.refuse("attention.head_count", std::to_string(config->head_count),
                "a divisor of the embedding length " + std::to_string(config->embedding_length));
  }
  config->head_length =
      keys.u32_or("attention.key_length", config->embedding_length / config->head_count, 2,
                  limits.head_length_max);
  if (config->head_length % 2 != 0) {
    keys.refuse("attention.key_length", std::to_string(config->head_length), "an even number");
  }
  keys.u32_or("attention.value_length", config->head_length, config->head_length,
              config->head_length);
}

void read_rope(const KeyReader& keys, const gguf::File& file, Config* config) {
  // Partial rotation belongs to other architectures.
  keys.u32_or("rope.dimension_count", config->head_length, config->head_length,
              config->head_length);
  config->rope_base = keys.f32_or("rope.freq_base", kRopeBaseDefault, 1, 1e9F);
  const std::string type = file.string_or(keys.key("rope.scaling.type"), "");
  if (!type.empty() && type != "none" && type != "linear") {
    keys.refuse("rope.scaling.type", gguf::quoted(type), "none or linear");
  }
  if (type == "none") return;
  const float legacy = keys.f32_or("rope.scale_linear", 1, 0.01F, 1000);
  config->rope_factor = keys.f32_or("rope.scaling.factor", legacy, 0.01F, 1000);
}

void refuse_other_arithmetic(const KeyReader& keys, const gguf::File& file) {
  for (const NeutralNumber& number : kNeutralIntegers) {
    keys.u32_or(number.suffix, number.neutral, number.neutral, number.neutral);
  }
  for (const std::string_view suffix : kUnknownArithmetic) {
    if (!keys.has(suffix)) continue;
    keys.refuse(suffix, file.describe(keys.key(suffix)), "no such key: not supported");
  }
}

// The vocabulary's size is that of the embedding matrix; what else speaks of it must agree.
void read_vocabulary(const KeyReader& keys, const gguf::File& file, const ConfigLimits& limits,
                     Config* config) {
  const gguf::Tensor* embedding = file.find_tensor("token_embd.weight");
  if (embedding == nullptr)
    file.refuse("token_embd.weight", "no such tensor", "the embedding matrix");
  const std::uint64_t rows = embedding->rows();
  if (rows > limits.vocabulary_count_max) {
    file.refuse("token_embd.weight", std::to_string(rows) + " rows",
                "at most " + std::to_string(limits.vocabulary_count_max));
  }
  config->vocabulary_count = static_cast<std::uint32_t>(rows);
  keys.u32_or("vocab_size", config->vocabulary_count, config->vocabulary_count,
              config->vocabulary_count);
  const std::uint64_t tokens = file.array_count("tokenizer.ggml.tokens");
  if (tokens != 0 && tokens != rows) {
    file.refuse("tokenizer.ggml.tokens", std::to_string(tokens) + " tokens",
                "as many as token_embd.weight has rows: " + std::to_string(rows));
  }
  config->tied_output = file.find_tensor("output.weight") == nullptr;
}

}  // namespace

Config read_config(const gguf::File& file, const ConfigLimits& limits) {
  Config config;
  read_architecture(file, &config);
  const KeyReader keys(file, config.architecture);
  config.layer_count = keys.u32("block_count", 1, limits.layer_count_max);
  config.context_length = keys.u32("context_length", 1, limits.context_length_max);
  config.embedding_length = keys.u32("embedding_length", 1, limits.embedding_length_max);
  config.feed_forward_length = keys.u32("feed_forward_length", 1, limits.feed_forward_length_max);
  read_heads(keys, limits, &config);
  config.rms_epsilon = keys.f32("attention.layer_norm_rms_epsilon", 1e-12F, 0.1F);
  read_rope(keys, file, &config);
  refuse_other_arithmetic(keys, file);
  read_vocabulary(keys, file, limits, &config);
  return config;
}

}  // namespace inference
