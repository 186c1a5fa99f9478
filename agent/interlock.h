#pragma once

// Between a decision and a command: plain rules that the model neither sees nor changes. It holds
// no clock, no queue and no network; everything that it knows is handed to it.
//
// Order of the checks: the input (retained, clock, age, order), the global stop, allow-lists,
// limits, preconditions, step, dwell, rate, confirmation. Safe actions (stop, hold) pass the global
// stop and skip step, dwell, rate and confirmation, and those preconditions that do not name them.
// Thread safety: unsafe; owned by the worker thread.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "agent/clock.h"
#include "agent/interlock_config.h"
#include "agent/outcome.h"
#include "agent/target_book.h"
#include "agent/values.h"

namespace agent {

// The input that led to a decision, as far as its freshness goes.
struct Origin {
  std::uint64_t sequence = 0;             // of arrival; grows
  std::int64_t received_ms = 0;           // steady clock
  std::optional<std::int64_t> source_ms;  // wall clock, when the message says it was made
  std::optional<std::uint32_t> message_expiry_s;
  std::uint32_t max_age_s = 0;       // of source_ms; 0: no bound
  std::int64_t wait_ms_max = 5'000;  // since it was received
  bool retained = false;
  bool queued = false;        // by the broker, before this connection
  bool clock_trusted = true;  // the wall clock, since the input came
};

// A state as it is now; no value: never heard, silent, or nothing at the pointer.
struct NamedState {
  std::string_view name;
  std::optional<schemas::Scalar> value;
  std::int64_t received_ms = 0;  // steady clock
  std::uint32_t max_age_s = 0;
};

using NamedNumber = std::pair<std::string, double>;

struct Evidence {
  const Values* fields = nullptr;  // may be null
  std::span<const NamedNumber> windows;
  std::span<const NamedState> states;
};

struct Proposal {
  const InterlockConfig* policy = nullptr;
  std::string_view decision;  // whole and valid, compact JSON
  std::string_view target;    // what is acted on: rates, dwell and order are kept for each
  Origin origin;
  Evidence evidence;
  bool confirmed = false;
};

enum class Verdict : std::uint8_t { Pass, Confirm, Refuse };

struct Ruling {
  Verdict verdict = Verdict::Refuse;
  Outcome outcome = Outcome::Refused;  // where it is refused
  std::string_view reason;             // code of fixed text; empty: none
  std::string text;                    // for a person
  bool safe = false;                   // the decision is a safe action
  // Refused for what it asks, not for the input being stale: a fallback that is safe may act.
  bool may_fall_back = false;
};

class Interlock {
 public:
  explicit Interlock(TargetLimits limits = {}) : targets_(limits) {}

  // While it stands only safe actions pass.
  void set_stopped(bool stopped) { stopped_ = stopped; }
  bool stopped() const { return stopped_; }

  // What becomes of `proposal` now. Changes nothing that a later ruling depends on.
  Ruling rule(const Proposal& proposal, const Moment& now);

  // The proposal acts now. REQUIRES: rule() passed it at this moment.
  void acted(const Proposal& proposal, const Moment& now);

 private:
  std::optional<Ruling> check_origin(const Proposal& proposal, const Moment& now) const;
  std::optional<Ruling> check_pace(const Proposal& proposal, const Moment& now) const;

  TargetBook targets_;
  bool stopped_ = false;
};

// The value of the decision's property `field`; nothing: it has none, or it is no scalar.
std::optional<schemas::Scalar> decision_value(std::string_view decision, std::string_view field);

// Whether `decision` is one of the safe actions.
bool is_safe_action(const InterlockConfig& policy, std::string_view decision);

}  // namespace agent
