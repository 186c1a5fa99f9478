// picolm plan: how a model would be fitted into a memory limit, without loading its weights.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "inference/cli/command.h"
#include "inference/model/weights.h"
#include "inference/text/tokenizer.h"

namespace picolm {
namespace {

using nlohmann::ordered_json;

struct Arguments {
  ModelArguments model;
  double disk_mb_s = 0;  // 0: not told
  bool json = false;
};

// Pinned and all bytes of each layer, of the embedding and of the output.
ordered_json describe_parts(const inference::gguf::File& file, const inference::MemoryPlan& plan) {
  ordered_json parts = ordered_json::array();
  const auto regions = inference::matrix_regions(file, inference::read_config(file));
  std::string last;
  for (inference::RegionId r = 0; r < regions.size(); ++r) {
    const std::string& name = regions[r].tensor->name;
    const std::string part = name.substr(0, name.find('.', name.starts_with("blk.") ? 4 : 0));
    if (part != last) parts.push_back({{"part", part}, {"bytes", 0u}, {"pinned_bytes", 0u}});
    last = part;
    std::uint64_t pinned = regions[r].tensor->bytes;
    if (plan.paged()) {
      pinned = 0;
      for (const inference::Block& block : plan.map->blocks_of(r)) {
        if (block.pinned()) pinned += block.bytes;
      }
    }
    ordered_json& entry = parts.back();
    entry["bytes"] = entry["bytes"].get<std::uint64_t>() + regions[r].tensor->bytes;
    entry["pinned_bytes"] = entry["pinned_bytes"].get<std::uint64_t>() + pinned;
  }
  return parts;
}

ordered_json describe(const inference::gguf::File& file, const inference::MemoryPlan& plan,
                      double disk_mb_s) {
  ordered_json out;
  out["fits"] = plan.fits();
  out["paged"] = plan.paged();
  out["memory_bytes"] = plan.limit_bytes;
  out["total_bytes"] = plan.total_bytes;
  out["least_bytes"] = plan.least_bytes;
  out["resident_bytes"] = plan.fixed.resident_bytes;
  out["reserve_bytes"] = plan.fixed.reserve_bytes;
  out["vector_bytes"] = plan.fixed.vector_bytes;
  out["activation_bytes"] = plan.fixed.activation_bytes;
  out["kv_bytes"] = plan.fixed.sequence_bytes;
  out["prefix_bytes"] = plan.fixed.kept_bytes;
  out["slots"] = plan.slot_count;
  out["ring_bytes"] = plan.ring_bytes;
  out["weight_bytes"] = plan.weight_bytes;
  out["sweep_bytes"] = plan.sweep_bytes;
  out["pinned_bytes"] = plan.pinned_bytes();
  out["streamed_bytes"] = plan.streamed_bytes();
  if (disk_mb_s > 0) {
    out["disk_mb_s"] = disk_mb_s;
    out["sweep_s"] = static_cast<double>(plan.streamed_bytes()) / (disk_mb_s * 1e6);
  }
  out["parts"] = describe_parts(file, plan);
  return out;
}

void print_text(const ordered_json& all) {
  const auto mib = [&](const char* name) { return all[name].get<double>() / (1 << 20); };
  std::printf("memory          %9.1f MiB   (at least %.1f)\n", mib("memory_bytes"),
              mib("least_bytes"));
  std::printf("  resident now  %9.1f       code, libraries, vocabulary\n", mib("resident_bytes"));
  std::printf("  reserve       %9.1f       stacks, tables, messages\n", mib("reserve_bytes"));
  std::printf("  small weights %9.1f\n", mib("vector_bytes"));
  std::printf("  activations   %9.1f\n", mib("activation_bytes"));
  std::printf("  context KV    %9.1f\n", mib("kv_bytes"));
  std::printf("  route KV      %9.1f\n", mib("prefix_bytes"));
  std::printf("  ring          %9.1f       %u slots\n", mib("ring_bytes"),
              all["slots"].get<unsigned>());
  std::printf("  pinned        %9.1f       of %.1f\n", mib("pinned_bytes"), mib("weight_bytes"));
  std::printf("  all           %9.1f\n", mib("total_bytes"));
  std::printf("a sweep streams %9.1f MiB   of %.1f; embedding and output by row\n",
              mib("streamed_bytes"), mib("sweep_bytes"));
  if (all.contains("sweep_s")) {
    std::printf("a sweep takes   %9.2f s     at %.0f MB/s, if arithmetic is faster\n",
                all["sweep_s"].get<double>(), all["disk_mb_s"].get<double>());
  }
  for (const auto& part : all["parts"]) {
    std::printf("  %-14s%9.1f MiB   of %.1f pinned\n", part["part"].get<std::string>().c_str(),
                part["pinned_bytes"].get<double>() / (1 << 20),
                part["bytes"].get<double>() / (1 << 20));
  }
}

void plan(const Arguments& arguments) {
  const inference::LoadOptions options = inference::load_options(engine_options(arguments.model));
  const inference::gguf::File file(options.model_path);
  const auto tokenizer = inference::Tokenizer::load(file);  // part of what is resident
  const inference::MemoryPlan plan = inference::plan_model(file, options);
  const ordered_json all = describe(file, plan, arguments.disk_mb_s);
  if (arguments.json) {
    print_line(all.dump());
  } else {
    print_text(all);
  }
  if (!plan.fits()) {
    throw std::runtime_error("found a memory limit of " + std::to_string(plan.limit_bytes) +
                             " bytes, wanted at least " + std::to_string(plan.least_bytes));
  }
}

}  // namespace

void add_plan(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("plan", "what a model pins and what it streams under a memory limit");
  add_model_arguments(*command, arguments->model);
  command
      ->add_option("--disk", arguments->disk_mb_s,
                   "MB/s of the storage, to tell the seconds of a sweep")
      ->check(CLI::PositiveNumber);
  command->add_flag("--json", arguments->json, "print one JSON object");
  command->callback([arguments] { plan(*arguments); });
}

}  // namespace picolm
