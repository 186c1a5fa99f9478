// What feedback may look like, and what a route is taught in the end.

#include "agent/feedback.h"

#include <gtest/gtest.h>

#include "agent/payload_text.h"
#include "agent/teach_plan.h"
#include "tests/agent/config_text.h"
#include "tests/support/random.h"

namespace agent {
namespace {

std::optional<Feedback> read(const std::string& text) {
  std::string error;
  auto feedback = read_feedback(text, &error);
  EXPECT_EQ(feedback.has_value(), error.empty()) << text << ": " << error;
  return feedback;
}

TEST(Feedback, NamesItsMessageInThreeWays) {
  const auto input = read(R"({"input":"a-1","expected":{"status": "ok"}})");
  ASSERT_TRUE(input);
  EXPECT_EQ(input->about, Feedback::About::Input);
  EXPECT_EQ(input->value, "a-1");
  EXPECT_EQ(input->expected, R"({"status":"ok"})");
  EXPECT_EQ(read(R"({"expected":{},"input":41})")->value, "41");
  const auto payload = read(R"({"payload":{"t": 1.50},"expected":{}})");
  EXPECT_EQ(payload->about, Feedback::About::Payload);
  EXPECT_EQ(payload->value, R"({"t":1.50})") << "digits are kept";
  EXPECT_EQ(read(R"({"payload":"start \"A\"","expected":{}})")->value, R"(start "A")");
  EXPECT_EQ(read(R"({"payload":3,"expected":{}})")->value, "3");
  const auto latest = read(R"({"topic":"a/b","last":true,"expected":{}})");
  EXPECT_EQ(latest->about, Feedback::About::Latest);
  EXPECT_EQ(latest->value, "a/b");
}

TEST(Feedback, OfAnyOtherFormIsRefused) {
  for (const char* text : {"",
                           "null",
                           "[]",
                           "{}",
                           "true",
                           "{\"input\":\"a\"}",
                           R"({"expected":{}})",
                           R"({"input":{},"expected":{}})",
                           R"({"input":null,"expected":{}})",
                           R"({"input":true,"expected":{}})",
                           R"({"input":"a","payload":1,"expected":{}})",
                           R"({"topic":"a","expected":{}})",
                           R"({"last":true,"expected":{}})",
                           R"({"topic":"a","last":false,"expected":{}})",
                           R"({"topic":"a","last":1,"expected":{}})",
                           R"({"topic":1,"last":true,"expected":{}})",
                           R"({"input":"a","last":true,"expected":{}})",
                           R"({"input":"a","topic":"b","last":true,"expected":{}})",
                           R"({"input":"a","expected":{},"weight":1})",
                           R"({"input":"a","input":"b","expected":{}})",
                           R"({"input":"a","expected":{}} x)",
                           "{\"input\":\"a\xff\",\"expected\":{}}",
                           R"({"input":"a\u0000","expected":{}})"}) {
    EXPECT_FALSE(read(text)) << text;
  }
  EXPECT_FALSE(read(std::string(100, '[')));
  EXPECT_FALSE(read(R"({"input":")" + std::string(kFeedbackBytesMax, 'x') + R"(","expected":{}})"));
}

TEST(Feedback, NoBytesBreakIt) {
  test_support::Random random(7);
  const std::string good = R"({"topic":"a/b","last":true,"expected":{"status":"ok","n":[1,2]}})";
  for (int i = 0; i < 20000; ++i) {
    std::string text = good;
    for (std::uint64_t edits = 1 + random.below(4); edits > 0 && !text.empty(); --edits) {
      const std::size_t at = random.below(text.size());
      if (random.below(3) == 0) {
        text.erase(at, 1);
      } else {
        text[at] = "{}[]\",:\\ 0aet\x80"[random.below(14)];
      }
    }
    read(text);
  }
}

TEST(FeedbackBooks, BalanceAndCountByReason) {
  Logger logger(LogLevel::Off);
  std::vector<std::string> told;
  FeedbackBooks books(&logger, [&](const FeedbackRefusal& refusal) {
    told.push_back(refusal.route + ":" + std::string(refusal.reason));
  });
  for (int i = 0; i < 4; ++i) books.receive();
  books.accept();
  books.refuse({"press", "retained", "", "", ""});
  books.refuse({"press", "retained", "", "", ""});
  const FeedbackCounts counts = books.counts();
  EXPECT_EQ(counts.received, 4U);
  EXPECT_EQ(counts.accepted, 1U);
  EXPECT_EQ(counts.refused, 2U);
  EXPECT_EQ(counts.reasons.at("retained"), 2U);
  EXPECT_EQ(told, (std::vector<std::string>{"press:retained", "press:retained"}));
}

RouteConfig route_with(const TestJson& examples, const TestJson& change = TestJson::object()) {
  TestJson json = good_config();
  json["routes"][0]["examples"] = examples;
  json["routes"][0].merge_patch(change);
  return load(json).routes[0];
}

StoredLesson lesson(std::int64_t id, const std::string& payload, const std::string& status,
                    const std::string& source = "feedback") {
  StoredLesson out;
  out.id = id;
  out.route = "press";
  out.payload = payload;
  out.expected = R"({"status":")" + status + R"("})";
  out.source = source;
  out.state = "active";
  out.weight = source == "self" ? 0.25 : 1;
  return out;
}

std::vector<std::pair<std::string, std::int64_t>> shown(const TeachPlan& plan) {
  std::vector<std::pair<std::string, std::int64_t>> out;
  for (const TeachRow& row : plan.rows) out.emplace_back(row.text + row.expected, row.lesson);
  return out;
}

const TestJson kOneExample =
    TestJson::parse(R"([{"payload":{"t":10},"expected":{"status":"ok"}}])");

TEST(TeachPlan, TheNewestLabelOfATextWinsAndACorrectionOverrulesAnExample) {
  const RouteConfig route = route_with(kOneExample);
  using Rows = std::vector<std::pair<std::string, std::int64_t>>;
  EXPECT_EQ(shown(plan_lessons(route, {})), (Rows{{R"({"oil":1 °C}{"status":"ok"})", 0}}));
  const std::vector<StoredLesson> lessons = {
      lesson(1, R"({"t":20})", "ok"), lesson(2, R"({"t":10,"seq":9})", "error"),
      lesson(3, R"({"t":30})", "ok", "self"), lesson(4, R"({ "t":20 })", "error", "self")};
  const TeachPlan plan = plan_lessons(route, lessons);
  EXPECT_EQ(shown(plan), (Rows{{R"({"oil":3 °C}{"status":"ok"})", 3},
                               {R"({"oil":2 °C}{"status":"ok"})", 1},
                               {R"({"oil":1 °C}{"status":"error"})", 2}}))
      << "a person's word stands above the model's own";
  EXPECT_EQ(plan.rows[0].weight, 0.25);
  EXPECT_TRUE(plan.misfits.empty());
}

TEST(TeachPlan, LeavesOutWhatTheRouteDoesNotTakeNow) {
  const RouteConfig route = route_with(kOneExample);
  const std::vector<StoredLesson> lessons = {
      lesson(1, R"({"t":20})", "melted"),  // no value of the schema any more
      lesson(2, R"({"u":20})", "ok"),      // no field t
      lesson(3, R"({"t":9999})", "ok"),    // over max
      lesson(4, R"({"t":20})", "ok")};
  const TeachPlan plan = plan_lessons(route, lessons);
  EXPECT_EQ(plan.misfits, (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(plan.rows.size(), 2U);
}

TEST(TeachPlan, TakesTheNewestOfTooManyRows) {
  TestJson examples = TestJson::array();
  for (int i = 0; i < 400; ++i) {
    examples.push_back({{"payload", {{"t", i}}}, {"expected", {{"status", "ok"}}}});
  }
  std::vector<StoredLesson> lessons;
  for (int i = 0; i < 200; ++i) {
    lessons.push_back(lesson(i + 1, "{\"t\":" + std::to_string(1000 + i) + "}", "error"));
  }
  const TeachPlan plan = plan_lessons(route_with(examples), lessons);
  ASSERT_EQ(plan.rows.size(), kTaughtRowsMax);
  EXPECT_EQ(plan.rows.back().lesson, 200);
  EXPECT_EQ(plan.rows[512 - 200].lesson, 1);
  EXPECT_EQ(plan.rows.front().text, R"({"oil":8.8 °C})") << "the first 88 examples went";
}

TEST(TeachPlan, AnElementIsAMessageOfItsOwn) {
  const RouteConfig route =
      route_with(TestJson::array(), TestJson::parse(R"({"split":"/a~1b/values","fields":null})"));
  const std::string message = R"({"n":1,"a/b":{"values":[{"t":1},"two",3.50]}})";
  const auto whole = read_payload(route, message);
  ASSERT_EQ(whole.size(), 3U);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    const auto alone = read_payload(route, element_payload(route, message, i));
    ASSERT_EQ(alone.size(), 1U);
    EXPECT_EQ(alone[0].reason, "");
    EXPECT_EQ(alone[0].text, whole[i].text);
  }
  const RouteConfig list = route_with(TestJson::array(), TestJson::parse(R"({"fields":null})"));
  EXPECT_EQ(element_payload(list, "[1]", 0), "[1]");
}

}  // namespace
}  // namespace agent
