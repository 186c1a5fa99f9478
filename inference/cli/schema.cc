// picolm schema: checks a schema, validates documents against it.

#include <memory>
#include <nlohmann/json.hpp>

#include "inference/cli/command.h"
#include "inference/constrain/automaton.h"
#include "inference/error.h"
#include "schemas/json_schema.h"
#include "schemas/validator.h"

namespace picolm {
namespace {

using nlohmann::ordered_json;

[[noreturn]] void refuse(const std::string& pointer, const std::string& keyword,
                         const std::string& reason) {
  print_line(
      ordered_json{{"ok", false}, {"pointer", pointer}, {"keyword", keyword}, {"reason", reason}}
          .dump(-1, ' ', false, ordered_json::error_handler_t::replace));
  throw CLI::RuntimeError(1);
}

void check(const std::string& argument) {
  try {
    inference::CompiledSchema{read_schema_argument(argument)};
  } catch (const schemas::SchemaError& error) {
    refuse(error.pointer(), error.keyword(), error.reason());
  } catch (const inference::LoadError& error) {
    refuse("", "", error.what());
  }
  print_line("{\"ok\":true}");
}

void validate_lines(const std::string& argument) {
  const schemas::SchemaSpec spec = read_schema_argument(argument);
  std::string line;
  while (read_line(line)) {
    const schemas::Verdict verdict = schemas::validate(spec, line);
    print_line(verdict.valid ? "valid"
                             : printable("invalid " + verdict.pointer + " " + verdict.reason));
  }
}

}  // namespace

void add_schema(CLI::App& app) {
  CLI::App* command = app.add_subcommand("schema", "checks schemas and documents");
  command->require_subcommand(1);
  const auto argument = std::make_shared<std::string>();
  CLI::App* check_command = command->add_subcommand("check", "can this schema be enforced?");
  check_command->add_option("SCHEMA", *argument, "schema file, or the schema itself")->required();
  check_command->callback([argument] { check(*argument); });
  CLI::App* validate_command =
      command->add_subcommand("validate", "one JSON document a line against a schema");
  validate_command->add_option("SCHEMA", *argument, "schema file, or the schema itself")
      ->required();
  validate_command->callback([argument] { validate_lines(*argument); });
}

}  // namespace picolm
