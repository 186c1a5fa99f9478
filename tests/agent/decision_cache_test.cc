#include "agent/decision_cache.h"

#include <gtest/gtest.h>

#include "agent/payload_text.h"
#include "tests/agent/config_text.h"
#include "tests/agent/scripted_decider.h"

namespace agent {
namespace {

CacheKey key(const std::string& values, RouteHandle route = 1, std::size_t lessons = 3) {
  return {route, lessons, values};
}

DecisionCache::Entry entry(const std::string& json) { return {decision(json), "id"}; }

TEST(DecisionCache, AnswersTheSameValuesOfTheSameRouteAndLessons) {
  DecisionCache cache({});
  cache.put(key("a"), entry("1"));
  ASSERT_NE(cache.find(key("a")), nullptr);
  EXPECT_EQ(cache.find(key("a"))->decision.json, "1");
  EXPECT_EQ(cache.find(key("b")), nullptr);
  EXPECT_EQ(cache.find(key("a", 2)), nullptr);
  EXPECT_EQ(cache.find(key("a", 1, 4)), nullptr) << "one lesson more";
  cache.put(key("a"), entry("2"));
  EXPECT_EQ(cache.find(key("a"))->decision.json, "2");
  EXPECT_EQ(cache.size(), 1U);
}

TEST(DecisionCache, DropsTheLeastRecentlyUsedOverItsEntries) {
  DecisionCache cache({.entries_max = 3});
  for (const char* each : {"a", "b", "c"}) cache.put(key(each), entry(each));
  EXPECT_NE(cache.find(key("a")), nullptr);
  cache.put(key("d"), entry("d"));
  EXPECT_EQ(cache.find(key("b")), nullptr);
  for (const char* each : {"a", "c", "d"}) EXPECT_NE(cache.find(key(each)), nullptr) << each;
}

TEST(DecisionCache, StaysBelowItsBytesAndRefusesWhatIsLargerThanAllOfThem) {
  DecisionCache cache({.entries_max = 1000, .bytes_max = 20000});
  for (int i = 0; i < 500; ++i) {
    cache.put(key(std::to_string(i) + std::string(100, 'x')), entry(std::string(500, 'y')));
    ASSERT_LE(cache.bytes(), 20000U);
  }
  EXPECT_GT(cache.size(), 5U);
  EXPECT_NE(cache.find(key("499" + std::string(100, 'x'))), nullptr);
  const std::size_t before = cache.size();
  cache.put(key("large"), entry(std::string(30000, 'y')));
  EXPECT_EQ(cache.find(key("large")), nullptr);
  EXPECT_EQ(cache.size(), before);
}

TEST(DecisionCache, ForgetsOneRouteWholly) {
  DecisionCache cache({});
  for (const char* each : {"a", "b", "c"}) {
    cache.put(key(each, 1), entry(each));
    cache.put(key(each, 2), entry(each));
  }
  cache.forget(1);
  EXPECT_EQ(cache.size(), 3U);
  EXPECT_EQ(cache.find(key("a", 1)), nullptr);
  EXPECT_NE(cache.find(key("a", 2)), nullptr);
  cache.forget(2);
  EXPECT_EQ(cache.size(), 0U);
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(DecisionCache, AsksAnUntaughtRouteAnewAfterABoundedNumberOfUses) {
  DecisionCache cache({.untaught_uses_max = 4});
  cache.put(key("a", 1, 0), entry("1"));
  cache.put(key("a", 1, 1), entry("1"));
  for (int i = 0; i < 4; ++i) EXPECT_NE(cache.find(key("a", 1, 0)), nullptr);
  EXPECT_EQ(cache.find(key("a", 1, 0)), nullptr);
  for (int i = 0; i < 100; ++i) EXPECT_NE(cache.find(key("a", 1, 1)), nullptr);
}

std::string values_of(const TestJson& change, const std::string& payload) {
  TestJson json = good_config();
  json["routes"][0].merge_patch(change);
  const RouteConfig route = load(json).routes[0];
  const Element element = read_payload(route, payload).front();
  EXPECT_EQ(element.reason, "") << payload;
  return cache_values(route, element.values);
}

TEST(CacheValues, AreTheFieldsAndNotTheBytes) {
  const TestJson fields = TestJson::object();
  EXPECT_EQ(values_of(fields, R"({"t":500,"seq":1})"),
            values_of(fields, R"({ "seq":2, "t":500 })"));
  EXPECT_NE(values_of(fields, R"({"t":500})"), values_of(fields, R"({"t":501})"));
}

TEST(CacheValues, LeaveOutIdAndTimeOfAWholePayload) {
  const TestJson whole = TestJson::parse(R"({"fields":null,"id":"/seq","time":{"pointer":"/ts"}})");
  const auto of = [&](const char* payload) { return values_of(whole, payload); };
  EXPECT_EQ(of(R"({"t":1,"seq":1,"ts":5})"), of(R"({"t":1,"seq":2,"ts":6})"));
  EXPECT_NE(of(R"({"t":1,"seq":1,"ts":5})"), of(R"({"t":2,"seq":1,"ts":5})"));
}

TEST(CacheValues, TellKindsNamesAndBordersApart) {
  const TestJson whole = {{"fields", nullptr}};
  const std::vector<std::string> payloads = {
      R"({"a":1})",           R"({"a":"1"})",     R"({"a":true})",       R"({"a":null})",
      R"({"b":1})",           R"({"a":{"b":1}})", R"({"a":[1]})",        R"({"a":"x","b":"y"})",
      R"({"a":"xy","b":""})", R"({"a":"x1:y"})",  R"({"a":"","b":"xy"})"};
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      EXPECT_NE(values_of(whole, payloads[i]), values_of(whole, payloads[j]))
          << payloads[i] << " " << payloads[j];
    }
  }
}

TEST(CacheValues, OfATextIgnoreCaseAndWhiteSpace) {
  const TestJson text = {{"fields", nullptr}, {"payload", "text"}};
  EXPECT_EQ(values_of(text, "Start  machine A"), values_of(text, " start machine a\n"));
  EXPECT_NE(values_of(text, "start machine a"), values_of(text, "start machine b"));
}

}  // namespace
}  // namespace agent
