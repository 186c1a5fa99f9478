#pragma once

// One interlock with a policy, and a proposal that passes it, for tests of what refuses.
// Thread safety: unsafe.

#include <string>
#include <string_view>
#include <vector>

#include "agent/interlock.h"

namespace agent {

inline schemas::Scalar text_scalar(const char* text) { return std::string(text); }
inline schemas::Scalar number_scalar(double value) {
  return schemas::Number{std::to_string(value), value};
}

inline InterlockConfig press_policy() {
  InterlockConfig policy;
  policy.allow = {{"action", {text_scalar("stop"), text_scalar("hold"), text_scalar("start")}}};
  policy.safe_actions = {"stop", "hold"};
  return policy;
}

struct InterlockDesk {
  InterlockConfig policy = press_policy();
  Interlock lock;
  Moment now{1'767'230'000'000, 1'000'000};
  Origin origin;
  Values fields;
  std::vector<NamedNumber> windows;
  std::vector<NamedState> states;
  std::string target = "press-2";
  bool confirmed = false;

  explicit InterlockDesk(TargetLimits limits = {}) : lock(limits) {
    origin.sequence = 1;
    origin.received_ms = now.steady_ms;
  }

  Proposal proposal(std::string_view decision) const {
    return {&policy, decision, target, origin, {&fields, windows, states}, confirmed};
  }

  // As a message that comes now, after those before.
  Ruling rule(std::string_view decision) { return lock.rule(proposal(decision), now); }
  std::string_view reason(std::string_view decision) { return rule(decision).reason; }
  bool act(std::string_view decision) {
    if (rule(decision).verdict != Verdict::Pass) return false;
    lock.acted(proposal(decision), now);
    return true;
  }
  void pass(std::int64_t ms) {
    now.wall_ms += ms;
    now.steady_ms += ms;
    origin.received_ms = now.steady_ms;
    ++origin.sequence;
  }
};

inline constexpr const char* kStart = R"({"action":"start","target":"press-2"})";
inline constexpr const char* kStop = R"({"action":"stop","target":"press-2"})";

}  // namespace agent
