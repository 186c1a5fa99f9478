// picolm generate: greedy text, or a document constrained by a schema.

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "inference/cli/command.h"

namespace picolm {

void add_generate(CLI::App& app) {
  struct Arguments {
    ModelArguments model;
    std::string prompt;
    std::string schema;
    std::uint32_t tokens_max = 128;
  };
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("generate", "greedy text, or constrained by a schema");
  add_model_arguments(*command, arguments->model);
  command->add_option("-p,--prompt", arguments->prompt, "what the user says")->required();
  command->add_option("-n,--tokens", arguments->tokens_max, "tokens at most")
      ->check(CLI::Range(1u, 4096u));
  command->add_option("-s,--schema", arguments->schema, "schema file, or the schema itself");
  command->callback([arguments] {
    std::optional<schemas::SchemaSpec> schema;
    if (!arguments->schema.empty()) schema = read_schema_argument(arguments->schema);
    inference::Engine engine(engine_options(arguments->model));
    print_line(
        engine.generate(arguments->prompt, arguments->tokens_max, schema ? &*schema : nullptr));
  });
}

}  // namespace picolm
