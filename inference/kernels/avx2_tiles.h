#pragma once

// The tiles of matmul_tiles.h in AVX registers, for AVX2 and what came after it. A type `Dot` has
//   lanes(codes, x)                 int32 sums of four products each; unsigned by signed bytes
//   add_scaled(sum, pairs, scale)   sum plus int16 pairs times int16 scales, added in pairs
//
// A block's integer dot product begins with maddubs, which multiplies unsigned by signed bytes and
// adds pairs to int16, and madd, which adds pairs of those to int32: just the lanes of the
// definition. maddubs saturates, so its sums must stay below 32768. Unsigned codes reach 31:
// 31 * 127 * 2 = 7874. Signed codes go as |code|, with the code's sign moved to the activation, and
// reach 128 in Q8_0: 128 * 127 * 2 = 32512. Activations are never -128, which has no positive
// counterpart.
//
// All in an unnamed namespace: each file gets its own code, made for its instruction set.
// Thread safety: pure functions.

#include <immintrin.h>

#include "inference/kernels/activation_row.h"
#include "inference/kernels/avx2_blocks.h"
#include "inference/kernels/avx2_lanes.h"
#include "inference/kernels/float_tiles.h"
#include "inference/kernels/matmul_tiles.h"

namespace inference {
namespace {

// The activations as the signed factor of codes that go unsigned.
template <bool kSigned>
inline __m256i signed_factor(__m256i codes, const std::int8_t* values) {
  const __m256i x = load_256(values);
  if constexpr (kSigned) return _mm256_sign_epi8(x, codes);
  return x;
}

// Weight rows are too short for the processor to see where it goes on, so it is told: the bytes
// that come `ahead` behind [from, from + bytes). Nothing is touched, so they may lie outside the
// weights.
[[gnu::always_inline]] inline void fetch_ahead(const void* from, std::size_t bytes,
                                               std::size_t ahead) {
  const auto* at = static_cast<const char*>(from) + ahead;
  for (std::size_t i = 0; i < bytes; i += 64) _mm_prefetch(at + i, _MM_HINT_T0);
}

// The scales of the `count` blocks at `blocks`, the last ones of a row that has `before` blocks in
// front of them; zeros behind them.
template <typename Format>
inline void last_scales(const typename Format::Block* blocks, std::size_t count, std::size_t before,
                        __m256& d, __m256& m) {
  if (count + before >= 8) {
    // The last eight of the row, moved down.
    Format::scales(blocks + count - 8, d, m);
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i counts = _mm256_set1_epi32(static_cast<int>(count));
    const __m256i from = _mm256_sub_epi32(lane, counts);  // modulo 8: lane + 8 - count
    const __m256 used = _mm256_castsi256_ps(_mm256_cmpgt_epi32(counts, lane));
    d = _mm256_and_ps(_mm256_permutevar8x32_ps(d, from), used);
    m = _mm256_and_ps(_mm256_permutevar8x32_ps(m, from), used);
    return;
  }
  typename Format::Block copies[8];
  __builtin_memset(copies, 0, sizeof(copies));
  __builtin_memcpy(copies, blocks, count * sizeof(copies[0]));
  Format::scales(copies, d, m);
}

// Weight rows [o, o + kOut) by activation rows [r, r + kRows) for blocks of 32.
template <typename Format, typename Dot>
struct BlockTile {
  static constexpr std::size_t kRowsMax = Dot::kRowsMax;
  static constexpr std::size_t kOutMax = 4;
  using Block = typename Format::Block;

  template <std::size_t kOut, std::size_t kRows>
  static void run(const Product& p, std::size_t o, std::size_t r) {
    const std::size_t blocks = p.n_in / kBlockValues;
    __m256 acc[kOut][kRows];
    alignas(32) float offsets[kOut][kRows][8];  // in memory: registers are for `acc`
    for (std::size_t i = 0; i < kOut; ++i) {
      for (std::size_t j = 0; j < kRows; ++j) {
        acc[i][j] = _mm256_setzero_ps();
        _mm256_store_ps(offsets[i][j], _mm256_setzero_ps());
      }
    }
    for (std::size_t b = 0; b < blocks; b += 8) {
      for (std::size_t i = 0; i < kOut; ++i) {
        const auto* weights = reinterpret_cast<const Block*>(p.weight_row(o + i));
        if (r == 0) fetch_ahead(weights + b, 8 * sizeof(Block), p.ahead_bytes);
        eight_blocks<kRows>(weights, blocks, b, p.activation_row(r), p.activation_bytes, acc[i],
                            offsets[i]);
      }
    }
    for (std::size_t i = 0; i < kOut; ++i) {
      for (std::size_t j = 0; j < kRows; ++j) {
        float sum = reduce(acc[i][j]);
        if constexpr (Format::kHasOffset) sum += reduce(_mm256_load_ps(offsets[i][j]));
        *p.result(o + i, r + j) = sum;
      }
    }
  }

  // Blocks [b, b + 8), or to the end, of one weight row by kRows activation rows that lie
  // `row_bytes` apart. Scales of eight blocks are multiplied at once.
  template <std::size_t kRows>
  [[gnu::always_inline]] static void eight_blocks(const Block* weights, std::size_t blocks,
                                                  std::size_t b, const std::byte* row,
                                                  std::size_t row_bytes, __m256* acc,
                                                  float (*offsets)[8]) {
    const std::size_t count = blocks - b < 8 ? blocks - b : 8;
    __m256 d = _mm256_setzero_ps();
    __m256 m = _mm256_setzero_ps();
    if (count == 8) {
      Format::scales(weights + b, d, m);
    } else {
      last_scales<Format>(weights + b, count, b, d, m);
    }
    alignas(32) float scales[kRows][8];
    for (std::size_t j = 0; j < kRows; ++j) {
      const Q8Row x = q8_row(row + j * row_bytes, blocks * kBlockValues);
      _mm256_store_ps(scales[j], _mm256_mul_ps(d, _mm256_load_ps(x.scales + b)));
      if constexpr (Format::kHasOffset) {
        const __m256 product = _mm256_mul_ps(m, _mm256_load_ps(x.scaled_sums + b));
        _mm256_store_ps(offsets[j], _mm256_add_ps(_mm256_load_ps(offsets[j]), product));
      }
    }
    const auto* values = reinterpret_cast<const std::int8_t*>(row) + kBlockValues * b;
    for (std::size_t k = 0; k < count; ++k) {
      const __m256i codes = Format::codes(weights[b + k]);
      const __m256i magnitudes = Format::kSigned ? _mm256_abs_epi8(codes) : codes;
      for (std::size_t j = 0; j < kRows; ++j) {
        const __m256i x =
            signed_factor<Format::kSigned>(codes, values + j * row_bytes + kBlockValues * k);
        const __m256 sums = _mm256_cvtepi32_ps(Dot::lanes(magnitudes, x));
        acc[j] = _mm256_add_ps(acc[j], _mm256_mul_ps(_mm256_broadcast_ss(&scales[j][k]), sums));
      }
    }
  }
};

// Sums of the eight lanes of eight vectors.
inline __m256i sums_of_eight(const __m256i* v) {
  const __m256i first =
      _mm256_hadd_epi32(_mm256_hadd_epi32(v[0], v[1]), _mm256_hadd_epi32(v[2], v[3]));
  const __m256i second =
      _mm256_hadd_epi32(_mm256_hadd_epi32(v[4], v[5]), _mm256_hadd_epi32(v[6], v[7]));
  return _mm256_add_epi32(_mm256_permute2x128_si256(first, second, 0x20),
                          _mm256_permute2x128_si256(first, second, 0x31));
}

// The same for super-blocks of 256. Sub-block scales are integers and go into the second
// multiplication: lanes of 32 groups add up in int32. One weight row at a time, which the processor
// then reads ahead; a block is long enough to hide the float addition.
template <typename Format, typename Dot>
struct SuperBlockTile {
  static constexpr std::size_t kRowsMax = Dot::kRowsMax;
  static constexpr std::size_t kOutMax = 1;
  using Block = typename Format::Block;

  template <std::size_t kOut, std::size_t kRows>
  static void run(const Product& p, std::size_t o, std::size_t r) {
    static_assert(kOut == 1);
    const std::size_t blocks = p.n_in / kSuperBlockValues;
    const auto* weights = reinterpret_cast<const Block*>(p.weight_row(o));
    __m256 acc[kRows];
    alignas(32) float offsets[kRows][8];
    Q8KRow rows[kRows];
    for (std::size_t j = 0; j < kRows; ++j) {
      rows[j] = q8k_row(p.activation_row(r + j), p.n_in);
      acc[j] = _mm256_setzero_ps();
      _mm256_store_ps(offsets[j], _mm256_setzero_ps());
    }
    for (std::size_t b = 0; b < blocks; b += 8) {
      eight_blocks<kRows>(weights, blocks, b, rows, r == 0 ? p.ahead_bytes : 0, acc, offsets);
    }
    for (std::size_t j = 0; j < kRows; ++j) {
      *p.result(o, r + j) = reduce(acc[j]) - reduce(_mm256_load_ps(offsets[j]));
    }
  }

  // Blocks [b, b + 8), or to the end, of one weight row by kRows activation rows. Scales and
  // offsets of eight blocks are multiplied at once.
  template <std::size_t kRows>
  [[gnu::always_inline]] static void eight_blocks(const Block* weights, std::size_t blocks,
                                                  std::size_t b, const Q8KRow* rows,
                                                  std::size_t ahead_bytes, __m256* acc,
                                                  float (*offsets)[8]) {
    const std::size_t count = blocks - b < 8 ? blocks - b : 8;
    __m256 d = _mm256_setzero_ps();
    __m256 m = _mm256_setzero_ps();
    if (count == 8) {
      Format::scales(weights + b, d, m);
    } else {
      last_scales<Format>(weights + b, count, b, d, m);
    }
    alignas(32) float scales[kRows][8];
    __m256i min_sums[kRows][8];
    for (std::size_t j = 0; j < kRows; ++j) {
      _mm256_store_ps(scales[j], _mm256_mul_ps(d, _mm256_loadu_ps(rows[j].scales + b)));
      if constexpr (Format::kHasOffset) {
        for (std::size_t k = count; k < 8; ++k) min_sums[j][k] = _mm256_setzero_si256();
      }
    }
    for (std::size_t k = 0; k < count; ++k) {
      if (ahead_bytes != 0) fetch_ahead(weights + b + k, sizeof(Block), ahead_bytes);
      const auto prepared = Format::prepare(weights[b + k]);
      __m256i lanes[kRows];
      add_groups<kRows>(weights[b + k], prepared, rows, b + k, lanes);
      for (std::size_t j = 0; j < kRows; ++j) {
        const __m256 scale = _mm256_broadcast_ss(&scales[j][k]);
        acc[j] = _mm256_add_ps(acc[j], _mm256_mul_ps(scale, _mm256_cvtepi32_ps(lanes[j])));
        if constexpr (Format::kHasOffset) {
          min_sums[j][k] = _mm256_madd_epi16(prepared.mins, load_256(rows[j].sums + 16 * (b + k)));
        }
      }
    }
    if constexpr (Format::kHasOffset) {
      for (std::size_t j = 0; j < kRows; ++j) {
        const __m256 scale = _mm256_mul_ps(m, _mm256_loadu_ps(rows[j].scales + b));
        const __m256 product = _mm256_mul_ps(scale, _mm256_cvtepi32_ps(sums_of_eight(min_sums[j])));
        _mm256_store_ps(offsets[j], _mm256_add_ps(_mm256_load_ps(offsets[j]), product));
      }
    }
  }

  template <std::size_t kRows, typename Prepared>
  [[gnu::always_inline]] static void add_groups(const Block& block, const Prepared& prepared,
                                                const Q8KRow* rows, std::size_t b, __m256i* lanes) {
    for (std::size_t j = 0; j < kRows; ++j) lanes[j] = _mm256_setzero_si256();
    group<0, kRows>(block, prepared, rows, b, lanes);
    group<1, kRows>(block, prepared, rows, b, lanes);
    group<2, kRows>(block, prepared, rows, b, lanes);
    group<3, kRows>(block, prepared, rows, b, lanes);
    group<4, kRows>(block, prepared, rows, b, lanes);
    group<5, kRows>(block, prepared, rows, b, lanes);
    group<6, kRows>(block, prepared, rows, b, lanes);
    group<7, kRows>(block, prepared, rows, b, lanes);
  }

  template <int kGroup, std::size_t kRows, typename Prepared>
  [[gnu::always_inline]] static void group(const Block& block, const Prepared& prepared,
                                           const Q8KRow* rows, std::size_t b, __m256i* lanes) {
    const __m256i codes = Format::template codes<kGroup>(block);
    const __m256i magnitudes = Format::kSigned ? _mm256_abs_epi8(codes) : codes;
    const __m256i scale = prepared.template scale<kGroup>();
    for (std::size_t j = 0; j < kRows; ++j) {
      const std::int8_t* values = rows[j].values + kSuperBlockValues * b + 32 * kGroup;
      const __m256i x = signed_factor<Format::kSigned>(codes, values);
      lanes[j] = Dot::add_scaled(lanes[j], _mm256_maddubs_epi16(magnitudes, x), scale);
    }
  }
};

struct FloatWeights {
  static constexpr std::size_t kBytes = 4;
  static Avx2Lanes load(const void* p) { return {_mm256_loadu_ps(static_cast<const float*>(p))}; }
};

struct HalfWeights {
  static constexpr std::size_t kBytes = 2;
  static Avx2Lanes load(const void* p) { return {_mm256_cvtph_ps(load_128(p))}; }
};

struct BfloatWeights {
  static constexpr std::size_t kBytes = 2;
  static Avx2Lanes load(const void* p) {
    return {_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(load_128(p)), 16))};
  }
};

template <typename Dot>
struct Avx2Tiles {
  using F32 = FloatTile<Avx2Lanes, FloatWeights>;
  using F16 = FloatTile<Avx2Lanes, HalfWeights>;
  using BF16 = FloatTile<Avx2Lanes, BfloatWeights>;
  using Q4_0 = BlockTile<FormatQ4_0, Dot>;
  using Q4_1 = BlockTile<FormatQ4_1, Dot>;
  using Q5_0 = BlockTile<FormatQ5_0, Dot>;
  using Q5_1 = BlockTile<FormatQ5_1, Dot>;
  using Q8_0 = BlockTile<FormatQ8_0, Dot>;
  using Q4_K = SuperBlockTile<FormatQ4_K, Dot>;
  using Q5_K = SuperBlockTile<FormatQ5_K, Dot>;
  using Q6_K = SuperBlockTile<FormatQ6_K, Dot>;
};

}  // namespace
}  // namespace inference
