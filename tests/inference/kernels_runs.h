#pragma once

// One run of each kernel of a table on seeded inputs, giving its results as floats, for tests that
// compare tables with each other or with recorded results.
// Thread safety: free functions without state.

#include <cstdlib>
#include <memory>
#include <numeric>
#include <vector>

#include "inference/kernels/kernels.h"
#include "tests/inference/kernels_inputs.h"

namespace kernels_test {

using inference::ActivationFormat;
using inference::Kernels;

// A buffer aligned to 32, as activation rows must be.
class AlignedBytes {
 public:
  explicit AlignedBytes(std::size_t size)
      : size_(size),
        data_(static_cast<std::byte*>(std::aligned_alloc(32, (size + 31) / 32 * 32))) {}
  std::byte* data() { return data_.get(); }
  const std::byte* data() const { return data_.get(); }
  std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(std::byte* p) const { std::free(p); }
  };
  std::size_t size_;
  std::unique_ptr<std::byte, Free> data_;
};

inline AlignedBytes quantized(const Kernels& table, ActivationFormat format,
                              const std::vector<float>& x) {
  AlignedBytes row(inference::activation_row_bytes(format, x.size()));
  std::memset(row.data(), 0xa5, row.size());
  table.quantize_activations(format, x.data(), x.size(), row.data());
  return row;
}

// Floats compare as `same`, integers as bytes. Floats are the whole row of F32 and what follows
// the integers otherwise.
inline bool same_activations(ActivationFormat format, std::size_t n, const AlignedBytes& a,
                             const AlignedBytes& b) {
  if (a.size() != b.size()) return false;
  const std::size_t integers = format == ActivationFormat::F32  ? 0
                               : format == ActivationFormat::Q8 ? n
                                                                : n + n / 8;
  if (std::memcmp(a.data(), b.data(), integers) != 0) return false;
  for (std::size_t at = integers; at < a.size(); at += sizeof(float)) {
    float left = 0;
    float right = 0;
    std::memcpy(&left, a.data() + at, sizeof(left));
    std::memcpy(&right, b.data() + at, sizeof(right));
    if (!same(left, right)) return false;
  }
  return true;
}

struct MatmulProblem {
  QuantType type{};
  std::size_t n_in = 0;
  std::size_t n_out = 0;
  std::size_t n_rows = 0;
  std::size_t gap = 0;  // bytes between weight rows, and where the first one starts
  std::vector<std::byte> weights;
  std::vector<float> x;  // [n_rows, n_in]

  std::size_t row_bytes() const {
    const inference::QuantGeometry& geometry = inference::geometry(type);
    return n_in / geometry.block_values * geometry.block_bytes + gap;
  }

  // Other numbers of weight rows and activation rows, drawn anew.
  void resize(std::size_t outputs, std::size_t rows, Flavour flavour, Random& random) {
    n_out = outputs;
    n_rows = rows;
    const std::vector<std::byte> dense = kernels_test::weights(type, n_out, n_in, flavour, random);
    const std::size_t dense_bytes = row_bytes() - gap;
    weights.assign(gap + n_out * row_bytes(), std::byte{0xee});
    for (std::size_t o = 0; o < n_out; ++o) {
      std::memcpy(weights.data() + gap + o * row_bytes(), dense.data() + o * dense_bytes,
                  dense_bytes);
    }
    // One kind of row beside the other, so that a bad value in one must not reach the next.
    x.clear();
    for (std::size_t r = 0; r < n_rows; ++r) {
      const Flavour kind = random.below(2) == 0 ? flavour : Flavour::Tame;
      const std::vector<float> row = floats(n_in, kind, random);
      x.insert(x.end(), row.begin(), row.end());
    }
  }
};

// A random shape: lengths around the groups of eight blocks, few rows, sometimes unaligned weights.
inline MatmulProblem matmul_problem(QuantType type, Flavour flavour, Random& random) {
  MatmulProblem problem;
  problem.type = type;
  const std::size_t block = inference::geometry(type).block_values;
  const std::size_t blocks_max = block == 1 ? 67 : 19;
  problem.n_in = block * (1 + draw(random, blocks_max));
  problem.gap = random.below(2) == 0 ? 0 : 1 + draw(random, 3);
  const std::size_t outputs = 1 + draw(random, 12);
  const std::size_t rows = 1 + draw(random, 9);
  problem.resize(outputs, rows, flavour, random);
  return problem;
}

// [n_rows, n_out], then the cells between the rows of y, which must stay what they were.
inline std::vector<float> run_matmul(const Kernels& table, const MatmulProblem& problem) {
  const ActivationFormat format = inference::activation_format(problem.type);
  const std::size_t bytes = inference::activation_row_bytes(format, problem.n_in);
  AlignedBytes rows(bytes * problem.n_rows);
  for (std::size_t r = 0; r < problem.n_rows; ++r) {
    table.quantize_activations(format, problem.x.data() + r * problem.n_in, problem.n_in,
                               rows.data() + r * bytes);
  }
  const std::size_t stride = problem.n_out + 3;
  std::vector<float> y(stride * problem.n_rows, -12345.0f);
  table.matmul(problem.type, problem.weights.data() + problem.gap, problem.row_bytes(),
               problem.n_in, problem.n_out, rows.data(), problem.n_rows, y.data(), stride);
  return y;
}

struct LayerRun {
  const char* name;
  std::vector<float> (*run)(const Kernels& table, std::size_t n, Flavour flavour, Random& random);
};

inline std::vector<const inference::Half*> row_pointers(const std::vector<inference::Half>& rows,
                                                        std::size_t n) {
  std::vector<const inference::Half*> pointers;
  for (std::size_t at = 0; at < rows.size(); at += n) pointers.push_back(rows.data() + at);
  return pointers;
}

inline const LayerRun kLayerRuns[] = {
    {"rms_norm",
     [](const Kernels& table, std::size_t n, Flavour flavour, Random& random) {
       const std::vector<float> x = floats(n, flavour, random);
       const std::vector<float> weight = floats(n, flavour, random);
       std::vector<float> out(n);
       table.rms_norm(x.data(), weight.data(), 1e-5f, n, out.data());
       return out;
     }},
    {"silu_multiply",
     [](const Kernels& table, std::size_t n, Flavour flavour, Random& random) {
       std::vector<float> gate = floats(n, flavour, random);
       const std::vector<float> up = floats(n, flavour, random);
       table.silu_multiply(gate.data(), up.data(), n);
       return gate;
     }},
    {"add",
     [](const Kernels& table, std::size_t n, Flavour flavour, Random& random) {
       std::vector<float> x = floats(n, flavour, random);
       const std::vector<float> y = floats(n, flavour, random);
       table.add(x.data(), y.data(), n);
       return x;
     }},
    {"rope",
     [](const Kernels& table, std::size_t n, Flavour flavour, Random& random) {
       std::vector<float> head = floats(2 * n, flavour, random);
       const std::vector<float> cosines = floats(n, flavour, random);
       const std::vector<float> sines = floats(n, flavour, random);
       table.rope(head.data(), cosines.data(), sines.data(), 2 * n);
       return head;
     }},
    {"to_half",
     [](const Kernels& table, std::size_t n, Flavour flavour, Random& random) {
       const std::vector<float> x = floats(n, flavour, random);
       std::vector<inference::Half> out(n);
       table.to_half(x.data(), n, out.data());
       std::vector<float> result;
       for (inference::Half half : out) result.push_back(static_cast<float>(half));
       return result;
     }},
    {"attention_scores",
     [](const Kernels& table, std::size_t n, Flavour flavour, Random& random) {
       const std::size_t keys = 1 + draw(random, 11);
       const std::vector<float> query = floats(n, flavour, random);
       const std::vector<inference::Half> rows = halves(n * keys, flavour, random);
       std::vector<float> scores(keys);
       table.attention_scores(query.data(), row_pointers(rows, n).data(), keys, n, 0.125f,
                              scores.data());
       return scores;
     }},
    {"softmax",
     [](const Kernels& table, std::size_t n, Flavour flavour, Random& random) {
       std::vector<float> x = floats(n, flavour, random);
       // NaN turns all into NaN; leave it out half the time to see the infinities.
       const bool keep_nan = random.below(2) == 0;
       for (float& value : x) {
         if (!keep_nan && !(std::abs(value) < std::numeric_limits<float>::infinity())) value = -90;
       }
       table.softmax(x.data(), n);
       return x;
     }},
    {"attention_mix",
     [](const Kernels& table, std::size_t n, Flavour flavour, Random& random) {
       const std::size_t keys = draw(random, 11);
       const std::vector<float> weights = floats(keys, flavour, random);
       const std::vector<inference::Half> rows = halves(n * keys, flavour, random);
       std::vector<float> out(n, 7.0f);
       table.attention_mix(weights.data(), row_pointers(rows, n).data(), keys, n, out.data());
       return out;
     }},
};

}  // namespace kernels_test
