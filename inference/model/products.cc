// Matrix products, split over threads by output rows only: every output value is one dot product
// computed by one thread in the kernel's fixed order, so neither the split nor the size of the
// batch nor the cut of the weights into blocks can change a bit of it.

#include <algorithm>
#include <array>

#include "inference/check.h"
#include "inference/model/parallel.h"
#include "inference/model/transformer.h"

namespace inference {
namespace {

constexpr std::uint32_t kBlocksHeldMax = 8;
constexpr std::uint32_t kRangesPerThread = 4;         // so that a late thread delays little
constexpr std::uint64_t kRangeProductsMin = 1 << 15;  // below, taking a range costs more than it

// Activation rows multiplied at a time, so that they stay in the cache while weight rows pass.
constexpr std::size_t kInputBytesInCache = 48 * 1024;

// A block of weights and the product it belongs to.
struct HeldBlock {
  const Product* product;
  RowBlock rows;
  std::uint32_t count() const { return rows.row_end - rows.row_begin; }
};

// Where the next block of a group begins.
struct Cursor {
  const Product* product;
  std::uint32_t row = 0;
};

// Output rows [begin, end) of a block for all rows of the input.
void multiply_rows(Transformer& model, const HeldBlock& block, std::uint32_t begin,
                   std::uint32_t end, std::uint32_t row_count) {
  const Matrix& matrix = *block.product->matrix;
  const ActivationFormat format = activation_format(matrix.type);
  const std::byte* input = model.activations.quantized[static_cast<std::size_t>(format)].data();
  const std::size_t input_bytes = activation_row_bytes(format, matrix.n_in);
  const std::byte* weights = block.rows.data + begin * matrix.row_bytes;
  float* out = block.product->out + block.rows.row_begin + begin;
  const auto step = static_cast<std::uint32_t>(
      std::max<std::size_t>(kInputBytesInCache / input_bytes / 8 * 8, 8));
  for (std::uint32_t row = 0; row < row_count; row += step) {
    model.kernels.matmul(matrix.type, weights, matrix.row_bytes, matrix.n_in, end - begin,
                         input + row * input_bytes, std::min(step, row_count - row),
                         out + std::size_t{row} * matrix.n_out, matrix.n_out);
  }
}

void multiply_blocks(Transformer& model, std::span<const HeldBlock> blocks,
                     std::uint32_t row_count) {
  std::uint32_t total = 0;
  for (const HeldBlock& block : blocks) total += block.count();
  const std::uint64_t products_per_row = std::uint64_t{blocks[0].product->matrix->n_in} * row_count;
  const std::uint64_t grain = std::max<std::uint64_t>(
      kRangeProductsMin / products_per_row, total / (model.pool.thread_count() * kRangesPerThread));
  const auto grain_rows = static_cast<std::uint32_t>(std::min<std::uint64_t>(grain, total)) / 8 * 8;
  parallel_for(model.pool, total, std::max(grain_rows, 8u),
               [&](std::uint32_t begin, std::uint32_t end, std::uint32_t) {
                 std::uint32_t first = 0;  // of the block, counted over all blocks
                 for (const HeldBlock& block : blocks) {
                   const std::uint32_t from = std::max(begin, first);
                   const std::uint32_t to = std::min(end, first + block.count());
                   if (from < to) multiply_rows(model, block, from - first, to - first, row_count);
                   first += block.count();
                 }
               });
}

// Takes the next blocks of the group, as many as may be held. Nothing on a read error, with no
// block held.
std::uint32_t acquire_blocks(WeightSource& source, const Product* end, Cursor* cursor,
                             std::span<HeldBlock> out) {
  std::uint32_t count = 0;
  while (count < out.size() && cursor->product != end) {
    const Matrix& matrix = *cursor->product->matrix;
    const std::optional<RowBlock> rows = source.acquire(matrix.region, cursor->row);
    if (!rows) {
      for (const HeldBlock& held : out.first(count)) {
        source.release(held.product->matrix->region, held.rows);
      }
      return 0;
    }
    PICOLM_CHECK(rows->row_begin == cursor->row);
    PICOLM_CHECK(rows->row_begin < rows->row_end && rows->row_end <= matrix.n_out);
    out[count++] = HeldBlock{cursor->product, *rows};
    cursor->row = rows->row_end;
    if (cursor->row == matrix.n_out) *cursor = Cursor{cursor->product + 1};
  }
  return count;
}

}  // namespace

FormatSet::FormatSet(std::initializer_list<const Matrix*> matrices) {
  for (const Matrix* matrix : matrices) {
    bits_ |= 1u << static_cast<unsigned>(activation_format(matrix->type));
  }
}

void store_input(Transformer& model, const FormatSet& formats, std::uint32_t row,
                 const float* values, std::uint32_t n) {
  for (const ActivationFormat format :
       {ActivationFormat::F32, ActivationFormat::Q8, ActivationFormat::Q8K}) {
    if (!formats.contains(format)) continue;
    std::byte* rows = model.activations.quantized[static_cast<std::size_t>(format)].data();
    model.kernels.quantize_activations(format, values, n,
                                       rows + row * activation_row_bytes(format, n));
  }
}

bool multiply(Transformer& model, std::initializer_list<Product> group, std::uint32_t row_count) {
  WeightSource& source = *model.source;
  std::array<HeldBlock, kBlocksHeldMax> held;
  const std::uint32_t held_max = std::min(kBlocksHeldMax, source.blocks_held_max());
  Cursor cursor{group.begin()};
  while (cursor.product != group.end()) {
    const std::uint32_t count =
        acquire_blocks(source, group.end(), &cursor, std::span(held).first(held_max));
    if (count == 0) return false;
    const auto blocks = std::span<const HeldBlock>(held).first(count);
    multiply_blocks(model, blocks, row_count);
    for (const HeldBlock& block : blocks) source.release(block.product->matrix->region, block.rows);
  }
  return true;
}

}  // namespace inference
