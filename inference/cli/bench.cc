// picolm bench: speed of the model on this machine beside the memory bandwidth measured in the
// same run, so that the share reached means something. Warm-up first, then the median.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "inference/cli/bench_paging.h"
#include "inference/cli/command.h"
#include "inference/model/loaded_model.h"
#include "inference/paging/budget.h"

namespace picolm {
namespace {

using nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kRepetitions = 7;
constexpr std::size_t kRepetitionsPaged = 3;  // a sweep of a slow disk may take half a minute
constexpr std::size_t kPrefillTokens = 64;
constexpr std::size_t kDecodeTokens = 16;
constexpr std::size_t kDecodeTokensPaged = 2;
constexpr std::size_t kStreamBytes = 256u << 20;  // beyond any cache

// Median seconds of `repetitions` calls after one warm-up.
double median_seconds(std::size_t repetitions, const std::function<void()>& work) {
  work();
  std::vector<double> seconds;
  for (std::size_t i = 0; i < repetitions; ++i) {
    const auto start = Clock::now();
    work();
    seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
  }
  const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(repetitions / 2);
  std::nth_element(seconds.begin(), middle, seconds.end());
  return *middle;
}

// Bytes a second that all threads together read from memory, on a buffer that fits the limit.
double measure_memory(const inference::EngineOptions& options) {
  const std::size_t bytes = options.memory_bytes_max == 0
                                ? kStreamBytes
                                : static_cast<std::size_t>(std::min<std::uint64_t>(
                                      kStreamBytes, options.memory_bytes_max / 2));
  inference::ThreadPool pool(options.threads ? options.threads
                                             : std::max(1u, std::thread::hardware_concurrency()));
  std::vector<std::uint64_t> buffer(bytes / sizeof(std::uint64_t), 1);
  std::vector<std::uint64_t> sums(pool.thread_count() * 8);  // a cache line apart
  const double seconds = median_seconds(kRepetitions, [&] {
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
  return static_cast<double>(bytes) / seconds;
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

  void decode(std::size_t token_count) {
    sequence.truncate(kPrefillTokens);
    for (std::uint32_t i = 0; i < token_count; ++i) forward(1, 1000 + i);
  }

  // Of the same work whatever else is measured, so that runs can be compared.
  std::string output_hash() {
    hash = 0xCBF29CE484222325ull;
    prefill();
    decode(kDecodeTokensPaged);
    char text[20];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
    return text;
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
double measure_decision(const ModelArguments& arguments, std::size_t repetitions) {
  inference::Engine engine(engine_options(arguments));
  schemas::SchemaSpec spec = read_schema_argument(
      R"({"action":["start","stop","hold","reset"],"target":["press-1","press-2","line","none"]})");
  const auto route = engine.open_route({spec, "Commands for machines.", {}});
  const inference::Request request{route.get(), "please stop press 2 before the shift change"};
  return 1000 * median_seconds(repetitions, [&] { engine.decide({&request, 1}); });
}

// The sweep of a paged model beside the disk alone.
void add_paging(inference::LoadedModel& loaded, const std::string& path, std::size_t repetitions,
                ordered_json& out) {
  const SweepFigures sweep = measure_sweeps(loaded, repetitions);
  const double disk_bytes_s = measure_disk(path, loaded.plan.streamed_bytes());
  const auto read = static_cast<double>(sweep.read_bytes);
  out["memory_bytes"] = loaded.plan.limit_bytes;
  out["pinned_bytes"] = loaded.plan.pinned_bytes();
  out["slots"] = loaded.plan.slot_count;
  out["sweep_bytes"] = sweep.read_bytes;
  out["sweep_s"] = sweep.seconds;
  out["sweep_mb_s"] = read / sweep.seconds / 1e6;
  out["disk_mb_s"] = disk_bytes_s / 1e6;
  out["disk_share"] = read / sweep.seconds / disk_bytes_s;
}

void print_table(const ordered_json& all) {
  for (const auto& [name, value] : all.items()) {
    std::printf("%-24s %s\n", name.c_str(),
                value.is_string() ? value.get<std::string>().c_str() : value.dump().c_str());
  }
}

void bench(const ModelArguments& arguments, bool json) {
  const inference::EngineOptions options = engine_options(arguments);
  const double memory_bytes_s = measure_memory(options);
  ordered_json out;
  std::size_t repetitions = kRepetitions;
  {
    inference::LoadedModel loaded(load_options(options));
    const bool paged = loaded.plan.paged();
    if (paged) repetitions = kRepetitionsPaged;
    const std::size_t decode_tokens = paged ? kDecodeTokensPaged : kDecodeTokens;
    Workload workload(loaded);
    const double prefill_s = median_seconds(repetitions, [&] { workload.prefill(); });
    const double decode_s = median_seconds(repetitions, [&] { workload.decode(decode_tokens); }) /
                            static_cast<double>(decode_tokens);
    const Weights weights = measure_weights(loaded);
    const auto token_bytes = static_cast<double>(weights.sweep_bytes + weights.output_bytes);
    out["kernels"] = loaded.kernels.name;
    out["threads"] = loaded.pool.thread_count();
    out["prefill_tps"] = kPrefillTokens / prefill_s;
    out["decode_tps"] = 1 / decode_s;
    out["paged"] = paged;
    if (paged) {
      add_paging(loaded, options.model_path, repetitions, out);
    } else {
      out["sweep_bytes"] = weights.sweep_bytes;
      out["sweep_s"] = decode_s;
    }
    out["memory_gb_s"] = memory_bytes_s / 1e9;
    out["decode_gb_s"] = token_bytes / decode_s / 1e9;
    out["decode_memory_share"] = token_bytes / decode_s / memory_bytes_s;
    out["output_hash"] = workload.output_hash();
  }
  out["decision_ms"] = measure_decision(arguments, repetitions);
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
