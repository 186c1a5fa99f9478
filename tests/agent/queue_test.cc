// Inbox, ledger and ingress: what is counted, what is kept, what is given up.

#include <gtest/gtest.h>

#include <thread>

#include "agent/inbox.h"
#include "agent/ingress.h"
#include "agent/ledger.h"
#include "tests/agent/config_text.h"

namespace agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::shared_ptr<const RouteSet> routes_of(const TestJson& change) {
  TestJson json = good_config();
  json["routes"][0].merge_patch(change);
  return make_route_set(load(json), 1);
}

InboxItem item_for(const std::shared_ptr<const RouteSet>& set, std::size_t payload_bytes = 10) {
  InboxItem item;
  item.generation = 1;
  item.route = set->routes[0];
  item.message.payload.assign(payload_bytes, 'x');
  return item;
}

TEST(Inbox, TakesMessagesUpToItsRowsAndKeepsAShareForCommands) {
  const auto telemetry = routes_of(TestJson::object());
  const auto command = routes_of(TestJson::parse(R"({"class":"command"})"));
  Inbox inbox({.messages_max = 8, .bytes_max = 1 << 20, .telemetry_share_percent = 75});
  int taken = 0;
  for (int i = 0; i < 20; ++i) taken += inbox.push(item_for(telemetry)) ? 1 : 0;
  EXPECT_EQ(taken, 6);
  for (int i = 0; i < 20; ++i) taken += inbox.push(item_for(command)) ? 1 : 0;
  EXPECT_EQ(taken, 8);
  EXPECT_EQ(inbox.depth().messages, 8U);
}

TEST(Inbox, TakesMessagesUpToItsBytesAndGivesThemBack) {
  const auto set = routes_of(TestJson::parse(R"({"class":"event"})"));
  Inbox inbox({.messages_max = 1000, .bytes_max = 10'000, .telemetry_share_percent = 75});
  EXPECT_TRUE(inbox.push(item_for(set, 8000)));
  EXPECT_FALSE(inbox.push(item_for(set, 8000)));
  EXPECT_EQ(inbox.pop(8, milliseconds(0)).size(), 1U);
  EXPECT_EQ(inbox.depth().bytes, 0U);
  EXPECT_TRUE(inbox.push(item_for(set, 8000)));
}

TEST(Inbox, CountsWhatEmptyPropertiesAndCapturesTake) {
  const auto set = routes_of(TestJson::object());
  Inbox inbox({});
  ASSERT_TRUE(inbox.push(item_for(set)));
  const std::size_t plain = inbox.depth().bytes;
  InboxItem item = item_for(set);
  item.message.properties.user.resize(30);
  item.captures.resize(10);
  ASSERT_TRUE(inbox.push(std::move(item)));
  EXPECT_EQ(inbox.depth().bytes, 2 * plain + 40 * sizeof(std::pair<std::string, std::string>));
  EXPECT_EQ(inbox.pop(1, milliseconds(0)).size(), 1U);
  EXPECT_EQ(inbox.pop(8, milliseconds(0)).size(), 1U);
  EXPECT_EQ(inbox.depth().bytes, 0U);
}

TEST(Inbox, AClosedOneTakesNothingAndStillGives) {
  const auto set = routes_of(TestJson::object());
  Inbox inbox({});
  EXPECT_TRUE(inbox.push(item_for(set)));
  inbox.close();
  EXPECT_FALSE(inbox.push(item_for(set)));
  EXPECT_EQ(inbox.pop(8, milliseconds(0)).size(), 1U);
  EXPECT_TRUE(inbox.pop(8, milliseconds(0)).empty());
}

TEST(Inbox, IsInOrderAndLosesNothingBetweenThreads) {
  const auto set = routes_of(TestJson::parse(R"({"class":"command"})"));
  Inbox inbox({.messages_max = 16, .bytes_max = 1 << 20, .telemetry_share_percent = 75});
  std::thread producer([&] {
    for (int i = 0; i < 5000; ++i) {
      for (;;) {  // push() leaves the item alone when it is full
        InboxItem item = item_for(set);
        item.message.topic = std::to_string(i);
        if (inbox.push(std::move(item))) break;
        std::this_thread::yield();
      }
    }
  });
  for (int i = 0; i < 5000;) {
    const auto items = inbox.pop(3, seconds(20));
    ASSERT_FALSE(items.empty());
    ASSERT_LE(items.size(), 3U);
    for (const InboxItem& item : items) ASSERT_EQ(item.message.topic, std::to_string(i++));
  }
  producer.join();
}

TEST(Ledger, BalancesAtEveryMomentWhileThreadsCount) {
  Ledger ledger;
  std::thread in([&] {
    for (int i = 0; i < 20000; ++i) {
      ledger.receive(2);
      ledger.finish(Outcome::Rejected, reason::kRetained);
      ledger.finish(Outcome::Decided, {});
    }
  });
  for (int i = 0; i < 2000; ++i) {
    const LedgerSnapshot books = ledger.snapshot();
    ASSERT_EQ(books.received, books.finished() + books.pending);
  }
  in.join();
  const LedgerSnapshot books = ledger.snapshot();
  EXPECT_EQ(books.pending, 0U);
  EXPECT_EQ(books.outcome(Outcome::Rejected), 20000U);
  EXPECT_EQ(books.reasons.at("retained"), 20000U);
}

TEST(Ledger, LatencyIsOfTheLatestSamples) {
  Ledger ledger;
  for (int i = 0; i < 1024; ++i) ledger.add_latency(1000);
  for (int i = 1; i <= 1024; ++i) ledger.add_latency(i);
  const LatencySummary latency = ledger.snapshot().latency_ms;
  EXPECT_EQ(latency.count, 2048U);
  EXPECT_NEAR(latency.p50, 512, 2);
  EXPECT_NEAR(latency.p99, 1014, 2);
  EXPECT_EQ(latency.max, 1024);
}

// An ingress with its queue and books.
struct Gate {
  explicit Gate(const TestJson& change, const InboxLimits& limits = {}) : inbox(limits) {
    ingress.set_routes(routes_of(change));
  }
  void arrive(const std::string& topic, const std::string& payload, bool retained = false) {
    transport::Message message;
    message.topic = topic;
    message.payload = payload;
    message.retained = retained;
    ingress.accept(std::move(message));
  }
  std::uint64_t reasons(const std::string& code) const {
    const LedgerSnapshot books = ledger.snapshot();
    EXPECT_EQ(books.received, books.finished() + books.pending);
    EXPECT_EQ(books.pending, inbox.depth().messages);
    const auto found = books.reasons.find(code);
    return found == books.reasons.end() ? 0 : found->second;
  }

  Logger logger{LogLevel::Off};
  Inbox inbox;
  Ledger ledger;
  FeedbackBooks feedback{&logger,
                         [this](const FeedbackRefusal& refusal) { told.push_back(refusal); }};
  std::vector<FeedbackRefusal> told;
  Ingress ingress{&inbox, &ledger, &feedback, &logger};
};

constexpr const char* kTopic = "plant/hall/press/2/telemetry";

TEST(Ingress, QueuesWhatARouteTakesAndCountsWhatNoneDoes) {
  Gate gate(TestJson::object());
  gate.arrive(kTopic, "{}");
  gate.arrive("plant/hall/other", "{}");
  gate.arrive("", "{}");
  gate.arrive("plant/#", "{}");
  gate.arrive("plant/\xff", "{}");
  gate.ingress.reject_dropped("malformed");
  gate.ingress.reject_dropped(transport::kPropertiesTooLarge);
  gate.ingress.reject_dropped(transport::kOverPacketLimit);
  EXPECT_EQ(gate.reasons("properties_too_large"), 1U);
  EXPECT_EQ(gate.reasons("payload_too_large"), 1U);
  EXPECT_EQ(gate.reasons("no_route"), 1U);
  EXPECT_EQ(gate.reasons("topic_invalid"), 4U);
  EXPECT_EQ(gate.inbox.depth().messages, 1U);
  EXPECT_EQ(gate.inbox.pop(1, milliseconds(0)).at(0).captures,
            (transport::Captures{{"area", "hall"}, {"press", "2"}}));
}

TEST(Ingress, DropsItsOwnOutput) {
  Gate gate(TestJson::object());
  gate.arrive("plant/hall/press/2/decision", "{}");
  gate.arrive("picolm/agent-1/status", "{}");
  gate.arrive("picolm/agent-1/abstained/press", "{}");
  EXPECT_EQ(gate.reasons("own_output"), 3U);
}

TEST(Ingress, RetainedMessagesAreRefusedUnlessTheyAreState) {
  for (const auto& [change, refused] : {std::pair{R"({})", 1U},
                                        {R"({"class":"command"})", 1U},
                                        {R"({"class":"event"})", 1U},
                                        {R"({"retained":"state"})", 0U}}) {
    Gate gate(TestJson::parse(change));
    gate.arrive(kTopic, "{}", true);
    gate.arrive(kTopic, "{}", false);
    EXPECT_EQ(gate.reasons("retained"), refused) << change;
    EXPECT_EQ(gate.inbox.depth().messages, 2 - refused) << change;
  }
}

TEST(Ingress, FeedbackIsNoInputAndWaitsInOrderWithThem) {
  Gate gate(TestJson::object());
  gate.arrive(kTopic, "{}");
  gate.arrive("picolm/agent-1/feedback/press", "{}");
  gate.arrive(kTopic, "{}");
  EXPECT_EQ(gate.feedback.counts().received, 1U);
  EXPECT_EQ(gate.ledger.snapshot().received, 2U);
  const auto items = gate.inbox.pop(8, milliseconds(0));
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(items[0].kind, InboxKind::Input);
  EXPECT_EQ(items[1].kind, InboxKind::Feedback);
  EXPECT_EQ(items[1].route->name(), "press");
  EXPECT_EQ(items[2].kind, InboxKind::Input);
}

TEST(Ingress, FeedbackThatCannotTeachIsRefusedAloud) {
  Gate gate(TestJson::object(), {.messages_max = 4, .telemetry_share_percent = 50});
  const std::string own = "picolm/agent-1/feedback/";
  gate.arrive(own + "nobody", "{}");
  gate.arrive(own + "press", "{}", true);
  gate.arrive(own + "press", std::string(kFeedbackBytesMax + 1, ' '));
  for (int i = 0; i < 3; ++i) gate.arrive(own + "press", "{}");
  std::vector<std::string> reasons;
  for (const FeedbackRefusal& refusal : gate.told) reasons.emplace_back(refusal.reason);
  EXPECT_EQ(reasons, (std::vector<std::string>{"unknown_route", "retained", "feedback_too_large",
                                               "queue_full"}));
  EXPECT_EQ(gate.feedback.counts().received, 6U);
  EXPECT_EQ(gate.ledger.snapshot().received, 0U) << "no input of any route";
}

TEST(Ingress, ALargePayloadIsRefusedBeforeItIsQueued) {
  Gate gate(TestJson::object());
  gate.arrive(kTopic, std::string(1'000'000, 'x'));
  EXPECT_EQ(gate.reasons("payload_too_large"), 1U);
}

TEST(Ingress, AFullQueueShedsAndCountsCommandsApart) {
  const InboxLimits small{.messages_max = 4, .bytes_max = 1 << 20, .telemetry_share_percent = 75};
  Gate telemetry(TestJson::object(), small);
  for (int i = 0; i < 10; ++i) telemetry.arrive(kTopic, "{}");
  EXPECT_EQ(telemetry.reasons("queue_full"), 7U);
  Gate command(TestJson::parse(R"({"class":"command"})"), small);
  for (int i = 0; i < 10; ++i) command.arrive(kTopic, "{}");
  EXPECT_EQ(command.reasons("command_queue_full"), 6U);
  EXPECT_EQ(command.ledger.snapshot().outcome(Outcome::Shed), 6U);
}

TEST(Ingress, TwoCommandsWithEqualBytesAreTwoCommands) {
  Gate gate(TestJson::parse(R"({"class":"command"})"));
  gate.arrive(kTopic, "stop");
  gate.arrive(kTopic, "stop");
  EXPECT_EQ(gate.inbox.depth().messages, 2U);
}

}  // namespace
}  // namespace agent
