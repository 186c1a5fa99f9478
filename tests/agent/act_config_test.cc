// The configuration of acting: what is refused, and what the whole must not do.

#include <gtest/gtest.h>

#include "agent/lint.h"
#include "agent/open_routes.h"
#include "tests/agent/config_text.h"

namespace agent {
namespace {

TestJson act_config() {
  TestJson json = good_config();
  json["state_dir"] = "state";
  json["routes"][0].merge_patch(TestJson::parse(R"({
    "schema": {"type": "object", "additionalProperties": false,
      "properties": {"action": {"enum": ["stop", "hold", "start"]},
                     "speed": {"type": "integer", "minimum": 0, "maximum": 100},
                     "target": {"type": "string", "maxLength": 16}},
      "required": ["action", "speed", "target"]},
    "mode": "act", "command": "plant/{area}/press/{press}/cmd",
    "state": {"guard": {"topic": "plant/{area}/press/{press}/guard", "pointer": "/closed",
                        "max_age_s": 5}},
    "interlock": {"allow": {"action": ["stop", "hold", "start"]}, "safe_actions": ["stop", "hold"],
      "require": [{"state": "guard", "equals": true}, {"field": "oil", "max": 80}],
      "limits": {"speed": {"min": 0, "max": 90, "step": 10}},
      "confirm": {"actions": ["start"], "topic": "plant/{area}/confirm"},
      "ack": {"topic": "plant/{area}/ack"}}
  })"));
  return json;
}

TEST(ActConfig, IsReadInFull) {
  const Config config = load(act_config());
  const RouteConfig& route = config.routes[0];
  EXPECT_TRUE(config.acts());
  EXPECT_EQ(route.decision_expiry_s, 5U);
  EXPECT_EQ(route.states.at(0).max_age_s, 5U);
  EXPECT_EQ(route.interlock.allow.at(0).values.size(), 3U);
  EXPECT_EQ(route.interlock.require.size(), 2U);
  EXPECT_EQ(route.interlock.limits.at(0).step, 10);
  EXPECT_EQ(route.interlock.confirm->timeout_s, 30U);
  EXPECT_TRUE(lint(config).errors.empty());
}

struct Spoil {
  const char* pointer;
  const char* value;  // JSON; empty: taken away
  const char* told;
};

class ActConfigRefusal : public testing::TestWithParam<Spoil> {};

TEST_P(ActConfigRefusal, SaysWhere) {
  TestJson json = act_config();
  const TestJson::json_pointer at(GetParam().pointer);
  if (*GetParam().value == '\0') {
    json.at(at.parent_pointer()).erase(at.back());
  } else {
    json[at] = TestJson::parse(GetParam().value);
  }
  const std::string said = refusal(json);
  EXPECT_NE(said.find(GetParam().told), std::string::npos) << said;
}

INSTANTIATE_TEST_SUITE_P(
    Keys, ActConfigRefusal,
    testing::Values(
        Spoil{"/state_dir", "", "state_dir: required where a route has mode act"},
        Spoil{"/routes/0/command", "", "command: required with mode act"},
        Spoil{"/routes/0/command", R"("a/{none}")", "command: found {none}"},
        Spoil{"/routes/0/command", R"("a/#")", "command: found"},
        Spoil{"/routes/0/interlock/allow", "", "interlock.allow: required"},
        Spoil{"/routes/0/interlock/allow/action", "[]", "allow.action: found []"},
        Spoil{"/routes/0/interlock/allow/none", "[1]", "allow.none: found \"none\""},
        Spoil{"/routes/0/interlock/allow/action", "[{}]", "allow.action: found {}"},
        Spoil{"/routes/0/retained", R"("state")", "nothing acts on a stored message"},
        Spoil{"/routes/0/time", R"({"pointer":"/ts"})", "max_age_s: required with mode act"},
        Spoil{"/routes/0/state/guard/max_age_s", "", "state.guard.max_age_s: found null"},
        Spoil{"/routes/0/state/guard/max_age_s", "0", "max_age_s: found 0"},
        Spoil{"/routes/0/state/guard/topic", "", "state.guard.topic: required"},
        Spoil{"/routes/0/state/guard/more", "1", "state.guard.more: unknown key"},
        Spoil{"/routes/0/interlock/require/0/state", R"("door")", "wanted a name of \"state\""},
        Spoil{"/routes/0/interlock/require/1/field", R"("water")", "wanted the name of one of"},
        Spoil{"/routes/0/interlock/require/1/max", "", "wanted \"equals\", \"min\" or \"max\""},
        Spoil{"/routes/0/interlock/require/1/state", R"("guard")", "wanted one of"},
        Spoil{"/routes/0/interlock/limits/speed/step", "-1", "limits.speed.step: found -1"},
        Spoil{"/routes/0/interlock/limits/speed/max", "-1", "found min above max"},
        Spoil{"/routes/0/interlock/limits/speed/mx", "1", "limits.speed.mx: unknown key"},
        Spoil{"/routes/0/repeat_s", "5", "repeat_s: needs \"publish_on\""},
        Spoil{"/routes/0/expect", R"(["a"])", "expect: needs \"silence_s\""}));

TEST(ActConfig, ExpectedTopicsMustBeHeard) {
  TestJson json = act_config();
  json["routes"][0]["silence_s"] = 5;
  json["routes"][0]["expect"] = {"plant/hall/press/+/telemetry"};
  EXPECT_NE(refusal(json).find("without wildcards"), std::string::npos);
  json["routes"][0]["expect"] = {"plant/hall/press/9/telemetry"};
  EXPECT_EQ(refusal(json), "");
}

std::string first_error(const TestJson& json) {
  const Findings findings = lint(load(json));
  return findings.errors.empty() ? "" : findings.errors.front();
}

TEST(ActConfig, NobodyMayListenToCommandsOrConfirmHimself) {
  TestJson json = act_config();
  json["routes"][1] = {{"name", "second"},
                       {"subscribe", "plant/hall/press/2/cmd"},
                       {"schema", {{"status", {"ok", "error"}}}},
                       {"publish", "x"}};
  EXPECT_NE(first_error(json).find("it would answer itself"), std::string::npos);
  json["routes"][1]["subscribe"] = "y";
  for (const char* topic : {"plant/hall/confirm", "plant/hall/ack", "plant/a/press/b/guard",
                            "picolm/agent-1/stop", "picolm/all/stop"}) {
    json["routes"][1]["publish"] = topic;
    EXPECT_NE(first_error(json).find("confirm, allow or stop itself"), std::string::npos) << topic;
  }
  json["routes"][1]["publish"] = "x";
  for (const char* topic : {"plant/hall/confirm", "picolm/all/stop", "picolm/agent-1/stop"}) {
    json["routes"][1]["subscribe"] = topic;
    EXPECT_NE(first_error(json).find("never an input"), std::string::npos) << topic;
  }
  json["routes"][1]["subscribe"] = "plant/hall/press/2/guard";  // a state may be an input too
  EXPECT_EQ(first_error(json), "");
}

TEST(ActConfig, WarnsOfAnActRouteThatWasTaughtNothing) {
  const auto warnings = lint(load(act_config())).warnings;
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find("has no examples"), std::string::npos);
}

TEST(Precision, NeedsEnoughHeldOutExamplesThatWereRight) {
  RouteConfig route;
  route.min_confidence = 0.6;
  inference::TeachReport report;
  EXPECT_FALSE(is_precise(route, report));
  for (int i = 0; i < 49; ++i) report.held_out.push_back({0.9, 1, true});
  EXPECT_TRUE(is_precise(route, report));
  report.held_out.push_back({0.59, 1, false});  // it would abstain from this one
  EXPECT_TRUE(is_precise(route, report));
  report.held_out.push_back({0.6, 1, false});  // 49 of 50
  EXPECT_TRUE(is_precise(route, report));
  report.held_out.push_back({0.7, 1, false});
  EXPECT_FALSE(is_precise(route, report));
  report.held_out.assign(19, {1, 1, true});
  EXPECT_FALSE(is_precise(route, report));
}

}  // namespace
}  // namespace agent
