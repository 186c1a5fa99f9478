// picolm eval: decides labelled rows and says how often it was right and how well it knew.
//
// Each row is scored by the model once. Without --train only the unlabelled stream calibrates: the
// candidates' means are those over all rows of the route, as on a route that has run for a while.
// With it a route is taught some of its rows and decides the others, in several splits.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "inference/cli/command.h"
#include "inference/cli/eval_metrics.h"
#include "inference/cli/eval_route.h"
#include "inference/cli/eval_rows.h"
#include "inference/cli/eval_split.h"
#include "inference/error.h"
#include "schemas/json_schema.h"

namespace picolm {
namespace {

using nlohmann::ordered_json;

// What teaching took, over all splits of a source.
struct TrainSummary {
  std::size_t splits = 0;
  std::size_t examples = 0;
  std::size_t with_model = 0;
  double ms_max = 0;
  std::size_t bytes_max = 0;

  void add(std::size_t count, const inference::TeachReport& report) {
    ++splits;
    examples = std::max(examples, count);
    with_model += report.uses_model;
    ms_max = std::max(ms_max, report.ms);
    bytes_max = std::max(bytes_max, report.memory_bytes);
  }
  ordered_json summary() const {
    return {{"examples", examples},
            {"splits", splits},
            {"splits_with_model", with_model},
            {"ms_max", ms_max},
            {"bytes_max", bytes_max}};
  }
};

struct Arguments {
  ModelArguments model;
  RowArguments rows;
  std::vector<std::string> rungs{"model", "head"};
  std::size_t train = 0;
  std::uint32_t seeds = 5;
  bool json = false;
};

bool is_list(const ordered_json& schema, const std::string& field) {
  if (!schema.contains("properties") || !schema["properties"].contains(field)) return false;
  const ordered_json& property = schema["properties"][field];
  if (!property.is_object() || !property.contains("type")) return false;
  const ordered_json& type = property["type"];  // a name, or a list of names
  return type == "array" ||
         (type.is_array() && std::find(type.begin(), type.end(), "array") != type.end());
}

EvalRow judge(const Row& row, const inference::Decision& decision) {
  EvalRow out;
  const ordered_json document = ordered_json::parse(decision.json, nullptr, false);
  for (const std::string& field : row.score) {
    const bool right = document.is_object() &&
                       field_matches(row.expected, document, field, !is_list(row.schema, field));
    out.right.emplace_back(field, right);
  }
  out.whole_right = document.is_object();
  for (const auto& [field, value] : row.expected.items()) {
    out.whole_right = out.whole_right &&
                      field_matches(row.expected, document, field, !is_list(row.schema, field));
  }
  out.expected_class = row_class(row);
  out.confidence = decision.confidence;
  out.raw_confidence = decision.raw_confidence;
  out.rung = inference::name(decision.rung);
  out.doubt = inference::name(decision.doubt);
  out.ms = decision.stats.ms;
  return out;
}

// What is common to all groups and sources.
struct Evaluation {
  const Arguments& arguments;
  inference::Engine* engine;  // null: only the head answers

  bool allows(const char* rung) const {
    const auto& rungs = arguments.rungs;
    return std::find(rungs.begin(), rungs.end(), rung) != rungs.end();
  }

  void test(EvalRoute& route, const Group& group, const std::vector<std::size_t>& tests,
            std::uint32_t split, std::vector<EvalRow>& out) const {
    for (const std::size_t i : tests) {
      out.push_back(judge(group.rows[i], route.decide(i)));
      out.back().split = split;
    }
  }

  void run(const Group& group, Source& source, std::vector<EvalRow>& out,
           TrainSummary& train) const {
    std::optional<EvalRoute> route;
    try {
      route.emplace(engine, group, allows("head"));
    } catch (const schemas::SchemaError& error) {
      source.refused[error.keyword()] += group.rows.size();
      return;
    } catch (const inference::LoadError& error) {
      source.refused[error.what()] += group.rows.size();
      return;
    }
    if (arguments.train == 0) {
      std::vector<std::size_t> all(group.rows.size());
      std::iota(all.begin(), all.end(), std::size_t{0});
      test(*route, group, all, 0, out);
      return;
    }
    for (std::uint32_t seed = 0; seed < arguments.seeds; ++seed) {
      const Split split = split_rows(group.rows, arguments.train, seed);
      train.add(split.examples.size(), route->teach(split.examples));
      test(*route, group, split.tests, seed, out);
    }
  }
};

void print_table(const ordered_json& all) {
  std::printf("%-20s %6s %9s %9s %7s %9s %9s  %s\n", "source", "n", "accuracy", "balanced", "ece",
              "p50 ms", "p99 ms", "fields");
  for (const auto& [name, s] : all.items()) {
    std::string fields;
    for (const auto& [field, share] : s["fields"].items()) {
      char text[128];
      std::snprintf(text, sizeof text, "%s %.3f  ", field.c_str(), share.get<double>());
      fields += printable(text);
    }
    std::printf("%-20s %6zu %9.3f %9.3f %7.3f %9.1f %9.1f  %s\n", printable(name).c_str(),
                s["n"].get<std::size_t>(), s["accuracy"].get<double>(),
                s["balanced_accuracy"].get<double>(), s["ece"].get<double>(),
                s["p50_ms"].get<double>(), s["p99_ms"].get<double>(), fields.c_str());
    for (const auto& [threshold, coverage] : s["coverage_at"].items()) {
      const ordered_json& accuracy = s["accuracy_at"][threshold];
      if (accuracy.is_null()) continue;
      std::printf("  at confidence %-5s coverage %.3f accuracy %.3f\n", threshold.c_str(),
                  coverage.get<double>(), accuracy.get<double>());
    }
    if (s.contains("train")) std::printf("  train %s\n", s["train"].dump().c_str());
    std::printf("  ece before calibration %.3f  rungs %s\n", s["ece_before"].get<double>(),
                s["rungs"].dump().c_str());
    std::printf("  of all fields %.3f\n", s["field_accuracy"].get<double>());
    if (!s["doubts"].empty()) std::printf("  doubts %s\n", s["doubts"].dump().c_str());
    if (s["skipped"] != 0) std::printf("  skipped, no schema: %s\n", s["skipped"].dump().c_str());
    for (const auto& [reason, count] : s["refused"].items()) {
      std::printf("  refused, %s: %s\n", printable(reason).c_str(), count.dump().c_str());
    }
  }
}

void evaluate(const Arguments& arguments) {
  std::map<std::string, Source> sources = read_rows(arguments.rows);
  std::optional<inference::Engine> engine;
  const auto& rungs = arguments.rungs;
  if (std::find(rungs.begin(), rungs.end(), "model") != rungs.end()) {
    if (arguments.model.model.empty()) throw CLI::RequiredError("--model");
    engine.emplace(engine_options(arguments.model));
  }
  const Evaluation evaluation{arguments, engine ? &*engine : nullptr};
  ordered_json all = ordered_json::object();
  for (auto& [name, source] : sources) {
    std::vector<EvalRow> rows;
    TrainSummary train;
    for (const Group& group : source.groups) evaluation.run(group, source, rows, train);
    ordered_json summary = summarise(rows);
    if (arguments.train != 0) summary["train"] = train.summary();
    summary["skipped"] = source.skipped;
    summary["refused"] = ordered_json::object();
    for (const auto& [reason, count] : source.refused) summary["refused"][reason] = count;
    all[name] = std::move(summary);
  }
  if (arguments.json) {
    print_line(all.dump());
  } else {
    print_table(all);
  }
}

}  // namespace

void add_eval(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("eval", "accuracy and calibration on labelled rows");
  add_model_arguments(*command, arguments->model);
  command
      ->add_option("ROWS", arguments->rows.rows, "JSON lines {topic,payload,schema,expected,score}")
      ->required();
  command->add_option("--instructions", arguments->rows.instructions, "JSON file {SOURCE: TEXT}");
  command->add_option("--where", arguments->rows.where, "only rows with key=value")
      ->check([](const std::string& text) {
        return text.find('=') == std::string::npos ? "wanted key=value" : "";
      });
  command->add_option("--limit", arguments->rows.limit, "rows a source at most");
  command->add_option("--rungs", arguments->rungs, "rungs that may answer")
      ->delimiter(',')
      ->check(CLI::IsMember({"model", "head"}));
  command->get_option("--model")->required(false);  // the head alone needs none
  command->add_option("--train", arguments->train, "examples a route; the other rows are decided")
      ->check(CLI::Range(std::size_t{0}, inference::Head::kExamplesMax));
  command->add_option("--seeds", arguments->seeds, "ways to choose the examples")
      ->check(CLI::Range(1u, 1000u));
  command->add_flag("--copy", arguments->rows.copy,
                    "set x-picolm-copy on every number and open string of the schemas");
  command->add_flag("--json", arguments->json, "print one JSON object");
  command->callback([arguments] { evaluate(*arguments); });
}

}  // namespace picolm
