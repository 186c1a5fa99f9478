// The link against a real broker that is absent, restarted, killed and silent, and against
// scripted peers.

#include "transport/link.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

#include "tests/support/broker.h"
#include "tests/support/tcp_proxy.h"
#include "tests/transport/recorder.h"

namespace transport {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using test_support::Broker;
using test_support::TcpProxy;

#define SKIP_WITHOUT_BROKER() \
  if (!test_support::broker_installed()) GTEST_SKIP() << "skipped: mosquitto is not installed"

SupervisorOptions quick() {
  SupervisorOptions options;
  options.reconnect = {.delay_min = 20ms, .delay_max = 200ms, .connects_per_min_max = 600};
  options.jitter_seed = 5;
  return options;
}

struct Station {
  explicit Station(const std::string& uri, const SupervisorOptions& options = quick(),
                   ClientOptions client = {}) {
    client.uri = uri;
    if (client.client_id.empty()) client.client_id = "station";
    client.connect_timeout = 10s;
    link = std::make_unique<Link>(
        make_paho_factory(client), options,
        LinkEvents{.on_message = [this](Message&& m) { messages.add(std::move(m)); },
                   .on_link = [this](const LinkState& s) { states.add(s); },
                   .on_rejected = {}});
  }

  bool wait_for(const std::function<bool(const LinkState&)>& good) {
    return states.wait([&](const auto& all) { return !all.empty() && good(all.back()); });
  }
  bool wait_connected(std::uint64_t connects = 1) {
    return wait_for([&](const LinkState& s) { return s.connected() && s.connects >= connects; });
  }

  PublishResult publish(Message message) {
    auto results = std::make_shared<Recorder<PublishResult>>();
    if (!link->publish(std::move(message), [results](PublishResult r) { results->add(r); })) {
      return {.status = PublishStatus::NotConnected};
    }
    EXPECT_TRUE(results->wait_for_count(1));
    return results->items().front();
  }

  bool receives(const std::string& payload) {
    return messages.wait([&](const std::vector<Message>& all) {
      return std::any_of(all.begin(), all.end(),
                         [&](const Message& one) { return one.payload == payload; });
    });
  }

  Recorder<Message> messages;
  Recorder<LinkState> states;
  std::unique_ptr<Link> link;  // last: its callbacks use the others
};

std::vector<Subscription> wants(std::initializer_list<const char*> filters) {
  std::vector<Subscription> list;
  for (const char* filter : filters) list.push_back({.filter = filter, .no_local = false});
  return list;
}

TEST(Link, ConnectsSubscribesAndPublishes) {
  SKIP_WITHOUT_BROKER();
  const Broker broker;
  Station station(broker.uri());
  station.link->set_subscriptions(wants({"a/+", "b"}));
  EXPECT_FALSE(station.link->publish({.topic = "b"}, {}));  // not before it is connected
  station.link->start();
  ASSERT_TRUE(station.wait_connected());
  EXPECT_EQ(station.publish({.topic = "a/1", .payload = "one"}).status,
            PublishStatus::Acknowledged);
  EXPECT_TRUE(station.receives("one"));
  const LinkState state = station.link->state();
  EXPECT_EQ(state.version, ProtocolVersion::Mqtt5);
  EXPECT_FALSE(state.session_present);
  EXPECT_TRUE(state.refused_filters.empty());
  station.link->stop(10s);
  EXPECT_EQ(station.link->state().phase, LinkPhase::Stopped);
  EXPECT_FALSE(station.link->publish({.topic = "b"}, {}));
}

TEST(Link, WaitsForABrokerThatIsAbsentAtStart) {
  SKIP_WITHOUT_BROKER();
  Broker broker;
  broker.stop();
  Station station(broker.uri());
  station.link->set_subscriptions(wants({"a"}));
  station.link->start();
  ASSERT_TRUE(station.wait_for([](const LinkState& s) {
    return s.phase == LinkPhase::Waiting && s.error == ConnectError::Unreachable && s.attempts >= 2;
  }));
  broker.start();
  ASSERT_TRUE(station.wait_connected());
  EXPECT_EQ(station.publish({.topic = "a", .payload = "x"}).status, PublishStatus::Acknowledged);
  EXPECT_TRUE(station.receives("x"));
}

TEST(Link, SurvivesARestartOfTheBrokerThatKeptItsState) {
  SKIP_WITHOUT_BROKER();
  Broker broker;
  Station station(broker.uri());
  station.link->set_subscriptions(wants({"a"}));
  station.link->start();
  ASSERT_TRUE(station.wait_connected());
  broker.stop();
  ASSERT_TRUE(station.wait_for([](const LinkState& s) { return s.phase != LinkPhase::Connected; }));
  broker.start();
  ASSERT_TRUE(station.wait_connected(2));
  EXPECT_TRUE(station.link->state().session_present);
  station.publish({.topic = "a", .payload = "again"});
  EXPECT_TRUE(station.receives("again"));
}

TEST(Link, SubscribesAgainWhenAKilledBrokerForgotEverything) {
  SKIP_WITHOUT_BROKER();
  Broker broker;
  Station station(broker.uri());
  station.link->set_subscriptions(wants({"a"}));
  station.link->start();
  ASSERT_TRUE(station.wait_connected());
  broker.kill();
  broker.forget();
  broker.start();
  ASSERT_TRUE(station.wait_connected(2));
  EXPECT_FALSE(station.link->state().session_present);
  station.publish({.topic = "a", .payload = "again"});
  EXPECT_TRUE(station.receives("again"));
}

TEST(Link, CutsALinkWhoseBrokerStoppedAcknowledging) {
  SKIP_WITHOUT_BROKER();
  const Broker broker;
  TcpProxy proxy(broker.port());
  SupervisorOptions options = quick();
  options.ack_deadline = 300ms;
  Station station(proxy.uri(), options);
  station.link->start();
  ASSERT_TRUE(station.wait_connected());
  proxy.set_silent(true);
  const auto before = steady_clock::now();
  EXPECT_EQ(station.publish({.topic = "a"}).status, PublishStatus::Lost);
  EXPECT_GE(steady_clock::now() - before, 300ms);
  EXPECT_LT(steady_clock::now() - before, 5s);  // keep-alive alone would take 20 s
  ASSERT_TRUE(station.wait_for([](const LinkState& s) { return !s.connected(); }));
  proxy.set_silent(false);
  proxy.cut();
  ASSERT_TRUE(station.wait_connected(2));
  EXPECT_NE(station.publish({.topic = "a"}).status, PublishStatus::Lost);
}

TEST(Link, ReportsABrokerThatKicksItAndBacksOff) {
  SKIP_WITHOUT_BROKER();
  const Broker broker;
  SupervisorOptions options = quick();
  options.reconnect = {};  // the real limits
  Station one(broker.uri(), options);
  Station two(broker.uri(), options);  // the same client id: each takes the other's place
  one.link->start();
  ASSERT_TRUE(one.wait_connected());
  two.link->start();
  ASSERT_TRUE(two.wait_connected());
  EXPECT_TRUE(one.wait_for([](const LinkState& s) { return s.attempts >= 3; }));
  EXPECT_LE(one.link->state().attempts + two.link->state().attempts, 12u);
}

TEST(Link, FallsBackToAnOlderProtocolWhenVersionFiveIsRefused) {
  for (const std::string& refusal :
       {std::string("\x20\x03\x00\x84\x00", 5), std::string("\x20\x02\x00\x01", 4)}) {
    Recorder<int> levels;
    TcpProxy old([&](const std::string& received, int) {
      const int type = static_cast<unsigned char>(received[0]) >> 4;
      if (type == 8) return std::string("\x90\x03", 2) + received.substr(2, 2) + "\x01";  // SUBACK
      if (type != 1) return std::string();
      const int level = received[8];  // after "MQTT"
      levels.add(level);
      return level == 5 ? refusal : std::string("\x20\x02\x00\x00", 4);
    });
    Station station(old.uri());
    station.link->set_subscriptions(wants({"a"}));
    station.link->start();
    ASSERT_TRUE(station.wait_connected());
    EXPECT_EQ(station.link->state().version, ProtocolVersion::Mqtt311);
    EXPECT_EQ(levels.items(), (std::vector<int>{5, 4}));
    old.cut();  // after a loss the newer version is tried first again
    ASSERT_TRUE(station.wait_connected(2));
    EXPECT_EQ(levels.items(), (std::vector<int>{5, 4, 5, 4}));
  }
}

TEST(Link, ReportsFiltersTheBrokerRefused) {
  // SUBACK 0x87 for every filter; Mosquitto 2.0 grants what the ACL will then withhold.
  TcpProxy strict([](const std::string& received, int) {
    const int type = static_cast<unsigned char>(received[0]) >> 4;
    if (type == 1) return std::string("\x20\x03\x00\x00\x00", 5);
    if (type != 8) return std::string();
    std::string replies;
    for (std::size_t at = 0; at + 4 <= received.size();) {
      replies += std::string("\x90\x04", 2) + received.substr(at + 2, 2) + std::string("\0\x87", 2);
      at += 2 + static_cast<unsigned char>(received[at + 1]);
    }
    return replies;
  });
  Station station(strict.uri());
  station.link->set_subscriptions(wants({"a", "b"}));
  station.link->start();
  ASSERT_TRUE(station.wait_connected());
  EXPECT_EQ(station.link->state().refused_filters, (std::vector<std::string>{"a", "b"}));
}

TEST(Link, FollowsAChangedListOfSubscriptions) {
  SKIP_WITHOUT_BROKER();
  Broker broker;
  Station station(broker.uri());
  station.link->set_subscriptions(wants({"old", "both"}));
  station.link->start();
  ASSERT_TRUE(station.wait_connected());
  const std::size_t reports = station.states.items().size();
  station.link->set_subscriptions(wants({"both", "new"}));
  ASSERT_TRUE(station.states.wait_for_count(reports + 1));
  station.publish({.topic = "old", .payload = "1"});
  station.publish({.topic = "new", .payload = "2"});
  EXPECT_TRUE(station.receives("2"));
  // Changed while away: a kept session must not go on delivering what was dropped.
  broker.stop();
  ASSERT_TRUE(station.wait_for([](const LinkState& s) { return !s.connected(); }));
  station.link->set_subscriptions(wants({"new"}));
  broker.start();
  ASSERT_TRUE(station.wait_connected(2));
  EXPECT_TRUE(station.link->state().session_present);
  station.publish({.topic = "both", .payload = "3"});
  station.publish({.topic = "new", .payload = "4"});
  EXPECT_TRUE(station.receives("4"));
  for (const Message& message : station.messages.items()) {
    EXPECT_EQ(message.topic, "new") << message.payload;
  }
}

TEST(Link, StopSendsWhatWasAcceptedAndNoWill) {
  SKIP_WITHOUT_BROKER();
  const Broker broker;
  Station watcher(broker.uri(), quick(), {.client_id = "watcher"});
  watcher.link->set_subscriptions(wants({"out", "status"}));
  watcher.link->start();
  ASSERT_TRUE(watcher.wait_connected());
  ClientOptions mortal;
  mortal.will = Message{.topic = "status", .payload = "offline"};
  Station station(broker.uri(), quick(), mortal);
  station.link->start();
  ASSERT_TRUE(station.wait_connected());
  Recorder<PublishStatus> results;
  for (int i = 0; i < 60; ++i) {
    ASSERT_TRUE(station.link->publish({.topic = "out", .payload = std::to_string(i)},
                                      [&](PublishResult r) { results.add(r.status); }));
  }
  station.link->stop(10s);
  EXPECT_EQ(results.items(), std::vector<PublishStatus>(60, PublishStatus::Acknowledged));
  EXPECT_EQ(watcher.publish({.topic = "status", .payload = "marker"}).status,
            PublishStatus::Acknowledged);
  EXPECT_TRUE(watcher.receives("marker"));
  const auto messages = watcher.messages.items();
  ASSERT_EQ(messages.size(), 61u);
  for (std::size_t i = 0; i < 60; ++i) EXPECT_EQ(messages[i].payload, std::to_string(i));
}

TEST(Link, RefusesMoreThanItsQueueAndAnswersAllItAccepted) {
  SKIP_WITHOUT_BROKER();
  const Broker broker;
  TcpProxy proxy(broker.port());
  SupervisorOptions options = quick();
  options.in_flight_max = 2;
  options.queue_max = 3;
  Station station(proxy.uri(), options);
  station.link->start();
  ASSERT_TRUE(station.wait_connected());
  proxy.set_silent(true);
  Recorder<PublishStatus> results;
  std::size_t accepted = 0;
  for (int i = 0; i < 50; ++i) {
    accepted +=
        station.link->publish({.topic = "a"}, [&](PublishResult r) { results.add(r.status); });
  }
  EXPECT_GE(accepted, 3u);
  EXPECT_LE(accepted, 5u);
  station.link->stop(100ms);
  std::size_t lost = 0;
  for (const PublishStatus status : results.items()) lost += status == PublishStatus::Lost;
  EXPECT_EQ(results.items().size(), accepted);
  EXPECT_LE(lost, 2u);
}

TEST(Link, StopsSoonWhateverItIsDoing) {
  TcpProxy mute([](const std::string&, int) { return std::string(); });
  for (const std::chrono::milliseconds after : {0ms, 5ms, 50ms}) {
    Station station(mute.uri());
    station.link->start();
    station.states.wait([](const auto& all) { return all.size() > 100; }, after);
    const auto before = steady_clock::now();
    station.link->stop(1s);
    EXPECT_LT(steady_clock::now() - before, 5s);
    EXPECT_EQ(station.link->state().phase, LinkPhase::Stopped);
    station.link->start();  // and it can start again
    station.link->stop(1s);
    station.link->stop(1s);
  }
}

TEST(Link, EveryAcceptedPublishIsAnsweredOnceWhileTheLinkFlaps) {
  SKIP_WITHOUT_BROKER();
  const Broker broker;
  TcpProxy proxy(broker.port());
  Station station(proxy.uri());
  station.link->start();
  std::atomic<bool> done = false;
  std::atomic<int> accepted = 0;
  std::atomic<int> answered = 0;
  std::vector<std::thread> writers;
  for (int t = 0; t < 2; ++t) {
    writers.emplace_back([&] {
      while (!done) {
        const bool taken = station.link->publish({.topic = "a", .payload = "x"},
                                                 [&](PublishResult) { ++answered; });
        accepted += taken;
        std::this_thread::yield();
      }
    });
  }
  for (std::uint64_t round = 1; round <= 4; ++round) {
    EXPECT_TRUE(station.wait_connected(round));
    // Cut only once a writer has had its turn on this connection.
    const int before = accepted;
    const auto deadline = steady_clock::now() + 10s;
    while (accepted == before && steady_clock::now() < deadline) std::this_thread::yield();
    EXPECT_GT(accepted, before);
    proxy.cut();
  }
  EXPECT_TRUE(station.wait_connected(5));
  done = true;
  for (std::thread& writer : writers) writer.join();
  station.link->stop(10s);
  EXPECT_EQ(accepted, answered);
}

}  // namespace
}  // namespace transport
