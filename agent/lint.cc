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

// Feedback changes what a route decides; neither an input nor a decision may be taken for it.
void find_self_teaching(const Config& config, Findings* findings) {
  const std::string feedback = config.own_topic("feedback/+");
  for (const RouteConfig& route : config.routes) {
    if (transport::filters_overlap(feedback, route.publish.filter())) {
      findings->errors.push_back("route " + route.name + ": publish " + route.publish.filter() +
                                 " can be " + feedback + "; the agent would teach itself");
    }
    for (const transport::TopicPattern& pattern : route.subscribe) {
      if (!transport::filters_overlap(feedback, match_filter(pattern))) continue;
      findings->errors.push_back("route " + route.name + ": subscribe " + pattern.filter() +
                                 " can match " + feedback +
                                 ", which teaches routes and is never an input");
    }
  }
}

// What opens the interlock must come from others: a confirmation, a state or a stop that the agent
// could publish itself would be no check.
void find_self_release(const Config& config, Findings* findings) {
  std::vector<std::string> inward = notice_filters(config);
  for (const std::string& filter : state_filters(config)) inward.push_back(filter);
  inward.push_back(config.own_topic("stop"));
  inward.push_back(config.topic_root + "/all/stop");
  std::vector<std::string> outputs = output_filters(config);
  outputs.insert(outputs.end(), config.broker.reply_to.begin(), config.broker.reply_to.end());
  for (const std::string& filter : inward) {
    for (const std::string& output : outputs) {
      if (!transport::filters_overlap(filter, output)) continue;
      findings->errors.push_back("the agent publishes on " + output + ", which can be " + filter +
                                 ": it would confirm, allow or stop itself");
    }
  }
  inward = notice_filters(config);
  inward.push_back(config.own_topic("stop"));
  inward.push_back(config.topic_root + "/all/stop");
  for (const RouteConfig& route : config.routes) {
    for (const transport::TopicPattern& pattern : route.subscribe) {
      for (const std::string& filter : inward) {
        if (!transport::filters_overlap(filter, match_filter(pattern))) continue;
        findings->errors.push_back("route " + route.name + ": subscribe " + pattern.filter() +
                                   " can match " + filter + ", which is never an input");
      }
    }
  }
}

void find_act_risks(const RouteConfig& route, Findings* findings) {
  if (route.mode != RouteMode::Act) return;
  if (route.needs_model() && route.examples.empty()) {
    findings->warnings.push_back("route " + route.name +
                                 ": is to act and has no examples; what is learned only advises "
                                 "until enough was taught");
  }
  if (route.interlock.safe_actions.empty()) {
    findings->warnings.push_back("route " + route.name +
                                 ": is to act and names no safe_actions, so nothing passes the "
                                 "global stop and no fallback is sent");
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

// A broker may send one copy of a message for each subscription it matches, and a copy does not say
// which one it is for. The same filter in two routes is one subscription and does no harm.
void find_overlaps(const RouteConfig& a, const RouteConfig& b, Findings* findings) {
  for (const transport::TopicPattern& left : a.subscribe) {
    for (const transport::TopicPattern& right : b.subscribe) {
      if (left.filter() == right.filter()) continue;
      if (!transport::filters_overlap(match_filter(left), match_filter(right))) continue;
      const std::string who =
          a.name == b.name ? "route " + a.name : "routes " + a.name + " and " + b.name;
      const std::string what = who + ": " + left.filter() + " and " + right.filter() +
                               " can match the same topic, and the broker may then send a message "
                               "twice; ";
      const bool command =
          a.message_class == MessageClass::Command || b.message_class == MessageClass::Command;
      if (command) {
        findings->errors.push_back(what + "a command would be decided twice: use one filter");
      } else {
        findings->warnings.push_back(what + "it is then decided more than once by each route");
      }
      return;
    }
  }
}

}  // namespace

Findings lint(const Config& config) {
  Findings findings;
  find_loops(config, &findings);
  find_self_teaching(config, &findings);
  find_self_release(config, &findings);
  for (const RouteConfig& route : config.routes) {
    find_open_targets(route, &findings);
    find_act_risks(route, &findings);
  }
  for (std::size_t i = 0; i < config.routes.size(); ++i) {
    for (std::size_t j = i; j < config.routes.size(); ++j) {
      find_overlaps(config.routes[i], config.routes[j], &findings);
    }
  }
  return findings;
}

}  // namespace agent
