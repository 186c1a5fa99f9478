#include <cstdio>
#include <exception>
#include <stdexcept>

#include "agent/broker_link.h"
#include "agent/commands.h"
#include "agent/json_scan.h"
#include "agent/lint.h"
#include "agent/open_routes.h"
#include "agent/payload_text.h"

namespace agent {
namespace {

// Whether the model's choice is what the example expects, bound properties aside.
bool as_expected(const RouteConfig& route, const std::string& expected,
                 const inference::Decision& decision) {
  const auto wanted = json_members(expected);
  const auto found = json_members(decision.json);
  if (!wanted || !found) return json_compact(expected) == decision.json;
  for (const auto& [name, value] : *found) {
    bool equal = false;
    for (const auto& [wanted_name, wanted_value] : *wanted) {
      equal = equal || (name == wanted_name && json_compact(wanted_value) == value);
    }
    if (!equal) return false;
  }
  return found->size() == wanted->size() - (wanted->size() > found->size() ? route.bind.size() : 0);
}

void compare_examples(const RouteConfig& route, RouteHandle handle, Decider* decider) {
  std::size_t right = 0;
  std::size_t count = 0;
  for (const ExampleRow& row : route.examples) {
    for (const Element& element : read_example(route, row.payload)) {
      if (element.text.empty()) continue;
      ++count;
      const Question question{handle, element.text};
      if (as_expected(route, row.expected, decider->decide({&question, 1}).front())) ++right;
    }
  }
  if (count > 0) {
    std::printf("route %s: %zu of %zu examples decided as expected\n", route.name.c_str(), right,
                count);
  }
}

void check_model(const Config& config) {
  const LoadedModel model = load_model(config.model);
  OpenRoutes routes(model.decider.get());
  const auto set = make_route_set(config, 1);
  for (const auto& route : set->routes) {
    const OpenRoutes::Opened opened = routes.open(route, plan_lessons(route->config(), {}));
    if (!opened.failure.empty()) {
      throw ConfigError(config.file + ": route " + route->name() + ": " + opened.failure);
    }
    for (const auto& refused : opened.taught.refused) {
      std::fprintf(stderr, "%s: warning: route %s: example %zu teaches nothing: %s\n",
                   config.file.c_str(), route->name().c_str(), refused.index,
                   refused.reason.c_str());
    }
    if (const auto open = routes.find(route.get())) {
      compare_examples(route->config(), open->handle, model.decider.get());
    }
  }
}

}  // namespace

int check(const CheckCommand& command) {
  try {
    const Config config = load_config(command.config);
    const Findings findings = lint(config);
    for (const std::string& warning : findings.warnings) {
      std::fprintf(stderr, "%s: warning: %s\n", command.config.c_str(), warning.c_str());
    }
    for (const std::string& error : findings.errors) {
      std::fprintf(stderr, "%s: %s\n", command.config.c_str(), error.c_str());
    }
    if (!findings.errors.empty()) return 1;
    transport::make_paho_factory(client_options(config, {}));
    if (command.load_model && config.needs_model()) check_model(config);
    std::printf("%s: ok, %zu routes, config_hash %s\n", command.config.c_str(),
                config.routes.size(), config.hash.c_str());
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "picolm-agent: %s\n", error.what());
    return 1;
  }
}

}  // namespace agent
