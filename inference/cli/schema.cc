// picolm schema: checks a schema, validates documents against it.

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "inference/cli/command.h"
#include "inference/cli/schema_bench.h"
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

struct Arguments : ResourceArguments {
  std::string schema;
};

void check(const Arguments& arguments) {
  try {
    const schemas::SchemaSpec spec = read_schema_argument(arguments.schema);
    const inference::CompiledSchema to_write(spec, inference::SchemaUse::Write);
    const inference::CompiledSchema to_accept(spec, inference::SchemaUse::Accept);
  } catch (const schemas::SchemaError& error) {
    refuse(error.pointer(), error.keyword(), error.reason());
  } catch (const inference::LoadError& error) {
    refuse("", "", error.what());
  }
  check_resources(arguments);
  print_line("{\"ok\":true}");
}

void validate_lines(const Arguments& arguments) {
  const schemas::SchemaSpec spec = read_schema_argument(arguments.schema);
  check_resources(arguments);
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
  const auto arguments = std::make_shared<Arguments>();
  const auto add = [&](const char* name, const char* help, void (*work)(const Arguments&)) {
    CLI::App* one = command->add_subcommand(name, help);
    one->add_option("SCHEMA", arguments->schema, "schema file, or the schema itself")->required();
    add_resource_arguments(*one, *arguments);
    one->callback([arguments, work] { work(*arguments); });
  };
  add("check", "can this schema be enforced?", check);
  add("validate", "one JSON document a line against a schema", validate_lines);
  const auto bench = std::make_shared<SchemaBenchArguments>();
  CLI::App* one = command->add_subcommand("bench", "how many schemas of a file can be enforced?");
  one->add_option("FILE", bench->file,
                  "lines {id,schema,tests:[{valid,data}]}; - is standard input")
      ->required();
  one->add_option("-m,--model", bench->model, "GGUF file whose vocabulary is used");
  one->add_flag("--json", bench->json, "one JSON object");
  one->callback([bench] { schema_bench(*bench); });
}

}  // namespace picolm
