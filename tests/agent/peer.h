#pragma once

// Another MQTT client for tests of the agent.
// Thread safety: safe.

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/broker.h"
#include "transport/link.h"

namespace agent {

// Publishes, and keeps what it hears, its own messages included.
class Peer {
 public:
  static constexpr std::chrono::seconds kPatience{30};  // a loaded machine; normal: milliseconds

  explicit Peer(const test_support::Broker& broker, const std::string& filter = "#") {
    transport::ClientOptions options;
    options.uri = broker.uri();
    options.client_id = "peer";
    options.session_expiry = std::chrono::seconds(3600);
    transport::LinkEvents events;
    events.on_message = [this](transport::Message&& message) {
      const std::lock_guard lock(mutex_);
      messages_.push_back(std::move(message));
      changed_.notify_all();
    };
    events.on_link = [this](const transport::LinkState& state) {
      const std::lock_guard lock(mutex_);
      connected_ = state.connected();
      changed_.notify_all();
    };
    link_ = std::make_unique<transport::Link>(transport::make_paho_factory(options),
                                              transport::SupervisorOptions{}, std::move(events));
    transport::Subscription subscription;
    subscription.filter = filter;
    subscription.no_local = false;  // hears itself, so that it knows what the broker has
    link_->set_subscriptions({subscription});
    link_->start();
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kPatience, [this] { return connected_; }));
  }

  void publish(const std::string& topic, const std::string& payload,
               const transport::Properties& properties = {}, bool retained = false) {
    transport::Message message;
    message.topic = topic;
    message.payload = payload;
    message.properties = properties;
    message.retained = retained;
    EXPECT_TRUE(link_->publish(std::move(message), [](transport::PublishResult) {}));
  }

  // All messages on `topic` so far.
  std::vector<transport::Message> on(const std::string& topic) const {
    const std::lock_guard lock(mutex_);
    std::vector<transport::Message> found;
    for (const transport::Message& message : messages_) {
      if (message.topic == topic) found.push_back(message);
    }
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<transport::Message> messages_;
  bool connected_ = false;
  std::unique_ptr<transport::Link> link_;
};

}  // namespace agent
