#include "agent/judge.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/agent/judge_desk.h"

namespace agent {
namespace {

TEST(Judge, PutsBoundValuesAtTheirPlace) {
  Desk desk(kNothing);
  const DecisionRecord record = desk.judge();
  EXPECT_EQ(record.outcome, Outcome::Decided);
  EXPECT_EQ(record.decision, R"({"status":"ok","target":"press-2"})");
  EXPECT_EQ(record.output_topic, "plant/hall/press/2/decision");
}

TEST(Judge, RefusesABoundValueThatTheSchemaDoesNotAllow) {
  Desk desk(TestJson::parse(R"({"schema":{"properties":{"target":{"enum":["press-1"]}}}})"));
  // The schema of the good configuration says maxLength as well; an enum replaces it here.
  const DecisionRecord record = desk.judge();
  EXPECT_EQ(record.outcome, Outcome::Rejected);
  EXPECT_EQ(record.reason, "bind_not_allowed");
  desk.message.topic = "plant/hall/press/1/telemetry";
  EXPECT_EQ(desk.judge().outcome, Outcome::Decided);
}

TEST(Judge, QuarantinesWhatDoesNotValidate) {
  for (const char* bad : {R"({"status":"fine"})", R"({"status":"ok","extra":1})", "{}", "", "[]",
                          R"({"status":"ok")", R"({"status":"ok","status":"ok"})", "\xff"}) {
    Desk desk(kNothing, decision(bad));
    const DecisionRecord record = desk.judge();
    EXPECT_EQ(record.outcome, Outcome::Quarantined) << bad;
    EXPECT_EQ(record.decision, "") << bad;
    EXPECT_TRUE(desk.compose_all(record).empty()) << bad;
    EXPECT_TRUE(nlohmann::json::accept(explain(record))) << bad;
  }
}

TEST(Judge, AbstainsBelowTheThresholdAndPublishesTheFallback) {
  Desk desk({{"min_confidence", 0.6}, {"fallback", {{"status", "error"}, {"target", "none"}}}},
            decision(R"({"status":"ok"})", 0.59));
  const DecisionRecord record = desk.judge();
  EXPECT_EQ(record.outcome, Outcome::Abstained);
  EXPECT_EQ(record.reason, "below_min_confidence");
  EXPECT_TRUE(record.fallback);
  EXPECT_EQ(record.decision, R"({"status":"error","target":"none"})");
  EXPECT_EQ(record.best_guess, R"({"status":"ok","target":"press-2"})");
  const std::vector<Outbound> out = desk.compose_all(record);
  ASSERT_EQ(out.size(), 2U);
  EXPECT_EQ(out[1].message.topic, "picolm/agent-1/abstained/press");
  const auto note = nlohmann::json::parse(out[1].message.payload);
  EXPECT_EQ(note["best_guess"]["status"], "ok");
  EXPECT_EQ(note["reason"], "below_min_confidence");
}

TEST(Judge, AbstainsWithoutFallbackInSilence) {
  for (const double confidence : {0.0, std::numeric_limits<double>::quiet_NaN()}) {
    Desk desk({{"min_confidence", 0.6}}, decision(R"({"status":"ok"})", confidence));
    const DecisionRecord record = desk.judge();
    EXPECT_EQ(record.outcome, Outcome::Abstained);
    ASSERT_EQ(desk.compose_all(record).size(), 1U);
    EXPECT_EQ(desk.compose_all(record)[0].message.topic, "picolm/agent-1/abstained/press");
  }
}

TEST(Judge, AnEngineThatFailsAbstainsAndATextThatIsTooLongIsRejected) {
  inference::Decision failed;
  failed.status = inference::DecideStatus::ReadFailed;
  Desk broken({{"fallback", {{"status", "error"}}}}, failed);
  EXPECT_EQ(broken.judge().reason, "model_read_failed");
  EXPECT_EQ(broken.judge().decision, R"({"status":"error","target":"press-2"})");
  failed.status = inference::DecideStatus::MessageTooLong;
  Desk tight(kNothing, failed);
  EXPECT_EQ(tight.judge().outcome, Outcome::Rejected);
  EXPECT_EQ(tight.judge().reason, "message_too_long");
  Desk throwing(kNothing, [](std::string_view) -> inference::Decision { throw std::bad_alloc(); });
  EXPECT_EQ(throwing.judge().outcome, Outcome::Abstained);
  EXPECT_EQ(throwing.judge().reason, "decide_failed");
}

TEST(Judge, OldAndFutureMessagesAreNotDecided) {
  const TestJson aged = TestJson::parse(R"({"time":{"pointer":"/ts"},"max_age_s":30})");
  const auto outcome_at = [&](std::int64_t ts) {
    Desk desk(aged);
    desk.message.payload = R"({"t":1,"ts":)" + std::to_string(ts) + "}";
    const DecisionRecord record = desk.judge();
    return std::pair(record.outcome, std::string(record.reason));
  };
  EXPECT_EQ(outcome_at(kNow - 30'000).first, Outcome::Decided);
  EXPECT_EQ(outcome_at(kNow - 30'001), std::pair(Outcome::Expired, std::string("too_old")));
  EXPECT_EQ(outcome_at(kNow + 30'000).first, Outcome::Decided);
  EXPECT_EQ(outcome_at(kNow + 30'001), std::pair(Outcome::Rejected, std::string("time_in_future")));
}

TEST(Judge, AMessageThatExpiredInTheQueueIsNotDecided) {
  Desk desk(kNothing);
  desk.message.properties.message_expiry_s = 2;
  desk.queued_ms = 1999;
  EXPECT_EQ(desk.judge().outcome, Outcome::Decided);
  desk.queued_ms = 2000;
  EXPECT_EQ(desk.judge().reason, "message_expired");
}

TEST(Judge, InputIdComesFromPropertyThenCorrelationThenPayload) {
  Desk desk(TestJson::parse(R"({"id":"/seq"})"));
  desk.message.payload = R"({"t":1,"seq":41})";
  EXPECT_EQ(desk.judge().input_id, "41");
  desk.message.properties.correlation_data = std::string("\x00\xff", 2);
  EXPECT_EQ(desk.judge().input_id, "00ff");
  desk.message.properties.user = {{"id", "event-7"}};
  EXPECT_EQ(desk.judge().input_id, "event-7");
  desk.message.properties.user = {{"id", std::string(5000, 'x')}};
  EXPECT_EQ(desk.judge().input_id.size(), 32U);
}

TEST(Judge, TheSameInputHasTheSameIdAndTwoMachinesHaveDifferentOnes) {
  Desk desk(TestJson::parse(R"({"id":"/seq"})"));
  desk.message.payload = R"({"t":1,"seq":41})";
  const std::string id = desk.judge().id;
  EXPECT_EQ(desk.judge().id, id);
  desk.message.topic = "plant/hall/press/3/telemetry";
  EXPECT_NE(desk.judge().id, id);
}

TEST(Judge, TwoMessagesWithEqualBytesAreTwoInputs) {
  Desk desk(kNothing);
  std::set<std::string> ids;
  for (int i = 0; i < 100; ++i) ids.insert(desk.judge().id);
  EXPECT_EQ(ids.size(), 100U);
}

TEST(Envelope, CarriesTheUserPropertiesOfTheContract) {
  Desk desk(kNothing);
  desk.message.properties.user = {{"id", "event-7"}};
  const DecisionRecord record = desk.judge();
  const std::vector<Outbound> out = desk.compose_all(record);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].message.payload, record.decision);
  EXPECT_EQ(out[0].message.qos, 1);
  EXPECT_FALSE(out[0].message.retained);
  std::map<std::string, std::string> user(out[0].message.properties.user.begin(),
                                          out[0].message.properties.user.end());
  EXPECT_EQ(user["specversion"], "1.0");
  EXPECT_EQ(user["id"], record.id);
  EXPECT_EQ(user["source"], "picolm/agent-1");
  EXPECT_EQ(user["type"], "picolm.decision");
  EXPECT_EQ(user["subject"], desk.message.topic);
  EXPECT_EQ(user["time"], "2026-01-01T00:00:00.000Z");
  EXPECT_EQ(user["expires"], "2026-01-01T00:01:00.000Z");
  EXPECT_EQ(user["confidence"], "0.9000");
  EXPECT_EQ(user["rung"], "model");
  EXPECT_EQ(user["mode"], "advise");
  EXPECT_EQ(user["outcome"], "DECIDED");
  EXPECT_EQ(user["fallback"], "false");
  EXPECT_EQ(user["model"], "hash");
  EXPECT_EQ(user["input"], "event-7");
}

TEST(Envelope, FullHoldsEverythingInThePayload) {
  Desk desk(TestJson::parse(R"({"envelope":"full"})"));
  const std::vector<Outbound> out = desk.compose_all(desk.judge());
  const auto json = nlohmann::json::parse(out[0].message.payload);
  for (const char* key : {"v", "id", "time", "expires", "route", "outcome", "reason", "mode",
                          "fallback", "replayed", "confidence", "rung", "input", "decision"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_EQ(json.size(), 14U);
  EXPECT_EQ(json["decision"]["target"], "press-2");
  EXPECT_EQ(out[0].payload_311, out[0].message.payload);
}

TEST(Envelope, RepliesOnlyInsideReplyToAndEchoesCorrelationData) {
  Desk desk(kNothing);
  desk.message.properties.correlation_data = std::string("\x00\x01", 2);
  const auto topics = [&](const std::string& response) {
    desk.message.properties.response_topic = response;
    std::vector<std::string> found;
    for (const Outbound& out : desk.compose_all(desk.judge())) {
      found.push_back(out.message.topic);
      if (out.message.topic == response) {
        EXPECT_EQ(out.message.properties.correlation_data, std::string("\x00\x01", 2));
      }
    }
    return found;
  };
  EXPECT_EQ(topics("reply/me").size(), 2U);
  EXPECT_EQ(topics("other/me").size(), 1U);
  EXPECT_EQ(topics("reply/+").size(), 1U);
  EXPECT_EQ(topics("plant/hall/press/2/telemetry").size(), 1U);
  EXPECT_EQ(topics("picolm/agent-1/status").size(), 1U);
}

TEST(Envelope, ARejectedRequestGetsAReplyThatSaysSo) {
  Desk desk(kNothing);
  desk.message.payload = "not json";
  desk.message.properties.response_topic = "reply/me";
  const std::vector<Outbound> out = desk.compose_all(desk.judge());
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].message.payload, "null");
  EXPECT_EQ(nlohmann::json::parse(out[0].payload_311)["outcome"], "REJECTED");
  const std::map<std::string, std::string> user(out[0].message.properties.user.begin(),
                                                out[0].message.properties.user.end());
  EXPECT_EQ(user.at("type"), "picolm.refusal");
}

// Several messages of one route, judged together.
struct Stack : Desk {
  using Desk::Desk;

  std::vector<DecisionRecord> judge_all(const std::vector<std::string>& payloads) {
    const Route& route = *routes->routes[0];
    const auto captures = route.match(message.topic);
    if (!handle) handle = decider.open_route({});
    std::vector<std::vector<Element>> elements;
    for (const auto& payload : payloads) elements.push_back(read_payload(route.config(), payload));
    std::vector<JudgeInput> inputs;
    for (const auto& one : elements) {
      inputs.push_back({.route = &route,
                        .handle = handle,
                        .message = &message,
                        .captures = &*captures,
                        .element = &one[0],
                        .now_ms = kNow});
    }
    return clerk.judge(inputs);
  }
};

TEST(Judge, DecidesTogetherWhatTheModelIsAskedAndKeepsTheOrder) {
  Stack desk(kNothing, [](std::string_view text) {
    return decision(text.find("70") != text.npos ? R"({"status":"ok"})" : R"({"status":"error"})");
  });
  const auto records = desk.judge_all({R"({"t":10})", "no json", R"({"t":700})", R"({"t":20})"});
  ASSERT_EQ(records.size(), 4U);
  EXPECT_EQ(records[0].decision, R"({"status":"error","target":"press-2"})");
  EXPECT_EQ(records[1].outcome, Outcome::Rejected);
  EXPECT_EQ(records[2].decision, R"({"status":"ok","target":"press-2"})");
  EXPECT_EQ(records[3].decision, R"({"status":"error","target":"press-2"})");
  EXPECT_EQ(desk.decider.batches, std::vector<std::size_t>{3});
  std::set<std::string> ids;
  for (const DecisionRecord& record : records) ids.insert(record.id);
  EXPECT_EQ(ids.size(), 4U);
}

TEST(Judge, OneThatCannotBeDecidedCostsNoOtherItsDecision) {
  Stack desk(kNothing, [](std::string_view text) {
    if (text.find("70") != text.npos) throw std::bad_alloc();
    return decision(R"({"status":"ok"})");
  });
  const auto records = desk.judge_all({R"({"t":10})", R"({"t":700})", R"({"t":20})"});
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].outcome, Outcome::Decided);
  EXPECT_EQ(records[1].outcome, Outcome::Abstained);
  EXPECT_EQ(records[1].reason, "decide_failed");
  EXPECT_EQ(records[2].outcome, Outcome::Decided);
  EXPECT_EQ(desk.decider.batches, (std::vector<std::size_t>{1, 1}));
}

TEST(Judge, AMessageInDoubtAbstainsHoweverLowTheThreshold) {
  for (const auto& [doubt, reason] : {std::pair{inference::Doubt::SensorFault, "sensor_fault"},
                                      std::pair{inference::Doubt::Unlike, "unlike_examples"}}) {
    inference::Decision answer = decision(R"({"status":"ok"})");
    answer.doubt = doubt;
    Desk desk(TestJson::parse(R"({"min_confidence":0})"), answer);
    const DecisionRecord record = desk.judge();
    EXPECT_EQ(record.outcome, Outcome::Abstained);
    EXPECT_EQ(record.reason, reason);
    EXPECT_EQ(record.rung, inference::Rung::Abstain);
    EXPECT_EQ(record.decision, "");
    EXPECT_NE(record.best_guess, "");
  }
}

TEST(Judge, ABrokenSensorAbstainsWithTheFallbackAndAsksNobody) {
  for (const char* payload : {"{}", R"({"t":null})", R"({"t":"653"})", R"({"t":-9999})"}) {
    Desk desk({{"fallback", {{"status", "error"}, {"target", "none"}}}},
              [](std::string_view) -> inference::Decision { throw std::bad_alloc(); });
    desk.message.payload = payload;
    const DecisionRecord record = desk.judge();
    EXPECT_EQ(record.outcome, Outcome::Abstained) << payload;
    EXPECT_EQ(record.reason, "sensor_fault") << payload;
    EXPECT_EQ(record.decision, R"({"status":"error","target":"none"})") << payload;
    const std::vector<Outbound> out = desk.compose_all(record);
    ASSERT_EQ(out.size(), 2U);
    EXPECT_EQ(nlohmann::json::parse(out[1].message.payload)["reason"], "sensor_fault");
  }
}

TEST(Judge, AsksNothingForNothing) {
  Stack desk(kNothing);
  EXPECT_TRUE(desk.judge_all({}).empty());
  EXPECT_EQ(desk.judge_all({"no json"}).at(0).outcome, Outcome::Rejected);
  EXPECT_TRUE(desk.decider.batches.empty());
}

TEST(OpenRoutes, TeachesTheExamplesAndReportsARouteThatCannotBeOpened) {
  ScriptedDecider decider([](std::string_view) { return decision("{}"); });
  TestJson json = good_config();
  json["routes"][0]["examples"] = TestJson::parse(
      R"([{"payload":{"t":10},"expected":{"status":"ok"}},
          {"payload":{"t":900},"expected":{"status":"error","target":"press-1"}}])");
  json["routes"][1] = json["routes"][0];
  json["routes"][1]["name"] = "bad";
  json["routes"][1]["instructions"] = "too long";
  const auto set = make_route_set(load(json), 1);
  {
    OpenRoutes routes(&decider);
    const OpenRoutes::Opened opened =
        routes.open(set->routes[0], plan_lessons(set->routes[0]->config(), {}));
    EXPECT_EQ(opened.failure, "");
    EXPECT_EQ(opened.taught.used, 2U);
    using Lesson = std::pair<std::string, std::string>;
    EXPECT_EQ(
        decider.taught,
        (std::vector<Lesson>{{R"({"oil":1 °C})", R"({"status":"ok"})"},
                             {R"({"oil":90 °C})", R"({"status":"error","target":"press-1"})"}}));
    EXPECT_EQ(routes.open(set->routes[1], {}).failure, "context too small");
    EXPECT_TRUE(routes.find(set->routes[0].get()));
    EXPECT_FALSE(routes.find(set->routes[1].get()));
  }
  EXPECT_EQ(decider.open_count(), 0U);
}

}  // namespace
}  // namespace agent
