#pragma once

// A Paho client with everything it reports written down, for tests.
// Thread safety: as Client.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/broker.h"
#include "tests/transport/recorder.h"
#include "transport/client.h"

#define SKIP_WITHOUT_BROKER() \
  if (!test_support::broker_installed()) GTEST_SKIP() << "skipped: mosquitto is not installed"

namespace transport {

// A client with everything it reports written down.
struct Peer {
  explicit Peer(ClientOptions options) {
    client = make_paho_client(
        options, {.on_message = [this](Message&& m) { messages.add(std::move(m)); },
                  .on_disconnected = [this](std::string_view, int code) { losses.add(code); },
                  .on_rejected = [this](std::string_view r) { rejected.add(std::string(r)); }});
  }

  ConnectResult connect_ok() {
    ConnectResult result = client->connect();
    EXPECT_EQ(result.error, ConnectError::None) << result.detail << " " << result.reason_code;
    return result;
  }

  PublishResult publish(const Message& message) {
    auto results = std::make_shared<Recorder<PublishResult>>();
    client->publish(message, [results](PublishResult result) { results->add(result); });
    EXPECT_TRUE(results->wait_for_count(1));
    const auto items = results->items();
    return items.empty() ? PublishResult{} : items.front();
  }

  std::vector<int> subscribe(const std::string& filter) {
    return client->subscribe({{.filter = filter}}, std::chrono::seconds(10));
  }

  Recorder<Message> messages;
  Recorder<int> losses;
  Recorder<std::string> rejected;
  std::unique_ptr<Client> client;  // last: its callbacks use the others
};

inline ClientOptions options_for(const std::string& uri, const std::string& id,
                                 ProtocolVersion version = ProtocolVersion::Mqtt5) {
  return {
      .uri = uri, .client_id = id, .version = version, .connect_timeout = std::chrono::seconds(10)};
}

}  // namespace transport
