// The global stop and the topics that must speak.

#include <gtest/gtest.h>

#include <fstream>

#include "agent/silence_watch.h"
#include "agent/stop_book.h"
#include "tests/agent/config_text.h"

namespace agent {
namespace {

using enum StopBook::Scope;

TEST(StopBook, NothingLiftsAStopButAnExplicitMessageThatIsNotStored) {
  for (const char* payload : {R"({"stop":true})", "STOP", "true", R"({"stop":0})", "{",
                              R"({"x":1})", R"({"stop":"false"})"}) {
    StopBook book("");
    EXPECT_TRUE(book.take(Agent, payload, false).changed) << payload;
    EXPECT_TRUE(book.standing()) << payload;
    book.take(Agent, "", false);
    book.take(Agent, "", true);
    book.take(Agent, R"({"stop":false})", true);
    book.take(All, R"({"stop":false})", false);  // the other's
    EXPECT_TRUE(book.standing()) << payload;
    EXPECT_TRUE(book.take(Agent, R"( { "stop" : false } )", false).changed);
    EXPECT_FALSE(book.standing());
  }
}

TEST(StopBook, AStoredMessageStops) {
  StopBook book("");
  EXPECT_TRUE(book.take(All, R"({"stop":true,"by":"me"})", true).changed);
  EXPECT_EQ(book.text(), "stop of all by me");
  EXPECT_FALSE(book.take(Agent, R"({"stop":true})", false).changed);
  book.take(All, R"({"stop":false})", false);
  EXPECT_TRUE(book.standing());  // the agent's own stands
}

TEST(StopBook, IsOnTheDiskWhenTakeReturns) {
  const test_support::TempDir dir;
  const std::string path = (dir.path() / "stop.db").string();
  {
    StopBook book(path);
    EXPECT_TRUE(book.take(All, R"({"stop":true,"by":"me"})", false).stored);
    StopBook other(path);  // as another process would see it now
    EXPECT_TRUE(other.standing());
    EXPECT_EQ(other.text(), "stop of all by me");
  }
  StopBook again(path);
  EXPECT_TRUE(again.standing());
  EXPECT_TRUE(again.take(All, R"({"stop":false})", false).stored);
  EXPECT_FALSE(StopBook(path).standing());
}

TEST(StopBook, AFileThatCannotBeReadIsAStop) {
  const test_support::TempDir dir;
  const std::string path = dir.write("stop.db", std::string(4096, 'x'));
  StopBook book(path);
  EXPECT_TRUE(book.standing());
  EXPECT_FALSE(book.trouble().empty());
  // It is obeyed either way, and said that it is not kept.
  EXPECT_FALSE(book.take(Agent, R"({"stop":false})", false).stored);
  EXPECT_FALSE(book.standing());
}

std::shared_ptr<const RouteSet> watched(const std::vector<std::string>& expect) {
  TestJson json = good_config();
  json["routes"][0]["silence_s"] = 10;
  json["routes"][0]["expect"] = expect;
  return make_route_set(load(json), 1);
}

constexpr const char* kOne = "plant/hall/press/1/telemetry";
constexpr const char* kTwo = "plant/hall/press/2/telemetry";

TEST(SilenceWatch, WhatWasHeardOrIsExpectedMustSpeak) {
  SilenceWatch watch;
  watch.set_routes(*watched({kOne}), 0);
  watch.heard(kTwo, 5'000);
  watch.heard("other", 5'000);
  EXPECT_TRUE(watch.tick(9'999).silent.empty());
  const auto first = watch.tick(10'000).silent;
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].topic, kOne);
  EXPECT_TRUE(watch.is_silent(kOne));
  EXPECT_TRUE(watch.tick(14'999).silent.empty());  // told once
  EXPECT_EQ(watch.tick(15'000).silent.at(0).topic, kTwo);
  watch.heard(kOne, 16'000);
  EXPECT_FALSE(watch.is_silent(kOne));
  const auto changes = watch.tick(16'001);
  EXPECT_TRUE(changes.silent.empty());
  EXPECT_EQ(changes.speaking, std::vector<std::string>{kOne});
  EXPECT_EQ(watch.tick(26'000).silent.size(), 1U);
}

TEST(SilenceWatch, ARouteWithoutItWatchesNothing) {
  SilenceWatch watch;
  watch.set_routes(*make_route_set(load(good_config()), 1), 0);
  watch.heard(kOne, 0);
  EXPECT_FALSE(watch.watches());
  EXPECT_TRUE(watch.tick(1'000'000'000).silent.empty());
}

TEST(SilenceWatch, WhatIsNoLongerWatchedIsNoLongerSilent) {
  SilenceWatch watch;
  watch.set_routes(*watched({kOne}), 0);
  EXPECT_EQ(watch.tick(10'000).silent.size(), 1U);
  watch.set_routes(*watched({kTwo}), 11'000);
  EXPECT_EQ(watch.tick(11'000).speaking, std::vector<std::string>{kOne});
  EXPECT_FALSE(watch.is_silent(kOne));
}

TEST(SilenceWatch, TopicsAreBounded) {
  SilenceWatch watch;
  watch.set_routes(*watched({}), 0);
  for (std::size_t i = 0; i < SilenceWatch::kTopicsMax + 9; ++i) {
    watch.heard("plant/hall/press/" + std::to_string(i) + "/telemetry", 0);
  }
  EXPECT_EQ(watch.tick(10'000).silent.size(), SilenceWatch::kTopicsMax);
}

}  // namespace
}  // namespace agent
