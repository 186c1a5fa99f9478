#include "agent/config_rules.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/config_values.h"
#include "agent/payload_text.h"

namespace agent {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kConditionsMax = 32;  // a rule
constexpr std::size_t kOperandsMax = 256;   // of `in` and `equals`

constexpr std::pair<std::string_view, RuleOperator> kOperators[] = {
    {">", RuleOperator::Greater}, {">=", RuleOperator::GreaterOrEqual},
    {"<", RuleOperator::Less},    {"<=", RuleOperator::LessOrEqual},
    {"==", RuleOperator::Equal},  {"!=", RuleOperator::NotEqual},
    {"in", RuleOperator::In},     {"equals", RuleOperator::Equals},
};
constexpr const char* kOperatorsText = ">, >=, <, <=, ==, !=, in, equals";

bool takes_list(RuleOperator op) { return op == RuleOperator::In || op == RuleOperator::Equals; }

// One operand of the right kind for `op`, or a refusal.
schemas::Scalar operand_of(RuleOperator op, const std::string& at, const Json& json) {
  if (op == RuleOperator::Equals) {
    if (!json.is_string()) throw ConfigError(at + ": found " + shown(json) + ", wanted a text");
    const std::string text = normal_text(json.get_ref<const std::string&>());
    if (text.empty()) throw ConfigError(at + ": found no text, wanted one that can be received");
    return text;
  }
  const bool any = op == RuleOperator::Equal || op == RuleOperator::NotEqual || takes_list(op);
  if (json.is_number() || (any && (json.is_boolean() || json.is_string()))) return scalar_of(json);
  throw ConfigError(at + ": found " + shown(json) + ", wanted " +
                    (any ? "a number, a text, true or false" : "a number"));
}

RuleCondition read_condition(const std::string& name, const std::string& where,
                             const std::string& op, const Json& json) {
  const auto* found = std::find_if(std::begin(kOperators), std::end(kOperators),
                                   [&](const auto& each) { return each.first == op; });
  if (found == std::end(kOperators)) {
    throw ConfigError(where + ": found \"" + op.substr(0, 60) + "\", wanted one of " +
                      kOperatorsText);
  }
  RuleCondition condition{name, found->second, {}};
  const std::string at = where + "." + op;
  const bool list = takes_list(condition.op) && json.is_array();
  if (condition.op == RuleOperator::In && !list) {
    throw ConfigError(at + ": found " + shown(json) + ", wanted a list");
  }
  if (!list) {
    condition.operands.push_back(operand_of(condition.op, at, json));
    return condition;
  }
  if (json.empty() || json.size() > kOperandsMax) {
    throw ConfigError(at + ": found " + std::to_string(json.size()) + " values, wanted 1 to " +
                      std::to_string(kOperandsMax));
  }
  for (const Json& item : json) condition.operands.push_back(operand_of(condition.op, at, item));
  return condition;
}

// The names that a message of this route can have. Without fields, JSON may hold anything.
std::vector<std::string> known_names(const RouteConfig& route) {
  std::vector<std::string> names;
  for (const FieldConfig& field : route.fields) names.push_back(field.name);
  for (std::string& name : window_value_names(route)) names.push_back(std::move(name));
  if (!names.empty()) return names;
  using Format = schemas::PayloadFormat;
  const Format format = route.payload.format;
  if (format == Format::Csv) {
    for (const std::string& column : route.payload.csv.columns) names.push_back("/" + column);
  } else if (format == Format::Text || format == Format::Number) {
    names.emplace_back();
  }
  return names;
}

// A field may be written as the pointer that the model sees it under: /NAME.
std::string value_name(const RouteConfig& route, const std::string& where,
                       const std::string& written) {
  const std::vector<std::string> known = known_names(route);
  std::string bare = written;
  if (!route.fields.empty() && bare.starts_with('/')) bare.erase(0, 1);
  if (known.empty()) {
    if (written.empty() || written.starts_with('/')) return written;
    throw ConfigError(where + ": found \"" + written +
                      "\", wanted a JSON pointer, or the name of one of `fields`");
  }
  if (std::find(known.begin(), known.end(), bare) != known.end()) return bare;
  std::string list;
  for (const std::string& name : known) list += (list.empty() ? "\"" : ", \"") + name + "\"";
  throw ConfigError(where + ": found \"" + written + "\", which no message of this route has; " +
                    "wanted one of " + list);
}

}  // namespace

std::vector<RuleConfig> read_rules(const Json& json, const std::string& where,
                                   const RouteConfig& route) {
  std::vector<RuleConfig> rules;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const std::string at = where + "[" + std::to_string(i) + "].when";
    const Json& when = json[i]["when"];
    if (!when.is_object() || when.empty()) {
      throw ConfigError(at + ": found " + shown(when) +
                        ", wanted {FIELD:{OPERATOR:VALUE}} with at least one field");
    }
    RuleConfig& rule = rules.emplace_back();
    for (const auto& [written, conditions] : when.items()) {
      const std::string name = value_name(route, at, written);
      const std::string field = at + ".\"" + written + "\"";
      if (!conditions.is_object() || conditions.empty()) {
        throw ConfigError(field + ": found " + shown(conditions) + ", wanted {OPERATOR:VALUE}");
      }
      for (const auto& [op, operand] : conditions.items()) {
        rule.when.push_back(read_condition(name, field, op, operand));
      }
    }
    if (rule.when.size() > kConditionsMax) {
      throw ConfigError(at + ": found " + std::to_string(rule.when.size()) +
                        " conditions, wanted at most " + std::to_string(kConditionsMax));
    }
  }
  return rules;
}

}  // namespace agent
