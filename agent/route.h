#pragma once

// A route at run time: which topics it takes, and how an open decision of the model becomes the
// decision that is published.
// Thread safety: constant after construction.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/config.h"
#include "transport/topic_filter.h"

namespace agent {

// Property and JSON text of every bound value.
using BoundValues = std::vector<std::pair<std::string, std::string>>;

class Route {
 public:
  explicit Route(RouteConfig config) : config_(std::move(config)) {}

  const RouteConfig& config() const { return config_; }
  const std::string& name() const { return config_.name; }

  // The named levels of `topic` if the route listens to it.
  std::optional<transport::Captures> match(std::string_view topic) const;

  // What the agent fills in; nothing if a value is not one that the schema allows.
  std::optional<BoundValues> bound_values(const transport::Captures& captures) const;

  // Where the decision goes; nothing if the captured levels make no topic.
  std::optional<std::string> output_topic(const transport::Captures& captures) const;

  // The whole decision in schema order.
  std::string complete(std::string_view open_json, const BoundValues& bound) const;

 private:
  RouteConfig config_;
};

// All routes of one configuration and what is never taken as input.
struct RouteSet {
  std::uint64_t generation = 0;                      // grows with every reload
  std::vector<std::shared_ptr<const Route>> routes;  // shared: queued messages outlive a reload
  std::vector<std::string> own_filters;              // the agent's output
  std::string feedback_prefix;                       // "picolm/AGENT/feedback/"
  std::vector<std::string> reply_to;
  std::string stop_topic;                   // "picolm/AGENT/stop"
  std::string stop_all_topic;               // "picolm/all/stop"
  std::string fence_topic;                  // "picolm/AGENT/fence"
  std::vector<std::string> state_filters;   // topics that preconditions look at
  std::vector<std::string> notice_filters;  // answers of people and machines

  bool is_own_output(std::string_view topic) const;
  bool is_feedback(std::string_view topic) const { return topic.starts_with(feedback_prefix); }

  // Whether a reply may go to `topic`: inside reply_to, no input of any route, not the agent's own,
  // and nothing that teaches.
  bool allows_reply(std::string_view topic) const;
};

// Filters of everything that an agent of this configuration publishes, replies aside.
std::vector<std::string> output_filters(const Config& config);

// Topics of states, and of confirmations and acknowledgements, of all routes; each once.
std::vector<std::string> state_filters(const Config& config);
std::vector<std::string> notice_filters(const Config& config);

std::shared_ptr<const RouteSet> make_route_set(const Config& config, std::uint64_t generation);

}  // namespace agent
