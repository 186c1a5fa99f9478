#pragma once

// The parts of a model, and the steps of a forward pass over them, one file each.
// Thread safety: one forward() at a time.

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <vector>

#include "inference/kernels/kernels.h"
#include "inference/model/activations.h"
#include "inference/model/batch_plan.h"
#include "inference/model/config.h"
#include "inference/model/model.h"
#include "inference/model/thread_pool.h"
#include "inference/model/weights.h"
#include "inference/paging/weight_source.h"

namespace inference {

struct Transformer {
  // Constant after construction.
  Config config;
  const Kernels& kernels;
  ThreadPool& pool;
  Weights weights;
  std::vector<double> rope_frequencies;  // [head_length / 2] radians a position
  std::uint32_t context_tokens = 0;      // positions there is room for

  // Change in every forward pass.
  std::unique_ptr<WeightSource> source;
  BatchPlan plan;
  Activations activations;
};

// forward.cc: see Model::forward.
[[nodiscard]] ForwardStatus forward(Transformer& model, std::span<const BatchRow> rows);

// products.cc

// The activation formats that a group of matrices takes.
class FormatSet {
 public:
  FormatSet(std::initializer_list<const Matrix*> matrices);
  bool contains(ActivationFormat format) const {
    return (bits_ >> static_cast<unsigned>(format) & 1u) != 0;
  }

 private:
  unsigned bits_ = 0;
};

// One of the products of a group.
struct Product {
  const Matrix* matrix;
  float* out;  // [row_count, matrix->n_out]
};

// Row `row` of the input of the next products: values[n], in every format of `formats`.
void store_input(Transformer& model, const FormatSet& formats, std::uint32_t row,
                 const float* values, std::uint32_t n);

// out[r, o] = matrix row o · input row r for all products of the group, in one parallel section
// (or in as few as the number of weight blocks allows that may be held at once). Input: rows
// [0, row_count) as stored. False on a read error.
[[nodiscard]] bool multiply(Transformer& model, std::initializer_list<Product> group,
                            std::uint32_t row_count);

// attention.cc

// mixed[i] = what the batch row rows[i] takes from all it sees, by its queries of this layer.
void attend(Transformer& model, std::uint32_t layer, std::span<const std::uint32_t> rows);

// logits.cc

// Final norm and output matrix for x[i], which belongs to plan.logit_rows()[i].
[[nodiscard]] bool write_logits(Transformer& model, std::span<const BatchRow> rows);

}  // namespace inference
