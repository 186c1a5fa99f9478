#include "agent/open_routes.h"

#include "agent/payload_text.h"

namespace agent {

OpenRoutes::~OpenRoutes() {
  for (const auto& [route, entry] : entries_) decider_->close_route(entry.handle);
}

OpenRoutes::Opened OpenRoutes::open(std::shared_ptr<const Route> route) {
  const RouteConfig& config = route->config();
  inference::RouteOptions options;
  options.schema = config.open_schema;
  options.instructions = config.instructions;
  options.head = config.head;
  options.model = config.model;
  try {
    const RouteHandle handle = decider_->open_route(options);
    const Route* key = route.get();
    entries_[key] = Entry{std::move(route), handle};
    return {{}, teach(config, handle)};
  } catch (const inference::LoadError& error) {
    return {error.what(), {}};
  }
}

inference::TeachReport OpenRoutes::teach(const RouteConfig& config, RouteHandle handle) {
  std::vector<std::pair<std::string, const std::string*>> lessons;  // text, expected
  for (const ExampleRow& row : config.examples) {
    for (Element& element : read_example(config, row.payload)) {
      if (!element.text.empty()) lessons.emplace_back(std::move(element.text), &row.expected);
    }
  }
  std::vector<inference::Example> examples;
  for (const auto& [text, expected] : lessons) {
    examples.push_back({.message = text, .expected = *expected});
  }
  return examples.empty() ? inference::TeachReport{} : decider_->teach(handle, examples);
}

std::optional<RouteHandle> OpenRoutes::find(const Route* route) const {
  const auto found = entries_.find(route);
  if (found == entries_.end()) return std::nullopt;
  return found->second.handle;
}

}  // namespace agent
