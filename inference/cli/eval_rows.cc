#include "inference/cli/eval_rows.h"

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "schemas/keywords.h"

namespace picolm {
namespace {

using nlohmann::ordered_json;

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

// Sets the keyword on every number and open string of a schema; depth is bounded by the reader of
// schemas, which refuses deeper ones anyway.
void mark_copies(ordered_json& schema, unsigned depth = 0) {
  constexpr unsigned kDepthMax = 64;
  if (!schema.is_object() || depth > kDepthMax) return;
  const std::string type =
      schema.contains("type") && schema["type"].is_string() ? schema["type"] : "";
  const bool listed = schema.contains("enum") || schema.contains("const");
  if ((type == "string" || type == "integer" || type == "number") && !listed) {
    schema[std::string(schemas::kCopyKeyword)] = true;
  }
  if (schema.contains("items")) mark_copies(schema["items"], depth + 1);
  if (schema.contains("properties") && schema["properties"].is_object()) {
    for (auto& [name, property] : schema["properties"].items()) mark_copies(property, depth + 1);
  }
}

void add_row(Source& source, const PlacedRow& placed, std::string instructions, bool copy) {
  const ordered_json& row = placed.row;
  ordered_json schema = row["schema"];
  if (copy) mark_copies(schema);
  const std::string schema_text = schema.dump();
  Group* group = nullptr;
  for (Group& g : source.groups) {
    if (g.schema_text == schema_text && g.instructions == instructions) group = &g;
  }
  if (group == nullptr) {
    group = &source.groups.emplace_back(Group{schema_text, std::move(instructions), {}});
  }
  if (!row.at("expected").is_object()) placed.refuse("expected", "an object");
  Row out{{}, placed.text("payload"), row.at("expected"), {}, row["schema"]};
  out.id = row.contains("id") && row["id"].is_string() ? placed.text("id") : out.payload;
  if (row.contains("score")) {
    out.score = placed.texts("score");
  } else {
    for (const auto& [field, value] : out.expected.items()) out.score.push_back(field);
  }
  group->rows.push_back(std::move(out));
  ++source.row_count;
}

}  // namespace

std::map<std::string, Source> read_rows(const RowArguments& arguments) {
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
    add_row(source, placed, std::move(instructions), arguments.copy);
  }
  if (file.bad()) throw std::runtime_error(arguments.rows + ": cannot be read");
  if (!any) throw std::runtime_error(arguments.rows + ": found no row, wanted at least one");
  return sources;
}

}  // namespace picolm
