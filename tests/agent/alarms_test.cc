#include "agent/alarms.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace agent {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kThen = 1767225600000;

TEST(Alarms, ACodeIsActiveWhileOneOfItsSubjectsIs) {
  Alarms alarms("root/me/alarm/");
  EXPECT_TRUE(alarms.raise(alarm::kSilent, "a", Severity::Warning, "a is silent", kThen));
  EXPECT_TRUE(alarms.raise(alarm::kSilent, "b", Severity::Error, "b is silent", kThen + 5));
  EXPECT_TRUE(alarms.clear(alarm::kSilent, "a", kThen + 7));
  EXPECT_TRUE(alarms.active(alarm::kSilent));
  const auto told = alarms.take_changes();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].topic, "root/me/alarm/silent");
  EXPECT_TRUE(told[0].retained);
  EXPECT_EQ(Json::parse(told[0].payload), Json::parse(R"({"active":true,"severity":"error",
            "since":"2026-01-01T00:00:00.000Z","text":"b is silent"})"));
  EXPECT_TRUE(alarms.clear(alarm::kSilent, "b", kThen + 1000));
  EXPECT_FALSE(alarms.active(alarm::kSilent));
  EXPECT_EQ(Json::parse(alarms.take_changes().at(0).payload),
            Json::parse(R"({"active":false,"severity":"warning",
            "since":"2026-01-01T00:00:01.000Z","text":""})"));
}

TEST(Alarms, TheSameAgainIsToldOnce) {
  Alarms alarms("p/");
  EXPECT_TRUE(alarms.raise("stop", "", Severity::Warning, "x", kThen));
  EXPECT_EQ(alarms.take_changes().size(), 1U);
  EXPECT_FALSE(alarms.raise("stop", "", Severity::Warning, "x", kThen + 1));
  EXPECT_TRUE(alarms.take_changes().empty());
  EXPECT_FALSE(alarms.raise("stop", "", Severity::Warning, "y", kThen + 2));
  EXPECT_EQ(Json::parse(alarms.take_changes().at(0).payload)["since"], "2026-01-01T00:00:00.000Z");
  EXPECT_FALSE(alarms.clear("stop", "other", kThen));
  EXPECT_FALSE(alarms.clear("none", "", kThen));
  EXPECT_TRUE(alarms.take_changes().empty());
}

TEST(Alarms, WhatIsDeclaredIsShownInactive) {
  Alarms alarms("p/");
  alarms.declare("stop");
  alarms.declare("stop");
  const auto told = alarms.take_changes();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(Json::parse(told[0].payload)["active"], false);
  EXPECT_EQ(Json::parse(told[0].payload)["since"], nullptr);
}

TEST(Alarms, ABrokerThatLostAllIsToldAll) {
  Alarms alarms("p/");
  alarms.declare("stop");
  alarms.raise("silent", "a", Severity::Error, "a", kThen);
  EXPECT_EQ(alarms.take_changes().size(), 2U);
  alarms.tell_all();
  EXPECT_EQ(alarms.take_changes().size(), 2U);
  EXPECT_TRUE(alarms.take_changes().empty());
}

TEST(Alarms, ATextStaysBounded) {
  Alarms alarms("p/");
  for (int i = 0; i < 1000; ++i) {
    alarms.raise("silent", std::to_string(i), Severity::Warning, "topic", kThen);
  }
  const std::string text = Json::parse(alarms.take_changes().at(0).payload)["text"];
  EXPECT_TRUE(text.ends_with("; and 936 more"));
}

}  // namespace
}  // namespace agent
