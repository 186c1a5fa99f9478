#include "agent/broker_link.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "agent/route.h"
#include "transport/topic_filter.h"

namespace agent {
namespace {

// The broker drops what is larger without a word, so this is far above the largest payload that
// is taken: a payload that is only somewhat too large is refused here, where it is counted.
constexpr std::uint32_t kPacketBytesMax = 2 << 20;

}  // namespace

std::vector<transport::Subscription> subscriptions(const Config& config) {
  std::vector<transport::Subscription> list;
  for (const RouteConfig& route : config.routes) {
    for (const transport::TopicPattern& pattern : route.subscribe) {
      const auto known = std::find_if(list.begin(), list.end(), [&](const auto& subscription) {
        return subscription.filter == pattern.filter();
      });
      if (known != list.end()) {
        known->qos = std::max(known->qos, route.qos);
        continue;
      }
      transport::Subscription subscription;
      subscription.filter = pattern.filter();
      subscription.qos = route.qos;
      // No Local is not allowed on a shared subscription (MQTT 5, 3.8.3.1).
      subscription.no_local = !transport::is_shared(subscription.filter);
      // Stored messages come with a new subscription, not again after every reconnect; those
      // that a route does not want are refused and counted on arrival.
      subscription.retain_handling = 1;
      list.push_back(std::move(subscription));
    }
  }
  const auto add = [&](std::string filter, int retain_handling) {
    const auto known = std::find_if(list.begin(), list.end(),
                                    [&](const auto& each) { return each.filter == filter; });
    if (known != list.end()) return;
    transport::Subscription subscription;
    subscription.filter = std::move(filter);
    subscription.retain_handling = retain_handling;
    list.push_back(std::move(subscription));
  };
  for (const std::string& filter : state_filters(config)) add(filter, 0);
  for (const std::string& filter : notice_filters(config)) add(filter, 2);
  // A stored stop counts at every connect.
  add(config.own_topic("stop"), 0);
  add(config.topic_root + "/all/stop", 0);
  transport::Subscription fence;
  fence.filter = config.own_topic("fence");
  fence.no_local = false;  // it comes from the agent itself
  fence.retain_handling = 2;
  list.push_back(std::move(fence));
  transport::Subscription feedback;
  feedback.filter = config.own_topic("feedback/+");
  // A stored one comes once and is refused aloud, so that its sender learns of the mistake.
  feedback.retain_handling = 1;
  list.push_back(std::move(feedback));
  return list;
}

transport::ClientOptions client_options(const Config& config, const StatusReport& will) {
  transport::ClientOptions options;
  options.uri = config.broker.uri;
  options.client_id = config.agent_id;
  options.username = config.broker.username;
  if (!config.broker.password_file.empty()) {
    options.password = read_secret(config.broker.password_file);
  }
  options.tls = {config.broker.tls.ca, config.broker.tls.cert, config.broker.tls.key};
  options.keep_alive = std::chrono::seconds(config.broker.keep_alive_s);
  options.session_expiry = std::chrono::seconds(config.broker.session_expiry_s);
  options.packet_bytes_max = kPacketBytesMax;
  transport::Message message;
  message.topic = config.own_topic("status");
  message.payload = status_json(will);
  message.retained = true;
  options.will = std::move(message);
  return options;
}

}  // namespace agent
