// picolm logits: raw little-endian float32 logits after the last id, on stdout.

#include <bit>
#include <cstdio>
#include <memory>
#include <vector>

#include "inference/cli/command.h"

namespace picolm {

static_assert(std::endian::native == std::endian::little,
              "logits are written as they are in memory");

void add_logits(CLI::App& app) {
  struct Arguments {
    ModelArguments model;
    std::vector<std::uint32_t> ids;
  };
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("logits", "raw float32 logits after the last token id");
  add_model_arguments(*command, arguments->model);
  command->add_option("--ids", arguments->ids, "token ids: 1,2,3")->delimiter(',')->required();
  command->callback([arguments] {
    inference::Engine engine(engine_options(arguments->model));
    const std::vector<float> logits = engine.logits(arguments->ids);
    if (std::fwrite(logits.data(), sizeof(float), logits.size(), stdout) != logits.size()) {
      throw std::runtime_error("stdout: could not write");
    }
  });
}

}  // namespace picolm
