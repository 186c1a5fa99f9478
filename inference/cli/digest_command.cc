// picolm digest: writes the hashes of a model file, which --digest of the other commands checks
// the model with while it is read.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "inference/cli/command.h"
#include "inference/digest/model_digest.h"

namespace picolm {

void add_digest(CLI::App& app) {
  struct Arguments {
    std::string model;
    std::string out;
  };
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("digest", "write the hashes of a model file");
  command->add_option("MODEL", arguments->model, "GGUF file")->required();
  command->add_option("-o,--output", arguments->out, "file to write")->required();
  command->callback([arguments] {
    const inference::Sha256Hash whole = inference::write_digest(arguments->model, arguments->out);
    std::string line;
    for (const std::byte byte : whole) {
      char text[3];
      std::snprintf(text, sizeof text, "%02x", static_cast<unsigned>(byte));
      line += text;
    }
    print_line(line + "  " + arguments->out);
  });
}

}  // namespace picolm
