// The scalar kernels: the definition of the arithmetic, written to be read. Every other table must
// give the same bits. Eight "virtual lanes" stand where a vector unit has eight floats; nothing
// here reorders a sum, and the compiler may not either (strict arithmetic, no contraction).

#include <cmath>
#include <cstring>
#include <limits>

#include "inference/check.h"
#include "inference/kernels/activation_row.h"
#include "inference/kernels/math.h"
#include "inference/kernels/tables.h"
#include "inference/quant/half.h"
#include "inference/quant/unpack.h"

namespace inference {
namespace {

constexpr std::size_t kLanes = 8;
constexpr std::size_t kTileRows = 4;  // activation rows that share one unpacked weight block

float reduce(const float* lanes) {
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
         ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

// ---- activations --------------------------------------------------------------------------------

// The scale of a block, or NaN if a value is not finite; writes the integers.
float quantize_block(const float* x, std::size_t n, std::int8_t* values) {
  // Bits without the sign order like magnitudes, with infinity and NaN above all numbers.
  std::uint32_t largest_bits = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(x[i]) & 0x7fffffffu;
    largest_bits = bits > largest_bits ? bits : largest_bits;
  }
  const float largest = std::bit_cast<float>(largest_bits);
  const float inverse = 127.0f / largest;
  if (largest_bits >= 0x7f800000u || !(inverse <= std::numeric_limits<float>::max())) {
    std::memset(values, 0, n);
    return largest_bits >= 0x7f800000u ? std::numeric_limits<float>::quiet_NaN() : 0.0f;
  }
  constexpr float kRounder = 0x1.8p+23f;  // added and subtracted: rounds to nearest even
  for (std::size_t i = 0; i < n; ++i) {
    values[i] = static_cast<std::int8_t>((x[i] * inverse + kRounder) - kRounder);
  }
  return largest / 127.0f;
}

int sum(const std::int8_t* values, std::size_t n) {
  int total = 0;
  for (std::size_t i = 0; i < n; ++i) total += values[i];
  return total;
}

void quantize_q8(const float* x, std::size_t n, std::byte* out) {
  const std::size_t blocks = n / kBlockValues;
  auto* values = reinterpret_cast<std::int8_t*>(out);
  auto* scales = reinterpret_cast<float*>(out + n);
  auto* scaled_sums = scales + round_up_to_8(blocks);
  for (std::size_t b = 0; b < blocks; ++b) {
    std::int8_t* block = values + kBlockValues * b;
    scales[b] = quantize_block(x + kBlockValues * b, kBlockValues, block);
    scaled_sums[b] = scales[b] * static_cast<float>(sum(block, kBlockValues));
  }
  for (std::size_t b = blocks; b < round_up_to_8(blocks); ++b) scales[b] = scaled_sums[b] = 0;
}

void quantize_q8k(const float* x, std::size_t n, std::byte* out) {
  const std::size_t blocks = n / kSuperBlockValues;
  auto* values = reinterpret_cast<std::int8_t*>(out);
  auto* sums = reinterpret_cast<std::int16_t*>(out + n);
  auto* scales = reinterpret_cast<float*>(sums + n / 16);
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::size_t first = kSuperBlockValues * b;
    scales[b] = quantize_block(x + first, kSuperBlockValues, values + first);
  }
  for (std::size_t s = 0; s < n / 16; ++s) {
    sums[s] = static_cast<std::int16_t>(sum(values + 16 * s, 16));
  }
  for (std::size_t b = blocks; b < round_up_to_8(blocks); ++b) scales[b] = 0;
}

void quantize_activations(ActivationFormat format, const float* x, std::size_t n, std::byte* out) {
  switch (format) {
    case ActivationFormat::F32:
      if (n > 0) std::memcpy(out, x, n * sizeof(float));
      std::memset(out + n * sizeof(float), 0, activation_row_bytes(format, n) - n * sizeof(float));
      return;
    case ActivationFormat::Q8:
      return quantize_q8(x, n, out);
    case ActivationFormat::Q8K:
      return quantize_q8k(x, n, out);
  }
}

// ---- matrix products ----------------------------------------------------------------------------

struct Product {
  const std::byte* weights;
  std::size_t row_bytes;
  std::size_t n_in;
  std::size_t n_out;
  const std::byte* activations;
  std::size_t activation_bytes;  // of a row
  std::size_t n_rows;
  float* y;
  std::size_t y_stride;
};

// Calls dot_tile(weight row, first activation row, rows, y) for every weight row and tile.
template <typename DotTile>
void for_each_tile(const Product& p, DotTile dot_tile) {
  for (std::size_t o = 0; o < p.n_out; ++o) {
    for (std::size_t r = 0; r < p.n_rows; r += kTileRows) {
      const std::size_t rows = p.n_rows - r < kTileRows ? p.n_rows - r : kTileRows;
      dot_tile(p.weights + o * p.row_bytes, p.activations + r * p.activation_bytes, rows,
               p.y + r * p.y_stride + o);
    }
  }
}

// acc[l] += scale * (the four products of lane l)
void accumulate(const std::int8_t* codes, const std::int8_t* values, float scale, float* acc) {
  for (std::size_t l = 0; l < kLanes; ++l) {
    std::int32_t lane = 0;
    for (std::size_t i = 4 * l; i < 4 * l + 4; ++i) lane += codes[i] * values[i];
    acc[l] += scale * static_cast<float>(lane);
  }
}

template <typename Block>
void matmul_blocks(const Product& p) {
  constexpr bool kHasOffset = requires(Block block) { block.m; };
  for_each_tile(p, [&p](const std::byte* weights, const std::byte* rows_begin, std::size_t rows,
                        float* y) {
    const auto* blocks = reinterpret_cast<const Block*>(weights);
    float acc[kTileRows][kLanes] = {};
    float offsets[kTileRows][kLanes] = {};
    for (std::size_t b = 0; b < p.n_in / kBlockValues; ++b) {
      UnpackedBlock block;
      unpack(blocks[b], block);
      for (std::size_t r = 0; r < rows; ++r) {
        const Q8Row row = q8_row(rows_begin + r * p.activation_bytes, p.n_in);
        accumulate(block.codes, row.values + kBlockValues * b, block.scale * row.scales[b], acc[r]);
        if constexpr (kHasOffset) offsets[r][b % kLanes] += block.offset * row.scaled_sums[b];
      }
    }
    for (std::size_t r = 0; r < rows; ++r) y[r * p.y_stride] = reduce(acc[r]) + reduce(offsets[r]);
  });
}

void accumulate(const UnpackedSuperBlock& block, const Q8KRow& row, std::size_t b, float* acc,
                float* offsets) {
  const std::int8_t* values = row.values + kSuperBlockValues * b;
  std::int32_t lanes[kLanes] = {};
  for (std::size_t i = 0; i < kSuperBlockValues; ++i) {
    lanes[i % 32 / 4] += block.scales[i / 16] * (block.codes[i] * values[i]);
  }
  std::int32_t min_sum = 0;
  for (std::size_t s = 0; s < 16; ++s) min_sum += block.mins[s] * row.sums[16 * b + s];
  const float scale = block.d * row.scales[b];
  for (std::size_t l = 0; l < kLanes; ++l) acc[l] += scale * static_cast<float>(lanes[l]);
  offsets[b % kLanes] += (block.dmin * row.scales[b]) * static_cast<float>(min_sum);
}

template <typename Block>
void matmul_super_blocks(const Product& p) {
  for_each_tile(
      p, [&p](const std::byte* weights, const std::byte* rows_begin, std::size_t rows, float* y) {
        const auto* blocks = reinterpret_cast<const Block*>(weights);
        float acc[kTileRows][kLanes] = {};
        float offsets[kTileRows][kLanes] = {};
        for (std::size_t b = 0; b < p.n_in / kSuperBlockValues; ++b) {
          UnpackedSuperBlock block;
          unpack(blocks[b], block);
          for (std::size_t r = 0; r < rows; ++r) {
            const Q8KRow row = q8k_row(rows_begin + r * p.activation_bytes, p.n_in);
            accumulate(block, row, b, acc[r], offsets[r]);
          }
        }
        for (std::size_t r = 0; r < rows; ++r)
          y[r * p.y_stride] = reduce(acc[r]) - reduce(offsets[r]);
      });
}

float load_float(const std::byte* weights, std::size_t i) {
  float value = 0;
  std::memcpy(&value, weights + i * sizeof(value), sizeof(value));
  return value;
}

template <float (*to_float)(std::uint16_t)>
float load_16_bits(const std::byte* weights, std::size_t i) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, weights + i * sizeof(bits), sizeof(bits));
  return to_float(bits);
}

template <float (*load)(const std::byte*, std::size_t)>
void matmul_floats(const Product& p) {
  for_each_tile(
      p, [&p](const std::byte* weights, const std::byte* rows_begin, std::size_t rows, float* y) {
        float acc[kTileRows][kLanes] = {};
        for (std::size_t i = 0; i < p.n_in; ++i) {
          const float weight = load(weights, i);
          for (std::size_t r = 0; r < rows; ++r) {
            const auto* x = reinterpret_cast<const float*>(rows_begin + r * p.activation_bytes);
            acc[r][i % kLanes] += weight * x[i];
          }
        }
        for (std::size_t r = 0; r < rows; ++r) y[r * p.y_stride] = reduce(acc[r]);
      });
}

void matmul(QuantType type, const std::byte* weights, std::size_t row_bytes, std::size_t n_in,
            std::size_t n_out, const std::byte* activations, std::size_t n_rows, float* y,
            std::size_t y_stride) {
  const Product p{weights, row_bytes,   n_in,
                  n_out,   activations, activation_row_bytes(activation_format(type), n_in),
                  n_rows,  y,           y_stride};
  switch (type) {
    case QuantType::F32:
      return matmul_floats<load_float>(p);
    case QuantType::F16:
      return matmul_floats<load_16_bits<half_to_float>>(p);
    case QuantType::BF16:
      return matmul_floats<load_16_bits<bf16_to_float>>(p);
    case QuantType::Q4_0:
      return matmul_blocks<BlockQ4_0>(p);
    case QuantType::Q4_1:
      return matmul_blocks<BlockQ4_1>(p);
    case QuantType::Q5_0:
      return matmul_blocks<BlockQ5_0>(p);
    case QuantType::Q5_1:
      return matmul_blocks<BlockQ5_1>(p);
    case QuantType::Q8_0:
      return matmul_blocks<BlockQ8_0>(p);
    case QuantType::Q4_K:
      return matmul_super_blocks<BlockQ4_K>(p);
    case QuantType::Q5_K:
      return matmul_super_blocks<BlockQ5_K>(p);
    case QuantType::Q6_K:
      return matmul_super_blocks<BlockQ6_K>(p);
  }
}

// ---- the rest of a layer ------------------------------------------------------------------------

void rms_norm(const float* x, const float* weight, float eps, std::size_t n, float* out) {
  float lanes[kLanes] = {};
  for (std::size_t i = 0; i < n; ++i) lanes[i % kLanes] += x[i] * x[i];
  const float scale = 1.0f / std::sqrt(reduce(lanes) / static_cast<float>(n) + eps);
  for (std::size_t i = 0; i < n; ++i) out[i] = (x[i] * scale) * weight[i];
}

void silu_multiply(float* gate, const float* up, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    gate[i] = gate[i] / (1.0f + math::exp(-gate[i])) * up[i];
  }
}

void add(float* x, const float* y, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) x[i] += y[i];
}

void rope(float* head, const float* cosines, const float* sines, std::size_t n) {
  for (std::size_t i = 0; i < n / 2; ++i) {
    const float a = head[2 * i];
    const float b = head[2 * i + 1];
    head[2 * i] = a * cosines[i] - b * sines[i];
    head[2 * i + 1] = a * sines[i] + b * cosines[i];
  }
}

void to_half(const float* x, std::size_t n, Half* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = float_to_half(x[i]);
}

void attention_scores(const float* query, const Half* const* keys, std::size_t key_count,
                      std::size_t n, float scale, float* scores) {
  for (std::size_t k = 0; k < key_count; ++k) {
    float lanes[kLanes] = {};
    for (std::size_t i = 0; i < n; ++i) lanes[i % kLanes] += query[i] * half_to_float(keys[k][i]);
    scores[k] = reduce(lanes) * scale;
  }
}

void softmax(float* x, std::size_t n) {
  // A comparison with NaN is false, so NaN is never the maximum; it reaches the sum through exp.
  float maximum = -std::numeric_limits<float>::infinity();
  for (std::size_t i = 0; i < n; ++i) maximum = x[i] > maximum ? x[i] : maximum;
  float lanes[kLanes] = {};
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = math::exp(x[i] - maximum);
    lanes[i % kLanes] += x[i];
  }
  const float total = reduce(lanes);
  for (std::size_t i = 0; i < n; ++i) x[i] = x[i] / total;
}

void attention_mix(const float* weights, const Half* const* values, std::size_t key_count,
                   std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = 0;
  for (std::size_t k = 0; k < key_count; ++k) {
    for (std::size_t i = 0; i < n; ++i) out[i] += weights[k] * half_to_float(values[k][i]);
  }
}

std::int32_t multiply_adds(std::size_t rounds) {
  std::int32_t sums[8] = {};
  std::int32_t code = 1;
  for (std::size_t i = 0; i < rounds * kMultiplyAddsARound / 8; ++i) {
    for (auto& sum : sums) {
      asm volatile("" : "+r"(code));  // or the compiler would multiply only once
      sum += code * code;
    }
  }
  std::int32_t total = 0;
  for (const std::int32_t sum : sums) total += sum;
  return total;
}

}  // namespace

constexpr Kernels kScalarKernels{
    .name = "scalar",
    .quantize_activations = quantize_activations,
    .matmul = matmul,
    .rms_norm = rms_norm,
    .silu_multiply = silu_multiply,
    .add = add,
    .rope = rope,
    .to_half = to_half,
    .attention_scores = attention_scores,
    .softmax = softmax,
    .attention_mix = attention_mix,
    .multiply_adds = multiply_adds,
};

}  // namespace inference
