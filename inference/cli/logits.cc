// picolm logits: raw little-endian float32 logits after the last id, on stdout.

#include <CLI/CLI.hpp>
#include <bit>
#include <charconv>
#include <cstdio>
#include <memory>
#include <vector>

#include "inference/cli/command.h"

namespace picolm {

static_assert(std::endian::native == std::endian::little,
              "logits are written as they are in memory");

namespace {

// "1,2,3". Throws CLI::ValidationError.
void append_ids(const std::string& text, std::vector<std::uint32_t>& out) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    const auto [next, error] = std::from_chars(at, end, out.emplace_back());
    if (error != std::errc() || (next != end && *next != ',')) {
      throw CLI::ValidationError("--ids", "found \"" + text + "\", wanted token ids such as 1,2,3");
    }
    if (next == end) return;
    at = next + 1;
  }
}

}  // namespace

void add_logits(CLI::App& app) {
  struct Arguments {
    ModelArguments model;
    std::vector<std::string> ids;
  };
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("logits", "raw float32 logits after the last token id");
  add_model_arguments(*command, arguments->model);
  command->add_option("--ids", arguments->ids, "token ids: 1,2,3")->required();
  command->callback([arguments] {
    std::vector<std::uint32_t> ids;
    for (const std::string& text : arguments->ids) append_ids(text, ids);
    inference::Engine engine(engine_options(arguments->model));
    const std::vector<float> logits = engine.logits(ids);
    if (std::fwrite(logits.data(), sizeof(float), logits.size(), stdout) != logits.size()) {
      throw std::runtime_error("stdout: could not write");
    }
  });
}

}  // namespace picolm
