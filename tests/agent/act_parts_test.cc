// The small parts beside the interlock: the clock, the states, the gate against chatter.

#include <gtest/gtest.h>

#include "agent/change_gate.h"
#include "agent/clock_watch.h"
#include "agent/state_book.h"

namespace agent {
namespace {

constexpr std::int64_t kWall = ClockWatch::kFloorMs + 1'000'000'000;

TEST(ClockWatch, TrustsAClockThatGoesAsTheSteadyOne) {
  ClockWatch watch;
  EXPECT_FALSE(watch.trusted());
  for (int s = 0; s < 100; ++s) watch.observe({kWall + s * 1000 + s, s * 1000});  // 0.1 % fast
  EXPECT_TRUE(watch.trusted());
  EXPECT_TRUE(watch.trusted_since(0));
}

TEST(ClockWatch, DoesNotTrustATimeBeforeTheProgramWasMade) {
  ClockWatch watch;
  watch.observe({5'000, 1'000});
  EXPECT_FALSE(watch.trusted());
}

TEST(ClockWatch, WhatCameBeforeAJumpHasNoAge) {
  for (const std::int64_t jump : {-3'600'000LL, -2'001LL, 2'001LL, 315'360'000'000LL}) {
    ClockWatch watch;
    watch.observe({kWall, 1'000});
    watch.observe({kWall + 1'000 + jump, 2'000});
    EXPECT_FALSE(watch.trusted_since(3'000)) << jump;
    watch.observe({kWall + 11'000 + jump, 12'000});
    EXPECT_TRUE(watch.trusted());
    EXPECT_TRUE(watch.trusted_since(3'000));
    EXPECT_FALSE(watch.trusted_since(1'500));
  }
}

TEST(StateBook, KnowsTheLatestValueAtAPointer) {
  StateBook book;
  EXPECT_FALSE(book.at("g", "/closed"));
  book.put("g", R"({"closed":true,"n":{"x":3}})", true, 10);
  EXPECT_TRUE(std::get<bool>(*book.at("g", "/closed")->value));
  EXPECT_EQ(book.at("g", "/closed")->received_ms, 10);
  EXPECT_EQ(std::get<schemas::Number>(*book.at("g", "/n/x")->value).value, 3);
  EXPECT_FALSE(book.at("g", "/open")->value);
  book.put("n", "42", true, 11);
  EXPECT_EQ(std::get<schemas::Number>(*book.at("n", "")->value).value, 42);
  book.put("n", "closed", true, 12);
  EXPECT_EQ(std::get<std::string>(*book.at("n", "")->value), "closed");
}

TEST(StateBook, WhatMayBeOldOrCannotBeReadIsNothing) {
  for (const bool stored : {true, false}) {
    StateBook book;
    book.put("g", R"({"closed":true})", true, 10);
    book.put("g", stored ? R"({"closed":true})" : R"({"closed":tru)", !stored, 11);
    EXPECT_FALSE(book.at("g", "/closed")->value);
    book.put("g", R"({"closed":true})", true, 12);
    EXPECT_TRUE(book.at("g", "/closed")->value);
  }
}

TEST(StateBook, HoldsABoundedNumberOfTopics) {
  StateBook book;
  for (std::size_t i = 0; i < StateBook::kTopicsMax + 5; ++i) {
    book.put("t" + std::to_string(i), "1", true, 1);
  }
  EXPECT_TRUE(book.at("t0", ""));
  EXPECT_FALSE(book.at("t" + std::to_string(StateBook::kTopicsMax), ""));
}

struct Gate {
  ChangeConfig policy;
  ChangeGate gate;
  std::int64_t now = 0;
  Change step(std::string_view decision, bool urgent = false) {
    now += 1000;
    const Change change = gate.look(policy, "k", decision, urgent, now);
    if (change == Change::Publish) gate.published("k", decision, now);
    return change;
  }
};

TEST(ChangeGate, PublishesAChangeOnceItIsAgreed) {
  using enum Change;
  Gate gate{{true, 2, 0, {}}, {}, 0};
  EXPECT_EQ(gate.step("a"), NotAgreed);
  EXPECT_EQ(gate.step("a"), Publish);
  EXPECT_EQ(gate.step("a"), Unchanged);
  EXPECT_EQ(gate.step("b"), NotAgreed);
  EXPECT_EQ(gate.step("a"), Unchanged);
  EXPECT_EQ(gate.step("b"), NotAgreed);  // begins anew
  EXPECT_EQ(gate.step("c"), NotAgreed);
  EXPECT_EQ(gate.step("b"), NotAgreed);
  EXPECT_EQ(gate.step("b"), Publish);
  EXPECT_EQ(gate.step("stop", true), Publish);
  EXPECT_EQ(gate.step("stop", true), Unchanged);
}

TEST(ChangeGate, RepeatsAfterItsTime) {
  using enum Change;
  Gate gate{{true, 1, 3, {}}, {}, 0};
  EXPECT_EQ(gate.step("a"), Publish);
  EXPECT_EQ(gate.step("a"), Unchanged);
  EXPECT_EQ(gate.step("a"), Unchanged);
  EXPECT_EQ(gate.step("a"), Publish);
  EXPECT_EQ(gate.step("a"), Unchanged);
}

TEST(ChangeGate, SmallChangesOfANumberAreNone) {
  const ChangeConfig policy{true, 1, 0, {{"v", 0.5}}};
  EXPECT_TRUE(same_decision(policy, R"({"v":1,"m":"x"})", R"({"v":1.5,"m":"x"})"));
  EXPECT_FALSE(same_decision(policy, R"({"v":1,"m":"x"})", R"({"v":1.51,"m":"x"})"));
  EXPECT_FALSE(same_decision(policy, R"({"v":1,"m":"x"})", R"({"v":1,"m":"y"})"));
  EXPECT_FALSE(same_decision(policy, R"({"v":1})", R"({"v":1,"m":"y"})"));
  EXPECT_FALSE(same_decision(policy, R"({"v":1})", R"({"v":"1"})"));
  // The band is around what was published, so that a slow drift is seen.
  Gate gate{policy, {}, 0};
  EXPECT_EQ(gate.step(R"({"v":1})"), Change::Publish);
  EXPECT_EQ(gate.step(R"({"v":1.4})"), Change::Unchanged);
  EXPECT_EQ(gate.step(R"({"v":1.6})"), Change::Publish);
}

}  // namespace
}  // namespace agent
