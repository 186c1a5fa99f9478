// The JSON Schema and the Markdown table are written from the table of keys.

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "agent/config_keys.h"

namespace agent {
namespace {

using Json = nlohmann::ordered_json;

std::string_view child_name(std::string_view path, std::string_view parent) {
  if (!parent.empty()) {
    if (!path.starts_with(parent) || path.size() <= parent.size() || path[parent.size()] != '.') {
      return {};
    }
    path.remove_prefix(parent.size() + 1);
  }
  return path.find_first_of(".[") == std::string_view::npos ? path : std::string_view();
}

Json number(double value) {
  if (value == static_cast<double>(static_cast<std::int64_t>(value))) {
    return static_cast<std::int64_t>(value);
  }
  return value;
}

Json choices(std::string_view list) {
  Json out = Json::array();
  while (!list.empty()) {
    const std::size_t end = std::min(list.find('|'), list.size());
    out.push_back(std::string(list.substr(0, end)));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return out;
}

Json object_schema(std::string_view parent);

Json strings_schema(const KeySpec& key) {
  return {{"type", "array"},
          {"items", {{"type", "string"}, {"minLength", 1}}},
          {"minItems", number(key.minimum)},
          {"maxItems", number(key.maximum)}};
}

// JSON Schema counts characters where the agent counts bytes, so only the maximum is exact for
// ASCII; the agent's own check is the stricter one.
Json value_schema(const KeySpec& key) {
  switch (key.kind) {
    case KeyKind::Object:
      return object_schema(key.path);
    case KeyKind::ObjectList:
      return {{"type", "array"},
              {"items", object_schema(std::string(key.path) + "[]")},
              {"minItems", number(key.minimum)},
              {"maxItems", number(key.maximum)}};
    case KeyKind::String:
      return {{"type", "string"},
              {"minLength", number(key.minimum)},
              {"maxLength", number(key.maximum)}};
    case KeyKind::StringList:
      return strings_schema(key);
    case KeyKind::StringOrList:
      return {
          {"anyOf", Json::array({{{"type", "string"}, {"minLength", 1}}, strings_schema(key)})}};
    case KeyKind::StringMap:
      return {{"type", "object"},
              {"additionalProperties", {{"type", "string"}, {"minLength", 1}}},
              {"maxProperties", number(key.maximum)}};
    case KeyKind::Integer:
    case KeyKind::Number:
      return {{"type", key.kind == KeyKind::Integer ? "integer" : "number"},
              {"minimum", number(key.minimum)},
              {"maximum", number(key.maximum)}};
    case KeyKind::Size:
      return {{"anyOf", Json::array({{{"type", "integer"},
                                      {"minimum", number(key.minimum)},
                                      {"maximum", number(key.maximum)}},
                                     {{"type", "string"}, {"pattern", "^[0-9]+[KMG]?$"}}})}};
    case KeyKind::Choice:
      return {{"enum", choices(key.choices)}};
    case KeyKind::ChoiceList:
      return {{"type", "array"},
              {"items", {{"enum", choices(key.choices)}}},
              {"minItems", number(key.minimum)},
              {"maxItems", number(key.maximum)}};
    case KeyKind::Json:
      return Json::object();
    case KeyKind::PathOrObject:
      return {{"type", {"string", "object"}}, {"minLength", 1}};
    case KeyKind::PathOrList:
      return {{"type", {"string", "array"}}, {"minLength", 1}, {"maxItems", number(key.maximum)}};
  }
  return Json::object();
}

Json object_schema(std::string_view parent) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const KeySpec& key : config_keys()) {
    const std::string_view name = child_name(key.path, parent);
    if (name.empty()) continue;
    Json schema = value_schema(key);
    schema["description"] = std::string(key.text);
    const Json initial = Json::parse(key.initial, nullptr, false);
    if (!initial.is_discarded()) schema["default"] = initial;
    properties[std::string(name)] = std::move(schema);
    if (key.required) required.push_back(std::string(name));
  }
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(required)},
          {"additionalProperties", false}};
}

std::string kind_text(const KeySpec& key) {
  switch (key.kind) {
    case KeyKind::Object:
    case KeyKind::StringMap:
      return "object";
    case KeyKind::ObjectList:
    case KeyKind::StringList:
    case KeyKind::ChoiceList:
      return "list";
    case KeyKind::String:
    case KeyKind::Choice:
      return "string";
    case KeyKind::StringOrList:
      return "string or list";
    case KeyKind::Integer:
      return "integer";
    case KeyKind::Number:
      return "number";
    case KeyKind::Size:
      return "integer or size";
    case KeyKind::Json:
      return "any";
    case KeyKind::PathOrObject:
      return "file or object";
    case KeyKind::PathOrList:
      return "file or list";
  }
  return "";
}

std::string bound_text(const KeySpec& key) {
  if (!key.choices.empty()) {
    std::string out;
    for (const Json& choice : choices(key.choices)) {
      out += (out.empty() ? "`" : ", `") + choice.get<std::string>() + "`";
    }
    return out;
  }
  if (key.minimum == 0 && key.maximum == 0) return "";
  return number(key.minimum).dump() + " … " + number(key.maximum).dump();
}

}  // namespace

std::string config_json_schema() {
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"title", "picolm-agent configuration"},
                 {"description", "Written from the agent's table of keys; see README.md."}};
  schema.update(object_schema(""));
  return schema.dump(2) + "\n";
}

std::string config_key_table() {
  std::string out =
      "| key | kind | default | bounds | unit | what |\n"
      "|---|---|---|---|---|---|\n";
  for (const KeySpec& key : config_keys()) {
    const std::string initial = key.required          ? "required"
                                : key.initial.empty() ? ""
                                                      : "`" + std::string(key.initial) + "`";
    out += "| `" + std::string(key.path) + "` | " + kind_text(key) + " | " + initial + " | " +
           bound_text(key) + " | " + std::string(key.unit) + " | " + std::string(key.text) + " |\n";
  }
  return out;
}

}  // namespace agent
