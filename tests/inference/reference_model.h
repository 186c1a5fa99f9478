#pragma once

// The llama architecture written straight from its formulas, for comparison: double precision,
// one sequence from its beginning, no cache, no batch, weights decoded to plain numbers. It shares
// the file reader and the block decoders with the engine, and nothing else.
// Thread safety: constant after construction.

#include <cstdint>
#include <string>
#include <vector>

#include "inference/gguf/file.h"

namespace test_support {

class ReferenceModel {
 public:
  explicit ReferenceModel(const inference::gguf::File& file);

  // Logits after each of `tokens`: [tokens.size()][vocabulary].
  std::vector<std::vector<double>> logits(const std::vector<std::uint32_t>& tokens) const;

 private:
  using Vector = std::vector<double>;
  struct Matrix {
    std::size_t n_in = 0;
    Vector values;  // [n_out, n_in]
    Vector times(const Vector& x) const;
    Vector row(std::size_t index) const;
  };
  struct Layer {
    Vector attention_norm, feed_forward_norm;
    Matrix q, k, v, o, gate, up, down;
  };

  Vector norm(const Vector& x, const Vector& weight) const;
  void rotate(Vector& heads, std::size_t position) const;
  Vector attention(const Vector& q, const std::vector<Vector>& keys,
                   const std::vector<Vector>& values) const;

  std::size_t head_count_, kv_head_count_, head_length_;
  double epsilon_;
  Vector frequencies_;  // [head_length / 2]
  Matrix embedding_, output_;
  Vector output_norm_;
  std::vector<Layer> layers_;
};

}  // namespace test_support
