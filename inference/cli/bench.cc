// picolm bench: speed of the model on this machine beside the machine's limits, measured in the
// same run, so that the share reached means something. Warm-up first, then the median.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "inference/cli/bench_roof.h"
#include "inference/cli/bench_work.h"
#include "inference/cli/command.h"
#include "inference/model/loaded_model.h"
#include "inference/paging/budget.h"

namespace picolm {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kRepetitions = 7;
constexpr std::size_t kRepetitionsPaged = 3;  // a sweep of a slow disk may take half a minute
constexpr std::size_t kDecodeTokens = 16;
constexpr std::size_t kDecodeTokensPaged = 2;
constexpr std::size_t kStreamBytes = 256u << 20;  // beyond any cache

struct Arguments {
  ModelArguments model;
  DecisionShape shape;
  bool json = false;
};

struct Weights {
  std::uint64_t sweep_bytes = 0;    // layers
  std::uint64_t sweep_weights = 0;  // multiply-adds a token
  std::uint64_t output_bytes = 0;   // read whole for each token that is generated
};

Weights measure_weights(const inference::LoadedModel& loaded) {
  Weights out;
  for (const auto& tensor : loaded.file.tensors()) {
    if (tensor.name.starts_with("blk.")) {
      out.sweep_bytes += tensor.bytes;
      if (tensor.dims.size() == 2) out.sweep_weights += tensor.dims[0] * tensor.dims[1];
    }
    const char* output = loaded.model.config().tied_output ? "token_embd.weight" : "output.weight";
    if (tensor.name == output) out.output_bytes = tensor.bytes;
  }
  return out;
}

// Milliseconds of a decision from text to JSON on a route like those of a plant, prefix kept.
double measure_route(const ModelArguments& arguments, std::size_t repetitions) {
  inference::Engine engine(engine_options(arguments));
  schemas::SchemaSpec spec = read_schema_argument(
      R"({"action":["start","stop","hold","reset"],"target":["press-1","press-2","line","none"]})");
  const auto route = engine.open_route({spec, "Commands for machines.", {}});
  const inference::Request request{route.get(), "please stop press 2 before the shift change"};
  return 1000 * median_seconds(repetitions, [&] { engine.decide({&request, 1}); });
}

// Median seconds of a pass, and the bytes it reads from storage.
struct PassFigures {
  double seconds = 0;
  double read_bytes = 0;
};

PassFigures measure_pass(const inference::Model& model, std::size_t repetitions,
                         const std::function<void()>& pass) {
  pass();
  const std::uint64_t before = model.bytes_read();
  const double seconds = median_seconds(repetitions, pass);
  const auto passes = static_cast<double>(repetitions + 1);  // it warms up once more
  return {seconds, static_cast<double>(model.bytes_read() - before) / passes};
}

void add_decisions(inference::LoadedModel& loaded, BenchWork& work, const DecisionShape& shape,
                   std::size_t repetitions, ordered_json& out) {
  const PassFigures pass = measure_pass(loaded.model, repetitions, [&] { work.decide(); });
  const auto weights = static_cast<double>(measure_weights(loaded).sweep_weights);
  out["decision_shape"] = {{"prefix", shape.prefix},
                           {"fresh", shape.fresh},
                           {"nodes", shape.nodes},
                           {"batch", shape.batch}};
  out["decision_ms"] = 1000 * pass.seconds;
  out["decisions_s"] = shape.batch / pass.seconds;
  out["decision_bytes"] = pass.read_bytes;
  out["decision_gmac_s"] = weights * shape.rows() / pass.seconds / 1e9;
}

// The sweep of a paged model beside the disk alone.
void add_paging(inference::LoadedModel& loaded, BenchWork& work, const std::string& path,
                std::size_t repetitions, ordered_json& out) {
  const PassFigures pass = measure_pass(loaded.model, repetitions, [&] { work.sweep(); });
  const double disk_bytes_s = measure_disk(path, loaded.plan.streamed_bytes());
  out["memory_bytes"] = loaded.plan.limit_bytes;
  out["pinned_bytes"] = loaded.plan.pinned_bytes();
  out["slots"] = loaded.plan.slot_count;
  out["sweep_bytes"] = pass.read_bytes;
  out["sweep_s"] = pass.seconds;
  out["sweep_mb_s"] = pass.read_bytes / pass.seconds / 1e6;
  out["disk_mb_s"] = disk_bytes_s / 1e6;
  out["disk_share"] = pass.read_bytes / pass.seconds / disk_bytes_s;
}

// The limits of arithmetic and memory. Before the model is loaded, so that the buffer has room.
struct Roofs {
  double memory_bytes_s = 0;
  double int8_macs_s = 0;
};

Roofs measure_roofs(const inference::EngineOptions& options) {
  std::uint64_t buffer_bytes = kStreamBytes;
  if (options.memory_bytes_max) {
    buffer_bytes = std::min(buffer_bytes, options.memory_bytes_max / 2);
  }
  inference::ThreadPool pool(inference::choose_threads(options.threads));
  return {measure_memory(pool, buffer_bytes),
          measure_int8(pool, inference::choose_kernels(options.kernels))};
}

void add_model(inference::LoadedModel& loaded, const Arguments& arguments, const Roofs& roofs,
               ordered_json& out) {
  const bool paged = loaded.plan.paged();
  const std::size_t repetitions = paged ? kRepetitionsPaged : kRepetitions;
  const std::size_t decode_tokens = paged ? kDecodeTokensPaged : kDecodeTokens;
  BenchWork work(loaded, arguments.shape);
  const double prefill_s = median_seconds(repetitions, [&] { work.prefill(); });
  const double decode_s = median_seconds(repetitions, [&] { work.decode(decode_tokens); }) /
                          static_cast<double>(decode_tokens);
  const Weights weights = measure_weights(loaded);
  const double macs_s = kPrefillTokens / prefill_s * static_cast<double>(weights.sweep_weights);
  const double bytes_s = static_cast<double>(weights.sweep_bytes + weights.output_bytes) / decode_s;
  out["kernels"] = loaded.kernels.name;
  out["threads"] = loaded.pool.thread_count();
  out["paged"] = paged;
  out["prefill_tps"] = kPrefillTokens / prefill_s;
  out["int8_gmac_s"] = roofs.int8_macs_s / 1e9;
  out["prefill_int8_share"] = macs_s / roofs.int8_macs_s;
  out["decode_tps"] = 1 / decode_s;
  out["memory_gb_s"] = roofs.memory_bytes_s / 1e9;
  out["decode_memory_share"] = bytes_s / roofs.memory_bytes_s;
  add_decisions(loaded, work, arguments.shape, repetitions, out);
  if (paged) {
    add_paging(loaded, work, arguments.model.model, repetitions, out);
  } else {
    out["sweep_bytes"] = weights.sweep_bytes;
    out["sweep_s"] = decode_s;
  }
  out["output_hash"] = work.output_hash();
}

void print_table(const ordered_json& all) {
  for (const auto& [name, value] : all.items()) {
    std::printf("%-24s %s\n", name.c_str(),
                value.is_string() ? value.get<std::string>().c_str() : value.dump().c_str());
  }
}

void bench(const Arguments& arguments) {
  const inference::EngineOptions options = engine_options(arguments.model);
  const Roofs roofs = measure_roofs(options);
  ordered_json out;
  {
    inference::LoadedModel loaded(inference::load_options(options));
    add_model(loaded, arguments, roofs, out);
  }
  out["route_ms"] = measure_route(arguments.model, out["paged"] ? kRepetitionsPaged : kRepetitions);
  out["peak_bytes"] = inference::peak_resident_bytes();
  if (arguments.json) {
    print_line(out.dump());
  } else {
    print_table(out);
  }
}

}  // namespace

void add_bench(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("bench", "speed beside the limits of this machine");
  add_model_arguments(*command, arguments->model);
  DecisionShape& shape = arguments->shape;
  const auto add = [&](const char* name, std::uint32_t& value, const char* help) {
    command->add_option(name, value, help)->check(CLI::Range(1u, 256u))->capture_default_str();
  };
  add("--prefix", shape.prefix, "tokens of a decision's prompt that are kept");
  add("--fresh", shape.fresh, "tokens of its prompt that are evaluated");
  add("--nodes", shape.nodes, "tokens of its candidates");
  add("--batch", shape.batch, "decisions that share a pass");
  command->add_flag("--json", arguments->json, "print one JSON object");
  command->callback([arguments] { bench(*arguments); });
}

}  // namespace picolm
