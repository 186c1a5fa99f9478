#include "agent/route.h"

#include <algorithm>
#include <set>

#include "agent/decision_shape.h"

namespace agent {
namespace {

bool any_matches(const std::vector<std::string>& filters, std::string_view topic) {
  return std::any_of(filters.begin(), filters.end(), [&](const std::string& filter) {
    return transport::filter_matches(filter, topic);
  });
}

}  // namespace

std::optional<transport::Captures> Route::match(std::string_view topic) const {
  for (const transport::TopicPattern& pattern : config_.subscribe) {
    if (auto captures = pattern.match(topic)) return captures;
  }
  return std::nullopt;
}

std::optional<BoundValues> Route::bound_values(const transport::Captures& captures) const {
  BoundValues values;
  for (const BindConfig& bind : config_.bind) {
    const schemas::Property* property = find_property(config_.schema, bind.property);
    auto value = bound_value(config_.schema, property->node, bind.value.render(captures));
    if (!value) return std::nullopt;
    values.emplace_back(bind.property, std::move(*value));
  }
  return values;
}

std::optional<std::string> Route::output_topic(const transport::Captures& captures) const {
  return config_.publish.expand(captures);
}

std::string Route::complete(std::string_view open_json, const BoundValues& bound) const {
  return add_bound(config_.schema, open_json, bound);
}

bool RouteSet::is_own_output(std::string_view topic) const {
  return any_matches(own_filters, topic);
}

bool RouteSet::allows_reply(std::string_view topic) const {
  constexpr std::size_t kReplyTopicBytesMax = 1024;
  if (topic.size() > kReplyTopicBytesMax || transport::topic_error(topic) != nullptr) return false;
  if (!any_matches(reply_to, topic) || is_own_output(topic) || is_feedback(topic)) return false;
  if (topic == stop_topic || topic == stop_all_topic || any_matches(notice_filters, topic) ||
      any_matches(state_filters, topic)) {
    return false;
  }
  return std::none_of(routes.begin(), routes.end(),
                      [&](const auto& route) { return route->match(topic).has_value(); });
}

std::vector<std::string> output_filters(const Config& config) {
  std::vector<std::string> filters = {
      config.own_topic("status"),    config.own_topic("metrics"), config.own_topic("abstained/+"),
      config.own_topic("refused/+"), config.own_topic("alarm/+"), config.own_topic("confirm/+"),
      config.own_topic("fence")};
  for (const RouteConfig& route : config.routes) {
    filters.push_back(route.publish.filter());
    if (route.command) filters.push_back(route.command->filter());
  }
  return filters;
}

std::vector<std::string> state_filters(const Config& config) {
  std::set<std::string> filters;
  for (const RouteConfig& route : config.routes) {
    for (const StateConfig& state : route.states) filters.insert(state.topic.filter());
  }
  return {filters.begin(), filters.end()};
}

std::vector<std::string> notice_filters(const Config& config) {
  std::set<std::string> filters;
  for (const RouteConfig& route : config.routes) {
    const InterlockConfig& interlock = route.interlock;
    if (interlock.confirm) filters.insert(interlock.confirm->topic.filter());
    if (interlock.ack) filters.insert(interlock.ack->topic.filter());
  }
  return {filters.begin(), filters.end()};
}

std::shared_ptr<const RouteSet> make_route_set(const Config& config, std::uint64_t generation) {
  auto set = std::make_shared<RouteSet>();
  set->generation = generation;
  for (const RouteConfig& route : config.routes) {
    set->routes.push_back(std::make_shared<const Route>(route));
  }
  set->own_filters = output_filters(config);
  set->feedback_prefix = config.own_topic("feedback/");
  set->reply_to = config.broker.reply_to;
  set->stop_topic = config.own_topic("stop");
  set->stop_all_topic = config.topic_root + "/all/stop";
  set->fence_topic = config.own_topic("fence");
  set->state_filters = state_filters(config);
  set->notice_filters = notice_filters(config);
  return set;
}

}  // namespace agent
