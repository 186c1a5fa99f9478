// One hash for each kernel, of its results on seeded inputs. Every table on every architecture must
// give it: this is what ties ARM to x86, which no test inside one program can.
//
// The constants are what the scalar table gives. After a wanted change of the arithmetic, build,
// run the test, and take the numbers it prints for "scalar" after checking that scalar is right
// (kernels_definition_test.cc).

#include <gtest/gtest.h>

#include "inference/kernels/math.h"
#include "tests/inference/kernels_inputs.h"
#include "tests/inference/kernels_runs.h"

namespace kernels_test {
namespace {

struct GoldenHash {
  std::string_view name;
  std::uint64_t hash;
};

constexpr GoldenHash kGolden[] = {
    {"matmul f32", 0x2a38224d980716c0u},
    {"matmul f16", 0xa8557975904659a8u},
    {"matmul bf16", 0x316775eef7b77481u},
    {"matmul q4_0", 0xc1abe99c76ef001bu},
    {"matmul q4_1", 0x8c336eac9e8a6034u},
    {"matmul q5_0", 0x673eafadd5d025bu},
    {"matmul q5_1", 0x96d6ebd62e17b30u},
    {"matmul q8_0", 0x17158095717760deu},
    {"matmul q4_k", 0x628e360084f9c8d0u},
    {"matmul q5_k", 0x5d0c3b62866d7a8eu},
    {"matmul q6_k", 0xeb7e7ba82e7ebb43u},
    {"rms_norm", 0x70cf74ce1e47d4f4u},
    {"silu_multiply", 0x7929027ff5e463aau},
    {"add", 0xc54a93f51c207d2fu},
    {"rope", 0x938ba8546884ab19u},
    {"to_half", 0xc0217e7e4bce70efu},
    {"attention_scores", 0x1a2706cfb694718u},
    {"softmax", 0x2fa2afff42fba211u},
    {"attention_mix", 0xd033069fa46bb1f7u},
    {"double functions", 0x1a9001765c0f05a4u},
};

void expect_golden(const std::string& name, std::string_view table, std::uint64_t hash) {
  for (const GoldenHash& golden : kGolden) {
    if (golden.name != name) continue;
    EXPECT_EQ(hash, golden.hash) << table << ": {\"" << name << "\", 0x" << std::hex << hash << "}";
    return;
  }
  ADD_FAILURE() << table << ": no constant: {\"" << name << "\", 0x" << std::hex << hash << "}";
}

TEST(KernelGolden, MatmulGivesTheRecordedBits) {
  for (const Kernels* table : inference::runnable_kernels()) {
    for (const QuantType type : kAllTypes) {
      Hash hash;
      for (const Flavour flavour : {Flavour::Tame, Flavour::Hostile}) {
        for (std::uint64_t seed = 100; seed < 112; ++seed) {
          Random random(seed);
          hash.add(run_matmul(*table, matmul_problem(type, flavour, random)));
        }
      }
      expect_golden("matmul " + type_name(type), table->name, hash.value());
    }
  }
}

TEST(KernelGolden, TheRestOfALayerGivesTheRecordedBits) {
  for (const Kernels* table : inference::runnable_kernels()) {
    for (const LayerRun& layer_run : kLayerRuns) {
      Hash hash;
      for (const Flavour flavour : {Flavour::Tame, Flavour::Hostile}) {
        for (std::size_t n = 1; n < 40; ++n) {
          Random random(1000 + n);
          hash.add(layer_run.run(*table, n, flavour, random));
        }
      }
      expect_golden(layer_run.name, table->name, hash.value());
    }
  }
}

TEST(KernelGolden, DoublePrecisionFunctionsGiveTheRecordedBits) {
  Hash hash;
  Random random(77);
  for (int i = 0; i < 2000; ++i) {
    const double x = (random.uniform() - 0.5) * 1e6;
    const double y = random.uniform();
    for (const double value :
         {inference::math::sin(x), inference::math::cos(x), inference::math::exp(x * 1e-3),
          inference::math::log(y), inference::math::pow(10000.0, -y)}) {
      hash.add(value);
    }
  }
  expect_golden("double functions", "math", hash.value());
}

}  // namespace
}  // namespace kernels_test
