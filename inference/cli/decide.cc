// picolm decide: one message a line in, one decision a line out.

#include <memory>
#include <nlohmann/json.hpp>

#include "inference/cli/command.h"
#include "schemas/payload.h"
#include "schemas/validator.h"

namespace picolm {
namespace {

using nlohmann::ordered_json;

struct Arguments {
  ModelArguments model;
  std::string schema;
  std::string instructions;
  bool explain = false;
  bool stats = false;
};

// Why a decision is `null`, or an empty text.
std::string failure(const inference::Decision& decision, const schemas::SchemaSpec& spec) {
  switch (decision.status) {
    case inference::DecideStatus::MessageTooLong:
      return "message_too_long";
    case inference::DecideStatus::ReadFailed:
      return "model_read_failed";
    case inference::DecideStatus::Decided:
      break;
  }
  const schemas::Verdict verdict = schemas::validate(spec, decision.json);
  return verdict.valid ? "" : "invalid_decision at \"" + verdict.pointer + "\": " + verdict.reason;
}

std::string explain(const inference::Decision& decision) {
  ordered_json fields = ordered_json::object();
  for (const auto& field : decision.fields) {
    ordered_json& values = fields[field.pointer] = ordered_json::object();
    for (const auto& [value, probability] : field.probabilities) {
      const auto parsed = ordered_json::parse(value);
      values[parsed.is_string() ? parsed.get<std::string>() : value] = probability;
    }
  }
  ordered_json out;
  out["decision"] = ordered_json::parse(decision.json);
  out["confidence"] = decision.confidence;
  out["fields"] = fields;
  out["rung"] = inference::name(decision.rung);
  return out.dump();
}

std::string stats_line(const inference::Decision& decision) {
  const inference::DecisionStats& s = decision.stats;
  return ordered_json{{"ms", s.ms},
                      {"prompt_tokens", s.prompt_tokens},
                      {"fresh_tokens", s.fresh_tokens},
                      {"trie_nodes", s.trie_nodes},
                      {"sweeps", s.sweeps},
                      {"bytes_read", s.bytes_read},
                      {"rung", inference::name(decision.rung)}}
      .dump();
}

void decide_line(inference::Engine& engine, inference::Route& route, const Arguments& arguments,
                 const schemas::SchemaSpec& spec, const std::string& line, std::size_t number) {
  const auto refuse = [&](std::string_view reason) {
    print_line("null");
    print_warning("line " + std::to_string(number) + ": " + std::string(reason));
  };
  const schemas::Payload payload = schemas::parse_payload(line, {});
  if (payload.error != schemas::PayloadError::None) return refuse(name(payload.error));
  const inference::Request request{&route, line};
  const inference::Decision decision = engine.decide({&request, 1}).front();
  const std::string reason = failure(decision, spec);
  if (!reason.empty()) return refuse(reason);
  print_line(arguments.explain ? explain(decision) : decision.json);
  if (arguments.stats) print_warning(stats_line(decision));
}

}  // namespace

void add_decide(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("decide", "one message a line in, one decision a line out, in order");
  add_model_arguments(*command, arguments->model);
  command->add_option("-s,--schema", arguments->schema, "schema file, or the schema itself")
      ->required();
  command->add_option("-i,--instructions", arguments->instructions, "what the messages are about");
  command->add_flag("--explain", arguments->explain,
                    "print confidence and the probability of each value");
  command->add_flag("--stats", arguments->stats, "one JSON line a decision on stderr");
  command->callback([arguments] {
    const schemas::SchemaSpec spec = read_schema_argument(arguments->schema);
    inference::Engine engine(engine_options(arguments->model));
    const auto route = engine.open_route({spec, arguments->instructions, {}});
    std::string line;
    for (std::size_t number = 1; read_line(line); ++number) {
      decide_line(engine, *route, *arguments, spec, line, number);
    }
  });
}

}  // namespace picolm
