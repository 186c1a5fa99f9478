#include "tests/support/known_shapes.h"

#include <array>

namespace test_support {
namespace {

constexpr std::string_view kMixName = "q4_k_m";

constexpr std::array<QuantType, 11> kTypes{QuantType::F32,  QuantType::F16,  QuantType::BF16,
                                           QuantType::Q4_0, QuantType::Q4_1, QuantType::Q5_0,
                                           QuantType::Q5_1, QuantType::Q8_0, QuantType::Q4_K,
                                           QuantType::Q5_K, QuantType::Q6_K};

TinyModelOptions tinyllama() {
  TinyModelOptions options;
  options.layer_count = 22;
  options.embedding_length = 2048;
  options.feed_forward_length = 5632;
  options.head_count = 32;
  options.kv_head_count = 4;
  options.head_length = 64;
  options.context_length = 2048;
  options.vocabulary = VocabularyKind::Spm;
  options.vocabulary_count = 32000;
  options.chat = ChatMarker::Zephyr;
  return options;
}

TinyModelOptions smollm2() {
  TinyModelOptions options;
  options.layer_count = 30;
  options.embedding_length = 576;
  options.feed_forward_length = 1536;
  options.head_count = 9;
  options.kv_head_count = 3;
  options.head_length = 64;
  options.context_length = 8192;
  options.rope_base = 100000;
  options.vocabulary_count = 49152;
  options.tied_output = true;
  return options;
}

TinyModelOptions tiny() { return tiny_options(QuantType::Q4_K); }

struct Shape {
  std::string_view name;
  TinyModelOptions (*options)();
};

constexpr std::array<Shape, 3> kShapes{
    {{"tinyllama-1.1b", tinyllama}, {"smollm2-135m", smollm2}, {"tiny", tiny}}};

}  // namespace

std::vector<std::string> shape_names() {
  std::vector<std::string> names;
  for (const Shape& shape : kShapes) names.emplace_back(shape.name);
  return names;
}

std::optional<TinyModelOptions> find_shape(std::string_view name) {
  for (const Shape& shape : kShapes) {
    if (shape.name == name) return shape.options();
  }
  return std::nullopt;
}

std::vector<std::string> quant_names() {
  std::vector<std::string> names;
  for (const QuantType type : kTypes) names.emplace_back(inference::geometry(type).name);
  names.emplace_back(kMixName);
  return names;
}

bool set_quant(std::string_view name, TinyModelOptions& options) {
  options.fall_back = true;
  options.mix = QuantMix::Uniform;
  for (const QuantType type : kTypes) {
    if (inference::geometry(type).name == name) {
      options.matrix_type = type;
      return true;
    }
  }
  if (name != kMixName) return false;
  options.matrix_type = QuantType::Q4_K;
  options.mix = QuantMix::Q4KM;
  return true;
}

}  // namespace test_support
