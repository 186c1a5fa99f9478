// Every table of kernels must give the bits of the scalar one, on tame and on hostile input, for
// every length, row count and weight type.

#include <gtest/gtest.h>

#include <span>

#include "inference/kernels/kernels.h"
#include "tests/inference/kernels_inputs.h"
#include "tests/inference/kernels_runs.h"

namespace kernels_test {
namespace {

using inference::Kernels;

const Kernels& scalar() { return *inference::find_kernels("scalar"); }

// The tables to compare with scalar.
std::vector<const Kernels*> vector_tables() {
  std::vector<const Kernels*> tables = inference::runnable_kernels();
  tables.erase(tables.begin());
  return tables;
}

class KernelTables : public testing::TestWithParam<Flavour> {
 protected:
  void SetUp() override {
    if (vector_tables().empty()) GTEST_SKIP() << "skipped: this CPU runs the scalar table only";
  }
};

void expect_same(std::span<const float> expected, std::span<const float> actual,
                 const std::string& what) {
  ASSERT_EQ(expected.size(), actual.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_TRUE(same(expected[i], actual[i]))
        << what << ", value " << i << ": scalar " << expected[i] << ", got " << actual[i];
  }
}

// Runs `run(table, random)` with the same seeds on every table.
template <typename Run>
void compare(const std::string& what, std::uint64_t seeds, Run run) {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    Random scalar_random(seed);
    const std::vector<float> expected = run(scalar(), scalar_random);
    for (const Kernels* table : vector_tables()) {
      Random random(seed);
      const std::vector<float> actual = run(*table, random);
      expect_same(expected, actual,
                  std::string(table->name) + " " + what + ", seed " + std::to_string(seed));
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST_P(KernelTables, QuantizeActivationsAlike) {
  for (const auto format : {inference::ActivationFormat::F32, inference::ActivationFormat::Q8,
                            inference::ActivationFormat::Q8K}) {
    for (std::size_t seed = 0; seed < 200; ++seed) {
      Random random(seed);
      const std::size_t n = 256 * (1 + draw(random, 9)) +
                            (format == inference::ActivationFormat::F32  ? draw(random, 9)
                             : format == inference::ActivationFormat::Q8 ? 32 * draw(random, 8)
                                                                         : 0);
      const std::vector<float> x = floats(n, GetParam(), random);
      const AlignedBytes expected = quantized(scalar(), format, x);
      for (const Kernels* table : vector_tables()) {
        const AlignedBytes actual = quantized(*table, format, x);
        ASSERT_TRUE(same_activations(format, n, expected, actual))
            << table->name << ", format " << static_cast<int>(format) << ", seed " << seed;
      }
    }
  }
}

TEST_P(KernelTables, MultiplyMatricesAlike) {
  for (const QuantType type : kAllTypes) {
    compare("matmul " + type_name(type), 60, [&](const Kernels& table, Random& random) {
      return run_matmul(table, matmul_problem(type, GetParam(), random));
    });
  }
}

TEST_P(KernelTables, MultiplyEveryRowCountAndOutputCountAlike) {
  for (const QuantType type : kAllTypes) {
    for (std::size_t rows = 1; rows <= 14; ++rows) {
      for (const std::size_t outputs : {1u, 2u, 3u, 5u, 7u, 66u}) {
        compare("matmul " + type_name(type) + " " + std::to_string(outputs) + " x " +
                    std::to_string(rows),
                1, [&](const Kernels& table, Random& random) {
                  MatmulProblem problem = matmul_problem(type, GetParam(), random);
                  problem.resize(outputs, rows, GetParam(), random);
                  return run_matmul(table, problem);
                });
      }
    }
  }
}

TEST_P(KernelTables, ComputeTheRestOfALayerAlike) {
  for (const LayerRun& layer_run : kLayerRuns) {
    for (std::size_t n = 1; n <= 70; ++n) {
      compare(std::string(layer_run.name) + " of " + std::to_string(n), 12,
              [&](const Kernels& table, Random& random) {
                return layer_run.run(table, n, GetParam(), random);
              });
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Inputs, KernelTables, testing::Values(Flavour::Tame, Flavour::Hostile),
                         [](const auto& info) {
                           return info.param == Flavour::Tame ? "Tame" : "Hostile";
                         });

// Rows that end inside a group of eight blocks are padded with zeros; an infinite offset must not
// meet one of them, which would turn an infinite result into NaN.
TEST(KernelTables, KeepAnInfiniteOffsetApartFromPadding) {
  for (const QuantType type : {QuantType::Q4_1, QuantType::Q5_1}) {
    for (std::size_t blocks = 1; blocks < 20; ++blocks) {
      Random random(blocks);
      MatmulProblem problem = matmul_problem(type, Flavour::Tame, random);
      problem.n_in = 32 * blocks;
      problem.gap = 0;
      problem.resize(5, 5, Flavour::Tame, random);
      for (float& value : problem.x) value = std::abs(value);
      for (std::size_t o = 0; o < problem.n_out; ++o) {
        std::byte* row = problem.weights.data() + o * problem.row_bytes();
        const std::size_t block_bytes = inference::geometry(type).block_bytes;
        put_half(row + o * blocks / problem.n_out * block_bytes + 2,
                 std::numeric_limits<float>::infinity());
      }
      for (const Kernels* table : inference::runnable_kernels()) {
        const std::vector<float> y = run_matmul(*table, problem);
        for (std::size_t i = 0; i < y.size(); ++i) {
          if (i % (problem.n_out + 3) >= problem.n_out) continue;
          ASSERT_EQ(y[i], std::numeric_limits<float>::infinity()) << table->name << " " << blocks;
        }
      }
    }
  }
}

TEST(KernelTables, ExponentiateEveryKindOfFloatAlike) {
  if (vector_tables().empty()) GTEST_SKIP() << "skipped: this CPU runs the scalar table only";
  // silu of x with up = 1 passes exp through; every exponent and sign, many fractions.
  Random random(11);
  std::vector<float> x;
  for (std::uint32_t top = 0; top < 0x1000; ++top) {
    for (int i = 0; i < 32; ++i) {
      x.push_back(
          std::bit_cast<float>((top << 20) | static_cast<std::uint32_t>(random.below(1u << 20))));
    }
  }
  const std::vector<float> ones(x.size(), 1.0f);
  std::vector<float> expected = x;
  scalar().silu_multiply(expected.data(), ones.data(), expected.size());
  for (const Kernels* table : vector_tables()) {
    std::vector<float> actual = x;
    table->silu_multiply(actual.data(), ones.data(), actual.size());
    expect_same(expected, actual, std::string(table->name));
  }
}

TEST(KernelTables, TheRoofDoesTheMultiplyAddsItSaysItDoes) {
  for (const Kernels* table : inference::runnable_kernels()) {
    for (const std::size_t rounds : {std::size_t{0}, std::size_t{1}, std::size_t{1000}}) {
      EXPECT_EQ(static_cast<std::size_t>(table->multiply_adds(rounds)),
                rounds * inference::kMultiplyAddsARound)
          << table->name;
    }
  }
}

}  // namespace
}  // namespace kernels_test
