#include "agent/lint.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/agent/config_text.h"

namespace agent {
namespace {

bool mentions(const std::vector<std::string>& findings, const std::string& text) {
  return std::any_of(findings.begin(), findings.end(), [&](const std::string& finding) {
    return finding.find(text) != std::string::npos;
  });
}

TestJson second_route(const std::string& subscribe, const std::string& publish) {
  return {{"name", "second"},
          {"subscribe", subscribe},
          {"schema", {{"status", {"ok", "error"}}}},
          {"publish", publish}};
}

TEST(Lint, AcceptsARouteThatBindsItsTarget) {
  const Findings findings = lint(load(good_config()));
  EXPECT_TRUE(findings.errors.empty());
  EXPECT_TRUE(findings.warnings.empty());
}

struct Loop {
  const char* subscribe;
  const char* publish;
  const char* reply_to;  // empty: none
  bool refused;
};

class LintLoop : public testing::TestWithParam<Loop> {};

TEST_P(LintLoop, RefusesOutputThatCanComeBack) {
  TestJson json = good_config();
  json["routes"][1] = second_route(GetParam().subscribe, GetParam().publish);
  if (*GetParam().reply_to != '\0') json["broker"]["reply_to"] = {GetParam().reply_to};
  EXPECT_EQ(!lint(load(json)).errors.empty(), GetParam().refused);
}

INSTANTIATE_TEST_SUITE_P(
    Pairs, LintLoop,
    testing::Values(Loop{"a/b", "a/c", "", false}, Loop{"a/b", "a/b", "", true},
                    Loop{"a/+", "a/c", "", true}, Loop{"a/{x}/c", "a/{x}/d", "", false},
                    Loop{"a/{x}/{y}", "a/{x}/d", "", true}, Loop{"a/#", "b", "", false},
                    Loop{"a/#", "a", "", true}, Loop{"#", "b", "", true},
                    Loop{"$share/g/a/#", "a/b", "", true},
                    // another route's output
                    Loop{"plant/+/press/+/decision", "x", "", true},
                    Loop{"plant/hall/press/2/decision", "x", "", true},
                    // own topics
                    Loop{"picolm/agent-1/status", "x", "", true},
                    Loop{"picolm/+/metrics", "x", "", true},
                    Loop{"picolm/agent-1/abstained/press", "x", "", true},
                    Loop{"picolm/agent-2/status", "x", "", false},
                    // replies
                    Loop{"reply/x", "y", "reply/#", true}, Loop{"reply/x", "y", "reply/y", false}));

TEST(Lint, RefusesARouteThatCouldTeachOrTakesFeedbackForInput) {
  TestJson json = good_config();
  json["routes"][1] = second_route("a/{x}", "picolm/agent-1/{x}/press");
  EXPECT_TRUE(mentions(lint(load(json)).errors, "teach itself"));
  json["routes"][1] = second_route("picolm/+/feedback/press", "x");
  EXPECT_TRUE(mentions(lint(load(json)).errors, "never an input"));
  json["routes"][1] = second_route("picolm/agent-2/feedback/press", "x");
  EXPECT_TRUE(lint(load(json)).errors.empty());
}

TEST(Lint, WarnsOfATargetThatTheTopicCouldSay) {
  TestJson json = good_config();
  json["routes"][0].erase("bind");
  EXPECT_TRUE(mentions(lint(load(json)).warnings, "leaves \"target\" to the model"));
}

TEST(Lint, WarnsOfDecisionsThatNobodyCanTellApart) {
  TestJson json = good_config();
  json["routes"][1] = second_route("a/+", "b");
  EXPECT_TRUE(mentions(lint(load(json)).warnings, "nothing in topic or decision says"));
}

TEST(Lint, WarnsOfFiltersThatOverlap) {
  TestJson json = good_config();
  json["routes"][1] = second_route("plant/hall/press/7/telemetry", "x");
  const Findings findings = lint(load(json));
  EXPECT_TRUE(findings.errors.empty());
  EXPECT_TRUE(mentions(findings.warnings, "decided more than once"));
}

TEST(Lint, RefusesFiltersThatOverlapWhereACommandWouldBeDecidedTwice) {
  TestJson json = good_config();
  json["routes"][1] = second_route("plant/hall/press/7/telemetry", "x");
  json["routes"][1]["class"] = "command";
  EXPECT_TRUE(mentions(lint(load(json)).errors, "a command would be decided twice"));
  json["routes"][1] = second_route("a/b", "x");
  json["routes"][1]["class"] = "command";
  json["routes"][1]["subscribe"] = {"a/b", "a/+"};
  EXPECT_TRUE(mentions(lint(load(json)).errors, "a command would be decided twice"));
}

TEST(Lint, OneFilterInTwoRoutesIsOneSubscription) {
  TestJson json = good_config();
  json["routes"][1] = second_route("a/b", "x");
  json["routes"][1]["class"] = "command";
  json["routes"][2] = second_route("a/b", "y");
  json["routes"][2]["name"] = "third";
  const Findings findings = lint(load(json));
  EXPECT_TRUE(findings.errors.empty());
  EXPECT_FALSE(mentions(findings.warnings, "can match the same topic"));
}

}  // namespace
}  // namespace agent
