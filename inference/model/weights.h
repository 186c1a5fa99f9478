#pragma once

// The weights of a llama-architecture model as named regions: small vectors in memory, matrices
// behind a WeightSource.
// Thread safety: constant after construction.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "inference/gguf/file.h"
#include "inference/model/config.h"
#include "inference/paging/block_map.h"
#include "inference/paging/weight_source.h"
#include "inference/quant/quant_type.h"

namespace inference {

// y = W x; W has n_out rows of n_in values.
struct Matrix {
  RegionId region = 0;
  QuantType type = QuantType::F32;
  std::uint32_t n_in = 0;
  std::uint32_t n_out = 0;
  std::size_t row_bytes = 0;
};

struct LayerWeights {
  std::vector<float> attention_norm;     // [embedding]
  Matrix query;                          // embedding -> heads * head_length
  Matrix key;                            // embedding -> kv_heads * head_length
  Matrix value;                          // embedding -> kv_heads * head_length
  Matrix attention_output;               // heads * head_length -> embedding
  std::vector<float> feed_forward_norm;  // [embedding]
  Matrix gate;                           // embedding -> feed_forward
  Matrix up;                             // embedding -> feed_forward
  Matrix down;                           // feed_forward -> embedding
};

struct Weights {
  Matrix embedding;  // one row of `embedding` values a token
  std::vector<LayerWeights> layers;
  std::vector<float> output_norm;    // [embedding]
  Matrix output;                     // embedding -> vocabulary; the embedding itself if tied
  std::vector<float> rope_divisors;  // [head_length / 2] of the frequencies, or empty
};

// Checks that the file has the tensors the architecture demands, in their shapes and allowed
// types, and no others: a tensor left aside (a bias, say) would give wrong answers. Reads nothing.
// Throws LoadError.
void check_tensors(const gguf::File& file, const Config& config);

// The matrices in the order in which read_weights() announces them. REQUIRES: check_tensors passed.
std::vector<RegionRequest> matrix_regions(const gguf::File& file, const Config& config);

// Reads the vectors and announces the matrices to `source` in the order a sweep uses them.
// REQUIRES: check_tensors passed. Throws LoadError on a read error.
Weights read_weights(const gguf::File& file, const Config& config, WeightSource& source);

}  // namespace inference
