// From the residual stream to logits.
//
// The last product decides between words, and rounding its input to 8 bits alone makes up a third
// of the distance between this engine and exact arithmetic. So its input is the sum of two 8-bit
// rows: the usual one, and what it missed, with scales of its own. Few rows want logits, the
// weights are read once for both, and the error of this step all but vanishes.

#include <algorithm>

#include "inference/check.h"
#include "inference/kernels/activation_row.h"
#include "inference/model/parallel.h"
#include "inference/model/transformer.h"
#include "inference/quant/blocks.h"

namespace inference {
namespace {

std::uint32_t rows_per_input(ActivationFormat format) {
  return format == ActivationFormat::F32 ? 1 : 2;
}

// values[i] -= what the stored row says it is.
void subtract_stored(ActivationFormat format, const std::byte* stored, std::uint32_t n,
                     float* values) {
  if (format == ActivationFormat::Q8) {
    const Q8Row row = q8_row(stored, n);
    for (std::uint32_t i = 0; i < n; ++i) {
      values[i] -= row.scales[i / kBlockValues] * static_cast<float>(row.values[i]);
    }
  } else {
    const Q8KRow row = q8k_row(stored, n);
    for (std::uint32_t i = 0; i < n; ++i) {
      values[i] -= row.scales[i / kSuperBlockValues] * static_cast<float>(row.values[i]);
    }
  }
}

// Normalises x[i] and stores it as input row i, or as rows 2i (coarse) and 2i + 1 (the rest).
void store_inputs(Transformer& model, std::uint32_t count) {
  const std::uint32_t n = model.config.embedding_length;
  const ActivationFormat format = activation_format(model.weights.output.type);
  const std::uint32_t per_input = rows_per_input(format);
  const std::size_t row_bytes = activation_row_bytes(format, n);
  std::byte* inputs = model.activations.quantized[static_cast<std::size_t>(format)].data();
  parallel_for(model.pool, count, 1, [&](std::uint32_t i, std::uint32_t, std::uint32_t worker) {
    float* normed = model.activations.normed.data() + std::size_t{worker} * n;
    model.kernels.rms_norm(model.activations.x.data() + std::size_t{i} * n,
                           model.weights.output_norm.data(), model.config.rms_epsilon, n, normed);
    std::byte* row = inputs + std::size_t{i} * per_input * row_bytes;
    model.kernels.quantize_activations(format, normed, n, row);
    if (per_input == 1) return;
    subtract_stored(format, row, n, normed);
    model.kernels.quantize_activations(format, normed, n, row + row_bytes);
  });
}

// Output rows [begin, end) of `block` for the first `count` inputs, each to its own row's `out`.
void multiply_tile(Transformer& model, const RowBlock& block, std::uint32_t begin,
                   std::uint32_t end, std::uint32_t worker, std::span<const BatchRow> rows,
                   std::uint32_t count) {
  const Matrix& output = model.weights.output;
  const ActivationFormat format = activation_format(output.type);
  const std::uint32_t per_input = rows_per_input(format);
  const std::size_t tile_size = model.activations.logit_tiles.size() / model.pool.thread_count();
  float* tile = model.activations.logit_tiles.data() + worker * tile_size;
  model.kernels.matmul(output.type, block.data + begin * output.row_bytes, output.row_bytes,
                       output.n_in, end - begin,
                       model.activations.quantized[static_cast<std::size_t>(format)].data(),
                       std::size_t{count} * per_input, tile, kLogitTile);
  for (std::uint32_t i = 0; i < count; ++i) {
    const float* coarse = tile + std::size_t{i} * per_input * kLogitTile;
    float* out = rows[model.plan.logit_rows()[i]].out + block.row_begin + begin;
    for (std::uint32_t o = 0; o < end - begin; ++o) {
      out[o] = per_input == 1 ? coarse[o] : coarse[o] + coarse[kLogitTile + o];
    }
  }
}

// All logits for the first `count` inputs.
bool write_all(Transformer& model, std::span<const BatchRow> rows, std::uint32_t count) {
  const Matrix& output = model.weights.output;
  for (std::uint32_t row = 0; row < output.n_out;) {
    const std::optional<RowBlock> block = model.source->acquire(output.region, row);
    if (!block) return false;
    PICOLM_CHECK(block->row_begin == row);
    PICOLM_CHECK(block->row_begin < block->row_end && block->row_end <= output.n_out);
    parallel_for(model.pool, block->row_end - row, kLogitTile,
                 [&](std::uint32_t begin, std::uint32_t end, std::uint32_t worker) {
                   multiply_tile(model, *block, begin, end, worker, rows, count);
                 });
    row = block->row_end;
    model.source->release(output.region, *block);
  }
  return true;
}

// The wanted logits of one row, whose input is number `i`.
bool write_some(Transformer& model, const BatchRow& row, std::uint32_t i) {
  const Matrix& output = model.weights.output;
  const ActivationFormat format = activation_format(output.type);
  const std::uint32_t per_input = rows_per_input(format);
  const std::byte* input = model.activations.quantized[static_cast<std::size_t>(format)].data() +
                           std::size_t{i} * per_input * activation_row_bytes(format, output.n_in);
  const std::span<std::byte> weights(model.activations.weight_row.data(), output.row_bytes);
  for (std::size_t t = 0; t < row.wanted.size(); ++t) {
    if (!model.source->read_row(output.region, row.wanted[t], weights)) return false;
    float sums[2];
    model.kernels.matmul(output.type, weights.data(), output.row_bytes, output.n_in, 1, input,
                         per_input, sums, 1);
    row.out[t] = per_input == 1 ? sums[0] : sums[0] + sums[1];
  }
  return true;
}

}  // namespace

bool write_logits(Transformer& model, std::span<const BatchRow> rows) {
  const std::span<const std::uint32_t> logit_rows = model.plan.logit_rows();
  const std::uint32_t all_count = model.plan.all_logits_count();
  const auto count = static_cast<std::uint32_t>(logit_rows.size());
  store_inputs(model, count);
  if (all_count > 0 && !write_all(model, rows, all_count)) return false;
  for (std::uint32_t i = all_count; i < count; ++i) {
    if (!write_some(model, rows[logit_rows[i]], i)) return false;
  }
  return true;
}

}  // namespace inference
