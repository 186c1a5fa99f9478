#include "agent/config_route.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "agent/config_act.h"
#include "agent/config_file.h"
#include "agent/config_rules.h"
#include "agent/config_values.h"
#include "agent/config_window.h"
#include "agent/decision_shape.h"
#include "agent/json_scan.h"
#include "agent/payload_text.h"
#include "schemas/json_schema.h"
#include "schemas/validator.h"
#include "transport/client.h"

namespace agent {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kSchemaBytesMax = 1 << 20;
constexpr std::size_t kExamplesBytesMax = 16 << 20;
constexpr std::size_t kExamplesMax = 1000;

std::string text_of(const Json& json, const char* key, const char* initial = "") {
  return json.contains(key) ? json[key].get<std::string>() : std::string(initial);
}

std::vector<std::string> strings_of(const Json& json) {
  if (json.is_string()) return {json.get<std::string>()};
  return json.get<std::vector<std::string>>();
}

std::string compact(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void check_plain_name(const std::string& where, const std::string& name) {
  if (!is_plain_name(name)) {
    throw ConfigError(where + ": found \"" + name + "\", wanted letters, digits, '.', '_' or '-'");
  }
}

void read_topics(const Json& json, const std::string& where, RouteConfig* route) {
  for (const std::string& text : strings_of(json["subscribe"])) {
    try {
      route->subscribe.emplace_back(text);
    } catch (const transport::TransportError& error) {
      throw ConfigError(where + ".subscribe: found \"" + text + "\": " + error.what());
    }
  }
  const std::string publish = text_of(json, "publish");
  try {
    route->publish = transport::TopicTemplate(publish);
  } catch (const transport::TransportError& error) {
    throw ConfigError(where + ".publish: found \"" + publish + "\": " + error.what());
  }
  check_names(where + ".publish", route->publish.names(), route->subscribe);
}

void read_policy(const Json& json, const std::string& where, RouteConfig* route) {
  if (json.contains("qos")) route->qos = json["qos"].get<int>();
  const std::string message_class = text_of(json, "class", "telemetry");
  route->message_class = message_class == "command" ? MessageClass::Command
                         : message_class == "event" ? MessageClass::Event
                                                    : MessageClass::Telemetry;
  if (text_of(json, "retained") == "state") route->retained = RetainedPolicy::State;
  if (route->message_class == MessageClass::Command && route->retained == RetainedPolicy::State) {
    throw ConfigError(where +
                      ".retained: found \"state\", wanted \"ignore\" for class command: "
                      "a stored command must never be carried out again");
  }
  if (text_of(json, "envelope") == "full") route->envelope = EnvelopeKind::Full;
  if (json.contains("rungs")) {
    const auto has = [&](const char* rung) {
      return std::find(json["rungs"].begin(), json["rungs"].end(), rung) != json["rungs"].end();
    };
    route->rule = has("rule");
    route->cache = has("cache");
    route->head = has("head");
    route->model = has("model");
  }
  if (json.contains("learn_from_self")) {
    route->learn_from_self = json["learn_from_self"].get<double>();
  }
  if (route->learn_from_self > 0 && !(route->head && route->model)) {
    throw ConfigError(where + ".learn_from_self: needs the rungs \"head\" and \"model\"");
  }
  if (json.contains("min_confidence")) route->min_confidence = json["min_confidence"].get<double>();
}

char one_char(const Json& json, const char* key, char initial) {
  return json.contains(key) ? json[key].get_ref<const std::string&>()[0] : initial;
}

void read_payload(const Json& json, const std::string& where, RouteConfig* route) {
  const std::string format = text_of(json, "payload", "auto");
  using Format = schemas::PayloadFormat;
  route->payload.format = format == "json"     ? Format::Json
                          : format == "text"   ? Format::Text
                          : format == "number" ? Format::Number
                          : format == "csv"    ? Format::Csv
                                               : Format::Auto;
  const bool is_csv = format == "csv";
  if (is_csv != json.contains("csv")) {
    throw ConfigError(where + ".csv: " +
                      (is_csv ? "required with payload csv" : "only allowed with payload csv"));
  }
  if (is_csv) {
    const auto& csv = json["csv"];
    route->payload.csv.separator = one_char(csv, "separator", ',');
    route->payload.csv.decimal = one_char(csv, "decimal", '.');
    route->payload.csv.columns = csv["columns"].get<std::vector<std::string>>();
    const schemas::CsvOptions& options = route->payload.csv;
    if (options.decimal != '.' && options.decimal != ',') {
      throw ConfigError(where + ".csv.decimal: found \"" + options.decimal + "\", wanted . or ,");
    }
    if (options.separator == options.decimal) {
      throw ConfigError(where + ".csv: separator and decimal are the same character");
    }
  }
  route->split = text_of(json, "split");
  check_pointer(where + ".split", route->split);
  if (!route->split.empty() && format != "json" && format != "auto") {
    throw ConfigError(where + ".split: only allowed with payload json or auto");
  }
  route->id = text_of(json, "id");
  check_pointer(where + ".id", route->id);
}

void read_time(const Json& json, const std::string& where, RouteConfig* route) {
  if (json.contains("time")) {
    TimeConfig time;
    time.pointer = text_of(json["time"], "pointer");
    check_pointer(where + ".time.pointer", time.pointer);
    const std::string format = text_of(json["time"], "format", "ms");
    time.format = format == "s"         ? TimeFormat::Seconds
                  : format == "iso8601" ? TimeFormat::Iso8601
                                        : TimeFormat::Milliseconds;
    route->time = time;
  }
  if (json.contains("max_age_s")) route->max_age_s = json["max_age_s"].get<std::uint32_t>();
  if (route->max_age_s > 0 && !route->time) {
    throw ConfigError(where + ".max_age_s: needs \"time\", which says when a message was made");
  }
}

void read_fields(const Json& json, const std::string& where, RouteConfig* route) {
  if (!json.contains("fields")) return;
  for (std::size_t i = 0; i < json["fields"].size(); ++i) {
    const auto& entry = json["fields"][i];
    const std::string at = where + ".fields[" + std::to_string(i) + "]";
    FieldConfig field;
    field.name = text_of(entry, "name");
    field.from = text_of(entry, "from", ("/" + field.name).c_str());
    check_pointer(at + ".from", field.from);
    field.unit = text_of(entry, "unit");
    if (entry.contains("scale")) field.scale = entry["scale"].get<double>();
    if (entry.contains("min")) field.minimum = entry["min"].get<double>();
    if (entry.contains("max")) field.maximum = entry["max"].get<double>();
    if (field.scale && *field.scale == 0)
      throw ConfigError(at + ".scale: found 0, wanted a factor");
    if (field.minimum && field.maximum && *field.minimum > *field.maximum) {
      throw ConfigError(at + ": found min above max");
    }
    for (const FieldConfig& other : route->fields) {
      if (other.name == field.name) {
        throw ConfigError(at + ".name: found \"" + field.name + "\" twice in this route");
      }
    }
    route->fields.push_back(std::move(field));
  }
}

void read_schema(const Json& json, const std::string& where, const std::string& file, Sha256* hash,
                 RouteConfig* route) {
  const auto& value = json["schema"];
  std::string source = where + ".schema";
  std::string text;
  if (value.is_string()) {
    const std::string path = relative_to(file, value.get<std::string>());
    text = read_config_file(source, path, kSchemaBytesMax);
    hash->add(text);
    source += ": " + path;
  } else {
    text = compact(value);
  }
  Sha256 schema_hash;
  schema_hash.add(text);
  route->schema_hash = schema_hash.hex();
  try {
    route->schema = schemas::parse_schema(text);
  } catch (const schemas::SchemaError& error) {
    throw ConfigError(source + ": " + error.what());
  }
  route->open_schema = route->schema;
}

void read_bind(const Json& json, const std::string& where, RouteConfig* route) {
  if (!json.contains("bind") || json["bind"].empty()) return;
  std::vector<std::string> names;
  for (const auto& [property, text] : json["bind"].items()) {
    const std::string at = where + ".bind." + property;
    const schemas::Property* found = find_property(route->schema, property);
    if (found == nullptr) throw ConfigError(at + ": the schema has no property of this name");
    const schemas::Node& node = route->schema.nodes[found->node];
    if (!std::holds_alternative<schemas::EnumNode>(node) &&
        !std::holds_alternative<schemas::StringNode>(node)) {
      throw ConfigError(at + ": wanted a property that is a string or a set of values");
    }
    try {
      route->bind.push_back({property, TextTemplate(text.get<std::string>())});
    } catch (const TemplateError& error) {
      throw ConfigError(at + ": " + error.what());
    }
    const TextTemplate& value = route->bind.back().value;
    check_names(at, value.names(), route->subscribe);
    if (value.names().empty() && !bound_value(route->schema, found->node, value.render({}))) {
      throw ConfigError(at + ": found " + text.dump() + ", which the schema does not allow there");
    }
    names.push_back(property);
  }
  const auto& object = std::get<schemas::ObjectNode>(route->schema.nodes[route->schema.root]);
  if (object.properties.size() == names.size()) {
    throw ConfigError(where + ".bind: every property is bound, so nothing is left to decide");
  }
  route->open_schema = without_properties(route->schema, names);
}

// A decision that a human wrote: all of it, or all of it but the bound properties.
std::string check_decision(const RouteConfig& route, const std::string& where, const Json& json) {
  std::string text = compact(json);
  const schemas::Verdict whole = schemas::validate(route.schema, text);
  if (whole.valid || schemas::validate(route.open_schema, text).valid) return text;
  throw ConfigError(where + ": does not satisfy the schema at \"" + whole.pointer +
                    "\": " + whole.reason);
}

ExampleRow read_example(const RouteConfig& route, const std::string& where, const Json& row) {
  if (!row.is_object() || !row.contains("payload") || !row.contains("expected")) {
    throw ConfigError(where + ": wanted {\"payload\":...,\"expected\":{...}}");
  }
  ExampleRow example;
  const auto& payload = row["payload"];
  example.payload = payload.is_string() ? payload.get<std::string>() : compact(payload);
  example.expected = check_decision(route, where + ".expected", row["expected"]);
  const std::string_view refused = example_error(route, example.payload);
  if (!refused.empty()) {
    throw ConfigError(where + ".payload: the route would refuse it: " + std::string(refused));
  }
  return example;
}

void read_examples(const Json& json, const std::string& where, const std::string& file,
                   Sha256* hash, RouteConfig* route) {
  if (!json.contains("examples")) return;
  const auto& value = json["examples"];
  const std::string source = where + ".examples";
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      route->examples.push_back(
          read_example(*route, source + "[" + std::to_string(i) + "]", value[i]));
    }
    return;
  }
  const std::string path = relative_to(file, value.get<std::string>());
  const std::string bytes = read_config_file(source, path, kExamplesBytesMax);
  hash->add(bytes);
  std::string_view rest = bytes;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string at = source + ": " + path + " line " + std::to_string(number);
    if (route->examples.size() == kExamplesMax) {
      throw ConfigError(at + ": wanted at most " + std::to_string(kExamplesMax) + " rows");
    }
    route->examples.push_back(read_example(*route, at, parse_config_json(at, line)));
  }
}

void read_rules_of(const Json& json, const std::string& where, RouteConfig* route) {
  if (json.contains("rules")) route->rules = read_rules(json["rules"], where + ".rules", *route);
  for (std::size_t i = 0; i < route->rules.size(); ++i) {
    const std::string at = where + ".rules[" + std::to_string(i) + "].decide";
    route->rules[i].decide = check_decision(*route, at, json["rules"][i]["decide"]);
  }
  if (route->needs_model()) return;
  if (!route->rule || route->rules.empty()) {
    throw ConfigError(where +
                      ".rungs: found neither \"head\" nor \"model\", and no rules; nothing could "
                      "ever decide");
  }
}

}  // namespace

bool is_plain_name(std::string_view name) {
  const auto ok = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), ok);
}

RouteConfig read_route(const Json& json, const std::string& where, const std::string& file,
                       Sha256* hash) {
  RouteConfig route;
  route.name = text_of(json, "name");
  check_plain_name(where + ".name", route.name);
  read_topics(json, where, &route);
  read_policy(json, where, &route);
  read_payload(json, where, &route);
  read_time(json, where, &route);
  read_fields(json, where, &route);
  if (json.contains("window")) read_window(json["window"], where + ".window", &route);
  read_schema(json, where, file, hash, &route);
  read_bind(json, where, &route);
  read_act(json, where, &route);
  route.instructions = text_of(json, "instructions");
  if (json.contains("fallback")) {
    route.fallback = check_decision(route, where + ".fallback", json["fallback"]);
  }
  read_rules_of(json, where, &route);
  read_examples(json, where, file, hash, &route);
  read_example_readings(&route);
  return route;
}

}  // namespace agent
