// The SSSE3 kernels, for CPUs without AVX2 (Intel's Atom line, Pentium and Celeron): the scalar
// definition, eight lanes in two registers.
//
// As in avx2.cc a block's integer dot product is maddubs, which multiplies unsigned by signed bytes
// and adds pairs to int16, and madd, which adds pairs of those to int32; why nothing saturates is
// said there. What newer instructions would shorten (SSE4.1: widening, maximum of int32, blending)
// is outside the inner loops.
//
// This file alone is compiled for SSSE3. It must not give the linker any function that another file
// shares: helpers are in unnamed namespaces or always inlined, and no library template is used.

#include <immintrin.h>

#include "inference/kernels/activation_row.h"
#include "inference/kernels/float_tiles.h"
#include "inference/kernels/ssse3_blocks.h"
#include "inference/kernels/ssse3_lanes.h"
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

// 16 floats, scaled and rounded to nearest even, as bytes.
__m128i to_bytes(const float* x, __m128 inverse) {
  const auto rounded = [x, inverse](int i) {
    return _mm_cvtps_epi32(_mm_mul_ps(_mm_loadu_ps(x + 4 * i), inverse));
  };
  return _mm_packs_epi16(_mm_packs_epi32(rounded(0), rounded(1)),
                         _mm_packs_epi32(rounded(2), rounded(3)));
}

// 16 bytes: their sums by fours.
__m128i sums_of_four(const std::int8_t* values) {
  const __m128i pairs = _mm_maddubs_epi16(_mm_set1_epi8(1), load_128(values));
  return _mm_madd_epi16(pairs, _mm_set1_epi16(1));
}

__m128i larger(__m128i a, __m128i b) { return select(_mm_cmpgt_epi32(a, b), a, b); }

struct Ssse3Quantizer {
  // As quantize_block of scalar.cc; n is a multiple of 32.
  static float quantize_block(const float* x, std::size_t n, std::int8_t* values) {
    __m128i largest = _mm_setzero_si128();
    const __m128i magnitude = _mm_set1_epi32(0x7fffffff);
    for (std::size_t i = 0; i < n; i += 4) {
      largest = larger(largest, _mm_and_si128(load_128(x + i), magnitude));
    }
    largest = larger(largest, _mm_shuffle_epi32(largest, 0x4e));
    largest = larger(largest, _mm_shuffle_epi32(largest, 0xb1));
    const bool finite = _mm_cvtsi128_si32(largest) < 0x7f800000;
    const float amax = _mm_cvtss_f32(_mm_castsi128_ps(largest));
    const float inverse = 127.0f / amax;
    const bool usable = finite && inverse <= kLargestFloat;
    for (std::size_t i = 0; i < n; i += 16) {
      const __m128i bytes = usable ? to_bytes(x + i, _mm_set1_ps(inverse)) : _mm_setzero_si128();
      _mm_storeu_si128(reinterpret_cast<__m128i*>(values + i), bytes);
    }
    if (usable) return amax / 127.0f;
    return finite ? 0.0f : __builtin_nanf("");
  }

  static int sum_16(const std::int8_t* values) { return sum_of(sums_of_four(values)); }
  static int sum_32(const std::int8_t* values) {
    return sum_of(_mm_add_epi32(sums_of_four(values), sums_of_four(values + 16)));
  }
};

// ---- matrix products ----------------------------------------------------------------------------

// Lanes of int16 pairs of products: codes and their magnitudes against 16 activations.
template <bool kSigned>
inline __m128i pair_products(__m128i codes, __m128i magnitudes, const std::int8_t* values) {
  const __m128i x = _mm_load_si128(reinterpret_cast<const __m128i*>(values));
  if constexpr (kSigned) return _mm_maddubs_epi16(magnitudes, _mm_sign_epi8(x, codes));
  return _mm_maddubs_epi16(codes, x);
}

template <typename Format>
inline Codes magnitudes_of(Codes codes) {
  if constexpr (Format::kSigned) return {_mm_abs_epi8(codes.low), _mm_abs_epi8(codes.high)};
  return codes;
}

// acc += scale * sums
inline Ssse3Lanes accumulate(Ssse3Lanes acc, __m128 scale, __m128i low, __m128i high) {
  return {_mm_add_ps(acc.low, _mm_mul_ps(scale, _mm_cvtepi32_ps(low))),
          _mm_add_ps(acc.high, _mm_mul_ps(scale, _mm_cvtepi32_ps(high)))};
}

// Weight rows [o, o + kOut) by activation rows [r, r + kRows) for blocks of 32.
template <typename Format>
struct BlockTile {
  static constexpr std::size_t kRowsMax = 4;
  static constexpr std::size_t kOutMax = 4;
  using Block = typename Format::Block;

  template <std::size_t kOut, std::size_t kRows>
  static void run(const Product& p, std::size_t o, std::size_t r) {
    const std::size_t blocks = p.n_in / kBlockValues;
    Ssse3Lanes acc[kOut][kRows];
    alignas(16) float offsets[kOut][kRows][8] = {};
    for (std::size_t i = 0; i < kOut; ++i) {
      for (std::size_t j = 0; j < kRows; ++j) acc[i][j] = Ssse3Lanes::broadcast(0.0f);
    }
    for (std::size_t b = 0; b < blocks; b += 4) {
      for (std::size_t i = 0; i < kOut; ++i) {
        const auto* weights = reinterpret_cast<const Block*>(p.weight_row(o + i));
        four_blocks<kRows>(weights, blocks, b, p.activation_row(r), p.activation_bytes, acc[i],
                           offsets[i]);
      }
    }
    for (std::size_t i = 0; i < kOut; ++i) {
      for (std::size_t j = 0; j < kRows; ++j) {
        float sum = acc[i][j].reduce();
        if constexpr (Format::kHasOffset) sum += Ssse3Lanes::load(offsets[i][j]).reduce();
        *p.result(o + i, r + j) = sum;
      }
    }
  }

  // The d, and where there is one the m above it, of four blocks or the `count` that are left;
  // zeros behind them.
  [[gnu::always_inline]] static __m128i scale_words(const Block* blocks, std::size_t count) {
    if (count >= 4) {
      const auto word = [blocks](std::size_t i) { return static_cast<int>(load_32(blocks + i)); };
      return _mm_setr_epi32(word(0), word(1), word(2), word(3));
    }
    alignas(16) std::uint32_t words[4] = {};
    for (std::size_t k = 0; k < count; ++k) words[k] = load_32(blocks + k);
    return _mm_load_si128(reinterpret_cast<const __m128i*>(words));
  }

  // Blocks [b, b + 4), or to the end, of one weight row by kRows activation rows that lie
  // `row_bytes` apart. Scales of four blocks are multiplied at once.
  template <std::size_t kRows>
  [[gnu::always_inline]] static void four_blocks(const Block* weights, std::size_t blocks,
                                                 std::size_t b, const std::byte* row,
                                                 std::size_t row_bytes, Ssse3Lanes* acc,
                                                 float (*offsets)[8]) {
    const std::size_t count = blocks - b < 4 ? blocks - b : 4;
    const __m128i words = scale_words(weights + b, count);
    const __m128 d = halves_to_floats(_mm_slli_epi32(words, 16));
    alignas(16) float scales[kRows][4];
    for (std::size_t j = 0; j < kRows; ++j) {
      const Q8Row x = q8_row(row + j * row_bytes, blocks * kBlockValues);
      _mm_store_ps(scales[j], _mm_mul_ps(d, _mm_load_ps(x.scales + b)));
      if constexpr (Format::kHasOffset) {
        const __m128 m = halves_to_floats(words);
        float* lanes = offsets[j] + b % 8;
        const __m128 product = _mm_mul_ps(m, _mm_load_ps(x.scaled_sums + b));
        _mm_store_ps(lanes, _mm_add_ps(_mm_load_ps(lanes), product));
      }
    }
    const auto* values = reinterpret_cast<const std::int8_t*>(row) + kBlockValues * b;
    const __m128i ones = _mm_set1_epi16(1);
    for (std::size_t k = 0; k < count; ++k) {
      const Codes codes = Format::codes(weights[b + k]);
      const Codes magnitudes = magnitudes_of<Format>(codes);
      for (std::size_t j = 0; j < kRows; ++j) {
        const std::int8_t* x = values + j * row_bytes + kBlockValues * k;
        const __m128i low = pair_products<Format::kSigned>(codes.low, magnitudes.low, x);
        const __m128i high = pair_products<Format::kSigned>(codes.high, magnitudes.high, x + 16);
        acc[j] = accumulate(acc[j], _mm_set1_ps(scales[j][k]), _mm_madd_epi16(low, ones),
                            _mm_madd_epi16(high, ones));
      }
    }
  }
};

// The same for super-blocks of 256. Sub-block scales are integers and go into the second
// multiplication: lanes of 32 groups add up in int32.
template <typename Format>
struct SuperBlockTile {
  static constexpr std::size_t kRowsMax = 4;
  static constexpr std::size_t kOutMax = 4;
  using Block = typename Format::Block;

  struct Sums {
    __m128i low;   // lanes 0 to 3
    __m128i high;  // lanes 4 to 7
  };

  template <std::size_t kOut, std::size_t kRows>
  static void run(const Product& p, std::size_t o, std::size_t r) {
    Ssse3Lanes acc[kOut][kRows];
    alignas(16) float offsets[kOut][kRows][8] = {};
    Q8KRow rows[kRows];
    for (std::size_t j = 0; j < kRows; ++j) {
      rows[j] = q8k_row(p.activation_row(r + j), p.n_in);
      for (std::size_t i = 0; i < kOut; ++i) acc[i][j] = Ssse3Lanes::broadcast(0.0f);
    }
    for (std::size_t b = 0; b < p.n_in / kSuperBlockValues; ++b) {
      for (std::size_t i = 0; i < kOut; ++i) {
        const Block& block = reinterpret_cast<const Block*>(p.weight_row(o + i))[b];
        one_block<kRows>(block, rows, b, acc[i], offsets[i]);
      }
    }
    for (std::size_t i = 0; i < kOut; ++i) {
      for (std::size_t j = 0; j < kRows; ++j) {
        *p.result(o + i, r + j) = acc[i][j].reduce() - Ssse3Lanes::load(offsets[i][j]).reduce();
      }
    }
  }

  static __m128 scale_of(Half half, float activation_scale) {
    const __m128 d = halves_to_floats(_mm_cvtsi32_si128(half << 16));
    return _mm_set1_ps(_mm_cvtss_f32(d) * activation_scale);
  }

  template <std::size_t kRows>
  [[gnu::always_inline]] static void one_block(const Block& block, const Q8KRow* rows,
                                               std::size_t b, Ssse3Lanes* acc,
                                               float (*offsets)[8]) {
    const auto prepared = Format::prepare(block);
    Sums sums[kRows];
    for (Sums& sum : sums) sum = {_mm_setzero_si128(), _mm_setzero_si128()};
    group<0, kRows>(block, prepared, rows, b, sums);
    group<1, kRows>(block, prepared, rows, b, sums);
    group<2, kRows>(block, prepared, rows, b, sums);
    group<3, kRows>(block, prepared, rows, b, sums);
    group<4, kRows>(block, prepared, rows, b, sums);
    group<5, kRows>(block, prepared, rows, b, sums);
    group<6, kRows>(block, prepared, rows, b, sums);
    group<7, kRows>(block, prepared, rows, b, sums);
    for (std::size_t j = 0; j < kRows; ++j) {
      const __m128 scale = scale_of(block.d, rows[j].scales[b]);
      acc[j] = accumulate(acc[j], scale, sums[j].low, sums[j].high);
      if constexpr (Format::kHasOffset) {
        const std::int16_t* x = rows[j].sums + 16 * b;
        const __m128i products = _mm_add_epi32(_mm_madd_epi16(prepared.mins_low, load_128(x)),
                                               _mm_madd_epi16(prepared.mins_high, load_128(x + 8)));
        const float min_scale = _mm_cvtss_f32(scale_of(block.dmin, rows[j].scales[b]));
        offsets[j][b % 8] += min_scale * static_cast<float>(sum_of(products));
      }
    }
  }

  template <int kGroup, std::size_t kRows, typename Prepared>
  [[gnu::always_inline]] static void group(const Block& block, const Prepared& prepared,
                                           const Q8KRow* rows, std::size_t b, Sums* sums) {
    const Codes codes = Format::template codes<kGroup>(block);
    const Codes magnitudes = magnitudes_of<Format>(codes);
    const __m128i scale_low = prepared.template scale_low<kGroup>();
    const __m128i scale_high = prepared.template scale_high<kGroup>();
    for (std::size_t j = 0; j < kRows; ++j) {
      const std::int8_t* x = rows[j].values + kSuperBlockValues * b + 32 * kGroup;
      const __m128i low = pair_products<Format::kSigned>(codes.low, magnitudes.low, x);
      const __m128i high = pair_products<Format::kSigned>(codes.high, magnitudes.high, x + 16);
      sums[j].low = _mm_add_epi32(sums[j].low, _mm_madd_epi16(low, scale_low));
      sums[j].high = _mm_add_epi32(sums[j].high, _mm_madd_epi16(high, scale_high));
    }
  }
};

struct FloatWeights {
  static constexpr std::size_t kBytes = 4;
  static Ssse3Lanes load(const std::byte* p) {
    return {_mm_castsi128_ps(load_128(p)), _mm_castsi128_ps(load_128(p + 16))};
  }
};

struct HalfWeights {
  static constexpr std::size_t kBytes = 2;
  static Ssse3Lanes load(const std::byte* p) {
    return Ssse3Lanes::load_half(reinterpret_cast<const Half*>(p));
  }
};

struct BfloatWeights {
  static constexpr std::size_t kBytes = 2;
  static Ssse3Lanes load(const std::byte* p) {
    const __m128i bits = load_128(p);
    const __m128i zero = _mm_setzero_si128();
    return {_mm_castsi128_ps(_mm_unpacklo_epi16(zero, bits)),
            _mm_castsi128_ps(_mm_unpackhi_epi16(zero, bits))};
  }
};

struct Ssse3Tiles {
  using F32 = FloatTile<Ssse3Lanes, FloatWeights>;
  using F16 = FloatTile<Ssse3Lanes, HalfWeights>;
  using BF16 = FloatTile<Ssse3Lanes, BfloatWeights>;
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

struct Ssse3 {
  using Lanes = Ssse3Lanes;
  using Quantizer = Ssse3Quantizer;
  using Tiles = Ssse3Tiles;

  static std::int32_t multiply_adds(std::size_t rounds) {
    constexpr std::size_t kChains = kMultiplyAddsARound / 16;
    __m128i sums[kChains];
    for (auto& sum : sums) sum = _mm_setzero_si128();
    const __m128i ones = _mm_set1_epi16(1);
    __m128i codes = _mm_set1_epi8(1);
    for (std::size_t i = 0; i < rounds; ++i) {
      for (auto& sum : sums) {
        asm volatile("" : "+x"(codes));  // or the compiler would multiply only once
        sum = _mm_add_epi32(sum, _mm_madd_epi16(_mm_maddubs_epi16(codes, codes), ones));
      }
    }
    for (std::size_t i = 1; i < kChains; ++i) sums[0] = _mm_add_epi32(sums[0], sums[i]);
    return sum_of(sums[0]);
  }
};

}  // namespace

constexpr Kernels kSsse3Kernels = table_of<Ssse3>("ssse3");

}  // namespace inference
