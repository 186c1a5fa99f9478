#include "agent/open_routes.h"

namespace agent {

bool is_precise(const RouteConfig& route, const inference::TeachReport& report) {
  double count = 0;
  double right = 0;
  for (const inference::TeachReport::HeldOut& each : report.held_out) {
    if (!(each.confidence >= route.min_confidence)) continue;
    count += each.weight;
    if (each.right) right += each.weight;
  }
  return count >= kPreciseExamplesMin && right >= route.min_precision * count;
}

OpenRoutes::~OpenRoutes() {
  for (const auto& [route, entry] : entries_) decider_->close_route(entry.handle);
}

OpenRoutes::Opened OpenRoutes::open(std::shared_ptr<const Route> route, const TeachPlan& lessons) {
  const RouteConfig& config = route->config();
  if (!config.needs_model()) return {};
  inference::RouteOptions options;
  options.schema = config.open_schema;
  options.instructions = config.instructions;
  options.head = config.head;
  options.model = config.model;
  try {
    const RouteHandle handle = decider_->open_route(options);
    const Route* key = route.get();
    entries_[key] = Entry{std::move(route), handle, 0};
    return {{}, teach(key, lessons)};
  } catch (const inference::LoadError& error) {
    return {error.what(), {}};
  }
}

inference::TeachReport OpenRoutes::teach(const Route* route, const TeachPlan& lessons) {
  const auto found = entries_.find(route);
  if (found == entries_.end()) return {};
  std::vector<inference::Example> examples;
  for (const TeachRow& row : lessons.rows) {
    examples.push_back({.message = row.text, .expected = row.expected, .weight = row.weight});
  }
  // A route that was never taught stays as it is; one that was is told to forget by an empty list.
  Entry& entry = found->second;
  if (examples.empty() && entry.lesson_count == 0) return {};
  inference::TeachReport report = decider_->teach(entry.handle, examples);
  entry.lesson_count = report.used;
  entry.precise = is_precise(route->config(), report);
  return report;
}

std::optional<OpenRoutes::Found> OpenRoutes::find(const Route* route) const {
  const auto found = entries_.find(route);
  if (found == entries_.end()) return std::nullopt;
  return Found{found->second.handle, found->second.lesson_count, found->second.precise};
}

const Route* OpenRoutes::find_name(std::string_view name) const {
  for (const auto& [route, entry] : entries_) {
    if (route->name() == name) return route;
  }
  return nullptr;
}

std::vector<const Route*> OpenRoutes::routes() const {
  std::vector<const Route*> out;
  for (const auto& [route, entry] : entries_) out.push_back(route);
  return out;
}

}  // namespace agent
