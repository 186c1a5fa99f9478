#include "agent/config_values.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace agent {

using Json = nlohmann::ordered_json;

std::string shown(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, 60);
}

schemas::Scalar scalar_of(const Json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number()) return schemas::Number{json.dump(), json.get<double>()};
  return json.get<std::string>();
}

void check_pointer(const std::string& where, const std::string& pointer) {
  if (!pointer.empty() && pointer.front() != '/') {
    throw ConfigError(where + ": found \"" + pointer +
                      "\", wanted a JSON pointer: empty, or / before each name");
  }
}

void check_names(const std::string& where, const std::vector<std::string>& used,
                 const std::vector<transport::TopicPattern>& subscribe) {
  for (const std::string& name : used) {
    for (const transport::TopicPattern& pattern : subscribe) {
      const std::vector<std::string>& names = pattern.names();
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        throw ConfigError(where + ": found {" + name + "}, wanted a named level of every \"" +
                          "subscribe\" of the route; " + pattern.filter() + " has none");
      }
    }
  }
}

}  // namespace agent
