// The whole agent in this process against a real Mosquitto, with decisions told by the test.

#include "agent/app.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/agent/config_text.h"
#include "tests/agent/peer.h"
#include "tests/agent/scripted_decider.h"
#include "tests/support/broker.h"

namespace agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using Json = nlohmann::json;

// An agent with its configuration file, and the loop that main has.
class Desk {
 public:
  explicit Desk(
      const test_support::Broker& broker,
      ScriptedDecider::Answer answer =
          [](std::string_view) { return decision(R"({"status":"ok"})"); })
      : json(good_config()) {
    json["broker"]["uri"] = broker.uri();
    json["broker"]["reply_to"] = {"reply/#"};
    json["broker"]["keep_alive_s"] = 5;
    json["routes"][0]["class"] = "command";
    options.load = [answer](const ModelConfig&) {
      return LoadedModel{std::make_unique<ScriptedDecider>(answer), "model-hash"};
    };
    options.metrics_interval = milliseconds(200);
    options.link.reconnect.delay_max = milliseconds(500);
    options.link.reconnect.connects_per_min_max = 600;
  }

  // A test that gave up half way must still end the agent's threads.
  ~Desk() {
    if (app != nullptr) static_cast<void>(app->stop());
  }
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;

  void write() { file_ = dir_.write("agent.json", json.dump()); }

  void start() {
    write();
    app = std::make_unique<App>(load_config(file_), options, &logger);
    app->start();
  }

  // Runs the loop until `done()`. False: it took too long, or the agent gave up.
  bool run_until(const std::function<bool()>& done) {
    const auto deadline = steady_clock::now() + Peer::kPatience;
    std::mutex mutex;
    std::condition_variable never;
    std::unique_lock lock(mutex);
    while (!done()) {
      if (!app->tick() || steady_clock::now() > deadline) return false;
      never.wait_for(lock, milliseconds(10));
    }
    return true;
  }

  bool run_until_online() {
    return run_until([this] { return app->connected(); });
  }

  TestJson json;
  AppOptions options;
  Logger logger{LogLevel::Warning};  // shown by ctest when a test fails
  std::unique_ptr<App> app;

 private:
  test_support::TempDir dir_;
  std::string file_;
};

constexpr const char* kInput = "plant/hall/press/2/telemetry";
constexpr const char* kOutput = "plant/hall/press/2/decision";
constexpr const char* kStatus = "picolm/agent-1/status";
constexpr const char* kMetrics = "picolm/agent-1/metrics";

#define REQUIRE_BROKER() \
  if (!test_support::broker_installed()) GTEST_SKIP() << "skipped: mosquitto is not installed"

void expect_balanced(const LedgerSnapshot& books) {
  EXPECT_EQ(books.received, books.finished() + books.pending);
}

TEST(App, DecidesAnswersAndSaysOffline) {
  REQUIRE_BROKER();
  const test_support::Broker broker;
  Peer peer(broker);
  Desk desk(broker);
  desk.start();
  ASSERT_TRUE(desk.run_until_online());
  transport::Properties request;
  request.response_topic = "reply/me";
  request.correlation_data = "c-1";
  peer.publish(kInput, R"({"t":650})", request);
  ASSERT_TRUE(
      desk.run_until([&] { return !peer.on(kOutput).empty() && !peer.on("reply/me").empty(); }));
  EXPECT_EQ(peer.on(kOutput)[0].payload, R"({"status":"ok","target":"press-2"})");
  EXPECT_FALSE(peer.on(kOutput)[0].retained);
  EXPECT_EQ(peer.on("reply/me")[0].properties.correlation_data, "c-1");

  ASSERT_TRUE(desk.run_until([&] { return peer.on(kMetrics).size() > 1; }));
  const Json metrics = Json::parse(peer.on(kMetrics).back().payload);
  std::uint64_t sum = metrics["pending"];
  for (const auto& [outcome, count] : metrics["outcomes"].items())
    sum += count.get<std::uint64_t>();
  EXPECT_EQ(sum, metrics["received"]);

  EXPECT_EQ(Json::parse(peer.on(kStatus)[0].payload)["state"], "online");
  EXPECT_TRUE(desk.app->stop());
  ASSERT_TRUE(desk.app->books().outcome(Outcome::Decided) == 1);
  const auto deadline = steady_clock::now() + Peer::kPatience;
  while (Json::parse(peer.on(kStatus).back().payload)["state"] != "offline") {
    ASSERT_LT(steady_clock::now(), deadline);
    std::this_thread::yield();
  }
}

TEST(App, TwoCommandsWithEqualBytesAreTwoDecisions) {
  REQUIRE_BROKER();
  const test_support::Broker broker;
  Peer peer(broker);
  Desk desk(broker);
  desk.start();
  ASSERT_TRUE(desk.run_until_online());
  peer.publish(kInput, R"({"t":650})");
  peer.publish(kInput, R"({"t":650})");
  ASSERT_TRUE(desk.run_until([&] { return peer.on(kOutput).size() == 2; }));
  std::map<std::string, int> ids;
  for (const transport::Message& message : peer.on(kOutput)) {
    for (const auto& [key, value] : message.properties.user) {
      if (key == "id") ++ids[value];
    }
  }
  EXPECT_EQ(ids.size(), 2U);
  EXPECT_TRUE(desk.app->stop());
}

TEST(App, BadPayloadsAndRetainedCommandsAreCountedAndItGoesOn) {
  REQUIRE_BROKER();
  const test_support::Broker broker;
  Peer peer(broker);
  peer.publish(kInput, R"({"t":650})", {}, true);
  ASSERT_TRUE([&] {
    const auto deadline = steady_clock::now() + Peer::kPatience;
    while (peer.on(kInput).empty() && steady_clock::now() < deadline) std::this_thread::yield();
    return !peer.on(kInput).empty();
  }());
  Desk desk(broker);
  desk.start();
  ASSERT_TRUE(desk.run_until_online());
  const std::vector<std::string> bad = {
      "",
      std::string(1'000'000, 'x'),
      "\xff\xfe",
      std::string("{\"t\":1}\0", 8),
      "{\"t\":" + std::string(5000, '[') + std::string(5000, ']') + "}",
      R"({"t":99999})"};
  for (const std::string& payload : bad) peer.publish(kInput, payload);
  peer.publish(kInput, R"({"t":650})");
  ASSERT_TRUE(desk.run_until([&] { return !peer.on(kOutput).empty(); }));
  const LedgerSnapshot books = desk.app->books();
  expect_balanced(books);
  for (const char* code : {"retained", "payload_empty", "payload_too_large", "payload_invalid_utf8",
                           "payload_contains_nul", "payload_too_deep", "sensor_fault"}) {
    EXPECT_EQ(books.reasons.count(code), 1U) << code;
  }
  // The retained one, and all but the last, which is sound but for its reading.
  EXPECT_EQ(books.outcome(Outcome::Rejected), bad.size());
  EXPECT_EQ(books.outcome(Outcome::Abstained), 1U);
  EXPECT_TRUE(desk.app->stop());
}

TEST(App, ABrokerThatIsKilledLosesNoDecisionThatWasMade) {
  REQUIRE_BROKER();
  test_support::Broker broker({.extra = "persistence true\n"});
  auto peer = std::make_unique<Peer>(broker);
  std::atomic<bool> release{false};
  Desk desk(broker, [&](std::string_view) {
    while (!release) std::this_thread::yield();
    return decision(R"({"status":"ok"})");
  });
  desk.start();
  ASSERT_TRUE(desk.run_until_online());
  for (int i = 0; i < 5; ++i) peer->publish(kInput, R"({"t":650})");
  ASSERT_TRUE(desk.run_until([&] { return desk.app->books().received == 5; }));
  broker.kill();
  ASSERT_TRUE(desk.run_until([&] { return !desk.app->connected(); }));
  release = true;
  ASSERT_TRUE(desk.run_until([&] { return desk.app->books().outcome(Outcome::Decided) == 5; }));
  peer.reset();
  broker.start();
  Peer second(broker);
  ASSERT_TRUE(desk.run_until([&] { return desk.app->sent().acknowledged == 5; }));
  EXPECT_EQ(desk.app->sent().expired, 0U);
  EXPECT_TRUE(desk.app->stop());
}

TEST(App, ABrokerThatIsAbsentAtStartIsWaitedFor) {
  REQUIRE_BROKER();
  test_support::Broker broker;
  broker.stop();
  Desk desk(broker);
  desk.start();
  int ticks = 0;
  ASSERT_TRUE(desk.run_until([&] { return ++ticks > 50; }));
  EXPECT_FALSE(desk.app->connected());
  broker.start();
  EXPECT_TRUE(desk.run_until_online());
  EXPECT_TRUE(desk.app->stop());
}

TEST(App, DrainsTheQueueOnStopAndShedsWhatDoesNotFit) {
  REQUIRE_BROKER();
  const test_support::Broker broker;
  Peer peer(broker);
  std::atomic<int> decided{0};
  std::mutex mutex;
  std::condition_variable never;
  Desk desk(broker, [&](std::string_view) {
    std::unique_lock lock(mutex);
    never.wait_for(lock, milliseconds(50));
    ++decided;
    return decision(R"({"status":"ok"})");
  });
  desk.options.drain = milliseconds(300);
  desk.start();
  ASSERT_TRUE(desk.run_until_online());
  for (int i = 0; i < 40; ++i) peer.publish(kInput, "{\"t\":" + std::to_string(i) + "}");
  ASSERT_TRUE(desk.run_until([&] { return desk.app->books().received == 40; }));
  const auto begin = steady_clock::now();
  EXPECT_TRUE(desk.app->stop());
  EXPECT_LT(steady_clock::now() - begin, seconds(5));
  const LedgerSnapshot books = desk.app->books();
  expect_balanced(books);
  EXPECT_EQ(books.pending, 0U);
  EXPECT_GT(books.outcome(Outcome::Decided), 0U);
  EXPECT_GT(books.reasons.at("shutdown"), 0U);
  EXPECT_EQ(desk.app->sent().acknowledged, books.outcome(Outcome::Decided));
}

TEST(App, ALongDecisionDoesNotHoldUpTheStop) {
  REQUIRE_BROKER();
  const test_support::Broker broker;
  Peer peer(broker);
  std::atomic<bool> release{false};
  Desk desk(broker, [&](std::string_view) {
    while (!release) std::this_thread::yield();
    return decision(R"({"status":"ok"})");
  });
  desk.options.drain = milliseconds(50);
  desk.options.decision_deadline = milliseconds(200);
  desk.start();
  ASSERT_TRUE(desk.run_until_online());
  peer.publish(kInput, R"({"t":650})");
  ASSERT_TRUE(desk.run_until([&] { return desk.app->books().received == 1; }));
  EXPECT_FALSE(desk.app->stop());
  release = true;  // a real process would end here; the test must end the thread
  // The late decision comes to a link that is stopped but still there.
  while (desk.app->books().outcome(Outcome::Decided) == 0) std::this_thread::yield();
  EXPECT_EQ(desk.app->sent().acknowledged, 0U);
  EXPECT_TRUE(desk.app->stop());
}

TEST(App, ReloadChangesRoutesAndARefusedFileChangesNothing) {
  REQUIRE_BROKER();
  const test_support::Broker broker;
  Peer peer(broker);
  Desk desk(broker);
  desk.start();
  ASSERT_TRUE(desk.run_until_online());
  ASSERT_TRUE(desk.run_until([&] { return !peer.on(kStatus).empty(); }));
  const auto hash = [&] {
    return Json::parse(peer.on(kStatus).back().payload)["config_hash"].get<std::string>();
  };
  const std::string first = hash();

  desk.json["routes"][0]["schema"]["type"] = "objekt";
  desk.write();
  desk.app->reload();
  peer.publish(kInput, R"({"t":650})");
  ASSERT_TRUE(desk.run_until([&] { return peer.on(kOutput).size() == 1; }));
  EXPECT_EQ(hash(), first);

  desk.json["routes"][0]["schema"]["type"] = "object";
  desk.json["routes"][0]["subscribe"] = "plant/{area}/press/{press}/other";
  desk.write();
  desk.app->reload();
  ASSERT_TRUE(desk.run_until([&] { return hash() != first; }));
  peer.publish("plant/hall/press/2/other", R"({"t":650})");
  ASSERT_TRUE(desk.run_until([&] { return peer.on(kOutput).size() == 2; }));
  peer.publish(kInput, R"({"t":650})");
  peer.publish("plant/hall/press/2/other", R"({"t":650})");
  ASSERT_TRUE(desk.run_until([&] { return peer.on(kOutput).size() == 3; }));
  EXPECT_EQ(desk.app->books().outcome(Outcome::Decided), 3U);
  EXPECT_TRUE(desk.app->stop());
}

TEST(App, ARouteThatCannotBeOpenedMakesItDegraded) {
  REQUIRE_BROKER();
  const test_support::Broker broker;
  Peer peer(broker);
  Desk desk(broker);
  desk.json["routes"][1] = {{"name", "bad"},
                            {"subscribe", "bad/in"},
                            {"schema", {{"status", {"ok", "error"}}}},
                            {"instructions", "too long"},
                            {"publish", "bad/out"}};
  desk.start();
  ASSERT_TRUE(desk.run_until_online());
  ASSERT_TRUE(desk.run_until([&] { return !peer.on(kStatus).empty(); }));
  const Json status = Json::parse(peer.on(kStatus)[0].payload);
  EXPECT_EQ(status["state"], "degraded");
  EXPECT_EQ(status["routes"]["press"], "ok");
  EXPECT_EQ(status["routes"]["bad"], "failed: context too small");
  peer.publish("bad/in", "x");
  ASSERT_TRUE(desk.run_until([&] { return desk.app->books().reasons.count("route_failed") == 1; }));
  EXPECT_TRUE(desk.app->stop());
}

TEST(App, AModelThatCannotBeLoadedEndsIt) {
  REQUIRE_BROKER();
  const test_support::Broker broker;
  Desk desk(broker);
  desk.options.load = [](const ModelConfig&) -> LoadedModel {
    throw inference::LoadError("no such model");
  };
  desk.start();
  EXPECT_FALSE(desk.run_until([] { return false; }));
  EXPECT_EQ(desk.app->failure(), "no such model");
}

TEST(App, APasswordThatVanishesDuringTheLoadEndsItInsteadOfHangingIt) {
  REQUIRE_BROKER();
  const test_support::Broker broker;
  const test_support::TempDir dir;
  const std::string secret = dir.write("secret", "s3cret");
  ASSERT_EQ(::chmod(secret.c_str(), 0600), 0);
  Desk desk(broker);
  desk.json["broker"]["username"] = "agent";
  desk.json["broker"]["password_file"] = secret;
  desk.options.load = [load = desk.options.load, secret](const ModelConfig& model) {
    ::unlink(secret.c_str());
    return load(model);
  };
  desk.start();
  EXPECT_FALSE(desk.run_until([] { return false; }));
  EXPECT_NE(desk.app->failure().find(secret), std::string::npos) << desk.app->failure();
  desk.app.reset();  // as main does: no stop() after a failure
}

TEST(App, AnAgentThatWouldAnswerItselfDoesNotStart) {
  REQUIRE_BROKER();
  const test_support::Broker broker;
  Desk desk(broker);
  desk.json["routes"][0]["subscribe"] = "plant/{area}/press/{press}/#";
  EXPECT_THROW(desk.start(), ConfigError);
}

TEST(App, TwoAgentsCannotShareAStateFolder) {
  REQUIRE_BROKER();
  const test_support::Broker broker;
  const test_support::TempDir dir;
  Desk first(broker);
  first.json["state_dir"] = dir.file("state");
  first.start();
  Desk second(broker);
  second.json["state_dir"] = dir.file("state");
  EXPECT_THROW(second.start(), StateDirError);
  EXPECT_TRUE(first.app->stop());
}

}  // namespace
}  // namespace agent
