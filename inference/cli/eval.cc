// picolm eval: decides labelled rows and says how often it was right and how well it knew.
//
// Each row is scored by the model once. Without labels only the unlabelled stream calibrates: the
// candidates' means are those over all rows of the route, as on a route that has run for a while.

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "inference/cli/command.h"
#include "inference/cli/eval_metrics.h"
#include "inference/error.h"
#include "schemas/json_schema.h"

namespace picolm {
namespace {

using nlohmann::ordered_json;

struct Arguments {
  ModelArguments model;
  std::string rows;
  std::string instructions;
  std::vector<std::string> where;
  std::vector<std::string> rungs{"model"};
  std::size_t limit = 0;
  bool json = false;
};

struct Row {
  std::string payload;
  ordered_json expected;
  std::vector<std::string> score;
  ordered_json schema;
};

// Rows that share schema and instructions share a route.
struct Group {
  std::string schema_text;
  std::string instructions;
  std::vector<Row> rows;
};

struct Source {
  std::vector<Group> groups;
  std::size_t row_count = 0;
  std::size_t skipped = 0;
  std::map<std::string, std::size_t> refused;  // reason -> rows
};

bool matches(const ordered_json& row, const std::vector<std::string>& where) {
  for (const std::string& condition : where) {
    const std::size_t equals = condition.find('=');
    const std::string key = condition.substr(0, equals);
    if (!row.contains(key)) return false;
    const ordered_json& value = row[key];
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    if (text != condition.substr(equals + 1)) return false;
  }
  return true;
}

// One row with its place in the file, which every refusal names.
struct PlacedRow {
  const ordered_json& row;
  std::string place;  // FILE:LINE

  [[noreturn]] void refuse(const std::string& key, const char* wanted) const {
    throw std::runtime_error(place + ": \"" + key + "\": wanted " + wanted);
  }

  std::string text(const std::string& key) const {
    if (!row.at(key).is_string()) refuse(key, "a string");
    return row.at(key).get<std::string>();
  }

  std::vector<std::string> texts(const std::string& key) const {
    std::vector<std::string> out;
    if (!row.at(key).is_array()) refuse(key, "a list of strings");
    for (const ordered_json& value : row.at(key)) {
      if (!value.is_string()) refuse(key, "a list of strings");
      out.push_back(value.get<std::string>());
    }
    return out;
  }
};

void add_row(Source& source, const PlacedRow& placed, std::string instructions) {
  const ordered_json& row = placed.row;
  const std::string schema_text = row["schema"].dump();
  Group* group = nullptr;
  for (Group& g : source.groups) {
    if (g.schema_text == schema_text && g.instructions == instructions) group = &g;
  }
  if (group == nullptr) {
    group = &source.groups.emplace_back(Group{schema_text, std::move(instructions), {}});
  }
  if (!row.at("expected").is_object()) placed.refuse("expected", "an object");
  Row out{placed.text("payload"), row.at("expected"), {}, row["schema"]};
  if (row.contains("score")) {
    out.score = placed.texts("score");
  } else {
    for (const auto& [field, value] : out.expected.items()) out.score.push_back(field);
  }
  group->rows.push_back(std::move(out));
  ++source.row_count;
}

std::map<std::string, Source> read_rows(const Arguments& arguments) {
  ordered_json by_source = ordered_json::object();
  if (!arguments.instructions.empty()) {
    std::ifstream file(arguments.instructions);
    by_source = ordered_json::parse(file, nullptr, false);
    const bool usable =
        by_source.is_object() && std::all_of(by_source.begin(), by_source.end(),
                                             [](const auto& text) { return text.is_string(); });
    if (!usable) {
      throw std::runtime_error(arguments.instructions +
                               ": found no object of texts, wanted {SOURCE: TEXT}");
    }
  }
  std::ifstream file(arguments.rows);
  if (!file) throw std::runtime_error(arguments.rows + ": cannot be read");
  std::map<std::string, Source> sources;
  std::string line;
  bool any = false;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    if (line.empty()) continue;
    any = true;
    const ordered_json row = ordered_json::parse(line, nullptr, false);
    const PlacedRow placed{row, arguments.rows + ":" + std::to_string(number)};
    if (!row.is_object()) throw std::runtime_error(placed.place + ": not a JSON object");
    if (!matches(row, arguments.where)) continue;
    const std::string name = row.contains("source") ? placed.text("source") : "rows";
    Source& source = sources[name];
    if (!row.contains("schema") || !row.contains("payload") || !row.contains("expected")) {
      ++source.skipped;
      continue;
    }
    if (arguments.limit != 0 && source.row_count >= arguments.limit) continue;
    std::string instructions = by_source.value(name, "");
    if (row.contains("instructions")) instructions = placed.text("instructions");
    add_row(source, placed, std::move(instructions));
  }
  if (file.bad()) throw std::runtime_error(arguments.rows + ": cannot be read");
  if (!any) throw std::runtime_error(arguments.rows + ": found no row, wanted at least one");
  return sources;
}

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
  ordered_json expected_class = ordered_json::object();
  for (const std::string& field : row.score) {
    const bool right = document.is_object() &&
                       field_matches(row.expected, document, field, !is_list(row.schema, field));
    out.right.emplace_back(field, right);
    if (row.expected.contains(field)) expected_class[field] = row.expected[field];
  }
  out.expected_class = expected_class.dump();
  out.confidence = decision.confidence;
  out.ms = decision.stats.ms;
  return out;
}

void evaluate_group(inference::Engine& engine, const Group& group, Source& source,
                    std::vector<EvalRow>& out) {
  std::unique_ptr<inference::Route> route;
  try {
    route = engine.open_route({schemas::parse_schema(group.schema_text), group.instructions, {}});
  } catch (const schemas::SchemaError& error) {
    source.refused[error.keyword()] += group.rows.size();
    return;
  } catch (const inference::LoadError& error) {
    source.refused[error.what()] += group.rows.size();
    return;
  }
  std::vector<inference::MessageScores> scores;
  for (const Row& row : group.rows) {
    const inference::Request request{route.get(), row.payload};
    scores.push_back(std::move(engine.score({&request, 1}).front()));
  }
  for (const auto& message : scores) engine.calibrate(*route, message);
  for (std::size_t i = 0; i < group.rows.size(); ++i) {
    out.push_back(judge(group.rows[i], engine.choose(*route, group.rows[i].payload, scores[i])));
  }
}

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
    if (s["skipped"] != 0) std::printf("  skipped, no schema: %s\n", s["skipped"].dump().c_str());
    for (const auto& [reason, count] : s["refused"].items()) {
      std::printf("  refused, %s: %s\n", printable(reason).c_str(), count.dump().c_str());
    }
  }
}

void evaluate(const Arguments& arguments) {
  std::map<std::string, Source> sources = read_rows(arguments);
  inference::Engine engine(engine_options(arguments.model));
  ordered_json all = ordered_json::object();
  for (auto& [name, source] : sources) {
    std::vector<EvalRow> rows;
    for (const Group& group : source.groups) evaluate_group(engine, group, source, rows);
    ordered_json summary = summarise(rows);
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
  command->add_option("ROWS", arguments->rows, "JSON lines {topic,payload,schema,expected,score}")
      ->required();
  command->add_option("--instructions", arguments->instructions, "JSON file {SOURCE: TEXT}");
  command->add_option("--where", arguments->where, "only rows with key=value")
      ->check([](const std::string& text) {
        return text.find('=') == std::string::npos ? "wanted key=value" : "";
      });
  command->add_option("--limit", arguments->limit, "rows a source at most");
  command->add_option("--rungs", arguments->rungs, "rungs that may answer")
      ->delimiter(',')
      ->check(CLI::IsMember({"model"}));
  command->add_flag("--json", arguments->json, "print one JSON object");
  command->callback([arguments] { evaluate(*arguments); });
}

}  // namespace picolm
