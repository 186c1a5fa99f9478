// The AVX2 kernels (with F16C): the scalar definition, eight lanes a register.
//
// A block's integer dot product is two instructions: maddubs multiplies unsigned by signed bytes
// and adds pairs to int16, madd adds pairs of those to int32: just the lanes of the definition.
// maddubs saturates, so its sums must stay below 32768. Unsigned codes reach 31: 31 * 127 * 2 =
// 7874. Signed codes go as |code|, with the code's sign moved to the activation, and reach 128 in
// Q8_0: 128 * 127 * 2 = 32512. Activations are never -128, which has no positive counterpart.
//
// This file alone is compiled for AVX2. It must not give the linker any function that another file
// shares: helpers are in unnamed namespaces or always inlined, and no library template is used.

#include <immintrin.h>

#include "inference/kernels/activation_row.h"
#include "inference/kernels/avx2_blocks.h"
#include "inference/kernels/avx2_lanes.h"
#include "inference/kernels/float_tiles.h"
#include "inference/kernels/table_of.h"
#include "inference/kernels/tables.h"

namespace inference {
namespace {

// ---- activations --------------------------------------------------------------------------------

int sum_of(__m128i v) {
  v = _mm_add_epi32(v, _mm_shuffle_epi32(v, 0x4e));
  v = _mm_add_epi32(v, _mm_shuffle_epi32(v, 0xb1));
  return _mm_cvtsi128_si32(v);
}

int sum_of(__m256i v) {
  return sum_of(_mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1)));
}

// 32 floats, scaled and rounded to nearest even, as bytes.
__m256i to_bytes(const float* x, __m256 inverse) {
  const auto rounded = [x, inverse](int i) {
    return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + 8 * i), inverse));
  };
  const __m256i words_01 = _mm256_packs_epi32(rounded(0), rounded(1));
  const __m256i words_23 = _mm256_packs_epi32(rounded(2), rounded(3));
  // Packing works within 128-bit halves; the permutation puts the fours back into order.
  return _mm256_permutevar8x32_epi32(_mm256_packs_epi16(words_01, words_23),
                                     _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

struct Avx2Quantizer {
  // As quantize_block of scalar.cc; n is a multiple of 32.
  static float quantize_block(const float* x, std::size_t n, std::int8_t* values) {
    __m256i largest = _mm256_setzero_si256();
    const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
    for (std::size_t i = 0; i < n; i += 8) {
      largest = _mm256_max_epi32(largest, _mm256_and_si256(load_256(x + i), magnitude));
    }
    __m128i one =
        _mm_max_epi32(_mm256_castsi256_si128(largest), _mm256_extracti128_si256(largest, 1));
    one = _mm_max_epi32(one, _mm_shuffle_epi32(one, 0x4e));
    one = _mm_max_epi32(one, _mm_shuffle_epi32(one, 0xb1));
    const bool finite = _mm_cvtsi128_si32(one) < 0x7f800000;
    const float amax = _mm_cvtss_f32(_mm_castsi128_ps(one));
    const float inverse = 127.0f / amax;
    const bool usable = finite && inverse <= kLargestFloat;
    for (std::size_t i = 0; i < n; i += 32) {
      const __m256i bytes =
          usable ? to_bytes(x + i, _mm256_set1_ps(inverse)) : _mm256_setzero_si256();
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(values + i), bytes);
    }
    if (usable) return amax / 127.0f;
    return finite ? 0.0f : __builtin_nanf("");
  }

  static int sum_16(const std::int8_t* values) {
    const __m256i words = _mm256_cvtepi8_epi16(load_128(values));
    return sum_of(_mm256_madd_epi16(words, _mm256_set1_epi16(1)));
  }
  static int sum_32(const std::int8_t* values) {
    const __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), load_256(values));
    return sum_of(_mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
};

// ---- matrix products ----------------------------------------------------------------------------

// Lanes of int16 pairs of products: codes and their magnitudes against 32 activations.
template <bool kSigned>
inline __m256i pair_products(__m256i codes, __m256i magnitudes, const std::int8_t* values) {
  const __m256i x = load_256(values);
  if constexpr (kSigned) return _mm256_maddubs_epi16(magnitudes, _mm256_sign_epi8(x, codes));
  return _mm256_maddubs_epi16(codes, x);
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
template <typename Format>
struct BlockTile {
  static constexpr std::size_t kRowsMax = 8;
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
        const __m256i pairs = pair_products<Format::kSigned>(
            codes, magnitudes, values + j * row_bytes + kBlockValues * k);
        const __m256 sums = _mm256_cvtepi32_ps(_mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
        acc[j] = _mm256_add_ps(acc[j], _mm256_mul_ps(_mm256_broadcast_ss(&scales[j][k]), sums));
      }
    }
  }
};

// The same for super-blocks of 256. Sub-block scales are integers and go into the second
// multiplication: lanes of 32 groups add up in int32.
template <typename Format>
struct SuperBlockTile {
  static constexpr std::size_t kRowsMax = 8;
  using Block = typename Format::Block;

  template <std::size_t kOut, std::size_t kRows>
  static void run(const Product& p, std::size_t o, std::size_t r) {
    __m256 acc[kOut][kRows];
    alignas(32) float offsets[kOut][kRows][8];
    Q8KRow rows[kRows];
    for (std::size_t j = 0; j < kRows; ++j) rows[j] = q8k_row(p.activation_row(r + j), p.n_in);
    for (std::size_t i = 0; i < kOut; ++i) {
      for (std::size_t j = 0; j < kRows; ++j) {
        acc[i][j] = _mm256_setzero_ps();
        _mm256_store_ps(offsets[i][j], _mm256_setzero_ps());
      }
    }
    for (std::size_t b = 0; b < p.n_in / kSuperBlockValues; ++b) {
      for (std::size_t i = 0; i < kOut; ++i) {
        const Block& block = reinterpret_cast<const Block*>(p.weight_row(o + i))[b];
        one_block<kRows>(block, rows, b, acc[i], offsets[i]);
      }
    }
    for (std::size_t i = 0; i < kOut; ++i) {
      for (std::size_t j = 0; j < kRows; ++j) {
        *p.result(o + i, r + j) = reduce(acc[i][j]) - reduce(_mm256_load_ps(offsets[i][j]));
      }
    }
  }

  template <std::size_t kRows>
  [[gnu::always_inline]] static void one_block(const Block& block, const Q8KRow* rows,
                                               std::size_t b, __m256* acc, float (*offsets)[8]) {
    const auto prepared = Format::prepare(block);
    __m256i lanes[kRows];
    for (std::size_t j = 0; j < kRows; ++j) lanes[j] = _mm256_setzero_si256();
    group<0, kRows>(block, prepared, rows, b, lanes);
    group<1, kRows>(block, prepared, rows, b, lanes);
    group<2, kRows>(block, prepared, rows, b, lanes);
    group<3, kRows>(block, prepared, rows, b, lanes);
    group<4, kRows>(block, prepared, rows, b, lanes);
    group<5, kRows>(block, prepared, rows, b, lanes);
    group<6, kRows>(block, prepared, rows, b, lanes);
    group<7, kRows>(block, prepared, rows, b, lanes);
    const float d = _cvtsh_ss(block.d);
    for (std::size_t j = 0; j < kRows; ++j) {
      const __m256 scale = _mm256_set1_ps(d * rows[j].scales[b]);
      acc[j] = _mm256_add_ps(acc[j], _mm256_mul_ps(scale, _mm256_cvtepi32_ps(lanes[j])));
    }
    if constexpr (Format::kHasOffset) {
      const float dmin = _cvtsh_ss(block.dmin);
      for (std::size_t j = 0; j < kRows; ++j) {
        const __m256i sums = load_256(rows[j].sums + 16 * b);
        const int min_sum = sum_of(_mm256_madd_epi16(prepared.mins, sums));
        offsets[j][b % 8] += (dmin * rows[j].scales[b]) * static_cast<float>(min_sum);
      }
    }
  }

  template <int kGroup, std::size_t kRows, typename Prepared>
  [[gnu::always_inline]] static void group(const Block& block, const Prepared& prepared,
                                           const Q8KRow* rows, std::size_t b, __m256i* lanes) {
    const __m256i codes = Format::template codes<kGroup>(block);
    const __m256i magnitudes = Format::kSigned ? _mm256_abs_epi8(codes) : codes;
    const __m256i scale = prepared.template scale<kGroup>();
    for (std::size_t j = 0; j < kRows; ++j) {
      const std::int8_t* values = rows[j].values + kSuperBlockValues * b + 32 * kGroup;
      const __m256i pairs = pair_products<Format::kSigned>(codes, magnitudes, values);
      lanes[j] = _mm256_add_epi32(lanes[j], _mm256_madd_epi16(pairs, scale));
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

struct Avx2Tiles {
  using F32 = FloatTile<Avx2Lanes, FloatWeights>;
  using F16 = FloatTile<Avx2Lanes, HalfWeights>;
  using BF16 = FloatTile<Avx2Lanes, BfloatWeights>;
  using Q4_0 = BlockTile<FormatQ4_0>;
  using Q4_1 = BlockTile<FormatQ4_1>;
  using Q5_0 = BlockTile<FormatQ5_0>;
  using Q5_1 = BlockTile<FormatQ5_1>;
  using Q8_0 = BlockTile<FormatQ8_0>;
  using Q4_K = SuperBlockTile<FormatQ4_K>;
  using Q5_K = SuperBlockTile<FormatQ5_K>;
  using Q6_K = SuperBlockTile<FormatQ6_K>;
};

// ---- table --------------------------------------------------------------------------------------

struct Avx2 {
  using Lanes = Avx2Lanes;
  using Quantizer = Avx2Quantizer;
  using Tiles = Avx2Tiles;

  static std::int32_t multiply_adds(std::size_t rounds) {
    constexpr std::size_t kChains = kMultiplyAddsARound / 32;
    __m256i sums[kChains];
    for (auto& sum : sums) sum = _mm256_setzero_si256();
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i codes = _mm256_set1_epi8(1);
    for (std::size_t i = 0; i < rounds; ++i) {
      for (auto& sum : sums) {
        asm volatile("" : "+x"(codes));  // or the compiler would multiply only once
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(codes, codes), ones));
      }
    }
    for (std::size_t i = 1; i < kChains; ++i) sums[0] = _mm256_add_epi32(sums[0], sums[i]);
    return sum_of(sums[0]);
  }
};

}  // namespace

constexpr Kernels kAvx2Kernels = table_of<Avx2>("avx2");

}  // namespace inference
