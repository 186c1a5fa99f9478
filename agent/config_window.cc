#include "agent/config_window.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/payload_text.h"

namespace agent {

using Json = nlohmann::ordered_json;

void read_window(const Json& entry, const std::string& where, RouteConfig* route) {
  WindowConfig window;
  window.seconds = entry["s"].get<std::uint32_t>();
  window.stuck = entry.contains("stuck") ? entry["stuck"].get<std::uint32_t>() : 10;
  const auto add_once = [](auto& list, auto value) {
    if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
  };
  for (const Json& of : entry["of"]) {  // a string, or a list of them
    const auto name = of.get<std::string>();
    const auto field = std::find_if(route->fields.begin(), route->fields.end(),
                                    [&](const FieldConfig& f) { return f.name == name; });
    if (field == route->fields.end()) {
      throw ConfigError(where + ".of: found \"" + name +
                        "\", wanted the name of one of the route's \"fields\"");
    }
    add_once(window.of, static_cast<std::size_t>(field - route->fields.begin()));
  }
  for (std::size_t i = 0; i < kStatisticNames.size(); ++i) {
    const auto wanted = [&](const Json& name) { return name == kStatisticNames[i]; };
    if (!entry.contains("as") || std::any_of(entry["as"].begin(), entry["as"].end(), wanted)) {
      window.as.push_back(static_cast<Statistic>(i));
    }
  }
  route->window = std::move(window);
  for (std::size_t i = 0; i < route->window->of.size(); ++i) {
    for (const Statistic statistic : route->window->as) {
      const std::string name = window_value_name(*route, i, statistic);
      for (const FieldConfig& field : route->fields) {
        if (field.name != name) continue;
        throw ConfigError(where + ": makes a value \"" + name +
                          "\", which is one of the route's \"fields\" already");
      }
    }
  }
}

void read_example_readings(RouteConfig* route) {
  if (!route->window) return;
  std::vector<std::vector<double>> readings(route->window->of.size());
  for (const ExampleRow& row : route->examples) {
    for (const Element& element : read_payload(*route, row.payload)) {
      for (std::size_t i = 0; i < element.readings.size(); ++i) {
        if (element.readings[i]) readings[i].push_back(*element.readings[i]);
      }
    }
  }
  for (auto& values : readings) std::sort(values.begin(), values.end());
  route->window->example_readings = std::move(readings);
}

}  // namespace agent
