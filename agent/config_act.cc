#include "agent/config_act.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/config_values.h"
#include "agent/decision_shape.h"
#include "agent/payload_text.h"
#include "transport/client.h"

namespace agent {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kNamesMax = 64;  // of every free list here

[[noreturn]] void fail(const std::string& where, const Json& found, const std::string& wanted) {
  throw ConfigError(where + ": found " + shown(found) + ", wanted " + wanted);
}

std::uint32_t integer(const Json& json, const char* key, std::uint32_t initial) {
  return json.contains(key) ? json[key].get<std::uint32_t>() : initial;
}

std::vector<std::string> list(const Json& json, const char* key) {
  return json.contains(key) ? json[key].get<std::vector<std::string>>()
                            : std::vector<std::string>();
}

transport::TopicTemplate read_topic(const std::string& where, const std::string& text,
                                    const RouteConfig& route) {
  try {
    transport::TopicTemplate topic(text);
    check_names(where, topic.names(), route.subscribe);
    return topic;
  } catch (const transport::TransportError& error) {
    throw ConfigError(where + ": found \"" + text + "\": " + error.what());
  }
}

void check_property(const std::string& where, const std::string& name, const RouteConfig& route) {
  if (find_property(route.schema, name) != nullptr) return;
  throw ConfigError(where + ": found \"" + name + "\", wanted a property of the decision");
}

schemas::Scalar scalar(const std::string& where, const Json& json) {
  const bool plain = json.is_boolean() || json.is_number() || json.is_string();
  if (!plain) fail(where, json, "a number, a text, true or false");
  return scalar_of(json);
}

double number(const std::string& where, const Json& json) {
  if (!json.is_number()) fail(where, json, "a number");
  return json.get<double>();
}

// The members of an object under free names, which the table of keys leaves to us.
void check_members(const std::string& where, const Json& json,
                   std::initializer_list<std::string_view> known) {
  if (!json.is_object()) fail(where, json, "an object");
  for (const auto& [name, value] : json.items()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    throw ConfigError(where + "." + name.substr(0, 60) + ": unknown key");
  }
}

const Json& named(const std::string& where, const Json& json) {
  if (!json.is_object() || json.size() > kNamesMax) {
    fail(where, json, "an object with at most " + std::to_string(kNamesMax) + " names");
  }
  return json;
}

void read_states(const Json& json, const std::string& where, RouteConfig* route) {
  if (!json.contains("state")) return;
  for (const auto& [name, value] : named(where + ".state", json["state"]).items()) {
    const std::string at = where + ".state." + name;
    check_members(at, value, {"topic", "pointer", "max_age_s"});
    if (!value.contains("topic") || !value["topic"].is_string()) {
      throw ConfigError(at + ".topic: required key is missing, or no text");
    }
    StateConfig state;
    state.name = name;
    state.topic = read_topic(at + ".topic", value["topic"].get<std::string>(), *route);
    if (value.contains("pointer")) {
      if (!value["pointer"].is_string()) fail(at + ".pointer", value["pointer"], "a JSON pointer");
      state.pointer = value["pointer"].get<std::string>();
      check_pointer(at + ".pointer", state.pointer);
    }
    const Json age = value.contains("max_age_s") ? value["max_age_s"] : Json();
    if (!age.is_number_unsigned() || age < 1 || age > 86400) {
      fail(at + ".max_age_s", age, "an integer from 1 to 86400");
    }
    state.max_age_s = age.get<std::uint32_t>();
    route->states.push_back(std::move(state));
  }
}

void read_allow(const Json& json, const std::string& where, RouteConfig* route) {
  if (!json.contains("allow")) return;
  for (const auto& [field, values] : named(where + ".allow", json["allow"]).items()) {
    const std::string at = where + ".allow." + field;
    check_property(at, field, *route);
    if (!values.is_array() || values.empty() || values.size() > 256) {
      fail(at, values, "a list of 1 to 256 values");
    }
    AllowConfig allow{field, {}};
    for (const Json& value : values) allow.values.push_back(scalar(at, value));
    route->interlock.allow.push_back(std::move(allow));
  }
}

RequireConfig read_require(const Json& json, const std::string& where, const RouteConfig& route) {
  RequireConfig require;
  using enum RequireConfig::Source;
  const std::pair<const char*, RequireConfig::Source> sources[] = {
      {"field", Field}, {"window", Window}, {"state", State}};
  int count = 0;
  for (const auto& [key, source] : sources) {
    if (!json.contains(key)) continue;
    ++count;
    require.source = source;
    require.name = json[key].get<std::string>();
  }
  if (count != 1) throw ConfigError(where + ": wanted one of \"field\", \"window\" and \"state\"");
  const auto known = [&](const auto& each) { return each.name == require.name; };
  if (require.source == State && std::none_of(route.states.begin(), route.states.end(), known)) {
    throw ConfigError(where + ".state: found \"" + require.name + "\", wanted a name of \"state\"");
  }
  const std::vector<std::string> windows = window_value_names(route);
  if (require.source == Window &&
      std::find(windows.begin(), windows.end(), require.name) == windows.end()) {
    throw ConfigError(where + ".window: found \"" + require.name +
                      "\", wanted a value of the route's \"window\", such as \"" +
                      (windows.empty() ? "FIELD_mean" : windows.front()) + "\"");
  }
  const bool pointer = require.name.starts_with('/') && route.fields.empty();
  if (require.source == Field && !pointer && !require.name.empty() &&
      std::none_of(route.fields.begin(), route.fields.end(), known)) {
    throw ConfigError(where + ".field: found \"" + require.name +
                      "\", wanted the name of one of `fields`, or without them a JSON pointer");
  }
  if (json.contains("equals")) require.equals = scalar(where + ".equals", json["equals"]);
  if (json.contains("min")) require.minimum = json["min"].get<double>();
  if (json.contains("max")) require.maximum = json["max"].get<double>();
  if (!require.equals && !require.minimum && !require.maximum) {
    throw ConfigError(where + ": wanted \"equals\", \"min\" or \"max\"");
  }
  require.actions = list(json, "actions");
  return require;
}

void read_limits(const Json& json, const std::string& where, RouteConfig* route) {
  if (!json.contains("limits")) return;
  for (const auto& [field, value] : named(where + ".limits", json["limits"]).items()) {
    const std::string at = where + ".limits." + field;
    check_property(at, field, *route);
    check_members(at, value, {"min", "max", "step"});
    LimitConfig limit{field, {}, {}, {}};
    if (value.contains("min")) limit.minimum = number(at + ".min", value["min"]);
    if (value.contains("max")) limit.maximum = number(at + ".max", value["max"]);
    if (value.contains("step")) limit.step = number(at + ".step", value["step"]);
    if (limit.step && *limit.step < 0) fail(at + ".step", value["step"], "a number from 0");
    if (limit.minimum && limit.maximum && *limit.minimum > *limit.maximum) {
      throw ConfigError(at + ": found min above max");
    }
    route->interlock.limits.push_back(std::move(limit));
  }
}

void read_interlock(const Json& json, const std::string& where, RouteConfig* route) {
  InterlockConfig& interlock = route->interlock;
  read_allow(json, where, route);
  read_limits(json, where, route);
  if (json.contains("require")) {
    for (std::size_t i = 0; i < json["require"].size(); ++i) {
      const std::string at = where + ".require[" + std::to_string(i) + "]";
      interlock.require.push_back(read_require(json["require"][i], at, *route));
    }
  }
  interlock.max_per_min = integer(json, "max_per_min", 0);
  interlock.min_dwell_s = integer(json, "min_dwell_s", 0);
  interlock.safe_actions = list(json, "safe_actions");
  if (json.contains("confirm")) {
    const Json& confirm = json["confirm"];
    interlock.confirm = ConfirmConfig{
        list(confirm, "actions"),
        read_topic(where + ".confirm.topic", confirm["topic"].get<std::string>(), *route),
        integer(confirm, "timeout_s", 30)};
  }
  if (json.contains("ack")) {
    const Json& ack = json["ack"];
    interlock.ack =
        AckConfig{read_topic(where + ".ack.topic", ack["topic"].get<std::string>(), *route),
                  integer(ack, "timeout_s", 10)};
  }
  bool names_actions = !interlock.safe_actions.empty() || interlock.confirm.has_value();
  for (const RequireConfig& require : interlock.require) {
    names_actions = names_actions || !require.actions.empty();
  }
  if (names_actions) check_property(where, kActionProperty, *route);
}

void read_change(const Json& json, const std::string& where, RouteConfig* route) {
  ChangeConfig& change = route->change;
  change.on_change = json.contains("publish_on") && json["publish_on"] == "change";
  for (const char* key : {"agree", "deadband", "repeat_s"}) {
    if (json.contains(key) && !change.on_change) {
      throw ConfigError(where + "." + key + ": needs \"publish_on\": \"change\"");
    }
  }
  change.agree = integer(json, "agree", 1);
  change.repeat_s = integer(json, "repeat_s", 0);
  if (!json.contains("deadband")) return;
  for (const auto& [field, value] : named(where + ".deadband", json["deadband"]).items()) {
    const std::string at = where + ".deadband." + field;
    check_property(at, field, *route);
    const double band = number(at, value);
    if (band < 0) fail(at, value, "a number from 0");
    change.deadband.emplace_back(field, band);
  }
}

void read_silence(const Json& json, const std::string& where, RouteConfig* route) {
  route->silence_s = integer(json, "silence_s", 0);
  route->expect = list(json, "expect");
  if (!route->expect.empty() && route->silence_s == 0) {
    throw ConfigError(where + ".expect: needs \"silence_s\"");
  }
  for (const std::string& topic : route->expect) {
    const bool heard = std::any_of(route->subscribe.begin(), route->subscribe.end(),
                                   [&](const auto& each) { return each.match(topic).has_value(); });
    if (transport::topic_error(topic) == nullptr && heard) continue;
    throw ConfigError(where + ".expect: found \"" + topic +
                      "\", wanted a topic that \"subscribe\" matches, without wildcards");
  }
}

// An act route must be able to say what is fresh, what is allowed and where it goes.
void check_act(const Json& json, const std::string& where, const RouteConfig& route) {
  if (!route.command) throw ConfigError(where + ".command: required with mode act");
  if (route.interlock.allow.empty()) {
    throw ConfigError(where +
                      ".interlock.allow: required with mode act; without it nothing says "
                      "what may be done");
  }
  if (route.retained == RetainedPolicy::State) {
    throw ConfigError(where +
                      ".retained: found \"state\", wanted \"ignore\" for mode act: "
                      "nothing acts on a stored message");
  }
  if (route.time && route.max_age_s == 0) {
    throw ConfigError(where + ".max_age_s: required with mode act and \"time\"");
  }
  if (json.contains("interlock") && route.interlock.confirm &&
      route.interlock.confirm->actions.empty()) {
    throw ConfigError(where + ".interlock.confirm.actions: found none, wanted at least one");
  }
}

}  // namespace

void read_act(const Json& json, const std::string& where, RouteConfig* route) {
  if (json.contains("mode") && json["mode"] == "act") route->mode = RouteMode::Act;
  if (json.contains("command")) {
    route->command = read_topic(where + ".command", json["command"].get<std::string>(), *route);
  }
  if (json.contains("min_precision")) route->min_precision = json["min_precision"].get<double>();
  route->decision_expiry_s =
      integer(json, "decision_expiry_s", route->mode == RouteMode::Act ? 5 : 60);
  read_states(json, where, route);
  if (json.contains("interlock")) read_interlock(json["interlock"], where + ".interlock", route);
  read_change(json, where, route);
  read_silence(json, where, route);
  if (route->mode == RouteMode::Act) check_act(json, where, *route);
}

}  // namespace agent
