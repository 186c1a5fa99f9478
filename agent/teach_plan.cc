#include "agent/teach_plan.h"

#include <algorithm>
#include <unordered_set>

#include "agent/json_scan.h"
#include "agent/payload_text.h"
#include "schemas/validator.h"

namespace agent {
namespace {

void add_rows(const RouteConfig& route, std::string_view payload, const TeachRow& row,
              std::vector<TeachRow>* rows) {
  if (!row.text.empty()) return rows->push_back(row);
  for (Element& element : read_example(route, payload)) {
    if (element.text.empty()) continue;
    rows->push_back(row);
    rows->back().text = std::move(element.text);
  }
}

// The last of each text, at most kTaughtRowsMax of the last, in their order.
std::vector<TeachRow> newest(std::vector<TeachRow> rows) {
  std::unordered_set<std::string_view> texts;
  std::vector<TeachRow> kept;
  for (auto row = rows.rbegin(); row != rows.rend() && kept.size() < kTaughtRowsMax; ++row) {
    if (texts.insert(row->text).second) kept.push_back(*row);
  }
  std::reverse(kept.begin(), kept.end());
  return kept;
}

}  // namespace

bool is_expected(const RouteConfig& route, std::string_view expected, std::string* error) {
  const schemas::Verdict whole = schemas::validate(route.schema, expected);
  if (whole.valid || schemas::validate(route.open_schema, expected).valid) return true;
  *error = "expected: does not satisfy the schema at \"" + whole.pointer + "\": " + whole.reason;
  return false;
}

TeachPlan plan_lessons(const RouteConfig& route, std::span<const StoredLesson> lessons) {
  TeachPlan plan;
  std::vector<TeachRow> rows;
  for (const ExampleRow& example : route.examples) {
    add_rows(route, example.payload, {"", example.expected, 1, 0}, &rows);
  }
  for (const bool own : {true, false}) {
    for (const StoredLesson& lesson : lessons) {
      if ((lesson.source == "self") != own || lesson.state == "forgotten") continue;
      std::string error;
      if (!example_error(route, lesson.payload).empty() ||
          !is_expected(route, lesson.expected, &error)) {
        plan.misfits.push_back(lesson.id);
        continue;
      }
      // What the window was then stands only in the text.
      const std::string text = route.window ? lesson.text : "";
      add_rows(route, lesson.payload, {text, lesson.expected, lesson.weight, lesson.id}, &rows);
    }
  }
  plan.rows = newest(std::move(rows));
  return plan;
}

std::string element_payload(const RouteConfig& route, std::string_view payload, std::size_t index) {
  if (route.split.empty()) return std::string(payload);
  const auto list = json_at(payload, route.split);
  const auto items = list ? json_elements(*list) : std::nullopt;
  if (!items || index >= items->size()) return std::string(payload);
  // The list at its place in objects made for it; the names need no unescaping but ~1 and ~0.
  std::string before;
  std::string after = "]";
  std::string_view rest = std::string_view(route.split).substr(1);
  for (bool more = true; more;) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    std::string name(rest.substr(0, end));
    for (const auto& [code, plain] : {std::pair{"~1", "/"}, std::pair{"~0", "~"}}) {
      for (std::size_t at = 0; (at = name.find(code, at)) != std::string::npos; ++at) {
        name.replace(at, 2, plain);
      }
    }
    before += "{" + json_quote(name) + ":";
    after += "}";
    more = end < rest.size();
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return before + "[" + std::string((*items)[index]) + after;
}

}  // namespace agent
