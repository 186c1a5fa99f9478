// Every table of kernels that this CPU runs against the scalar one, which is the definition: the
// same bits of quantised activations and of matrix products, whatever the bits of weights and
// activations are (infinite, NaN, subnormal), for any shape and alignment of the weights.

#include <cstring>
#include <vector>

#include "tests/fuzz/fuzz.h"
#include "tests/inference/kernels_runs.h"

namespace {

using inference::Kernels;
using kernels_test::AlignedBytes;
using kernels_test::MatmulProblem;

// `pattern` over and over, so that few bytes of input fill large shapes; each round is shifted, or
// all blocks would be alike.
void fill(std::string_view pattern, std::byte* out, std::size_t count) {
  if (pattern.empty()) pattern = std::string_view("\0", 1);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t round = i / pattern.size();
    out[i] = static_cast<std::byte>(static_cast<std::uint8_t>(pattern[i % pattern.size()]) + round);
  }
}

MatmulProblem problem_from(fuzz::Input& input) {
  MatmulProblem problem;
  problem.type = kernels_test::kAllTypes[input.below(std::size(kernels_test::kAllTypes))];
  const std::size_t block = inference::geometry(problem.type).block_values;
  problem.n_in = block * (1 + input.below(block == 1 ? 80 : 20));
  problem.n_out = 1 + input.below(10);
  problem.n_rows = 1 + input.below(8);
  problem.gap = input.below(4);
  const bool tame = input.flag();
  const std::string_view pattern = input.take(input.rest().size() / 2);
  problem.weights.resize(problem.gap + problem.n_out * problem.row_bytes());
  fill(pattern, problem.weights.data(), problem.weights.size());
  problem.x.resize(problem.n_rows * problem.n_in);
  std::vector<std::byte> bits(problem.x.size() * sizeof(float));
  fill(input.rest(), bits.data(), bits.size());
  for (std::size_t i = 0; i < problem.x.size(); ++i) {
    if (tame) {  // all magnitudes are alike, so that integers of all sizes come about
      problem.x[i] = static_cast<float>(static_cast<std::int8_t>(bits[i])) / 16.0f;
    } else {
      std::memcpy(&problem.x[i], bits.data() + i * sizeof(float), sizeof(float));
    }
  }
  return problem;
}

void check_activations(const Kernels& scalar, const Kernels& table, const MatmulProblem& problem) {
  const auto format = inference::activation_format(problem.type);
  const std::vector<float> row(problem.x.begin(),
                               problem.x.begin() + static_cast<std::ptrdiff_t>(problem.n_in));
  const AlignedBytes expected = kernels_test::quantized(scalar, format, row);
  const AlignedBytes found = kernels_test::quantized(table, format, row);
  FUZZ_HOLDS(kernels_test::same_activations(format, problem.n_in, expected, found));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const MatmulProblem problem = problem_from(input);
  static const std::vector<const Kernels*> tables = inference::runnable_kernels();
  const std::vector<float> expected = kernels_test::run_matmul(*tables.front(), problem);
  for (const Kernels* table : tables) {
    check_activations(*tables.front(), *table, problem);
    const std::vector<float> found = kernels_test::run_matmul(*table, problem);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      FUZZ_HOLDS(kernels_test::same(expected[i], found[i]));
    }
  }
  return 0;
}
