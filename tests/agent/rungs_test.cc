// Who decides: a rule, the cache, or the model behind the decider.

#include <gtest/gtest.h>

#include "tests/agent/judge_desk.h"

namespace agent {
namespace {

const TestJson kHotRule =
    TestJson::parse(R"({"rules":[{"when":{"oil":{">":95}},"decide":{"status":"error"}}]})");

TEST(Judge, ARuleDecidesWithoutAskingAndSaysWhich) {
  Desk desk(kHotRule);
  desk.message.payload = R"({"t":951})";
  const DecisionRecord record = desk.judge();
  EXPECT_EQ(record.outcome, Outcome::Decided);
  EXPECT_EQ(record.decision, R"({"status":"error","target":"press-2"})");
  EXPECT_EQ(record.rung, inference::Rung::Rule);
  EXPECT_EQ(record.confidence, 1);
  EXPECT_TRUE(desk.decider.batches.empty());
  EXPECT_NE(explain(record).find(R"("why":"rules[0] matches")"), std::string::npos);
  desk.message.payload = R"({"t":950})";
  EXPECT_EQ(desk.judge().rung, inference::Rung::Model);
  EXPECT_EQ(desk.decider.batches.size(), 1U);
}

TEST(Judge, ARuleWorksOnARouteThatCouldNotBeOpened) {
  Desk desk(kHotRule);
  desk.opened = false;
  desk.message.payload = R"({"t":951})";
  EXPECT_EQ(desk.judge().outcome, Outcome::Decided);
  desk.message.payload = R"({"t":1})";
  EXPECT_EQ(desk.judge().reason, "route_failed");
}

TEST(Judge, ARouteOfRulesAloneAbstainsWhereNoneMatches) {
  TestJson change = kHotRule;
  change["rungs"] = {"rule"};
  change["fallback"] = {{"status", "ok"}};
  Desk desk(change);
  desk.opened = false;
  const DecisionRecord record = desk.judge();
  EXPECT_EQ(record.outcome, Outcome::Abstained);
  EXPECT_EQ(record.reason, "no_rule");
  EXPECT_EQ(record.decision, R"({"status":"ok","target":"press-2"})");
}

TEST(Judge, ARuleThatIsSwitchedOffDoesNotDecide) {
  TestJson change = kHotRule;
  change["rungs"] = {"head", "model"};
  Desk desk(change);
  desk.message.payload = R"({"t":951})";
  EXPECT_EQ(desk.judge().rung, inference::Rung::Model);
}

TEST(Judge, AnswersTheSameValuesFromTheCacheForAnyTopic) {
  Desk desk(kNothing);
  desk.message.payload = R"({"t":653,"seq":1})";
  const DecisionRecord first = desk.judge();
  EXPECT_EQ(first.rung, inference::Rung::Model);
  desk.message.payload = R"({"seq":2,"t":653})";
  desk.message.topic = "plant/hall/press/7/telemetry";
  const DecisionRecord again = desk.judge();
  EXPECT_EQ(again.rung, inference::Rung::Cache);
  EXPECT_EQ(again.decision, R"({"status":"ok","target":"press-7"})") << "bound anew";
  EXPECT_EQ(again.confidence, first.confidence);
  EXPECT_NE(again.why.find(first.input_id), std::string::npos) << again.why;
  EXPECT_EQ(desk.decider.batches.size(), 1U);
  desk.message.payload = R"({"t":654})";
  EXPECT_EQ(desk.judge().rung, inference::Rung::Model);
}

TEST(Judge, EmptiesTheCacheWithALesson) {
  Desk desk(kNothing);
  desk.judge();
  EXPECT_EQ(desk.judge().rung, inference::Rung::Cache);
  desk.clerk.forget(*desk.handle);
  EXPECT_EQ(desk.judge().rung, inference::Rung::Model);
  EXPECT_EQ(desk.judge().rung, inference::Rung::Cache);
  desk.lesson_count = 1;
  EXPECT_EQ(desk.judge().rung, inference::Rung::Model) << "and none of other lessons is found";
}

TEST(Judge, KeepsOnlySureDecisions) {
  inference::Decision doubtful = decision(R"({"status":"ok"})");
  doubtful.doubt = inference::Doubt::Unlike;
  for (const inference::Decision& answer :
       {decision(R"({"status":"ok"})", 0.79), decision(R"({"status":"fine"})", 0.99), doubtful,
        decision(R"({"status":"ok"})", std::numeric_limits<double>::quiet_NaN())}) {
    Desk desk(kNothing, answer);
    desk.judge();
    EXPECT_NE(desk.judge().rung, inference::Rung::Cache) << answer.json;
    EXPECT_EQ(desk.decider.batches.size(), 2U);
  }
  TestJson off = {{"rungs", {"rule", "head", "model"}}};
  Desk desk(off);
  desk.judge();
  EXPECT_EQ(desk.judge().rung, inference::Rung::Model) << "switched off";
}

}  // namespace
}  // namespace agent
