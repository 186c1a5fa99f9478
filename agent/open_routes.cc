#include "agent/open_routes.h"

#include "agent/payload_text.h"

namespace agent {
namespace {

// Scoring every example would delay the start; this many settle the means.
constexpr std::size_t kCalibrationMax = 32;

}  // namespace

OpenRoutes::~OpenRoutes() {
  for (const auto& [route, entry] : entries_) decider_->close_route(entry.handle);
}

std::string OpenRoutes::open(std::shared_ptr<const Route> route) {
  const RouteConfig& config = route->config();
  inference::RouteOptions options;
  options.schema = config.open_schema;
  options.instructions = config.instructions;
  try {
    const RouteHandle handle = decider_->open_route(options);
    const Route* key = route.get();
    entries_[key] = Entry{std::move(route), handle};
    // Evenly over the file, since examples are often sorted by what they decide.
    const std::size_t step = (config.examples.size() + kCalibrationMax - 1) / kCalibrationMax;
    for (std::size_t i = 0; i < config.examples.size(); i += step) {
      for (const Element& element : read_payload(config, config.examples[i].payload)) {
        if (!element.text.empty()) decider_->calibrate(handle, element.text);
      }
    }
  } catch (const inference::LoadError& error) {
    return error.what();
  }
  return {};
}

std::optional<RouteHandle> OpenRoutes::find(const Route* route) const {
  const auto found = entries_.find(route);
  if (found == entries_.end()) return std::nullopt;
  return found->second.handle;
}

}  // namespace agent
