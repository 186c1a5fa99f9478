#include "agent/silence_watch.h"

#include <algorithm>

namespace agent {

void SilenceWatch::add(const std::shared_ptr<const Route>& route, std::string_view topic,
                       std::int64_t now_ms) {
  auto found = topics_.find(topic);
  if (found == topics_.end()) {
    if (topics_.size() >= kTopicsMax) return;
    found = topics_.emplace(std::string(topic), std::vector<Topic>()).first;
  }
  for (Topic& known : found->second) {
    if (known.route == route) return;
  }
  found->second.push_back({route, now_ms, false, false});
}

void SilenceWatch::set_routes(const RouteSet& set, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  for (const auto& [topic, watched] : topics_) {
    for (const Topic& known : watched) {
      if (known.silent || known.speaks) released_.push_back(topic);
    }
  }
  routes_.clear();
  topics_.clear();
  for (const auto& route : set.routes) {
    if (route->config().silence_s == 0) continue;
    routes_.push_back(route);
    for (const std::string& topic : route->config().expect) add(route, topic, now_ms);
  }
}

void SilenceWatch::heard(std::string_view topic, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  if (routes_.empty()) return;
  for (const auto& route : routes_) {
    if (route->match(topic)) add(route, topic, now_ms);
  }
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return;
  for (Topic& known : found->second) {
    known.heard_ms = now_ms;
    known.speaks = known.speaks || known.silent;
    known.silent = false;
  }
}

SilenceWatch::Changes SilenceWatch::tick(std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  Changes changes;
  changes.speaking.swap(released_);
  for (auto& [topic, watched] : topics_) {
    for (Topic& known : watched) {
      if (known.speaks) changes.speaking.push_back(topic);
      known.speaks = false;
      const std::int64_t limit_ms = std::int64_t{known.route->config().silence_s} * 1000;
      if (known.silent || now_ms - known.heard_ms < limit_ms) continue;
      known.silent = true;
      changes.silent.push_back({known.route, topic});
    }
  }
  return changes;
}

bool SilenceWatch::is_silent(std::string_view topic) const {
  const std::lock_guard lock(mutex_);
  const auto found = topics_.find(topic);
  return found != topics_.end() && std::any_of(found->second.begin(), found->second.end(),
                                               [](const Topic& known) { return known.silent; });
}

bool SilenceWatch::watches() const {
  const std::lock_guard lock(mutex_);
  return !routes_.empty();
}

}  // namespace agent
