#include "transport/reconnect_policy.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <stdexcept>

#include "tests/support/random.h"

namespace transport {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const SteadyTime kStart = SteadyTime{} + std::chrono::hours(1);

std::function<double()> always(double value) {
  return [value] { return value; };
}

milliseconds wait_after(ReconnectPolicy& policy, SteadyTime now) {
  const ReconnectAction action = policy.next(now);
  if (action.connect) return milliseconds(0);
  return std::chrono::duration_cast<milliseconds>(action.at - now);
}

TEST(ReconnectPolicy, ConnectsAtOnceTheFirstTime) {
  ReconnectPolicy policy({}, always(0.999));
  EXPECT_TRUE(policy.next(kStart).connect);
}

TEST(ReconnectPolicy, DoublesTheRangeUpToItsCap) {
  ReconnectPolicy policy({}, always(0.5));
  SteadyTime now = kStart;
  for (const int expected_ms : {250, 500, 1000, 2000, 2000, 2000}) {
    policy.connect_failed(now);
    EXPECT_EQ(wait_after(policy, now), milliseconds(expected_ms));
    now += milliseconds(expected_ms);
    EXPECT_TRUE(policy.next(now).connect);
  }
}

TEST(ReconnectPolicy, SpreadsAFleetOverTheWholeRange) {
  test_support::Random random(7);
  ReconnectPolicy policy({.connects_per_min_max = 1000000}, [&] { return random.uniform(); });
  for (int i = 0; i < 10; ++i) policy.connect_failed(kStart);
  std::set<std::int64_t> quarters;
  for (int i = 0; i < 200; ++i) {
    policy.connect_failed(kStart);
    const milliseconds wait = wait_after(policy, kStart);
    EXPECT_LE(wait, milliseconds(4000));
    quarters.insert(wait.count() / 1000);
  }
  EXPECT_EQ(quarters.size(), 4u);
}

TEST(ReconnectPolicy, BacksOffWhenKickedRightAfterSuccess) {
  ReconnectPolicy policy({}, always(0.5));
  SteadyTime now = kStart;
  for (const int expected_ms : {250, 500, 1000, 2000}) {
    policy.connected(now);
    now += seconds(1);  // not long enough to count as stable
    policy.lost(now);
    EXPECT_EQ(wait_after(policy, now), milliseconds(expected_ms));
  }
}

TEST(ReconnectPolicy, StartsAgainAfterAStableConnection) {
  ReconnectPolicy policy({}, always(0.5));
  for (int i = 0; i < 8; ++i) policy.connect_failed(kStart);
  policy.connected(kStart);
  policy.lost(kStart + seconds(30));
  EXPECT_EQ(wait_after(policy, kStart + seconds(30)), milliseconds(250));
}

TEST(ReconnectPolicy, NeverConnectsMoreThanTwentyTimesAMinute) {
  ReconnectPolicy policy({}, always(0.0));  // jitter that never waits: the worst case
  SteadyTime now = kStart;
  std::vector<SteadyTime> connects;
  while (now < kStart + std::chrono::minutes(10)) {
    const ReconnectAction action = policy.next(now);
    if (action.connect) {
      connects.push_back(now);
      policy.connect_failed(now);
    } else {
      ASSERT_GT(action.at, now);
      now = action.at;
    }
  }
  // The bucket's first fill allows a burst; from then on the rate is the refill.
  EXPECT_GE(connects.size(), 200u);
  EXPECT_LE(connects.size(), 220u);
  for (std::size_t i = 40; i < connects.size(); ++i) {
    EXPECT_GE(connects[i] - connects[i - 20], seconds(59));
  }
}

TEST(ReconnectPolicy, ObeysItsLimitsForAnySequenceOfEvents) {
  test_support::Random random(11);
  for (int round = 0; round < 200; ++round) {
    const ReconnectOptions options;
    ReconnectPolicy policy(options, [&] { return random.uniform(); });
    SteadyTime now = kStart;
    int connects = 0;
    for (int i = 0; i < 200; ++i) {
      const ReconnectAction action = policy.next(now);
      if (!action.connect) {
        ASSERT_GT(action.at, now);
        ASSERT_LE(action.at - now, options.delay_max);  // a token takes 3 s, less than that
        now = action.at;
        continue;
      }
      ++connects;
      if (random.below(2) == 0) {
        policy.connect_failed(now);
      } else {
        policy.connected(now);
        now += milliseconds(random.below(60000));
        policy.lost(now);
      }
    }
    const double minutes = std::chrono::duration<double>(now - kStart).count() / 60;
    ASSERT_LE(connects, options.connects_per_min_max * (minutes + 1) + 1);
  }
}

TEST(ReconnectPolicy, RefusesLimitsThatMakeNoSense) {
  const auto make = [](ReconnectOptions options) { ReconnectPolicy(options, always(0)); };
  EXPECT_THROW(make({.delay_min = milliseconds(0)}), std::invalid_argument);
  EXPECT_THROW(make({.delay_min = milliseconds(9), .delay_max = milliseconds(8)}),
               std::invalid_argument);
  EXPECT_THROW(make({.stable = milliseconds(0)}), std::invalid_argument);
  EXPECT_THROW(make({.connects_per_min_max = 0}), std::invalid_argument);
}

}  // namespace
}  // namespace transport
