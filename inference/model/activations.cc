#include "inference/model/activations.h"

#include <algorithm>

namespace inference {
namespace {

// Calls make(buffer, element count) for every buffer: the one place that knows their sizes.
template <typename Make>
void for_each_buffer(Activations& a, const Config& config, const ActivationShape& shape,
                     const Make& make) {
  const std::size_t rows = shape.rows;
  const std::size_t threads = shape.threads;
  make(a.x, rows * config.embedding_length);
  make(a.x_delta, rows * config.embedding_length);
  make(a.q, rows * config.query_width());
  make(a.k, rows * config.kv_width());
  make(a.v, rows * config.kv_width());
  make(a.mixed, rows * config.query_width());
  make(a.gate, rows * config.feed_forward_length);
  make(a.up, rows * config.feed_forward_length);
  make(a.normed, threads * config.embedding_length);
  make(a.cosines, rows * config.head_length / 2);
  make(a.sines, rows * config.head_length / 2);
  make(a.k_half, rows * config.kv_width());
  make(a.v_half, rows * config.kv_width());
  for (std::size_t i = 0; i < a.quantized.size(); ++i) {
    const std::size_t longest = shape.input_longest[i];
    const auto format = static_cast<ActivationFormat>(i);
    make(a.quantized[i], longest == 0 ? 0 : 2 * rows * activation_row_bytes(format, longest));
  }
  make(a.keys, threads * shape.context);
  make(a.values, threads * shape.context);
  make(a.scores, threads * shape.context);
  make(a.weight_row, shape.weight_row_bytes);
  make(a.logit_tiles, threads * 2 * rows * kLogitTile);
}

}  // namespace

Activations::Activations(const Config& config, const ActivationShape& shape) {
  for_each_buffer(*this, config, shape, []<typename T>(AlignedArray<T>& buffer, std::size_t size) {
    buffer = AlignedArray<T>(size);
  });
}

std::uint64_t Activations::bytes_needed(const Config& config, const ActivationShape& shape) {
  std::uint64_t sum = 0;
  Activations none(config, ActivationShape{});
  for_each_buffer(none, config, shape, [&]<typename T>(AlignedArray<T>&, std::size_t size) {
    sum += std::uint64_t{size} * sizeof(T);
  });
  return sum;
}

ActivationShape activation_shape(const gguf::File& file, std::uint32_t rows, std::uint32_t context,
                                 std::uint32_t threads) {
  ActivationShape shape{.rows = rows, .context = context, .threads = threads};
  for (const gguf::Tensor& tensor : file.tensors()) {
    if (tensor.dims.size() != 2) continue;
    std::uint32_t& longest =
        shape.input_longest[static_cast<std::size_t>(activation_format(tensor.type))];
    longest = std::max(longest, static_cast<std::uint32_t>(tensor.dims[0]));
    if (tensor.name == "token_embd.weight" || tensor.name == "output.weight") {
      shape.weight_row_bytes =
          std::max(shape.weight_row_bytes, static_cast<std::size_t>(tensor.row_bytes()));
    }
  }
  return shape;
}

}  // namespace inference
