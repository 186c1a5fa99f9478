#include "agent/interlock.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/agent/interlock_desk.h"

namespace agent {
namespace {

using enum Verdict;

TEST(Interlock, PassesWhatIsAllowed) {
  InterlockDesk desk;
  EXPECT_EQ(desk.rule(kStart).verdict, Pass);
  EXPECT_FALSE(desk.rule(kStart).safe);
  EXPECT_TRUE(desk.rule(kStop).safe);
}

TEST(Interlock, RefusesWhatIsNotOnTheAllowList) {
  InterlockDesk desk;
  for (const char* decision :
       {R"({"action":"open"})", R"({"action":"Start"})", R"({"action":["start"]})",
        R"({"action":null})", R"({"action":true})", R"({"act":"start"})", R"({})", "", "start",
        R"({"action":"start )"}) {
    EXPECT_EQ(desk.reason(decision), reason::kNotAllowed) << decision;
  }
  EXPECT_NE(desk.rule(R"({"action":"open"})").text.find("\"open\""), std::string::npos);
  desk.policy.allow.push_back({"gear", {number_scalar(1), number_scalar(2)}});
  EXPECT_EQ(desk.rule(R"({"action":"start","gear":2.0})").verdict, Pass);
  EXPECT_EQ(desk.reason(R"({"action":"start","gear":3})"), reason::kNotAllowed);
  EXPECT_EQ(desk.reason(R"({"action":"start","gear":"2"})"), reason::kNotAllowed);
}

TEST(Interlock, HoldsNumbersWithinTheirLimits) {
  InterlockDesk desk;
  desk.policy.limits = {{"speed", 10, 100, {}}};
  const auto at = [&](const std::string& speed) {
    return desk.reason(R"({"action":"start","speed":)" + speed + "}");
  };
  for (const char* good : {"10", "100", "1e2", "10.0"}) EXPECT_EQ(at(good), "") << good;
  for (const char* bad : {"9.999", "100.0001", "-50", "\"50\"", "null", "true", "1e9"}) {
    EXPECT_EQ(at(bad), reason::kOverLimit) << bad;
  }
  // A safe action is held to them too.
  EXPECT_EQ(desk.reason(R"({"action":"stop","speed":500})"), reason::kOverLimit);
}

TEST(Interlock, PreconditionsOnFieldsAndWindowsMustHold) {
  InterlockDesk desk;
  desk.policy.require = {{RequireConfig::Source::Field, "oil", {}, {}, 80, {}},
                         {RequireConfig::Source::Window, "oil_mean", {}, 10, {}, {}}};
  EXPECT_EQ(desk.reason(kStart), reason::kPreconditionMissing);
  desk.fields = {{"oil", number_scalar(79)}};
  EXPECT_EQ(desk.reason(kStart), reason::kPreconditionMissing);
  desk.windows = {{"oil_mean", 10}};
  EXPECT_EQ(desk.rule(kStart).verdict, Pass);
  desk.windows = {{"oil_mean", 9.9}};
  EXPECT_EQ(desk.reason(kStart), reason::kPreconditionFailed);
  desk.windows = {{"oil_mean", std::nan("")}};
  EXPECT_EQ(desk.reason(kStart), reason::kPreconditionFailed);
  desk.windows = {{"oil_mean", 11}};
  for (const schemas::Scalar& bad :
       {number_scalar(81), text_scalar("79"), schemas::Scalar(nullptr), schemas::Scalar(true)}) {
    desk.fields = {{"oil", bad}};
    EXPECT_EQ(desk.reason(kStart), reason::kPreconditionFailed);
  }
  // They keep nobody from stopping.
  EXPECT_EQ(desk.rule(kStop).verdict, Pass);
}

TEST(Interlock, AStateThatIsMissingOldOrElseRefuses) {
  InterlockDesk desk;
  desk.policy.require = {
      {RequireConfig::Source::State, "guard", schemas::Scalar(true), {}, {}, {}}};
  EXPECT_EQ(desk.reason(kStart), reason::kPreconditionMissing);
  const auto with = [&](std::optional<schemas::Scalar> value, std::int64_t age_ms) {
    desk.states = {{"guard", std::move(value), desk.now.steady_ms - age_ms, 5}};
    return desk.reason(kStart);
  };
  EXPECT_EQ(with(std::nullopt, 0), reason::kPreconditionMissing);
  EXPECT_EQ(with(true, 0), "");
  EXPECT_EQ(with(true, 5000), "");
  EXPECT_EQ(with(true, 5001), reason::kPreconditionOld);
  EXPECT_EQ(with(false, 0), reason::kPreconditionFailed);
  EXPECT_EQ(with(text_scalar("true"), 0), reason::kPreconditionFailed);
  EXPECT_EQ(with(nullptr, 0), reason::kPreconditionFailed);
}

TEST(Interlock, APreconditionBindsTheActionsItNames) {
  InterlockDesk desk;
  desk.policy.require = {{RequireConfig::Source::Field, "oil", {}, {}, 80, {"hold"}}};
  EXPECT_EQ(desk.reason(R"({"action":"hold"})"), reason::kPreconditionMissing);
  EXPECT_EQ(desk.rule(kStart).verdict, Pass);
  EXPECT_EQ(desk.rule(kStop).verdict, Pass);
}

TEST(Interlock, TheLargestStepCountsFromTheLastAct) {
  InterlockDesk desk;
  desk.policy.limits = {{"speed", {}, {}, 10}};
  const auto to = [](int speed) {
    return R"({"action":"start","speed":)" + std::to_string(speed) + "}";
  };
  EXPECT_TRUE(desk.act(to(50)));
  desk.pass(1000);
  EXPECT_EQ(desk.reason(to(61)), reason::kStepTooLarge);
  EXPECT_EQ(desk.reason(to(39)), reason::kStepTooLarge);
  EXPECT_TRUE(desk.act(to(60)));
  desk.pass(1000);
  EXPECT_TRUE(desk.act(R"({"action":"stop","speed":0})"));
  desk.pass(1000);
  EXPECT_EQ(desk.reason(to(60)), reason::kStepTooLarge);
  desk.target = "press-3";
  EXPECT_TRUE(desk.act(to(60)));
}

TEST(Interlock, BoundsActsAMinuteForEachTarget) {
  InterlockDesk desk;
  desk.policy.max_per_min = 3;
  for (int i = 0; i < 3; ++i, desk.pass(10'000)) EXPECT_TRUE(desk.act(kStart));
  EXPECT_EQ(desk.reason(kStart), reason::kRate);
  EXPECT_TRUE(desk.act(kStop));
  desk.target = "press-3";
  EXPECT_TRUE(desk.act(kStart));
  desk.target = "press-2";
  desk.pass(29'999);  // the first was 59.999 s ago
  EXPECT_EQ(desk.reason(kStart), reason::kRate);
  desk.pass(1);
  EXPECT_TRUE(desk.act(kStart));
}

TEST(Interlock, LeavesATargetAloneForItsDwell) {
  InterlockDesk desk;
  desk.policy.min_dwell_s = 10;
  EXPECT_TRUE(desk.act(kStart));
  desk.pass(9'999);
  EXPECT_EQ(desk.reason(kStart), reason::kDwell);
  EXPECT_TRUE(desk.act(kStop));
  desk.pass(9'999);
  EXPECT_EQ(desk.reason(kStart), reason::kDwell);
  desk.pass(1);
  EXPECT_TRUE(desk.act(kStart));
}

TEST(Interlock, NothingButSafeActionsPassesTheStop) {
  InterlockDesk desk;
  desk.lock.set_stopped(true);
  const Ruling ruling = desk.rule(kStart);
  EXPECT_EQ(ruling.reason, reason::kStopped);
  EXPECT_TRUE(ruling.may_fall_back);
  EXPECT_TRUE(desk.act(kStop));
  desk.lock.set_stopped(false);
  EXPECT_TRUE(desk.act(kStart));
}

TEST(Interlock, NamedActionsWaitForAPerson) {
  InterlockDesk desk;
  desk.policy.confirm = ConfirmConfig{{"start", "stop"}, transport::TopicTemplate("x"), 30};
  EXPECT_EQ(desk.rule(kStart).verdict, Confirm);
  EXPECT_EQ(desk.rule(kStop).verdict, Pass);  // safe
  desk.confirmed = true;
  EXPECT_EQ(desk.rule(kStart).verdict, Pass);
  // What refuses comes first: nobody is asked for what would not be done.
  desk.confirmed = false;
  desk.lock.set_stopped(true);
  EXPECT_EQ(desk.rule(kStart).verdict, Refuse);
}

struct Stale {
  const char* name;
  void (*spoil)(InterlockDesk*);
  Outcome outcome;
  std::string_view why;
};

class InterlockStale : public testing::TestWithParam<Stale> {};

TEST_P(InterlockStale, NotEvenASafeActionComesOfIt) {
  InterlockDesk desk;
  GetParam().spoil(&desk);
  for (const char* decision : {kStart, kStop}) {
    const Ruling ruling = desk.rule(decision);
    EXPECT_EQ(ruling.verdict, Refuse);
    EXPECT_EQ(ruling.outcome, GetParam().outcome);
    EXPECT_EQ(ruling.reason, GetParam().why);
    EXPECT_FALSE(ruling.may_fall_back);
    EXPECT_FALSE(ruling.text.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Inputs, InterlockStale,
    testing::Values(
        Stale{"retained", [](InterlockDesk* d) { d->origin.retained = true; }, Outcome::Refused,
              reason::kRetained},
        Stale{"clock", [](InterlockDesk* d) { d->origin.clock_trusted = false; }, Outcome::Refused,
              reason::kClockUnsynced},
        Stale{"waited",
              [](InterlockDesk* d) { d->origin.received_ms -= d->origin.wait_ms_max + 1; },
              Outcome::Expired, reason::kTooOld},
        Stale{"from_the_future_of_the_steady_clock",
              [](InterlockDesk* d) { d->origin.received_ms += 1; }, Outcome::Expired,
              reason::kTooOld},
        Stale{"expiry",
              [](InterlockDesk* d) {
                d->origin.message_expiry_s = 1;
                d->origin.received_ms -= 1000;
              },
              Outcome::Expired, reason::kMessageExpired},
        Stale{"queued", [](InterlockDesk* d) { d->origin.queued = true; }, Outcome::Expired,
              reason::kQueuedAgeUnknown},
        Stale{"old",
              [](InterlockDesk* d) {
                d->origin.max_age_s = 3;
                d->origin.source_ms = d->now.wall_ms - 3001;
              },
              Outcome::Expired, reason::kTooOld},
        Stale{"future", [](InterlockDesk* d) { d->origin.source_ms = d->now.wall_ms + 30'001; },
              Outcome::Refused, reason::kTimeInFuture},
        Stale{"out_of_order",
              [](InterlockDesk* d) {
                d->origin.source_ms = d->now.wall_ms;
                EXPECT_TRUE(d->act(kStop));
                d->pass(10);
                d->origin.source_ms = d->now.wall_ms - 11;
              },
              Outcome::Refused, reason::kOutOfOrder},
        Stale{"superseded",
              [](InterlockDesk* d) {
                d->pass(10);
                EXPECT_TRUE(d->act(kStop));
                d->origin.sequence = 1;
              },
              Outcome::Superseded, reason::kNewerActed}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Interlock, AQueuedMessageThatSaysItsAgeMayAct) {
  InterlockDesk desk;
  desk.origin.queued = true;
  desk.origin.message_expiry_s = 5;
  EXPECT_TRUE(desk.act(kStart));
  desk.pass(1);
  desk.origin.message_expiry_s.reset();
  desk.origin.source_ms = desk.now.wall_ms - 100;
  EXPECT_TRUE(desk.act(kStart));
}

TEST(Interlock, PlacesAreKeptForSafeActionsWhenTargetsRunOut) {
  InterlockDesk desk({.targets_max = 4, .reserved = 2});
  int next = 0;
  const auto fresh = [&] { desk.target = "t" + std::to_string(next++); };
  for (int i = 0; i < 4; ++i) {
    fresh();
    EXPECT_TRUE(desk.act(kStart));
  }
  fresh();
  EXPECT_EQ(desk.reason(kStart), reason::kTooManyTargets);
  EXPECT_TRUE(desk.act(kStop));
  fresh();
  EXPECT_TRUE(desk.act(kStop));
  fresh();
  EXPECT_EQ(desk.reason(kStop), reason::kTooManyTargets);
  desk.pass(TargetBook::kMinuteMs + 1);  // the others are forgotten
  EXPECT_TRUE(desk.act(kStart));
}

}  // namespace
}  // namespace agent
