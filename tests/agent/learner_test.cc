// Feedback to lessons to teaching, with a decider that notes what it is taught.

#include "agent/learner.h"

#include <gtest/gtest.h>

#include "agent/payload_text.h"
#include "tests/agent/config_text.h"
#include "tests/agent/scripted_decider.h"

namespace agent {
namespace {

class LearnerTest : public testing::Test {
 protected:
  using Rows = std::vector<std::pair<std::string, std::string>>;

  void open(const TestJson& change = TestJson::object()) {
    TestJson json = good_config();
    json["routes"][0].erase("fields");
    json["routes"][0].erase("bind");
    json["routes"][0]["schema"] = {{"status", {"ok", "error"}}};
    json["routes"][0].merge_patch(change);
    set_ = make_route_set(load(json), 1);
    const auto& route = set_->routes[0];
    open_ = std::make_unique<OpenRoutes>(&decider_);
    open_->open(route, learner().plan(route->config()));
    sets_ = {open_.get()};
    decider_.taught.clear();
  }

  Learner& learner() {
    if (!learner_) {
      OpenedStore opened = open_store(dir_.path().string(), {});
      learner_ = std::make_unique<Learner>(std::move(opened), &books_, &logger_);
    }
    return *learner_;
  }

  InboxItem item(const std::string& payload, InboxKind kind = InboxKind::Feedback) {
    InboxItem out;
    out.kind = kind;
    out.route = set_->routes[0];
    out.message.topic = "plant/hall/press/2/telemetry";
    out.message.payload = payload;
    return out;
  }

  void feed(const std::vector<std::string>& payloads) {
    std::vector<InboxItem> items;
    for (const std::string& payload : payloads) items.push_back(item(payload));
    decider_.taught.clear();
    learner().learn(items, {sets_, &judge_});
  }

  void see(const std::string& payload, const std::string& id, inference::Rung rung) {
    const InboxItem input = item(payload, InboxKind::Input);
    const auto elements = read_payload(set_->routes[0]->config(), payload);
    DecisionRecord record;
    record.outcome = Outcome::Decided;
    record.route = "press";
    record.topic = input.message.topic;
    record.input_id = id;
    record.decision = R"({"status":"ok"})";
    record.confidence = 0.99;
    record.rung = rung;
    for (std::size_t i = 0; i < elements.size(); ++i) {
      learner().remember(input, record, elements[i], i);
      learner().consider(input, record, elements[i], i);
    }
  }

  std::string reason() const { return told_.empty() ? "" : std::string(told_.back().reason); }

  test_support::TempDir dir_;
  Logger logger_{LogLevel::Off};
  std::vector<FeedbackRefusal> told_;
  FeedbackBooks books_{&logger_,
                       [this](const FeedbackRefusal& refusal) { told_.push_back(refusal); }};
  ScriptedDecider decider_{[](std::string_view) { return decision(R"({"status":"ok"})"); }};
  Judge judge_{"agent-1", "hash", &decider_, "nonce"};
  std::unique_ptr<Learner> learner_;
  std::shared_ptr<const RouteSet> set_;
  std::unique_ptr<OpenRoutes> open_;
  std::vector<OpenRoutes*> sets_;
};

TEST_F(LearnerTest, SeveralFeedbacksTrainARouteOnce) {
  open(TestJson::parse(R"({"examples":[{"payload":{"t":1},"expected":{"status":"ok"}}]})"));
  see(R"({"t":2})", "in-2", inference::Rung::Head);
  feed({R"({"input":"in-2","expected":{"status":"error"}})",
        R"({"payload":{"t":3},"expected":{"status":"error"}})"});
  EXPECT_EQ(decider_.taught, (Rows{{R"({"t":1})", R"({"status":"ok"})"},
                                   {R"({"t":2})", R"({"status":"error"})"},
                                   {R"({"t":3})", R"({"status":"error"})"}}));
  EXPECT_EQ(books_.counts().accepted, 2U);
  EXPECT_EQ(books_.counts().trainings, 1U);
  EXPECT_EQ(open_->find(set_->routes[0].get())->lesson_count, 3U);
}

TEST_F(LearnerTest, ALessonHasTheWindowThatTheInputHad) {
  open(TestJson::parse(R"({"fields":[{"name":"t","from":"/t"}],
                           "window":{"s":60,"of":["t"],"as":["max"]}})"));
  const std::string payload = R"({"t":2})";
  Element seen = read_payload(set_->routes[0]->config(), payload).at(0);
  add_window_values({{"t_max", 9}}, &seen);
  DecisionRecord record;
  record.outcome = Outcome::Decided;
  record.input_id = "in-2";
  learner().remember(item(payload, InboxKind::Input), record, seen, 0);
  feed({R"({"input":"in-2","expected":{"status":"error"}})",
        R"({"payload":{"t":3},"expected":{"status":"error"}})"});
  EXPECT_EQ(decider_.taught, (Rows{{R"({"t":2,"t_max":9})", R"({"status":"error"})"},
                                   {R"({"t":3,"t_max":3})", R"({"status":"error"})"}}));
}

TEST_F(LearnerTest, ALessonIsThereAfterARestartAndWaitsWhileItDoesNotFit) {
  open();
  feed({R"({"payload":{"t":3},"expected":{"status":"error"}})"});
  learner_.reset();
  open(TestJson::parse(R"({"schema":{"status":["fine","bad"]}})"));
  EXPECT_EQ(open_->find(set_->routes[0].get())->lesson_count, 0U);
  learner_.reset();
  EXPECT_EQ(open_store(dir_.path().string(), {}).store->lessons().kept("press").at(0).state,
            "pending");
  open();
  EXPECT_EQ(open_->find(set_->routes[0].get())->lesson_count, 1U) << "the old schema is back";
}

TEST_F(LearnerTest, WithoutOpenRoutesALessonIsKeptForLater) {
  open();
  sets_.clear();
  feed({R"({"payload":{"t":3},"expected":{"status":"error"}})"});
  EXPECT_TRUE(decider_.taught.empty());
  EXPECT_EQ(books_.counts().accepted, 1U);
  open();
  EXPECT_EQ(open_->find(set_->routes[0].get())->lesson_count, 1U);
}

TEST_F(LearnerTest, WhatTheEngineCannotLearnIsRefusedAndNotKept) {
  open();
  decider_.unteachable = R"({"t":3})";
  feed({R"({"payload":{"t":3},"expected":{"status":"error"}})",
        R"({"payload":{"t":4},"expected":{"status":"error"}})"});
  EXPECT_EQ(reason(), "lesson_refused");
  EXPECT_EQ(books_.counts().accepted, 1U);
  EXPECT_EQ(books_.counts().refused, 1U);
  learner_.reset();
  EXPECT_EQ(open_store(dir_.path().string(), {}).store->lessons().all("").size(), 1U);
}

TEST_F(LearnerTest, FeedbackOnAListTeachesEveryElementAndOnAnInputThatOneAlone) {
  open({{"split", "/values"}});
  feed({R"({"payload":{"values":[{"t":1},{"t":2}]},"expected":{"status":"error"}})"});
  EXPECT_EQ(decider_.taught.size(), 2U);
  see(R"({"values":[{"t":7},{"t":8}]})", "in", inference::Rung::Head);
  feed({R"({"input":"in","expected":{"status":"error"}})"});  // the newest of that id
  ASSERT_EQ(decider_.taught.size(), 3U);
  EXPECT_EQ(decider_.taught.back().first, R"({"t":8})");
}

TEST_F(LearnerTest, AnotherProcessThatForgetsIsNoticed) {
  open();
  feed({R"({"payload":{"t":3},"expected":{"status":"error"}})",
        R"({"payload":{"t":4},"expected":{"status":"error"}})"});
  const auto store = existing_store(dir_.path().string());
  EXPECT_EQ(store->lessons().forget("press", store->lessons().kept("press")[0].id), 1);
  decider_.taught.clear();
  learner().tend({sets_, &judge_});
  EXPECT_EQ(decider_.taught, (Rows{{R"({"t":4})", R"({"status":"error"})"}}));
  EXPECT_EQ(open_->find(set_->routes[0].get())->lesson_count, 1U);
}

TEST_F(LearnerTest, ItsOwnAnswersTeachOnlyWhereTheRouteSaysSoAndNeverAgainstALesson) {
  open();
  see(R"({"t":1})", "a", inference::Rung::Model);
  learner().tend({sets_, &judge_});
  EXPECT_TRUE(decider_.taught.empty()) << "off by default";
  learner_.reset();
  open({{"learn_from_self", 0.25}});
  feed({R"({"payload":{"t":2},"expected":{"status":"error"}})"});
  for (int repeated = 0; repeated < 2; ++repeated) {
    see(R"({"t":1})", "a", inference::Rung::Model);
    see(R"({"t":2})", "b", inference::Rung::Model);
    see(R"({"t":3})", "c", inference::Rung::Head);
  }
  decider_.taught.clear();
  learner().tend({sets_, &judge_});
  EXPECT_EQ(decider_.taught,
            (Rows{{R"({"t":1})", R"({"status":"ok"})"}, {R"({"t":2})", R"({"status":"error"})"}}));
  learner_.reset();
  const OpenedStore opened = open_store(dir_.path().string(), {});
  const auto kept = opened.store->lessons().kept("press");
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[1].source, "self");
  EXPECT_EQ(kept[1].weight, 0.25);
}

}  // namespace
}  // namespace agent
