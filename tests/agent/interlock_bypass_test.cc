// Random and adversarial decisions against the interlock. What it let through is judged afterwards
// by an oracle that shares no code with it: it keeps every act in a plain list and looks through
// all of the list. PICOLM_BYPASS_DECISIONS sets how many (default 100,000).

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/agent/interlock_desk.h"

namespace agent {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kMaxAgeMs = 4'000;
constexpr std::int64_t kWaitMs = 5'000;
constexpr std::int64_t kDwellMs = 1'000;
constexpr std::size_t kPerMinute = 6;
constexpr double kSpeedMax = 100;
constexpr double kStep = 30;
constexpr std::int64_t kGuardMaxAgeMs = 3'000;

// The plant as it really is, which the oracle knows.
struct World {
  Moment now{1'767'230'000'000, 5'000'000};
  bool stopped = false;
  bool guard = true;
  std::int64_t guard_at_ms = 0;  // steady; heard last
  std::uint64_t sequence = 0;
};

struct Acted {
  std::string decision;
  Origin origin;
  bool confirmed = false;
  World world;
  Json json = {};  // set by the oracle
};

class Oracle {
 public:
  // Why the act must not have been; empty: it is right.
  std::string judge(const std::string& target, const Acted& act) {
    std::vector<Acted>& before = acts_[target];
    const std::string why = fault(before, act);
    before.push_back(act);
    before.back().json = Json::parse(act.decision, nullptr, false);
    // What is older than anything that is looked at only costs time.
    if (before.size() > 1000) before.erase(before.begin(), before.begin() + 500);
    return why;
  }

 private:
  static bool is_safe(const Json& decision) {
    return decision["action"] == "stop" || decision["action"] == "hold";
  }

  static std::string fault(const std::vector<Acted>& before, const Acted& act) {
    const Json decision = Json::parse(act.decision, nullptr, false);
    if (!decision.is_object() || !decision.contains("action")) return "no action";
    const Json& action = decision["action"];
    const bool safe = is_safe(decision);
    if (!safe && action != "start" && action != "set") return "outside the allow-list";
    if (decision.contains("speed")) {
      if (!decision["speed"].is_number()) return "speed is no number";
      const double speed = decision["speed"];
      if (!(speed >= 0 && speed <= kSpeedMax)) return "outside the range";
    }
    if (act.world.stopped && !safe) return "acted during a stop";
    const std::string stale = staleness(before, act);
    if (!stale.empty()) return stale;
    if (safe) return {};
    if (action == "start" && !act.confirmed) return "nobody confirmed";
    const std::int64_t guard_age = act.world.now.steady_ms - act.world.guard_at_ms;
    if (!act.world.guard || guard_age > kGuardMaxAgeMs) return "the guard is open or unknown";
    return pace(before, act, decision);
  }

  static std::string staleness(const std::vector<Acted>& before, const Acted& act) {
    const Origin& origin = act.origin;
    const Moment& now = act.world.now;
    if (origin.retained) return "acted on a retained message";
    if (!origin.clock_trusted) return "acted by a clock that is wrong";
    const std::int64_t waited = now.steady_ms - origin.received_ms;
    if (waited > kWaitMs) return "waited too long";
    if (origin.message_expiry_s && waited >= 1000 * std::int64_t{*origin.message_expiry_s}) {
      return "acted on an expired message";
    }
    if (origin.source_ms && now.wall_ms - *origin.source_ms > kMaxAgeMs) return "too old";
    if (origin.source_ms && *origin.source_ms - now.wall_ms > kMaxAgeMs) return "from the future";
    if (origin.queued && !origin.source_ms && !origin.message_expiry_s) return "queued, ageless";
    for (const Acted& old : before) {
      if (old.origin.sequence > origin.sequence) return "an older message after a newer one";
      if (old.origin.source_ms && origin.source_ms && *old.origin.source_ms > *origin.source_ms) {
        return "an older command after a newer one";
      }
    }
    return {};
  }

  static std::string pace(const std::vector<Acted>& before, const Acted& act,
                          const Json& decision) {
    std::size_t lately = 0;
    for (const Acted& old : before) {
      const std::int64_t since = act.world.now.steady_ms - old.world.now.steady_ms;
      if (since < kDwellMs) return "within the dwell";
      if (since < 60'000 && !is_safe(old.json)) ++lately;
    }
    if (lately >= kPerMinute) return "over the rate";
    if (!decision.contains("speed")) return {};
    for (auto old = before.rbegin(); old != before.rend(); ++old) {
      const Json& was = old->json;
      if (!was.contains("speed")) continue;
      const double step = std::fabs(was["speed"].get<double>() - decision["speed"].get<double>());
      return step > kStep ? "too large a step" : "";
    }
    return {};
  }

  std::map<std::string, std::vector<Acted>> acts_;
};

class Adversary {
 public:
  explicit Adversary(std::uint64_t seed) : random_(seed) {}

  bool chance(int percent) { return below(100) < percent; }
  int below(int bound) { return static_cast<int>(random_() % static_cast<std::uint64_t>(bound)); }

  // Mostly what the rules are about, sometimes anything a grammar could let through, sometimes not
  // even JSON.
  std::string decision() {
    static const char* kActions[] = {
        "\"start\"", "\"set\"", "\"stop\"", "\"hold\"",   "\"open\"",       "\"Stop\"",
        "\"\"",      "null",    "7",        "[\"stop\"]", "\"st\\u006fp\"", "\"start\\u0000\""};
    static const char* kSpeeds[] = {"-1e-9", "100.0000001", "1e308", "-0",  "1e999",
                                    "\"5\"", "null",        "[1]",   "0.0", "1E2"};
    std::string action = kActions[chance(85) ? below(2) : below(12)];
    std::string text = R"({"action":)" + action;
    if (chance(70)) {
      const std::string speed =
          chance(85) ? std::to_string(35 + below(chance(90) ? 30 : 90)) : kSpeeds[below(10)];
      text += R"(,"speed":)" + speed;
    }
    text += "}";
    if (chance(2)) text.resize(static_cast<std::size_t>(below(static_cast<int>(text.size()))));
    return text;
  }

  Origin origin(World* world) {
    Origin origin;
    origin.sequence = ++world->sequence;
    if (chance(3)) origin.sequence -= std::min<std::uint64_t>(origin.sequence, 1U + random_() % 50);
    origin.received_ms = world->now.steady_ms - (chance(10) ? below(8000) : below(300));
    origin.retained = chance(4);
    origin.queued = chance(20);
    origin.clock_trusted = !chance(3);
    origin.max_age_s = kMaxAgeMs / 1000;
    origin.wait_ms_max = kWaitMs;
    if (chance(50))
      origin.source_ms = world->now.wall_ms - (chance(15) ? below(12'000) - 6000 : below(500));
    if (chance(20)) origin.message_expiry_s = static_cast<std::uint32_t>(below(4));
    return origin;
  }

  void turn(World* world) {
    const std::int64_t ms = chance(97) ? below(200) : below(20'000);
    world->now.steady_ms += ms;
    world->now.wall_ms += ms;
    if (chance(world->stopped ? 6 : 1)) world->stopped = !world->stopped;
    if (chance(world->guard ? 1 : 20)) world->guard = !world->guard;
    if (chance(70)) world->guard_at_ms = world->now.steady_ms;
  }

 private:
  std::mt19937_64 random_;
};

InterlockConfig hard_policy() {
  InterlockConfig policy;
  policy.allow = {
      {"action",
       {text_scalar("stop"), text_scalar("hold"), text_scalar("start"), text_scalar("set")}}};
  policy.safe_actions = {"stop", "hold"};
  policy.limits = {{"speed", 0, kSpeedMax, kStep}};
  policy.require = {{RequireConfig::Source::State, "guard", schemas::Scalar(true), {}, {}, {}}};
  policy.max_per_min = kPerMinute;
  policy.min_dwell_s = kDwellMs / 1000;
  policy.confirm = ConfirmConfig{{"start"}, transport::TopicTemplate("x"), 30};
  return policy;
}

int decision_count() {
  const char* wanted = std::getenv("PICOLM_BYPASS_DECISIONS");
  return wanted == nullptr ? 100'000 : std::max(1, std::atoi(wanted));
}

TEST(InterlockBypass, LetsNothingThroughThatTheOracleForbids) {
  const InterlockConfig policy = hard_policy();
  Interlock lock;
  Oracle oracle;
  Adversary adversary(20261124);
  World world;
  const int count = decision_count();
  std::map<std::string, int> verdicts;
  int safe_acts = 0;
  for (int i = 0; i < count; ++i) {
    adversary.turn(&world);
    lock.set_stopped(world.stopped);
    const std::string target = "t" + std::to_string(adversary.below(3));
    Acted act{adversary.decision(), adversary.origin(&world), adversary.chance(50), world};
    const std::vector<NamedState> states = {
        {"guard", schemas::Scalar(world.guard), world.guard_at_ms, kGuardMaxAgeMs / 1000}};
    const Proposal proposal{&policy,    act.decision,          target,
                            act.origin, {nullptr, {}, states}, act.confirmed};
    const Ruling ruling = lock.rule(proposal, world.now);
    ++verdicts[ruling.verdict == Verdict::Pass ? "passed" : std::string(ruling.reason)];
    if (ruling.verdict != Verdict::Pass) continue;
    if (ruling.safe) ++safe_acts;
    lock.acted(proposal, world.now);
    ASSERT_EQ(oracle.judge(target, act), "") << "decision " << i << ": " << act.decision;
  }
  for (const auto& [verdict, n] : verdicts) RecordProperty(verdict, n);
  // A lock that lets nothing through would pass as well; every refusal must have been met.
  EXPECT_GT(verdicts["passed"] - safe_acts, count / 200);
  for (const std::string_view why :
       {reason::kRetained, reason::kClockUnsynced, reason::kTooOld, reason::kMessageExpired,
        reason::kQueuedAgeUnknown, reason::kTimeInFuture, reason::kOutOfOrder, reason::kNewerActed,
        reason::kStopped, reason::kNotAllowed, reason::kOverLimit, reason::kPreconditionFailed,
        reason::kPreconditionOld, reason::kStepTooLarge, reason::kDwell, reason::kRate,
        reason::kNotConfirmed}) {
    EXPECT_GT(verdicts[std::string(why)], 0) << why;
  }
}

// What the rules do not forbid must not be refused either: with nothing stale, slow and small
// steps all act.
TEST(InterlockBypass, RefusesNothingThatIsInOrder) {
  const InterlockConfig policy = hard_policy();
  Interlock lock;
  Adversary adversary(7);
  World world;
  for (int i = 0; i < 2000; ++i) {
    world.now.steady_ms += 10'001;
    world.now.wall_ms += 10'001;
    Origin origin;
    origin.sequence = ++world.sequence;
    origin.received_ms = world.now.steady_ms;
    origin.source_ms = world.now.wall_ms;
    origin.max_age_s = kMaxAgeMs / 1000;
    const std::vector<NamedState> states = {
        {"guard", schemas::Scalar(true), world.now.steady_ms, 3}};
    const std::string decision =
        R"({"action":"set","speed":)" + std::to_string(adversary.below(30)) + "}";
    const Proposal proposal{&policy, decision, "t", origin, {nullptr, {}, states}, false};
    const Ruling ruling = lock.rule(proposal, world.now);
    ASSERT_EQ(ruling.verdict, Verdict::Pass) << i << ": " << ruling.reason << " " << ruling.text;
    lock.acted(proposal, world.now);
  }
}

}  // namespace
}  // namespace agent
