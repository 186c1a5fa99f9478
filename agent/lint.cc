// The agent must never take its own output for input: every output filter is compared with every
// subscription of every route, not only of the same one, since two routes could feed each other.

#include "agent/lint.h"

#include <algorithm>

#include "agent/decision_shape.h"
#include "agent/route.h"
#include "transport/topic_filter.h"

namespace agent {
namespace {

std::string_view match_filter(const transport::TopicPattern& pattern) {
  return transport::without_share(pattern.filter());
}

bool has_wildcard(const transport::TopicPattern& pattern) {
  return match_filter(pattern).find_first_of("+#") != std::string_view::npos;
}

void find_loops(const Config& config, Findings* findings) {
  std::vector<std::string> outputs = output_filters(config);
  outputs.insert(outputs.end(), config.broker.reply_to.begin(), config.broker.reply_to.end());
  for (const RouteConfig& route : config.routes) {
    for (const transport::TopicPattern& pattern : route.subscribe) {
      for (const std::string& output : outputs) {
        if (!transport::filters_overlap(output, match_filter(pattern))) continue;
        findings->errors.push_back("route " + route.name + ": subscribe " + pattern.filter() +
                                   " can match " + output +
                                   ", which the agent itself publishes; it would answer itself");
      }
    }
  }
}

void find_open_targets(const RouteConfig& route, Findings* findings) {
  const bool wild = std::any_of(route.subscribe.begin(), route.subscribe.end(), has_wildcard);
  if (!wild) return;
  const auto target_bound = std::any_of(route.bind.begin(), route.bind.end(),
                                        [](const auto& bind) { return bind.property == "target"; });
  if (find_property(route.schema, "target") != nullptr && !target_bound) {
    findings->warnings.push_back("route " + route.name +
                                 ": listens to more than one topic and leaves \"target\" to the "
                                 "model; bind it to a named level if the topic says what is meant");
  }
  if (route.bind.empty() && route.publish.names().empty()) {
    findings->warnings.push_back("route " + route.name +
                                 ": decisions on many topics go to one, and nothing in topic or "
                                 "decision says which one they are about");
  }
}

void find_overlaps(const Config& config, Findings* findings) {
  for (std::size_t i = 0; i < config.routes.size(); ++i) {
    for (std::size_t j = i + 1; j < config.routes.size(); ++j) {
      const RouteConfig& a = config.routes[i];
      const RouteConfig& b = config.routes[j];
      const bool overlap = std::any_of(
          a.subscribe.begin(), a.subscribe.end(), [&](const transport::TopicPattern& left) {
            return std::any_of(
                b.subscribe.begin(), b.subscribe.end(), [&](const transport::TopicPattern& right) {
                  return transport::filters_overlap(match_filter(left), match_filter(right));
                });
          });
      if (overlap) {
        findings->warnings.push_back("routes " + a.name + " and " + b.name +
                                     " can match the same topic; such a message is decided twice");
      }
    }
  }
}

}  // namespace

Findings lint(const Config& config) {
  Findings findings;
  find_loops(config, &findings);
  for (const RouteConfig& route : config.routes) find_open_targets(route, &findings);
  find_overlaps(config, &findings);
  return findings;
}

}  // namespace agent
