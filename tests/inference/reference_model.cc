#include "tests/inference/reference_model.h"

#include <cmath>
#include <stdexcept>

#include "inference/quant/decode.h"

namespace test_support {
namespace {

using inference::gguf::File;
using inference::gguf::Tensor;

std::vector<double> decode(const File& file, const std::string& name) {
  const Tensor* tensor = file.find_tensor(name);
  if (tensor == nullptr) throw std::runtime_error("no tensor " + name);
  std::vector<std::byte> bytes(tensor->bytes);
  if (!file.read_at(tensor->offset, bytes)) throw std::runtime_error("cannot read " + name);
  const std::size_t n = tensor->dims[0];
  std::vector<float> row(n);
  std::vector<double> values;
  for (std::size_t r = 0; r < tensor->rows(); ++r) {
    inference::decode_row(tensor->type, bytes.data() + r * tensor->row_bytes(), n, row.data());
    values.insert(values.end(), row.begin(), row.end());
  }
  return values;
}

}  // namespace

ReferenceModel::ReferenceModel(const File& file)
    : head_count_(file.u32("llama.attention.head_count")),
      kv_head_count_(file.u32("llama.attention.head_count_kv")),
      head_length_(
          file.u32_or("llama.attention.key_length",
                      file.u32("llama.embedding_length") / file.u32("llama.attention.head_count"))),
      epsilon_(file.f32("llama.attention.layer_norm_rms_epsilon")) {
  const auto matrix = [&](const std::string& name) {
    return Matrix{file.find_tensor(name)->dims[0], decode(file, name)};
  };
  const double base = file.f32_or("llama.rope.freq_base", 10000);
  const double factor = file.f32_or("llama.rope.scaling.factor", 1);
  for (std::size_t i = 0; i < head_length_ / 2; ++i) {
    const double exponent = 2.0 * static_cast<double>(i) / static_cast<double>(head_length_);
    frequencies_.push_back(std::pow(base, -exponent) / factor);
  }
  if (file.find_tensor("rope_freqs.weight") != nullptr) {
    const std::vector<double> divisors = decode(file, "rope_freqs.weight");
    for (std::size_t i = 0; i < divisors.size(); ++i) frequencies_[i] /= divisors[i];
  }
  embedding_ = matrix("token_embd.weight");
  for (std::uint32_t i = 0; i < file.u32("llama.block_count"); ++i) {
    const std::string prefix = "blk." + std::to_string(i) + ".";
    layers_.push_back({decode(file, prefix + "attn_norm.weight"),
                       decode(file, prefix + "ffn_norm.weight"), matrix(prefix + "attn_q.weight"),
                       matrix(prefix + "attn_k.weight"), matrix(prefix + "attn_v.weight"),
                       matrix(prefix + "attn_output.weight"), matrix(prefix + "ffn_gate.weight"),
                       matrix(prefix + "ffn_up.weight"), matrix(prefix + "ffn_down.weight")});
  }
  output_norm_ = decode(file, "output_norm.weight");
  const bool tied = file.find_tensor("output.weight") == nullptr;
  output_ = matrix(tied ? "token_embd.weight" : "output.weight");
}

std::vector<double> ReferenceModel::Matrix::row(std::size_t index) const {
  const auto begin = values.begin() + static_cast<std::ptrdiff_t>(index * n_in);
  return {begin, begin + static_cast<std::ptrdiff_t>(n_in)};
}

std::vector<double> ReferenceModel::Matrix::times(const Vector& x) const {
  Vector y(values.size() / n_in);
  for (std::size_t o = 0; o < y.size(); ++o) {
    for (std::size_t i = 0; i < n_in; ++i) y[o] += values[o * n_in + i] * x[i];
  }
  return y;
}

std::vector<double> ReferenceModel::norm(const Vector& x, const Vector& weight) const {
  double square = 0;
  for (const double value : x) square += value * value;
  const double scale = 1 / std::sqrt(square / static_cast<double>(x.size()) + epsilon_);
  Vector y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] * scale * weight[i];
  return y;
}

void ReferenceModel::rotate(Vector& heads, std::size_t position) const {
  for (std::size_t i = 0; i < heads.size(); i += 2) {
    const double angle = static_cast<double>(position) * frequencies_[i % head_length_ / 2];
    const double a = heads[i];
    const double b = heads[i + 1];
    heads[i] = a * std::cos(angle) - b * std::sin(angle);
    heads[i + 1] = a * std::sin(angle) + b * std::cos(angle);
  }
}

std::vector<double> ReferenceModel::attention(const Vector& q, const std::vector<Vector>& keys,
                                              const std::vector<Vector>& values) const {
  Vector mixed(q.size());
  for (std::size_t head = 0; head < head_count_; ++head) {
    const std::size_t from = head * head_length_;
    const std::size_t kv_from = head / (head_count_ / kv_head_count_) * head_length_;
    Vector weights(keys.size());
    double sum = 0;
    for (std::size_t t = 0; t < keys.size(); ++t) {
      double score = 0;
      for (std::size_t i = 0; i < head_length_; ++i) score += q[from + i] * keys[t][kv_from + i];
      weights[t] = std::exp(score / std::sqrt(static_cast<double>(head_length_)));
      sum += weights[t];
    }
    for (std::size_t t = 0; t < keys.size(); ++t) {
      for (std::size_t i = 0; i < head_length_; ++i) {
        mixed[from + i] += weights[t] / sum * values[t][kv_from + i];
      }
    }
  }
  return mixed;
}

std::vector<std::vector<double>> ReferenceModel::logits(
    const std::vector<std::uint32_t>& tokens) const {
  const auto add = [](Vector& x, const Vector& y) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += y[i];
  };
  std::vector<Vector> xs;
  for (const std::uint32_t token : tokens) xs.push_back(embedding_.row(token));
  for (const Layer& layer : layers_) {
    std::vector<Vector> keys;
    std::vector<Vector> values;
    for (std::size_t t = 0; t < xs.size(); ++t) {
      const Vector x = norm(xs[t], layer.attention_norm);
      Vector q = layer.q.times(x);
      keys.push_back(layer.k.times(x));
      values.push_back(layer.v.times(x));
      rotate(q, t);
      rotate(keys.back(), t);
      add(xs[t], layer.o.times(attention(q, keys, values)));
    }
    for (Vector& residual : xs) {
      const Vector x = norm(residual, layer.feed_forward_norm);
      Vector gate = layer.gate.times(x);
      const Vector up = layer.up.times(x);
      for (std::size_t i = 0; i < gate.size(); ++i) gate[i] *= up[i] / (1 + std::exp(-gate[i]));
      add(residual, layer.down.times(gate));
    }
  }
  std::vector<Vector> logits;
  for (const Vector& x : xs) logits.push_back(output_.times(norm(x, output_norm_)));
  return logits;
}

}  // namespace test_support
