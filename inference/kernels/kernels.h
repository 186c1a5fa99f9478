#pragma once

// The arithmetic of the engine as one table of functions, one implementation an instruction set,
// chosen at run time and forceable by name. **All tables give the same bits**, except that which
// NaN a NaN is (sign, payload) is not defined.
//
// Arithmetic is defined once, by the scalar table:
//  - a float sum over i runs in eight virtual lanes from +0: lane i % 8 takes value i, multiply
//    then add, never fused; lanes are reduced as ((0+4)+(2+6))+((1+5)+(3+7));
//  - a quantised dot product is exact int32 inside a block. Value i belongs to lane (i % 32) / 4:
//    lane l of a block of 32 sums the four products 4l..4l+3; lane l of a super-block of 256 sums,
//    over its eight groups of 32, sub-block scale times that lane's integer sum. One float
//    multiply-add a lane and a block follows:
//    acc[l] += (weight scale * activation scale) * float(sum[l]);
//  - offsets go to a second set of eight lanes, lane = block index % 8:
//    m * (activation scale * sum) for a block (Q4_1, Q5_1), which is added to the result, and
//    (dmin * activation scale) * float(sum of min * sum of activations) for a super-block (Q4_K,
//    Q5_K), which is subtracted;
//  - exp, sin, cos, pow and fp16 conversion are our own (math.h, half.h).
// The order of a sum never depends on how many rows are computed together, on threads or on pages.
// Floating point runs in its default mode: round to nearest, subnormals kept.
// Thread safety: tables are constant; functions touch their arguments only.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "inference/quant/half.h"
#include "inference/quant/quant_type.h"

namespace inference {

// How the activations of a matrix product are stored. It follows from the weight type.
enum class ActivationFormat : std::uint8_t {
  F32,  // weights F32, F16, BF16
  Q8,   // blocks of 32:  float scale, float scale * sum, int8[32]; Q4_0 Q4_1 Q5_0 Q5_1 Q8_0
  Q8K,  // blocks of 256: float scale, int16 sums[16] of 16, int8[256]; Q4_K Q5_K Q6_K
};
ActivationFormat activation_format(QuantType weights);

// Bytes one row of `n` activations takes in `format`, a multiple of 32. Rows must be 32-byte
// aligned. How a row is laid out inside is private to the kernels (activation_row.h).
// REQUIRES: n a multiple of the block of `format`.
std::size_t activation_row_bytes(ActivationFormat format, std::size_t n);

inline constexpr std::size_t kMultiplyAddsARound = 256;

struct Kernels {
  std::string_view name;  // "scalar", "ssse3", "avx2", "avx512_vnni", "neon", "neon_dotprod"

  // Quantises `n` floats into one activation row, block by block: scale = max|x| / 127, integers
  // x * (127 / max|x|) rounded to nearest even, in [-127, 127].
  // A block whose 127 / max|x| overflows (all |x| below 3.8e-37) becomes zeros. A block with a
  // value that is not finite becomes scale NaN and all-zero integers, so that NaN reaches the
  // result on every instruction set.
  // REQUIRES: n a multiple of the block of `format` (any n for F32, which copies).
  void (*quantize_activations)(ActivationFormat format, const float* x, std::size_t n,
                               std::byte* out);

  // y[r * y_stride + o] = dot(weight row o, activation row r), 0 <= o < n_out, 0 <= r < n_rows.
  // weights: n_out rows, `row_bytes` apart, of n_in values of `type`; they may lie unaligned.
  // activations: n_rows rows of activation_row_bytes(format of type, n_in).
  // A weight block is unpacked once for several activation rows.
  void (*matmul)(QuantType type, const std::byte* weights, std::size_t row_bytes, std::size_t n_in,
                 std::size_t n_out, const std::byte* activations, std::size_t n_rows, float* y,
                 std::size_t y_stride);

  // out[i] = x[i] * (1 / sqrt(mean(x^2) + eps)) * weight[i]
  void (*rms_norm)(const float* x, const float* weight, float eps, std::size_t n, float* out);

  // gate[i] = gate[i] / (1 + exp(-gate[i])) * up[i]
  void (*silu_multiply)(float* gate, const float* up, std::size_t n);

  void (*add)(float* x, const float* y, std::size_t n);  // x += y

  // Rotates pairs (2i, 2i+1) of one head by cosines[i], sines[i]. n = head_dim, even:
  // (a, b) becomes (a * cos - b * sin, a * sin + b * cos).
  void (*rope)(float* head, const float* cosines, const float* sines, std::size_t n);

  void (*to_half)(const float* x, std::size_t n, Half* out);  // round to nearest even

  // scores[k] = dot(query, keys[k]) * scale for every k; keys[k] points to `n` halves.
  void (*attention_scores)(const float* query, const Half* const* keys, std::size_t key_count,
                           std::size_t n, float scale, float* scores);

  // Softmax in place: subtract the maximum, exp, divide by the sum. One NaN among the values, or
  // a maximum that is infinite (also -infinity), makes every value NaN.
  void (*softmax)(float* x, std::size_t n);

  // out[i] = sum over k, ascending, of weights[k] * values[k][i].
  void (*attention_mix)(const float* weights, const Half* const* values, std::size_t key_count,
                        std::size_t n, float* out);

  // The roof of a matrix product: `rounds` times kMultiplyAddsARound multiply-adds of int8 into
  // int32, all in registers. Returns their sum; every product is 1.
  std::int32_t (*multiply_adds)(std::size_t rounds);
};

// The best table this CPU runs.
const Kernels& best_kernels();

// A table by name, or null if it is unknown or this CPU cannot run it.
const Kernels* find_kernels(std::string_view name);

// Every table this CPU can run, scalar first. For tests and `--kernels`.
std::vector<const Kernels*> runnable_kernels();

}  // namespace inference
