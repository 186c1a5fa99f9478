#pragma once

// The buffers of a forward pass. All memory is taken at construction.
// Letters are those of the paper: x residual stream, q k v queries, keys and values.
// Thread safety: as plain arrays.

#include <array>
#include <cstddef>
#include <cstdint>

#include "inference/gguf/file.h"
#include "inference/kernels/kernels.h"
#include "inference/model/config.h"
#include "inference/paging/aligned_array.h"

namespace inference {

// Output rows that are multiplied at a time when all logits are wanted.
inline constexpr std::uint32_t kLogitTile = 64;

// What sizes the buffers besides the model's configuration.
struct ActivationShape {
  std::uint32_t rows = 0;     // of a batch
  std::uint32_t context = 0;  // positions a row may see
  std::uint32_t threads = 0;
  // By ActivationFormat: the longest input of the matrices whose type takes it; 0: there are none.
  std::array<std::uint32_t, 3> input_longest{};
  std::size_t weight_row_bytes = 0;  // of the embedding or the output, the larger
};

struct Activations {
  // Throws std::bad_alloc.
  Activations(const Config& config, const ActivationShape& shape);

  // What the constructor would take.
  static std::uint64_t bytes_needed(const Config& config, const ActivationShape& shape);

  AlignedArray<float> x;        // [rows, embedding] residual stream
  AlignedArray<float> x_delta;  // [rows, embedding] what half a layer adds to it
  AlignedArray<float> q;        // [rows, heads * head_length]
  AlignedArray<float> k;        // [rows, kv_width]
  AlignedArray<float> v;        // [rows, kv_width]
  AlignedArray<float> mixed;    // [rows, heads * head_length] values mixed by attention
  AlignedArray<float> gate;     // [rows, feed_forward]
  AlignedArray<float> up;       // [rows, feed_forward]
  AlignedArray<float> normed;   // [threads, embedding] one normalised row
  AlignedArray<float> cosines;  // [rows, head_length / 2]
  AlignedArray<float> sines;    // [rows, head_length / 2]

  // Keys and values of the current layer for the rows of the batch, as they would be committed.
  AlignedArray<Half> k_half;  // [rows, kv_width]
  AlignedArray<Half> v_half;  // [rows, kv_width]

  // The input of the next products, [2 * rows, row bytes] by ActivationFormat. Logits use two rows
  // for each row of the batch.
  std::array<AlignedArray<std::byte>, 3> quantized;

  // What one row of the batch sees, and how much.
  AlignedArray<const Half*> keys;    // [threads, context]
  AlignedArray<const Half*> values;  // [threads, context]
  AlignedArray<float> scores;        // [threads, context]

  AlignedArray<std::byte> weight_row;  // one row of the embedding or the output
  AlignedArray<float> logit_tiles;     // [threads, 2 * rows, kLogitTile]
};

// REQUIRES: check_tensors passed.
ActivationShape activation_shape(const gguf::File& file, std::uint32_t rows, std::uint32_t context,
                                 std::uint32_t threads);

}  // namespace inference
