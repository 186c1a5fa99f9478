// Speed of the kernels on one thread, every table this CPU runs:
//   matmul/TABLE/TYPE/rows:N   MAC/s, and bytes/s of weights, of a 576 -> 1536 (Q4_K and kin:
//                              2048 -> 2048) product with N activation rows
//   softmax, attention, ...    values/s
// Look at the best of several runs (--benchmark_repetitions); machines that share cores vary.

#include <benchmark/benchmark.h>

#include <string>

#include "inference/kernels/kernels.h"
#include "tests/inference/kernels_runs.h"

namespace {

using kernels_test::Flavour;
using kernels_test::LayerRun;
using kernels_test::MatmulProblem;
using kernels_test::QuantType;
using kernels_test::Random;

void matmul(benchmark::State& state, const inference::Kernels& table, QuantType type) {
  const inference::ActivationFormat format = inference::activation_format(type);
  Random random(1);
  MatmulProblem problem;
  problem.type = type;
  problem.n_in = format == inference::ActivationFormat::Q8K ? 2048 : 576;
  problem.resize(format == inference::ActivationFormat::Q8K ? 2048 : 1536,
                 static_cast<std::size_t>(state.range(0)), Flavour::Tame, random);
  const std::size_t bytes = inference::activation_row_bytes(format, problem.n_in);
  kernels_test::AlignedBytes rows(bytes * problem.n_rows);
  for (std::size_t r = 0; r < problem.n_rows; ++r) {
    table.quantize_activations(format, problem.x.data() + r * problem.n_in, problem.n_in,
                               rows.data() + r * bytes);
  }
  std::vector<float> y(problem.n_out * problem.n_rows);
  for (auto _ : state) {
    table.matmul(type, problem.weights.data(), problem.row_bytes(), problem.n_in, problem.n_out,
                 rows.data(), problem.n_rows, y.data(), problem.n_out);
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  const double runs = static_cast<double>(state.iterations());
  state.counters["MAC/s"] =
      benchmark::Counter(runs * static_cast<double>(problem.n_in * problem.n_out * problem.n_rows),
                         benchmark::Counter::kIsRate);
  state.SetBytesProcessed(static_cast<std::int64_t>(runs) *
                          static_cast<std::int64_t>(problem.weights.size()));
}

void quantize(benchmark::State& state, const inference::Kernels& table,
              inference::ActivationFormat format) {
  Random random(1);
  const std::vector<float> x = kernels_test::floats(1536, Flavour::Tame, random);
  kernels_test::AlignedBytes row(inference::activation_row_bytes(format, x.size()));
  for (auto _ : state) {
    table.quantize_activations(format, x.data(), x.size(), row.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(x.size()));
}

void softmax(benchmark::State& state, const inference::Kernels& table) {
  Random random(1);
  const std::vector<float> scores = kernels_test::floats(256, Flavour::Tame, random);
  std::vector<float> x = scores;
  for (auto _ : state) {
    x = scores;
    table.softmax(x.data(), x.size());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(x.size()));
}

// One head of 64 values against 256 keys: scores, softmax, mix of the values.
void attention(benchmark::State& state, const inference::Kernels& table) {
  constexpr std::size_t kHead = 64;
  constexpr std::size_t kKeys = 256;
  Random random(1);
  const std::vector<float> query = kernels_test::floats(kHead, Flavour::Tame, random);
  const std::vector<inference::Half> keys =
      kernels_test::halves(kHead * kKeys, Flavour::Tame, random);
  const std::vector<const inference::Half*> pointers = kernels_test::row_pointers(keys, kHead);
  std::vector<float> scores(kKeys);
  std::vector<float> out(kHead);
  for (auto _ : state) {
    table.attention_scores(query.data(), pointers.data(), kKeys, kHead, 0.125f, scores.data());
    table.softmax(scores.data(), kKeys);
    table.attention_mix(scores.data(), pointers.data(), kKeys, kHead, out.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kKeys));
}

void register_table(const inference::Kernels& table) {
  const std::string name(table.name);
  for (const QuantType type : kernels_test::kAllTypes) {
    const std::string label = "matmul/" + name + "/" + kernels_test::type_name(type);
    benchmark::RegisterBenchmark(
        label.c_str(), [&table, type](benchmark::State& state) { matmul(state, table, type); })
        ->ArgName("rows")
        ->Arg(1)
        ->Arg(4)
        ->Arg(64);
  }
  benchmark::RegisterBenchmark(("quantize/" + name + "/q8").c_str(), [&table](benchmark::State& s) {
    quantize(s, table, inference::ActivationFormat::Q8);
  });
  benchmark::RegisterBenchmark(
      ("quantize/" + name + "/q8k").c_str(),
      [&table](benchmark::State& s) { quantize(s, table, inference::ActivationFormat::Q8K); });
  benchmark::RegisterBenchmark(("softmax/" + name).c_str(),
                               [&table](benchmark::State& s) { softmax(s, table); });
  benchmark::RegisterBenchmark(("attention/" + name).c_str(),
                               [&table](benchmark::State& s) { attention(s, table); });
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  for (const inference::Kernels* table : inference::runnable_kernels()) register_table(*table);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
