// picolm bench: speed of the model on this machine beside the memory bandwidth measured in the
// same run, so that the share reached means something. Warm-up first, then the median.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "inference/cli/command.h"
#include "inference/model/loaded_model.h"
#include "inference/paging/budget.h"

namespace picolm {
namespace {

using nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kRepetitions = 7;
constexpr std::size_t kPrefillTokens = 64;
constexpr std::size_t kDecodeTokens = 16;
constexpr std::size_t kStreamBytes = 256u << 20;  // beyond any cache

// Median seconds of `repetitions` calls after one warm-up.
double median_seconds(const std::function<void()>& work) {
  work();
  std::vector<double> seconds;
  for (std::size_t i = 0; i < kRepetitions; ++i) {
    const auto start = Clock::now();
    work();
    seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
  }
  std::nth_element(seconds.begin(), seconds.begin() + kRepetitions / 2, seconds.end());
  return seconds[kRepetitions / 2];
}

// Bytes a second that all threads together read from memory.
double measure_memory(inference::ThreadPool& pool) {
  std::vector<std::uint64_t> buffer(kStreamBytes / sizeof(std::uint64_t), 1);
  std::vector<std::uint64_t> sums(pool.thread_count() * 8);  // a cache line apart
  const double seconds = median_seconds([&] {
    pool.run(pool.thread_count(), [&](std::uint32_t part, std::uint32_t count) {
      const std::size_t begin = buffer.size() * part / count;
      const std::size_t end = buffer.size() * (part + 1) / count;
      std::uint64_t a = 0, b = 0, c = 0, d = 0;
      for (std::size_t i = begin; i + 4 <= end; i += 4) {
        a += buffer[i];
        b += buffer[i + 1];
        c += buffer[i + 2];
        d += buffer[i + 3];
      }
      sums[part * 8] = a + b + c + d;
    });
  });
  std::uint64_t total = 0;
  for (std::size_t part = 0; part < pool.thread_count(); ++part) total += sums[part * 8];
  if (total == 0) throw std::runtime_error("memory: the sum was not computed");
  return static_cast<double>(kStreamBytes) / seconds;
}

std::uint64_t fnv(std::uint64_t hash, const void* data, std::size_t bytes) {
  const auto* p = static_cast<const unsigned char*>(data);
  for (std::size_t i = 0; i < bytes; ++i) hash = (hash ^ p[i]) * 0x100000001B3ull;
  return hash;
}

struct Workload {
  inference::LoadedModel& loaded;
  inference::KvSequence sequence;
  std::vector<float> logits;
  std::uint64_t hash = 0xCBF29CE484222325ull;

  explicit Workload(inference::LoadedModel& model)
      : loaded(model),
        sequence(model.model.config().layer_count, model.model.config().kv_width(),
                 kPrefillTokens + kDecodeTokens),
        logits(model.model.config().vocabulary_count) {}

  void forward(std::size_t token_count, std::uint32_t seed) {
    std::vector<inference::BatchRow> rows;
    for (std::size_t i = 0; i < token_count; ++i) {
      const auto token = static_cast<inference::TokenId>((seed + i) * 7919 % logits.size());
      rows.push_back({.token = token,
                      .parent = static_cast<std::int32_t>(i) - 1,
                      .sequence = &sequence,
                      .commit = true});
    }
    rows.back().logits = inference::BatchRow::Logits::All;
    rows.back().out = logits.data();
    if (loaded.model.forward(rows) != inference::ForwardStatus::Done) {
      throw std::runtime_error("forward: the weights could not be read");
    }
    hash = fnv(hash, logits.data(), logits.size() * sizeof(float));
  }

  void prefill() {
    sequence.truncate(0);
    forward(kPrefillTokens, 1);
  }

  void decode() {
    sequence.truncate(kPrefillTokens);
    for (std::uint32_t i = 0; i < kDecodeTokens; ++i) forward(1, 1000 + i);
  }
};

struct Weights {
  std::uint64_t sweep_bytes = 0;   // layers
  std::uint64_t output_bytes = 0;  // read whole for each token that is generated
};

Weights measure_weights(const inference::LoadedModel& loaded) {
  Weights out;
  for (const auto& tensor : loaded.file.tensors()) {
    if (tensor.name.starts_with("blk.")) out.sweep_bytes += tensor.bytes;
    const char* output = loaded.model.config().tied_output ? "token_embd.weight" : "output.weight";
    if (tensor.name == output) out.output_bytes = tensor.bytes;
  }
  return out;
}

// The p50 of decisions on a route like those of a plant, prefix kept, message fresh.
double measure_decision(const ModelArguments& arguments) {
  inference::Engine engine(engine_options(arguments));
  schemas::SchemaSpec spec = read_schema_argument(
      R"({"action":["start","stop","hold","reset"],"target":["press-1","press-2","line","none"]})");
  const auto route = engine.open_route({spec, "Commands for machines.", {}});
  const inference::Request request{route.get(), "please stop press 2 before the shift change"};
  return 1000 * median_seconds([&] { engine.decide({&request, 1}); });
}

void print_table(const ordered_json& all) {
  for (const auto& [name, value] : all.items()) {
    std::printf("%-24s %s\n", name.c_str(),
                value.is_string() ? value.get<std::string>().c_str() : value.dump().c_str());
  }
}

void bench(const ModelArguments& arguments, bool json) {
  const inference::EngineOptions options = engine_options(arguments);
  ordered_json out;
  {
    inference::LoadOptions load;
    load.model_path = options.model_path;
    load.threads = options.threads;
    load.kernels = options.kernels;
    load.memory_bytes_max = options.memory_bytes_max;
    load.context_tokens_max = options.context_tokens_max;
    inference::LoadedModel loaded(load);
    const double memory_bytes_s = measure_memory(loaded.pool);
    Workload workload(loaded);
    const double prefill_s = median_seconds([&] { workload.prefill(); });
    const double decode_s = median_seconds([&] { workload.decode(); });
    const Weights weights = measure_weights(loaded);
    const double decode_tps = kDecodeTokens / decode_s;
    const auto token_bytes = static_cast<double>(weights.sweep_bytes + weights.output_bytes);
    char hash[20];
    std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(workload.hash));
    out["kernels"] = loaded.kernels.name;
    out["threads"] = loaded.pool.thread_count();
    out["prefill_tps"] = kPrefillTokens / prefill_s;
    out["decode_tps"] = decode_tps;
    out["sweep_bytes"] = weights.sweep_bytes;
    out["sweep_s"] = decode_s / kDecodeTokens;
    out["memory_gb_s"] = memory_bytes_s / 1e9;
    out["decode_gb_s"] = decode_tps * token_bytes / 1e9;
    out["decode_memory_share"] = decode_tps * token_bytes / memory_bytes_s;
    out["output_hash"] = hash;
  }
  out["decision_ms"] = measure_decision(arguments);
  out["peak_bytes"] = inference::peak_resident_bytes();
  if (json) {
    print_line(out.dump());
  } else {
    print_table(out);
  }
}

}  // namespace

void add_bench(CLI::App& app) {
  struct Arguments {
    ModelArguments model;
    bool json = false;
  };
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("bench", "speed beside the memory bandwidth of this machine");
  add_model_arguments(*command, arguments->model);
  command->add_flag("--json", arguments->json, "print one JSON object");
  command->callback([arguments] { bench(arguments->model, arguments->json); });
}

}  // namespace picolm
