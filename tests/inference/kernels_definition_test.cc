// The scalar kernels mean what they should: against plain double precision on decoded weights.
// And what every table promises beside its bits: rows do not depend on each other, a bad value is
// seen, nothing is written beyond the result.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <span>

#include "inference/kernels/kernels.h"
#include "inference/quant/decode.h"
#include "tests/inference/kernels_inputs.h"
#include "tests/inference/kernels_runs.h"

namespace kernels_test {
namespace {

const Kernels& scalar() { return *inference::find_kernels("scalar"); }

// The results without the cells between rows.
std::vector<float> results(const MatmulProblem& problem, const std::vector<float>& y) {
  std::vector<float> dense;
  for (std::size_t r = 0; r < problem.n_rows; ++r) {
    const auto begin = y.begin() + static_cast<std::ptrdiff_t>(r * (problem.n_out + 3));
    dense.insert(dense.end(), begin, begin + static_cast<std::ptrdiff_t>(problem.n_out));
  }
  return dense;
}

// Integers from -127 to 127 with the largest in every block, times a power of two: quantising
// loses nothing, so only the rounding of float sums is left.
void make_exact(MatmulProblem& problem, Random& random) {
  for (std::size_t i = 0; i < problem.x.size(); ++i) {
    const int integer = static_cast<int>(random.below(255)) - 127;
    problem.x[i] = static_cast<float>(i % 32 == 0 ? 127 : integer) * 0x1p-6f;
  }
}

TEST(ScalarMatmul, IsTheProductOfDecodedWeightsAndExactActivations) {
  for (const QuantType type : kAllTypes) {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      Random random(seed);
      MatmulProblem problem = matmul_problem(type, Flavour::Tame, random);
      make_exact(problem, random);
      const std::vector<float> y = results(problem, run_matmul(scalar(), problem));
      std::vector<float> weight(problem.n_in);
      for (std::size_t o = 0; o < problem.n_out; ++o) {
        inference::decode_row(type, problem.weights.data() + problem.gap + o * problem.row_bytes(),
                              problem.n_in, weight.data());
        for (std::size_t r = 0; r < problem.n_rows; ++r) {
          double expected = 0;
          double magnitude = 0;
          for (std::size_t i = 0; i < problem.n_in; ++i) {
            const double product = static_cast<double>(weight[i]) *
                                   static_cast<double>(problem.x[r * problem.n_in + i]);
            expected += product;
            magnitude += std::abs(product);
          }
          // Offsets are summed apart and may cancel: their size counts, not the result's.
          const double size = magnitude + 255 * std::abs(static_cast<double>(weight[0]));
          ASSERT_NEAR(y[r * problem.n_out + o], expected, 4e-6 * size + 1e-6)
              << type_name(type) << ", seed " << seed << ", row " << r << ", output " << o;
        }
      }
    }
  }
}

// Weights that pick one value of a row: the result is what quantising made of it.
TEST(ScalarQuantize, RoundsToTheNearestOfTheBlocksSteps) {
  constexpr std::size_t kValues = 64;
  MatmulProblem problem;
  problem.type = QuantType::Q8_0;
  problem.n_in = kValues;
  Random random(4);
  problem.resize(kValues, 1, Flavour::Tame, random);
  std::fill(problem.weights.begin(), problem.weights.end(), std::byte{0});
  for (std::size_t o = 0; o < kValues; ++o) {
    std::byte* row = problem.weights.data() + o * problem.row_bytes();
    std::byte* block = row + o / 32 * 34;
    put_half(block, 1.0f);
    block[2 + o % 32] = std::byte{1};
  }
  for (int round = 0; round < 200; ++round) {
    const float size = std::exp2(random.uniform(-60.0f, 60.0f));
    float largest[2] = {};
    for (std::size_t i = 0; i < kValues; ++i) {
      problem.x[i] = random.normal() * size;
      largest[i / 32] = std::max(largest[i / 32], std::abs(problem.x[i]));
    }
    for (const Kernels* table : inference::runnable_kernels()) {
      const std::vector<float> y = run_matmul(*table, problem);
      for (std::size_t i = 0; i < kValues; ++i) {
        ASSERT_LE(std::abs(y[i] - problem.x[i]), largest[i / 32] / 254.0f * 1.0001f);
      }
    }
  }
}

class EveryTable : public testing::TestWithParam<const Kernels*> {};

TEST_P(EveryTable, GivesARowTheSameBitsAloneAndInABatch) {
  for (const QuantType type : kAllTypes) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      Random random(seed);
      MatmulProblem batch = matmul_problem(type, Flavour::Hostile, random);
      batch.resize(7, 9, Flavour::Hostile, random);
      const std::vector<float> together = results(batch, run_matmul(*GetParam(), batch));
      for (std::size_t r = 0; r < batch.n_rows; ++r) {
        MatmulProblem alone = batch;
        alone.n_rows = 1;
        const auto begin = batch.x.begin() + static_cast<std::ptrdiff_t>(r * batch.n_in);
        alone.x.assign(begin, begin + static_cast<std::ptrdiff_t>(batch.n_in));
        const std::vector<float> y = results(alone, run_matmul(*GetParam(), alone));
        for (std::size_t o = 0; o < batch.n_out; ++o) {
          ASSERT_TRUE(same(y[o], together[r * batch.n_out + o]))
              << type_name(type) << ", seed " << seed << ", row " << r << ", output " << o;
        }
      }
    }
  }
}

TEST_P(EveryTable, GivesAnOutputTheSameBitsAloneAndAmongOthers) {
  for (const QuantType type : kAllTypes) {
    Random random(21);
    MatmulProblem whole = matmul_problem(type, Flavour::Tame, random);
    whole.resize(11, 5, Flavour::Tame, random);
    const std::vector<float> together = results(whole, run_matmul(*GetParam(), whole));
    for (std::size_t o = 0; o < whole.n_out; ++o) {
      MatmulProblem alone = whole;
      alone.n_out = 1;
      alone.gap = 0;
      const std::size_t begin = whole.gap + o * whole.row_bytes();
      const std::size_t size = whole.row_bytes() - whole.gap;
      alone.weights.assign(whole.weights.begin() + static_cast<std::ptrdiff_t>(begin),
                           whole.weights.begin() + static_cast<std::ptrdiff_t>(begin + size));
      const std::vector<float> y = results(alone, run_matmul(*GetParam(), alone));
      for (std::size_t r = 0; r < whole.n_rows; ++r) {
        ASSERT_TRUE(same(y[r], together[r * whole.n_out + o])) << type_name(type) << " " << o;
      }
    }
  }
}

TEST_P(EveryTable, ShowsOneBadActivationInItsRowOnly) {
  for (const QuantType type : kAllTypes) {
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      Random random(8);
      MatmulProblem problem = matmul_problem(type, Flavour::Tame, random);
      problem.resize(3, 6, Flavour::Tame, random);
      problem.x[4 * problem.n_in + problem.n_in / 2] = bad;
      const std::vector<float> y = results(problem, run_matmul(*GetParam(), problem));
      for (std::size_t i = 0; i < y.size(); ++i) {
        ASSERT_EQ(std::isfinite(y[i]), i / problem.n_out != 4) << type_name(type) << " " << i;
      }
    }
  }
}

TEST_P(EveryTable, WritesNothingBetweenTheRowsOfTheResult) {
  for (const QuantType type : kAllTypes) {
    Random random(13);
    const MatmulProblem problem = matmul_problem(type, Flavour::Tame, random);
    const std::vector<float> y = run_matmul(*GetParam(), problem);
    for (std::size_t i = 0; i < y.size(); ++i) {
      if (i % (problem.n_out + 3) >= problem.n_out) {
        ASSERT_EQ(y[i], -12345.0f) << type_name(type);
      }
    }
  }
}

TEST_P(EveryTable, SoftmaxSumsToOneAndSpreadsNan) {
  Random random(6);
  for (std::size_t n = 1; n < 60; ++n) {
    std::vector<float> x = floats(n, Flavour::Tame, random);
    const std::vector<float> scores = x;
    GetParam()->softmax(x.data(), n);
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
      sum += x[i];
      const double ratio = std::exp(static_cast<double>(scores[i]) - scores[0]);
      ASSERT_NEAR(x[i] / x[0], ratio, 1e-6 * ratio);
    }
    ASSERT_NEAR(sum, 1.0, 1e-6);
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      x = scores;
      x[n / 2] = bad;
      GetParam()->softmax(x.data(), n);
      for (float value : x) ASSERT_TRUE(std::isnan(value));
    }
  }
}

TEST_P(EveryTable, ComputesTheOtherFunctionsOfALayer) {
  Random random(17);
  constexpr std::size_t kN = 37;
  const std::vector<float> x = floats(kN, Flavour::Tame, random);
  const std::vector<float> w = floats(kN, Flavour::Tame, random);
  std::vector<float> out(kN);
  GetParam()->rms_norm(x.data(), w.data(), 1e-5f, kN, out.data());
  double square = 0;
  for (float value : x) square += static_cast<double>(value) * value;
  const double scale = 1 / std::sqrt(square / kN + 1e-5);
  for (std::size_t i = 0; i < kN; ++i) EXPECT_NEAR(out[i], x[i] * scale * w[i], 1e-5);

  out = x;
  GetParam()->silu_multiply(out.data(), w.data(), kN);
  for (std::size_t i = 0; i < kN; ++i) {
    EXPECT_NEAR(out[i], x[i] / (1 + std::exp(-static_cast<double>(x[i]))) * w[i], 1e-5);
  }
  out = x;
  GetParam()->rope(out.data(), w.data(), w.data() + kN / 2, kN - 1);
  for (std::size_t i = 0; i < kN / 2; ++i) {
    const double c = w[i];
    const double s = w[kN / 2 + i];
    EXPECT_NEAR(out[2 * i], x[2 * i] * c - x[2 * i + 1] * s, 1e-5);
    EXPECT_NEAR(out[2 * i + 1], x[2 * i] * s + x[2 * i + 1] * c, 1e-5);
  }
  EXPECT_EQ(out[kN - 1], x[kN - 1]);

  constexpr std::size_t kKeys = 5;
  const std::vector<inference::Half> rows = halves(kN * kKeys, Flavour::Tame, random);
  float scores[kKeys];
  GetParam()->attention_scores(x.data(), row_pointers(rows, kN).data(), kKeys, kN, 0.5f, scores);
  GetParam()->attention_mix(w.data(), row_pointers(rows, kN).data(), kKeys, kN, out.data());
  for (std::size_t i = 0; i < kN; ++i) {
    double mixed = 0;
    for (std::size_t k = 0; k < kKeys; ++k) {
      mixed += static_cast<double>(w[k]) * inference::half_to_float(rows[k * kN + i]);
    }
    EXPECT_NEAR(out[i], mixed, 1e-5);
  }
  for (std::size_t k = 0; k < kKeys; ++k) {
    double dot = 0;
    for (std::size_t i = 0; i < kN; ++i) {
      dot += static_cast<double>(x[i]) * inference::half_to_float(rows[k * kN + i]);
    }
    EXPECT_NEAR(scores[k], dot * 0.5, 1e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, EveryTable, testing::ValuesIn(inference::runnable_kernels()),
                         [](const auto& info) { return std::string(info.param->name); });

TEST(FindKernels, KnowsTheRunnableTablesByNameAndNoOther) {
  const std::vector<const Kernels*> tables = inference::runnable_kernels();
  ASSERT_FALSE(tables.empty());
  EXPECT_EQ(tables[0]->name, "scalar");
  for (const Kernels* table : tables) EXPECT_EQ(inference::find_kernels(table->name), table);
  EXPECT_EQ(&inference::best_kernels(), tables.back());
  EXPECT_EQ(inference::find_kernels("fastest"), nullptr);
  EXPECT_EQ(inference::find_kernels(""), nullptr);
}

// Under an emulator it is known which tables the CPU runs.
TEST(FindKernels, OffersWhatTheCpuRuns) {
  const char* expected = std::getenv("PICOLM_TEST_KERNELS");
  if (expected == nullptr) GTEST_SKIP() << "skipped: PICOLM_TEST_KERNELS does not say which";
  std::string names;
  for (const Kernels* table : inference::runnable_kernels()) {
    names += (names.empty() ? "" : " ") + std::string(table->name);
  }
  EXPECT_EQ(names, expected);
}

}  // namespace
}  // namespace kernels_test
