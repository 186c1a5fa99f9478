// The Paho client against a real broker, and against scripted peers for what no good broker does.

#include <gtest/gtest.h>
#include <signal.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include "tests/support/broker.h"
#include "tests/support/tcp_proxy.h"
#include "tests/transport/paho_peer.h"
#include "tests/transport/recorder.h"
#include "transport/client.h"

namespace transport {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using test_support::Broker;
using test_support::TcpProxy;

bool acknowledged(PublishStatus status) {
  return status == PublishStatus::Acknowledged || status == PublishStatus::NoSubscribers;
}

// Another implementation of MQTT: what the commands of mosquitto-clients print.
std::string run(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  std::string output;
  std::array<char, 4096> buffer;
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.append(buffer.data(), count);
  }
  pclose(pipe);
  return output;
}

class BothVersions : public testing::TestWithParam<ProtocolVersion> {
 protected:
  void SetUp() override { SKIP_WITHOUT_BROKER(); }
};
INSTANTIATE_TEST_SUITE_P(PahoClient, BothVersions,
                         testing::Values(ProtocolVersion::Mqtt5, ProtocolVersion::Mqtt311),
                         [](const auto& info) {
                           return info.param == ProtocolVersion::Mqtt5 ? "Mqtt5" : "Mqtt311";
                         });

TEST_P(BothVersions, CarriesBytesAndAcknowledgesThem) {
  const Broker broker;
  Peer sender(options_for(broker.uri(), "sender", GetParam()));
  Peer receiver(options_for(broker.uri(), "receiver", GetParam()));
  sender.connect_ok();
  receiver.connect_ok();
  EXPECT_EQ(receiver.subscribe("plant/+/x"), std::vector<int>{1});
  std::string payload(300000, '\0');
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(i * 31);
  EXPECT_EQ(sender.publish({.topic = "plant/a/x", .payload = payload}).status,
            PublishStatus::Acknowledged);
  EXPECT_EQ(sender.publish({.topic = "plant/b/x"}).status, PublishStatus::Acknowledged);
  ASSERT_TRUE(receiver.messages.wait_for_count(2));
  const auto messages = receiver.messages.items();
  EXPECT_EQ(messages[0].topic, "plant/a/x");
  EXPECT_EQ(messages[0].payload, payload);
  EXPECT_EQ(messages[0].qos, 1);
  EXPECT_FALSE(messages[0].retained);
  EXPECT_FALSE(messages[0].duplicate);
  EXPECT_EQ(messages[1].payload, "");
}

TEST_P(BothVersions, KeepsTheSessionOverADisconnect) {
  const Broker broker;
  Peer sender(options_for(broker.uri(), "sender", GetParam()));
  sender.connect_ok();
  {
    Peer first(options_for(broker.uri(), "receiver", GetParam()));
    EXPECT_FALSE(first.connect_ok().session_present);
    first.subscribe("a");
    first.client->disconnect(10s);
    EXPECT_EQ(first.losses.items().size(), 0u);
  }
  sender.publish({.topic = "a", .payload = "while away"});
  Peer second(options_for(broker.uri(), "receiver", GetParam()));
  EXPECT_TRUE(second.connect_ok().session_present);
  ASSERT_TRUE(second.messages.wait_for_count(1));  // without subscribing again
  EXPECT_EQ(second.messages.items()[0].payload, "while away");
}

TEST_P(BothVersions, LeavesAFilter) {
  const Broker broker;
  Peer peer(options_for(broker.uri(), "peer", GetParam()));
  Peer sender(options_for(broker.uri(), "sender", GetParam()));
  peer.connect_ok();
  sender.connect_ok();
  EXPECT_EQ(peer.client->subscribe({{.filter = "a"}, {.filter = "b"}}, 10s).size(), 2u);
  const int never = GetParam() == ProtocolVersion::Mqtt5 ? 0x11 : 0;
  EXPECT_EQ(peer.client->unsubscribe({"a", "never"}, 10s), (std::vector<int>{0, never}));
  sender.publish({.topic = "a"});
  sender.publish({.topic = "b"});
  ASSERT_TRUE(peer.messages.wait_for_count(1));
  EXPECT_EQ(peer.messages.items()[0].topic, "b");
}

TEST_P(BothVersions, SendsTheWillWhenItDiesAndNotWhenItLeaves) {
  const Broker broker;
  Peer watcher(options_for(broker.uri(), "watcher", GetParam()));
  watcher.connect_ok();
  watcher.subscribe("status/#");
  TcpProxy proxy(broker.port());
  ClientOptions options = options_for(proxy.uri(), "mortal", GetParam());
  options.will = Message{.topic = "status/mortal", .payload = "offline", .retained = true};
  options.will->properties.content_type = "text/plain";
  {
    Peer polite(options);
    polite.connect_ok();
    polite.client->disconnect(10s);
  }
  watcher.client->publish({.topic = "status/marker"}, [](PublishResult) {});
  Peer mortal(options);
  mortal.connect_ok();
  proxy.cut();
  EXPECT_TRUE(mortal.losses.wait_for_count(1));
  EXPECT_FALSE(mortal.client->connected());
  // No Local hides the marker on MQTT 5; on 3.1.1 it arrives first and shows the order.
  ASSERT_TRUE(watcher.messages.wait(
      [](const auto& items) { return !items.empty() && items.back().payload == "offline"; }));
  std::size_t wills = 0;
  for (const Message& message : watcher.messages.items()) wills += message.payload == "offline";
  EXPECT_EQ(wills, 1u);
  Peer late(options_for(broker.uri(), "late", GetParam()));
  late.connect_ok();
  late.subscribe("status/mortal");
  ASSERT_TRUE(late.messages.wait_for_count(1));
  EXPECT_TRUE(late.messages.items()[0].retained);
  EXPECT_EQ(late.messages.items()[0].properties.content_type,
            GetParam() == ProtocolVersion::Mqtt5 ? "text/plain" : "");
}

TEST_P(BothVersions, RefusesAWrongPassword) {
  const Broker broker({.passwords = {{"agent", "right"}}});
  ClientOptions options = options_for(broker.uri(), "peer", GetParam());
  options.username = "agent";
  options.password = "wrong-secret";
  const ConnectResult result = Peer(options).client->connect();
  EXPECT_EQ(result.error, ConnectError::BadCredentials);
  EXPECT_NE(result.reason_code, 0);
  EXPECT_EQ(result.detail.find("wrong-secret"), std::string::npos);
  options.password = "right";
  EXPECT_EQ(Peer(options).client->connect().error, ConnectError::None);
  options.username.clear();
  options.password.clear();
  EXPECT_EQ(Peer(options).client->connect().error, ConnectError::BadCredentials);
}

TEST(PahoClient, CarriesAllPropertiesBothWays) {
  SKIP_WITHOUT_BROKER();
  const Broker broker;
  Peer sender(options_for(broker.uri(), "sender"));
  Peer receiver(options_for(broker.uri(), "receiver"));
  sender.connect_ok();
  receiver.connect_ok();
  receiver.subscribe("a");
  Message message{.topic = "a", .payload = "{}"};
  message.properties = {.content_type = "application/json",
                        .response_topic = "reply/here",
                        .correlation_data = std::string("\0\x01\xff", 3),
                        .message_expiry_s = 2000000000u,
                        .user = {{"rung", "model"}, {"rung", "again"}, {"empty", ""}}};
  sender.publish(message);
  ASSERT_TRUE(receiver.messages.wait_for_count(1));
  const Properties got = receiver.messages.items()[0].properties;
  EXPECT_EQ(got.content_type, message.properties.content_type);
  EXPECT_EQ(got.response_topic, message.properties.response_topic);
  EXPECT_EQ(got.correlation_data, message.properties.correlation_data);
  ASSERT_TRUE(got.message_expiry_s.has_value());
  EXPECT_LE(*got.message_expiry_s, 2000000000u);
  EXPECT_GT(*got.message_expiry_s, 1999999000u);
  EXPECT_EQ(got.user, message.properties.user);
}

TEST(PahoClient, UnderstandsAndIsUnderstoodByAnotherImplementation) {
  SKIP_WITHOUT_BROKER();
  const Broker broker;
  const std::string at = " -h 127.0.0.1 -V 5 -p " + std::to_string(broker.port());
  Peer peer(options_for(broker.uri(), "peer"));
  peer.connect_ok();
  peer.subscribe("in");
  run("mosquitto_pub" + at + " -t in -q 1 -m hello -D publish content-type text/plain" +
      " -D publish user-property id 42 -D publish response-topic out");
  ASSERT_TRUE(peer.messages.wait_for_count(1));
  const Message got = peer.messages.items()[0];
  EXPECT_EQ(got.payload, "hello");
  EXPECT_EQ(got.properties.content_type, "text/plain");
  EXPECT_EQ(got.properties.response_topic, "out");
  EXPECT_EQ(got.properties.user, (std::vector<std::pair<std::string, std::string>>{{"id", "42"}}));
  Message answer{.topic = "out", .payload = "{\"action\":\"stop\"}", .retained = true};
  answer.properties.content_type = "application/json";
  answer.properties.user = {{"rung", "model"}};
  EXPECT_TRUE(acknowledged(peer.publish(answer).status));
  EXPECT_EQ(run("mosquitto_sub" + at + " -t out -C 1 -W 20 -F '%t|%q|%C|%P|%p'"),
            "out|0|application/json|rung:model|{\"action\":\"stop\"}\n");
}

TEST(PahoClient, NeverReceivesItsOwnPublishWithNoLocal) {
  SKIP_WITHOUT_BROKER();
  const Broker broker;
  Peer peer(options_for(broker.uri(), "peer"));
  peer.connect_ok();
  const std::vector<int> codes = peer.client->subscribe(
      {{.filter = "own"}, {.filter = "echo", .no_local = false}, {.filter = "$share/g/shared"}},
      10s);
  EXPECT_EQ(codes, (std::vector<int>{1, 1, 1}));  // No Local would be an error on a shared one
  peer.publish({.topic = "own"});
  peer.publish({.topic = "echo"});
  ASSERT_TRUE(peer.messages.wait_for_count(1));
  EXPECT_EQ(peer.messages.items()[0].topic, "echo");
}

TEST(PahoClient, HonoursRetainHandling) {
  SKIP_WITHOUT_BROKER();
  const Broker broker;
  Peer peer(options_for(broker.uri(), "peer"));
  peer.connect_ok();
  peer.publish({.topic = "kept/1", .payload = "old", .retained = true});
  EXPECT_EQ(peer.client->subscribe({{.filter = "kept/#", .retain_handling = 2}}, 10s).size(), 1u);
  EXPECT_EQ(peer.client->subscribe({{.filter = "kept/1"}}, 10s).size(), 1u);
  ASSERT_TRUE(peer.messages.wait_for_count(1));
  EXPECT_TRUE(peer.messages.items()[0].retained);
  Peer sender(options_for(broker.uri(), "sender"));
  sender.connect_ok();
  sender.publish({.topic = "kept/2", .payload = "live", .retained = true});
  ASSERT_TRUE(peer.messages.wait_for_count(2));
  EXPECT_FALSE(peer.messages.items()[1].retained);  // a live message, though it is kept
}

TEST(PahoClient, ReportsRefusedFiltersAndDeniedPublishes) {
  SKIP_WITHOUT_BROKER();
  const Broker broker({.acl = "topic readwrite allowed/#\n"});
  Peer peer(options_for(broker.uri(), "peer"));
  peer.connect_ok();
  const PublishResult denied = peer.publish({.topic = "forbidden"});
  EXPECT_EQ(denied.status, PublishStatus::Denied);
  EXPECT_EQ(denied.reason_code, 0x87);
  EXPECT_EQ(peer.publish({.topic = "a/+"}).status, PublishStatus::Denied);
  EXPECT_TRUE(acknowledged(peer.publish({.topic = "allowed/x"}).status));
  EXPECT_TRUE(peer.client->connected());
}

TEST(PahoClient, ReceivesAMessageAgainThatItDidNotAcknowledge) {
  SKIP_WITHOUT_BROKER();
  const Broker broker;
  TcpProxy proxy(broker.port());
  Peer sender(options_for(broker.uri(), "sender"));
  sender.connect_ok();
  Recorder<Message> seen;
  {
    ClientEvents events;
    events.on_message = [&](Message&& message) {
      proxy.set_silent(true);  // the acknowledgement, sent after this returns, is lost
      seen.add(std::move(message));
    };
    const auto client = make_paho_client(options_for(proxy.uri(), "receiver"), events);
    ASSERT_EQ(client->connect().error, ConnectError::None);
    ASSERT_EQ(client->subscribe({{.filter = "a"}}, 10s).size(), 1u);
    sender.publish({.topic = "a", .payload = "once"});
    ASSERT_TRUE(seen.wait_for_count(1));
    EXPECT_FALSE(seen.items()[0].duplicate);
  }
  proxy.cut();
  Peer again(options_for(broker.uri(), "receiver"));
  EXPECT_TRUE(again.connect_ok().session_present);
  ASSERT_TRUE(again.messages.wait_for_count(1));
  EXPECT_EQ(again.messages.items()[0].payload, "once");
  EXPECT_TRUE(again.messages.items()[0].duplicate);
}

TEST(PahoClient, ReceiveMaximumHoldsBackTheBroker) {
  SKIP_WITHOUT_BROKER();
  const Broker broker;
  ClientOptions options = options_for(broker.uri(), "slow");
  options.receive_maximum = 1;
  Recorder<std::string> order;
  ClientEvents events;
  events.on_message = [&](Message&& message) { order.add(message.payload); };
  const auto client = make_paho_client(options, events);
  ASSERT_EQ(client->connect().error, ConnectError::None);
  ASSERT_EQ(client->subscribe({{.filter = "a"}}, 10s).size(), 1u);
  Peer sender(options_for(broker.uri(), "sender"));
  sender.connect_ok();
  for (int i = 0; i < 8; ++i) sender.publish({.topic = "a", .payload = std::to_string(i)});
  ASSERT_TRUE(order.wait_for_count(8));
  // In the broker's log no PUBLISH to us follows another without our PUBACK between.
  int open = 0;
  int most = 0;
  std::string log = broker.log();
  for (std::size_t at = 0; at < log.size();) {
    const std::size_t end = log.find('\n', at);
    const std::string line = log.substr(at, end - at);
    if (line.find("Sending PUBLISH to slow") != std::string::npos) most = std::max(most, ++open);
    if (line.find("Received PUBACK from slow") != std::string::npos) --open;
    at = end == std::string::npos ? log.size() : end + 1;
  }
  EXPECT_EQ(most, 1);
}

TEST(PahoClient, LimitsWhatTheBrokerMaySendIt) {
  SKIP_WITHOUT_BROKER();
  const Broker broker;
  Peer sender(options_for(broker.uri(), "sender"));
  sender.connect_ok();
  for (const ProtocolVersion version : {ProtocolVersion::Mqtt5, ProtocolVersion::Mqtt311}) {
    ClientOptions options = options_for(broker.uri(), "small", version);
    options.packet_bytes_max = 1000;
    Peer receiver(options);
    receiver.connect_ok();
    receiver.subscribe("a");
    sender.publish({.topic = "a", .payload = std::string(2000, 'x')});
    sender.publish({.topic = "a", .payload = "small"});
    ASSERT_TRUE(receiver.messages.wait_for_count(1));
    EXPECT_EQ(receiver.messages.items()[0].payload, "small");
    // MQTT 5 tells the broker, which does not send it; 3.1.1 cannot.
    EXPECT_EQ(receiver.rejected.items().size(), version == ProtocolVersion::Mqtt5 ? 0u : 1u);
  }
}

TEST(PahoClient, ObeysTheBrokersMaximumPacketSize) {
  SKIP_WITHOUT_BROKER();
  const Broker broker({.extra = "max_packet_size 500\n"});
  Peer peer(options_for(broker.uri(), "peer"));
  peer.connect_ok();
  // Type, remaining length (2), topic (2 + 1), packet id (2), properties (1): 9 bytes.
  EXPECT_TRUE(acknowledged(peer.publish({.topic = "a", .payload = std::string(491, 'x')}).status));
  EXPECT_EQ(peer.publish({.topic = "a", .payload = std::string(492, 'x')}).status,
            PublishStatus::TooLarge);
  EXPECT_TRUE(peer.client->connected());
}

TEST(PahoClient, SaysThatNothingListensThere) {
  const std::uint16_t port = test_support::free_port();
  Peer peer(options_for("mqtt://127.0.0.1:" + std::to_string(port), "peer"));
  const ConnectResult result = peer.client->connect();
  EXPECT_EQ(result.error, ConnectError::Unreachable);
  EXPECT_FALSE(result.detail.empty());
  EXPECT_EQ(peer.publish({.topic = "a"}).status, PublishStatus::NotConnected);
  EXPECT_TRUE(peer.subscribe("a").empty());
  EXPECT_EQ(peer.client->connect().error, ConnectError::Refused);  // only once
}

TEST(PahoClient, GivesUpOnAPeerThatSaysNothingAndCanBeDestroyedThen) {
  TcpProxy mute([](const std::string&, int) { return std::string(); });
  for (int i = 0; i < 3; ++i) {
    ClientOptions options = options_for(mute.uri(), "peer");
    options.connect_timeout = 200ms;
    const auto before = steady_clock::now();
    {
      Peer peer(options);
      EXPECT_EQ(peer.client->connect().error, ConnectError::Timeout);
    }
    EXPECT_LT(steady_clock::now() - before, 5s);
  }
}

TEST(PahoClient, CancelEndsAConnectThatWaits) {
  TcpProxy mute([](const std::string&, int) { return std::string(); });
  ClientOptions options = options_for(mute.uri(), "peer");
  options.connect_timeout = 60s;
  Peer peer(options);
  std::thread other([&] { peer.client->cancel(); });
  const auto before = steady_clock::now();
  EXPECT_EQ(peer.client->connect().error, ConnectError::Timeout);
  EXPECT_LT(steady_clock::now() - before, 10s);
  other.join();
}

TEST(PahoClient, CallsEveryCallbackOnceWhenTheLinkOrTheClientGoes) {
  SKIP_WITHOUT_BROKER();
  const Broker broker;
  for (const bool cut : {true, false}) {
    TcpProxy proxy(broker.port());
    ClientOptions options = options_for(proxy.uri(), "peer");
    options.in_flight_max = 4;
    auto peer = std::make_unique<Peer>(options);
    peer->connect_ok();
    proxy.set_silent(true);
    Recorder<PublishStatus> results;
    for (int i = 0; i < 6; ++i) {
      peer->client->publish({.topic = "a"}, [&](PublishResult r) { results.add(r.status); });
    }
    EXPECT_EQ(results.items(), std::vector<PublishStatus>(2, PublishStatus::Busy));
    if (cut) {
      proxy.cut();
      EXPECT_TRUE(peer->losses.wait_for_count(1));
    } else {
      peer.reset();
    }
    EXPECT_TRUE(results.wait_for_count(6));
    peer.reset();
    auto all = results.items();
    all.erase(all.begin(), all.begin() + 2);
    EXPECT_EQ(all, std::vector<PublishStatus>(4, PublishStatus::Lost));
  }
}

TEST(PahoClient, DisconnectWaitsForWhatIsInFlight) {
  SKIP_WITHOUT_BROKER();
  const Broker broker;
  Peer receiver(options_for(broker.uri(), "receiver"));
  receiver.connect_ok();
  receiver.subscribe("a");
  Peer peer(options_for(broker.uri(), "peer"));
  peer.connect_ok();
  Recorder<PublishStatus> results;
  for (int i = 0; i < 10; ++i) {
    peer.client->publish({.topic = "a"}, [&](PublishResult r) { results.add(r.status); });
  }
  peer.client->disconnect(10s);
  EXPECT_EQ(results.items(), std::vector<PublishStatus>(10, PublishStatus::Acknowledged));
  EXPECT_TRUE(receiver.messages.wait_for_count(10));
  EXPECT_EQ(peer.losses.items().size(), 0u);
}

}  // namespace
}  // namespace transport
