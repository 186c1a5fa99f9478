#include "inference/model/weights.h"

#include <bit>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "inference/check.h"

namespace inference {
namespace {

// Bounds of a frequency divisor. Llama-3 has 1 to 32; far outside, angles lose all precision.
constexpr float kRopeDivisorMin = 0.001F;
constexpr float kRopeDivisorMax = 1e6F;

std::string layer_tensor(std::uint32_t layer, std::string_view part) {
  return "blk." + std::to_string(layer) + "." + std::string(part) + ".weight";
}

std::string shape_text(std::span<const std::uint64_t> dims) {
  std::string text = "[";
  for (const std::uint64_t dim : dims) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(dim);
  }
  return text + "]";
}

class TensorChecker {
 public:
  explicit TensorChecker(const gguf::File& file) : file_(file) {}

  void vector(const std::string& name, std::uint32_t n) {
    const gguf::Tensor& tensor = shaped(name, {n});
    if (tensor.type != QuantType::F32) {
      file_.refuse(name, "type " + std::string(geometry(tensor.type).name), "type f32");
    }
  }

  void matrix(const std::string& name, std::uint32_t n_in, std::uint32_t n_out) {
    shaped(name, {n_in, n_out});
  }

  // What nobody asked for is refused.
  void no_others() const {
    for (const gguf::Tensor& tensor : file_.tensors()) {
      if (!known_.contains(tensor.name)) {
        file_.refuse(tensor.name, "a tensor this engine would have to leave out",
                     "only tensors the model is computed from");
      }
    }
  }

 private:
  const gguf::Tensor& shaped(const std::string& name, std::vector<std::uint64_t> dims) {
    const gguf::Tensor* tensor = file_.find_tensor(name);
    if (tensor == nullptr) file_.refuse(name, "no such tensor", "shape " + shape_text(dims));
    if (tensor->dims != dims) {
      file_.refuse(name, "shape " + shape_text(tensor->dims), "shape " + shape_text(dims));
    }
    known_.insert(name);
    return *tensor;
  }

  const gguf::File& file_;
  std::set<std::string, std::less<>> known_;
};

std::vector<float> read_vector(const gguf::File& file, const std::string& name) {
  const gguf::Tensor* tensor = file.find_tensor(name);
  PICOLM_CHECK(tensor != nullptr);
  static_assert(std::endian::native == std::endian::little);
  std::vector<float> values(static_cast<std::size_t>(tensor->bytes / sizeof(float)));
  if (!file.read_at(tensor->offset, std::as_writable_bytes(std::span(values)))) {
    file.refuse(name, "a read error or a short read", std::to_string(tensor->bytes) + " bytes");
  }
  return values;
}

Matrix add_matrix(const gguf::File& file, const std::string& name, RegionUse use,
                  WeightSource& source) {
  const gguf::Tensor* tensor = file.find_tensor(name);
  PICOLM_CHECK(tensor != nullptr);
  Matrix matrix;
  matrix.region = source.add(*tensor, use);
  matrix.type = tensor->type;
  matrix.n_in = static_cast<std::uint32_t>(tensor->dims[0]);
  matrix.n_out = static_cast<std::uint32_t>(tensor->dims[1]);
  matrix.row_bytes = static_cast<std::size_t>(tensor->row_bytes());
  return matrix;
}

}  // namespace

void check_tensors(const gguf::File& file, const Config& config) {
  const std::uint32_t width = config.embedding_length;
  TensorChecker check(file);
  check.matrix("token_embd.weight", width, config.vocabulary_count);
  for (std::uint32_t layer = 0; layer < config.layer_count; ++layer) {
    check.vector(layer_tensor(layer, "attn_norm"), width);
    check.matrix(layer_tensor(layer, "attn_q"), width, config.query_width());
    check.matrix(layer_tensor(layer, "attn_k"), width, config.kv_width());
    check.matrix(layer_tensor(layer, "attn_v"), width, config.kv_width());
    check.matrix(layer_tensor(layer, "attn_output"), config.query_width(), width);
    check.vector(layer_tensor(layer, "ffn_norm"), width);
    check.matrix(layer_tensor(layer, "ffn_gate"), width, config.feed_forward_length);
    check.matrix(layer_tensor(layer, "ffn_up"), width, config.feed_forward_length);
    check.matrix(layer_tensor(layer, "ffn_down"), config.feed_forward_length, width);
  }
  check.vector("output_norm.weight", width);
  if (!config.tied_output) check.matrix("output.weight", width, config.vocabulary_count);
  if (file.find_tensor("rope_freqs.weight") != nullptr) {
    check.vector("rope_freqs.weight", config.head_length / 2);
  }
  check.no_others();
}

std::vector<RegionRequest> matrix_regions(const gguf::File& file, const Config& config) {
  std::vector<RegionRequest> regions;
  const auto add = [&](const std::string& name, RegionUse use) {
    const gguf::Tensor* tensor = file.find_tensor(name);
    PICOLM_CHECK(tensor != nullptr);
    regions.push_back({tensor, use});
  };
  add("token_embd.weight", RegionUse::Rows);
  for (std::uint32_t layer = 0; layer < config.layer_count; ++layer) {
    for (const char* part :
         {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"}) {
      add(layer_tensor(layer, part), RegionUse::Sweep);
    }
  }
  if (!config.tied_output) add("output.weight", RegionUse::Rows);
  return regions;
}

Weights read_weights(const gguf::File& file, const Config& config, WeightSource& source) {
  Weights weights;
  weights.embedding = add_matrix(file, "token_embd.weight", RegionUse::Rows, source);
  weights.layers.resize(config.layer_count);
  for (std::uint32_t i = 0; i < config.layer_count; ++i) {
    LayerWeights& layer = weights.layers[i];
    const auto vector = [&](std::string_view part) {
      return read_vector(file, layer_tensor(i, part));
    };
    const auto matrix = [&](std::string_view part) {
      return add_matrix(file, layer_tensor(i, part), RegionUse::Sweep, source);
    };
    layer.attention_norm = vector("attn_norm");
    layer.query = matrix("attn_q");
    layer.key = matrix("attn_k");
    layer.value = matrix("attn_v");
    layer.attention_output = matrix("attn_output");
    layer.feed_forward_norm = vector("ffn_norm");
    layer.gate = matrix("ffn_gate");
    layer.up = matrix("ffn_up");
    layer.down = matrix("ffn_down");
  }
  weights.output_norm = read_vector(file, "output_norm.weight");
  weights.output = config.tied_output ? weights.embedding
                                      : add_matrix(file, "output.weight", RegionUse::Rows, source);
  if (file.find_tensor("rope_freqs.weight") != nullptr) {
    weights.rope_divisors = read_vector(file, "rope_freqs.weight");
    for (const float divisor : weights.rope_divisors) {
      if (!(divisor >= kRopeDivisorMin && divisor <= kRopeDivisorMax)) {
        file.refuse("rope_freqs.weight", std::to_string(divisor), "0.001 to 1000000");
      }
    }
  }
  return weights;
}

}  // namespace inference
