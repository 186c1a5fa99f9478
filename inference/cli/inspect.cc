// picolm inspect: what a model file holds, without loading its weights.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "inference/cli/command.h"
#include "inference/gguf/file.h"
#include "inference/model/config.h"

namespace picolm {
namespace {

using nlohmann::ordered_json;

struct TypeTotal {
  std::uint64_t tensors = 0;
  std::uint64_t bytes = 0;
};

// A sweep reads every layer; embedding and output are read by row.
bool is_swept(const inference::gguf::Tensor& tensor) { return tensor.name.starts_with("blk."); }

ordered_json describe(const inference::gguf::File& file) {
  ordered_json out;
  out["path"] = file.path();
  out["bytes"] = file.size_bytes();
  out["version"] = file.version();
  out["alignment"] = file.alignment();
  out["architecture"] = file.string_or("general.architecture", "");
  out["name"] = file.string_or("general.name", "");
  std::map<std::string, TypeTotal> types;
  std::uint64_t weight_bytes = 0;
  std::uint64_t sweep_bytes = 0;
  for (const auto& tensor : file.tensors()) {
    TypeTotal& total = types[std::string(inference::geometry(tensor.type).name)];
    ++total.tensors;
    total.bytes += tensor.bytes;
    weight_bytes += tensor.bytes;
    if (is_swept(tensor)) sweep_bytes += tensor.bytes;
  }
  out["tensors"] = file.tensors().size();
  out["weight_bytes"] = weight_bytes;
  out["sweep_bytes"] = sweep_bytes;
  for (const auto& [type, total] : types) {
    out["types"][type] = {{"tensors", total.tensors}, {"bytes", total.bytes}};
  }
  if (!file.tensors().empty() && out["architecture"] == "llama") {
    const inference::Config config = inference::read_config(file);
    out["config"] = {{"layers", config.layer_count},
                     {"embedding", config.embedding_length},
                     {"feed_forward", config.feed_forward_length},
                     {"heads", config.head_count},
                     {"kv_heads", config.kv_head_count},
                     {"head_length", config.head_length},
                     {"context", config.context_length},
                     {"vocabulary", config.vocabulary_count},
                     {"rope_base", config.rope_base},
                     {"tied_output", config.tied_output}};
  }
  for (const std::string& key : file.keys()) out["keys"][key] = file.describe(key);
  return out;
}

void print_text(const ordered_json& all) {
  const auto mib = [](std::uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); };
  for (const auto& [name, value] : all.items()) {
    if (name == "keys" || name == "types" || name == "config") continue;
    std::printf(
        "%-14s %s\n", name.c_str(),
        value.is_string() ? printable(value.get<std::string>()).c_str() : value.dump().c_str());
  }
  if (all.contains("config")) {
    for (const auto& [name, value] : all["config"].items()) {
      std::printf("%-14s %s\n", name.c_str(), value.dump().c_str());
    }
  }
  if (all.contains("types")) {
    for (const auto& [type, total] : all["types"].items()) {
      std::printf("%-14s %llu tensors, %.1f MiB\n", type.c_str(),
                  total["tensors"].get<unsigned long long>(), mib(total["bytes"]));
    }
  }
  std::printf("a sweep reads  %.1f MiB\n", mib(all["sweep_bytes"]));
  if (!all.contains("keys")) return;
  for (const auto& [key, value] : all["keys"].items()) {
    std::printf("  %s = %s\n", printable(key).c_str(), printable(value.get<std::string>()).c_str());
  }
}

}  // namespace

void add_inspect(CLI::App& app) {
  struct Arguments : ResourceArguments {
    std::string model;
    bool json = false;
  };
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("inspect", "header, architecture, tensors and bytes of a model");
  command->add_option("MODEL", arguments->model, "GGUF file")->required();
  command->add_flag("--json", arguments->json, "print one JSON object");
  add_resource_arguments(*command, *arguments);
  command->callback([arguments] {
    const ordered_json all = describe(inference::gguf::File(arguments->model));
    check_resources(*arguments);
    if (arguments->json) {
      print_line(all.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
    } else {
      print_text(all);
    }
  });
}

}  // namespace picolm
