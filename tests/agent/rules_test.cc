// Rules against an evaluator of a few lines that works on JSON itself, over a grid of all
// operators, operands and values; and what a configuration may say.

#include "agent/rules.h"

#include <gtest/gtest.h>

#include "agent/payload_text.h"
#include "tests/agent/config_text.h"

namespace agent {
namespace {

// What the contract says, written on JSON values and not on ours.
bool expected(const std::string& op, const TestJson& operand, const TestJson& value) {
  const bool both_numbers = value.is_number() && operand.is_number();
  if (op == ">") return both_numbers && value.get<double>() > operand.get<double>();
  if (op == ">=") return both_numbers && value.get<double>() >= operand.get<double>();
  if (op == "<") return both_numbers && value.get<double>() < operand.get<double>();
  if (op == "<=") return both_numbers && value.get<double>() <= operand.get<double>();
  const auto alike = [](const TestJson& a, const TestJson& b) {
    return (a.is_number() && b.is_number()) || (a.is_string() && b.is_string()) ||
           (a.is_boolean() && b.is_boolean());
  };
  if (op == "==") return alike(value, operand) && value == operand;
  if (op == "!=") return alike(value, operand) && value != operand;
  for (const TestJson& one : operand) {
    if (alike(value, one) && value == one) return true;
  }
  return false;
}

RouteConfig route_of(const TestJson& rules, const TestJson& change = TestJson::object()) {
  TestJson json = good_config();
  json["routes"][0].erase("fields");
  json["routes"][0]["rules"] = rules;
  json["routes"][0].merge_patch(change);
  return load(json).routes[0];
}

TestJson rule(const TestJson& when) {
  return TestJson::array({{{"when", when}, {"decide", {{"status", "error"}}}}});
}

std::string refused(const TestJson& rules, const TestJson& change = TestJson::object()) {
  TestJson json = good_config();
  json["routes"][0]["rules"] = rules;
  json["routes"][0].merge_patch(change);
  return refusal(json);
}

bool matches(const RouteConfig& route, const std::string& payload) {
  const Element element = read_payload(route, payload).front();
  EXPECT_EQ(element.reason, "") << payload;
  return first_match(route.rules, element.values).has_value();
}

TEST(Rules, AgreeWithANaiveEvaluatorOnEveryOperatorOperandAndValue) {
  const std::vector<TestJson> scalars = {-1, 0,   0.5, 1,   1.0,  2,    1e9,
                                         "", "a", "A", "1", true, false};
  std::vector<TestJson> values = scalars;
  values.insert(values.end(), {nullptr, "NaN", "null", TestJson::array({1}), TestJson::object()});
  std::size_t held = 0;
  std::size_t compared = 0;
  for (const char* op : {">", ">=", "<", "<=", "==", "!=", "in"}) {
    const bool ordered = op[0] == '>' || op[0] == '<';
    std::vector<TestJson> operands;
    for (const TestJson& scalar : scalars) {
      if (ordered && !scalar.is_number()) continue;
      operands.push_back(op == std::string("in") ? TestJson::array({scalar, "other"}) : scalar);
    }
    for (const TestJson& operand : operands) {
      const RouteConfig route = route_of(rule({{"/x", {{op, operand}}}}));
      for (const TestJson& value : values) {
        const std::string payload = TestJson{{"x", value}, {"y", 3}}.dump();
        const bool found = matches(route, payload);
        ASSERT_EQ(found, expected(op, operand, value)) << op << " " << operand << " " << payload;
        held += found ? 1 : 0;
        ++compared;
      }
      ASSERT_FALSE(matches(route, R"({"y":3})")) << "a missing value, " << op;
    }
  }
  EXPECT_GT(held, 100U);
  EXPECT_GT(compared, 1000U);
}

TEST(Rules, AllConditionsMustHoldAndTheFirstRuleWins) {
  const RouteConfig route = route_of(TestJson::parse(R"([
      {"when":{"/t":{">":90,"<":100},"/on":{"==":true}},"decide":{"status":"error"}},
      {"when":{"/t":{">":80}},"decide":{"status":"ok"}}])"));
  const auto match = [&](const char* payload) {
    return first_match(route.rules, read_payload(route, payload).front().values);
  };
  EXPECT_EQ(match(R"({"t":95,"on":true})"), 0U);
  EXPECT_EQ(match(R"({"t":95,"on":false})"), 1U);
  EXPECT_EQ(match(R"({"t":100,"on":true})"), 1U);
  EXPECT_EQ(match(R"({"t":80,"on":true})"), std::nullopt);
}

TEST(Rules, LiteralTextsCompareWhateverTheirCaseAndWhiteSpace) {
  const TestJson text = {{"payload", "text"}};
  const RouteConfig route =
      route_of(rule({{"", {{"equals", TestJson::array({"Not  Halt", "ÄUS"})}}}}), text);
  for (const char* same : {"not halt", "  NOT\thalt \n", "Not Halt", "äus", " ÄuS"}) {
    EXPECT_TRUE(matches(route, same)) << same;
  }
  for (const char* other : {"nothalt", "not halt!", "do not halt", "aus", "halt"}) {
    EXPECT_FALSE(matches(route, other)) << other;
  }
}

TEST(Rules, SeeFieldsUnderTheirNamesAndScaled) {
  TestJson json = good_config();  // oil is /t times 0.1
  for (const char* name : {"oil", "/oil"}) {
    json["routes"][0]["rules"] = rule({{name, {{">=", 95}}}});
    const RouteConfig route = load(json).routes[0];
    EXPECT_TRUE(matches(route, R"({"t":950})"));
    EXPECT_FALSE(matches(route, R"({"t":949})"));
  }
}

TEST(Rules, AFieldThatNoMessageCanHaveIsRefused) {
  EXPECT_NE(refused(rule({{"/t", {{">", 1}}}})).find("found \"/t\", which no message"),
            std::string::npos)
      << "with `fields` only their names count";
  EXPECT_NE(refused(rule({{"oli", {{">", 1}}}})).find("wanted one of \"oil\""), std::string::npos);
  const TestJson bare = {{"fields", nullptr}};
  EXPECT_EQ(refused(rule({{"/t", {{">", 1}}}}), bare), "");
  EXPECT_NE(refused(rule({{"t", {{">", 1}}}}), bare).find("wanted a JSON pointer"),
            std::string::npos);
  const TestJson csv =
      TestJson::parse(R"({"fields":null,"payload":"csv","csv":{"columns":["a","b"]}})");
  EXPECT_EQ(refused(rule({{"/a", {{">", 1}}}}), csv), "");
  EXPECT_NE(refused(rule({{"/c", {{">", 1}}}}), csv).find("\"/a\", \"/b\""), std::string::npos);
  const TestJson text = {{"fields", nullptr}, {"payload", "text"}};
  EXPECT_NE(refused(rule({{"/a", {{"equals", "x"}}}}), text), "");
}

TEST(Rules, WhatCanNeverWorkIsRefusedWithItsPlace) {
  const auto at = [](const char* when) { return refused(rule(TestJson::parse(when))); };
  for (const auto& [when, told] : std::vector<std::pair<const char*, const char*>>{
           {"{}", "rules[0].when: found {}"},
           {R"([1])", "rules[0].when"},
           {R"({"oil":3})", "wanted {OPERATOR:VALUE}"},
           {R"({"oil":{}})", "wanted {OPERATOR:VALUE}"},
           {R"({"oil":{"=":3}})", "wanted one of >, >=, <"},
           {R"({"oil":{">":"3"}})", "wanted a number"},
           {R"({"oil":{">":[3]}})", "wanted a number"},
           {R"({"oil":{"in":3}})", "wanted a list"},
           {R"({"oil":{"in":[]}})", "found 0 values"},
           {R"({"oil":{"in":[null]}})", "wanted a number, a text"},
           {R"({"oil":{"equals":3}})", "wanted a text"},
           {R"({"oil":{"equals":"  "}})", "found no text"},
           {R"({"oil":{"==":{}}})", "wanted a number, a text"}}) {
    EXPECT_NE(at(when).find(told), std::string::npos) << when << ": " << at(when);
    EXPECT_NE(at(when).find("routes[0].rules[0]"), std::string::npos) << when;
  }
  TestJson bad = rule({{"oil", {{">", 1}}}});
  bad[0]["decide"] = {{"status", "fine"}};
  EXPECT_NE(refused(bad).find("rules[0].decide: does not satisfy the schema"), std::string::npos);
  bad[0]["decide"] = {{"status", "ok"}, {"target", "press-9"}};
  EXPECT_EQ(refused(bad), "") << "bound properties may be given";
}

TEST(Rules, RungsThatNothingCouldAnswerAreRefused) {
  const TestJson only = {{"rungs", {"rule"}}};
  EXPECT_NE(refused(TestJson::array(), only).find("nothing could ever decide"), std::string::npos);
  EXPECT_NE(refused(rule({{"oil", {{">", 1}}}}), {{"rungs", {"cache"}}}).find("nothing could"),
            std::string::npos);
  EXPECT_EQ(refused(rule({{"oil", {{">", 1}}}}), only), "");
}

}  // namespace
}  // namespace agent
