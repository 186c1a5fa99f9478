// picolm decide: one message a line in, one decision a line out.

#include <CLI/CLI.hpp>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

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
  std::string examples;
  std::string scoring = "fast";
  std::string kv_dir;
  std::size_t batch = 1;
  bool sequential = false;
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

// A JSON value's text, a string without its quotes.
std::string plain_text(const std::string& value) {
  const auto parsed = ordered_json::parse(value);
  return parsed.is_string() ? parsed.get<std::string>() : value;
}

std::string explain(const inference::Decision& decision) {
  ordered_json fields = ordered_json::object();
  for (const auto& field : decision.fields) {
    ordered_json& values = fields[field.pointer] = ordered_json::object();
    std::set<std::string> texts;
    for (const auto& [value, probability] : field.probabilities) texts.insert(plain_text(value));
    // Where "1" and 1 are both options, their JSON texts tell them apart.
    const bool plain = texts.size() == field.probabilities.size();
    for (const auto& [value, probability] : field.probabilities) {
      values[plain ? plain_text(value) : value] = probability;
    }
  }
  ordered_json out;
  const bool abstains = decision.rung == inference::Rung::Abstain;
  ordered_json document = ordered_json::parse(decision.json);
  out["decision"] = abstains ? ordered_json() : document;
  out["confidence"] = decision.confidence;
  out["fields"] = fields;
  out["rung"] = inference::name(decision.rung);
  if (abstains) {
    out["doubt"] = inference::name(decision.doubt);
    if (!decision.doubt_pointer.empty()) out["at"] = decision.doubt_pointer;
    out["guess"] = std::move(document);
  }
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

// One line of input and what is wrong with it, if anything.
struct Line {
  std::size_t number = 0;
  std::string text;
  std::string_view error;
};

// Up to `count` lines; none at the end of input.
std::vector<Line> read_lines(std::size_t count, std::size_t& number) {
  std::vector<Line> lines;
  std::string text;
  while (lines.size() < count && read_line(text, schemas::PayloadLimits{}.bytes_max)) {
    const schemas::PayloadError error = schemas::parse_payload(text, {}).error;
    const bool bad = error != schemas::PayloadError::None;
    lines.push_back({++number, text, bad ? schemas::name(error) : std::string_view()});
  }
  return lines;
}

void answer(const Line& line, const inference::Decision* decision, const Arguments& arguments,
            const schemas::SchemaSpec& spec) {
  const std::string reason = decision ? failure(*decision, spec) : std::string(line.error);
  if (!reason.empty()) {
    print_line("null");
    print_warning("line " + std::to_string(line.number) + ": " + reason);
    return;
  }
  const bool abstains = decision->rung == inference::Rung::Abstain;
  print_line(arguments.explain ? explain(*decision) : abstains ? "null" : decision->json);
  if (arguments.stats) print_warning(stats_line(*decision));
}

void decide_lines(inference::Engine& engine, inference::Route& route, const Arguments& arguments,
                  const schemas::SchemaSpec& spec) {
  std::size_t number = 0;
  while (true) {
    const std::vector<Line> lines = read_lines(arguments.batch, number);
    if (lines.empty()) return;
    std::vector<inference::Request> requests;
    for (const Line& line : lines) {
      if (line.error.empty()) requests.push_back({&route, line.text});
    }
    const std::vector<inference::Decision> decisions = engine.decide(requests);
    auto next = decisions.begin();
    for (const Line& line : lines) {
      answer(line, line.error.empty() ? &*next++ : nullptr, arguments, spec);
    }
  }
}

// Labelled messages of a file, with their own memory.
struct Examples {
  struct Row {
    std::string payload;
    std::string expected;
    std::string place;  // FILE:LINE
  };
  std::vector<Row> rows;
};

// JSON lines {"payload":...,"expected":{...}}; a payload that is no string counts as its JSON text.
// Throws std::runtime_error that says where, what was found and what was wanted.
Examples read_examples(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + ": cannot be read");
  Examples out;
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    if (line.empty()) continue;
    const std::string place = path + ":" + std::to_string(number);
    const ordered_json row = ordered_json::parse(line, nullptr, false);
    const bool usable = row.is_object() && row.contains("payload") && row.contains("expected") &&
                        row["expected"].is_object();
    if (!usable) {
      throw std::runtime_error(place +
                               ": found no example, wanted {\"payload\":...,"
                               "\"expected\":{...}}");
    }
    const ordered_json& payload = row["payload"];
    out.rows.push_back({payload.is_string() ? payload.get<std::string>() : payload.dump(),
                        row["expected"].dump(), place});
  }
  if (file.bad()) throw std::runtime_error(path + ": cannot be read");
  if (out.rows.empty()) throw std::runtime_error(path + ": found no example, wanted at least one");
  return out;
}

void teach(inference::Engine& engine, inference::Route& route, const Examples& examples) {
  std::vector<inference::Example> lessons;
  for (const Examples::Row& row : examples.rows) lessons.push_back({row.payload, row.expected});
  const inference::TeachReport report = engine.teach(route, lessons);
  if (!report.refused.empty()) {
    const auto& first = report.refused.front();
    throw std::runtime_error(examples.rows[first.index].place + ": " + first.reason);
  }
  if (report.used == 0) {
    throw std::runtime_error(
        "schema: found no field with a finite set of values, wanted one that "
        "examples can teach");
  }
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
  command->add_option("-e,--examples", arguments->examples,
                      "JSON lines {\"payload\":...,\"expected\":{...}} that train the head");
  command->add_flag("--explain", arguments->explain,
                    "print confidence, the probability of each value and the rung");
  command->add_flag("--stats", arguments->stats, "one JSON line a decision on stderr");
  command->add_option("--batch", arguments->batch, "lines that share passes over the weights")
      ->check(CLI::Range(1u, 256u));
  command->add_option("--scoring", arguments->scoring, "fast, or exact: over the whole vocabulary")
      ->check(CLI::IsMember({"fast", "exact"}));
  command->add_option("--kv-dir", arguments->kv_dir, "folder that keeps the prompt's prefix")
      ->check(CLI::ExistingDirectory);
  command->add_flag("--sequential", arguments->sequential,
                    "score token by token: slow, the same answers");
  command->callback([arguments] {
    const schemas::SchemaSpec spec = read_schema_argument(arguments->schema);
    Examples examples;
    if (!arguments->examples.empty()) examples = read_examples(arguments->examples);
    inference::EngineOptions options = engine_options(arguments->model);
    options.kv_dir = arguments->kv_dir;
    options.sequential = arguments->sequential;
    options.exact_scoring = arguments->scoring == "exact";
    inference::Engine engine(options);
    const auto route =
        engine.open_route({spec, arguments->instructions, {}, options.exact_scoring});
    if (!arguments->examples.empty()) teach(engine, *route, examples);
    decide_lines(engine, *route, *arguments, spec);
  });
}

}  // namespace picolm
