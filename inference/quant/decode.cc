#include "inference/quant/decode.h"

// Every format is taken apart by unpack.h and put together by its formula, in single precision,
// multiply then add, in the order the formula is written in blocks.h. Those are also the values of
// the reference decoders of GGUF.

#include <cstring>

#include "inference/check.h"
#include "inference/quant/blocks.h"
#include "inference/quant/half.h"
#include "inference/quant/unpack.h"

namespace inference {
namespace {

template <typename Block>
void decode_blocks(const std::byte* row, std::size_t n, float* out) {
  const auto* blocks = reinterpret_cast<const Block*>(row);
  for (std::size_t b = 0; b < n / kBlockValues; ++b) {
    UnpackedBlock block;
    unpack(blocks[b], block);
    for (std::size_t i = 0; i < kBlockValues; ++i) {
      out[kBlockValues * b + i] = block.scale * static_cast<float>(block.codes[i]) + block.offset;
    }
  }
}

template <typename Block>
void decode_super_blocks(const std::byte* row, std::size_t n, float* out) {
  const auto* blocks = reinterpret_cast<const Block*>(row);
  for (std::size_t b = 0; b < n / kSuperBlockValues; ++b) {
    UnpackedSuperBlock block;
    unpack(blocks[b], block);
    for (std::size_t i = 0; i < kSuperBlockValues; ++i) {
      const std::size_t sub_block = i / 16;
      const float scale = block.d * static_cast<float>(block.scales[sub_block]);
      const float offset = block.dmin * static_cast<float>(block.mins[sub_block]);
      out[kSuperBlockValues * b + i] = scale * static_cast<float>(block.codes[i]) - offset;
    }
  }
}

template <float (*to_float)(std::uint16_t)>
void decode_16_bits(const std::byte* row, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, row + i * sizeof(bits), sizeof(bits));
    out[i] = to_float(bits);
  }
}

}  // namespace

void decode_row(QuantType type, const std::byte* row, std::size_t n, float* out) {
  PICOLM_DCHECK(n % geometry(type).block_values == 0);
  switch (type) {
    case QuantType::F32:
      if (n > 0) std::memcpy(out, row, n * sizeof(float));
      return;
    case QuantType::F16:
      return decode_16_bits<half_to_float>(row, n, out);
    case QuantType::BF16:
      return decode_16_bits<bf16_to_float>(row, n, out);
    case QuantType::Q4_0:
      return decode_blocks<BlockQ4_0>(row, n, out);
    case QuantType::Q4_1:
      return decode_blocks<BlockQ4_1>(row, n, out);
    case QuantType::Q5_0:
      return decode_blocks<BlockQ5_0>(row, n, out);
    case QuantType::Q5_1:
      return decode_blocks<BlockQ5_1>(row, n, out);
    case QuantType::Q8_0:
      return decode_blocks<BlockQ8_0>(row, n, out);
    case QuantType::Q4_K:
      return decode_super_blocks<BlockQ4_K>(row, n, out);
    case QuantType::Q5_K:
      return decode_super_blocks<BlockQ5_K>(row, n, out);
    case QuantType::Q6_K:
      return decode_super_blocks<BlockQ6_K>(row, n, out);
  }
  PICOLM_CHECK(false);
}

}  // namespace inference
