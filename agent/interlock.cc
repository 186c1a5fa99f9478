// Each check either finds nothing or returns the refusal with what was found and wanted. Nothing is
// allowed by default: a value that is missing, of another kind or not a number refuses.

#include "agent/interlock.h"

#include <algorithm>
#include <cmath>

#include "agent/json_scan.h"

namespace agent {
namespace {

constexpr std::int64_t kFutureMsMax = 30'000;  // of a source's clock, where no age is configured

Ruling refusal(std::string_view why, std::string text) {
  Ruling ruling;
  ruling.reason = why;
  ruling.text = std::move(text);
  ruling.may_fall_back = true;
  return ruling;
}

// The input is not one to act on, whatever was decided.
Ruling stale(Outcome outcome, std::string_view why, std::string text) {
  Ruling ruling = refusal(why, std::move(text));
  ruling.outcome = outcome;
  ruling.may_fall_back = false;
  return ruling;
}

std::string number_text(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string seconds_text(std::int64_t ms) {
  return number_text(static_cast<double>(ms) / 1000) + " s";
}

std::string shown(const std::optional<schemas::Scalar>& value) {
  if (!value) return "nothing that can be compared";
  if (const auto* number = std::get_if<schemas::Number>(&*value)) return number->text;
  if (const auto* text = std::get_if<std::string>(&*value)) return json_quote(text->substr(0, 60));
  if (const bool* flag = std::get_if<bool>(&*value)) return *flag ? "true" : "false";
  return "null";
}

bool names(const std::vector<std::string>& list, const std::optional<schemas::Scalar>& value) {
  if (!value) return false;
  const auto* text = std::get_if<std::string>(&*value);
  return text != nullptr && std::find(list.begin(), list.end(), *text) != list.end();
}

std::optional<double> number_of(const std::optional<schemas::Scalar>& value) {
  if (!value) return std::nullopt;
  const auto* number = std::get_if<schemas::Number>(&*value);
  if (number == nullptr || !std::isfinite(number->value)) return std::nullopt;
  return number->value;
}

bool has_property(std::string_view decision, std::string_view field) {
  const auto members = json_members(decision);
  return members && std::any_of(members->begin(), members->end(),
                                [&](const auto& member) { return member.first == field; });
}

std::optional<Ruling> check_allowed(const Proposal& proposal) {
  for (const AllowConfig& allow : proposal.policy->allow) {
    const auto value = decision_value(proposal.decision, allow.field);
    const bool known =
        value && std::any_of(allow.values.begin(), allow.values.end(), [&](const auto& each) {
          return same_value(each, *value).value_or(false);
        });
    if (known) continue;
    return refusal(reason::kNotAllowed,
                   allow.field + ": found " + shown(value) + ", which is not on the allow-list");
  }
  return std::nullopt;
}

std::optional<Ruling> check_limits(const Proposal& proposal) {
  for (const LimitConfig& limit : proposal.policy->limits) {
    if (!has_property(proposal.decision, limit.field)) continue;  // an optional one
    const auto value = decision_value(proposal.decision, limit.field);
    const auto number = number_of(value);
    if (!number) {
      return refusal(reason::kOverLimit,
                     limit.field + ": found " + shown(value) + ", wanted a number");
    }
    if (limit.minimum && !(*number >= *limit.minimum)) {
      return refusal(reason::kOverLimit, limit.field + ": found " + shown(value) +
                                             ", wanted at least " + number_text(*limit.minimum));
    }
    if (limit.maximum && !(*number <= *limit.maximum)) {
      return refusal(reason::kOverLimit, limit.field + ": found " + shown(value) +
                                             ", wanted at most " + number_text(*limit.maximum));
    }
  }
  return std::nullopt;
}

// The value that `require` is about; `why` is set where there is none to be trusted.
std::optional<schemas::Scalar> evidence_of(const RequireConfig& require, const Evidence& evidence,
                                           const Moment& now, std::string_view* why) {
  *why = reason::kPreconditionMissing;
  if (require.source == RequireConfig::Source::Field) {
    const schemas::Scalar* value =
        evidence.fields == nullptr ? nullptr : find_value(*evidence.fields, require.name);
    return value == nullptr ? std::nullopt : std::optional(*value);
  }
  if (require.source == RequireConfig::Source::Window) {
    for (const auto& [name, value] : evidence.windows) {
      if (name == require.name) return schemas::Number{number_text(value), value};
    }
    return std::nullopt;
  }
  for (const NamedState& state : evidence.states) {
    if (state.name != require.name) continue;
    if (!state.value) return std::nullopt;
    if (now.steady_ms - state.received_ms > std::int64_t{state.max_age_s} * 1000) {
      *why = reason::kPreconditionOld;
      return std::nullopt;
    }
    return state.value;
  }
  return std::nullopt;
}

bool meets(const RequireConfig& require, const schemas::Scalar& value) {
  if (require.equals && !same_value(*require.equals, value).value_or(false)) return false;
  if (!require.minimum && !require.maximum) return true;
  const auto number = number_of(value);
  if (!number) return false;
  return (!require.minimum || *number >= *require.minimum) &&
         (!require.maximum || *number <= *require.maximum);
}

std::optional<Ruling> check_required(const Proposal& proposal, bool safe, const Moment& now) {
  const auto action = decision_value(proposal.decision, kActionProperty);
  for (const RequireConfig& require : proposal.policy->require) {
    const bool binds = require.actions.empty() ? !safe : names(require.actions, action);
    if (!binds) continue;
    std::string_view why;
    const auto value = evidence_of(require, proposal.evidence, now, &why);
    if (!value)
      return refusal(why, require.name + ": wanted a value that is known and not too old");
    if (meets(require, *value)) continue;
    return refusal(reason::kPreconditionFailed,
                   require.name + ": found " + shown(value) + ", which forbids the action");
  }
  return std::nullopt;
}

std::optional<Ruling> check_step(const Proposal& proposal, const TargetState& last) {
  for (const LimitConfig& limit : proposal.policy->limits) {
    if (!limit.step) continue;
    const auto number = number_of(decision_value(proposal.decision, limit.field));
    const auto known = std::find_if(last.numbers.begin(), last.numbers.end(),
                                    [&](const auto& each) { return each.first == limit.field; });
    if (!number || known == last.numbers.end()) continue;
    if (std::fabs(*number - known->second) <= *limit.step) continue;
    return refusal(reason::kStepTooLarge, limit.field + ": found " + number_text(*number) +
                                              " after " + number_text(known->second) +
                                              ", wanted a step of at most " +
                                              number_text(*limit.step));
  }
  return std::nullopt;
}

}  // namespace

std::optional<schemas::Scalar> decision_value(std::string_view decision, std::string_view field) {
  const auto members = json_members(decision);
  if (!members) return std::nullopt;
  for (const auto& [name, raw] : *members) {
    if (name == field) return json_scalar(raw);
  }
  return std::nullopt;
}

bool is_safe_action(const InterlockConfig& policy, std::string_view decision) {
  return names(policy.safe_actions, decision_value(decision, kActionProperty));
}

std::optional<Ruling> Interlock::check_origin(const Proposal& proposal, const Moment& now) const {
  const Origin& origin = proposal.origin;
  using enum Outcome;
  if (origin.retained) return stale(Refused, reason::kRetained, "the message was a stored one");
  if (!origin.clock_trusted) {
    return stale(Refused, reason::kClockUnsynced, "the clock cannot be trusted");
  }
  const std::int64_t waited_ms = now.steady_ms - origin.received_ms;
  if (waited_ms < 0 || waited_ms > origin.wait_ms_max) {
    return stale(Expired, reason::kTooOld, "received " + seconds_text(waited_ms) + " ago");
  }
  if (origin.message_expiry_s && waited_ms >= std::int64_t{*origin.message_expiry_s} * 1000) {
    return stale(Expired, reason::kMessageExpired, "the message has expired");
  }
  if (origin.queued && !origin.source_ms && !origin.message_expiry_s) {
    return stale(Expired, reason::kQueuedAgeUnknown,
                 "queued before this connection, and nothing says when it was made");
  }
  if (origin.source_ms) {
    const std::int64_t age_ms = now.wall_ms - *origin.source_ms;
    const std::int64_t limit_ms = std::int64_t{origin.max_age_s} * 1000;
    if (limit_ms > 0 && age_ms > limit_ms) {
      return stale(Expired, reason::kTooOld, "made " + seconds_text(age_ms) + " ago");
    }
    if (age_ms < -(limit_ms > 0 ? std::min(limit_ms, kFutureMsMax) : kFutureMsMax)) {
      return stale(Refused, reason::kTimeInFuture, "made " + seconds_text(-age_ms) + " from now");
    }
  }
  const TargetState* last = targets_.find(proposal.target);
  if (last == nullptr) return std::nullopt;
  if (origin.sequence < last->sequence) {
    return stale(Superseded, reason::kNewerActed, "a later message has acted on the target");
  }
  if (origin.source_ms && last->source_ms && *origin.source_ms < *last->source_ms) {
    return stale(Refused, reason::kOutOfOrder,
                 "made " + seconds_text(*last->source_ms - *origin.source_ms) +
                     " before what acted on the target last");
  }
  return std::nullopt;
}

std::optional<Ruling> Interlock::check_pace(const Proposal& proposal, const Moment& now) const {
  const TargetState* last = targets_.find(proposal.target);
  if (last == nullptr) return std::nullopt;
  const InterlockConfig& policy = *proposal.policy;
  if (auto refused = check_step(proposal, *last)) return refused;
  const std::int64_t dwell_ms = std::int64_t{policy.min_dwell_s} * 1000;
  const std::int64_t since_ms = now.steady_ms - last->acted_ms;
  if (dwell_ms > 0 && since_ms < dwell_ms) {
    return refusal(reason::kDwell, seconds_text(since_ms) +
                                       " after the last act on the target, wanted at least " +
                                       seconds_text(dwell_ms));
  }
  if (policy.max_per_min > 0 && TargetBook::rate(*last, now.steady_ms) >= policy.max_per_min) {
    return refusal(reason::kRate,
                   std::to_string(policy.max_per_min) + " acts on the target in the last minute");
  }
  return std::nullopt;
}

Ruling Interlock::rule(const Proposal& proposal, const Moment& now) {
  const InterlockConfig& policy = *proposal.policy;
  const bool safe = is_safe_action(policy, proposal.decision);
  std::optional<Ruling> refused = check_origin(proposal, now);
  if (!refused && stopped_ && !safe) {
    refused = refusal(reason::kStopped, "the global stop stands");
  }
  if (!refused) refused = check_allowed(proposal);
  if (!refused) refused = check_limits(proposal);
  if (!refused) refused = check_required(proposal, safe, now);
  if (!refused && !safe) refused = check_pace(proposal, now);
  if (!refused && !targets_.has_room(proposal.target, safe, now.steady_ms)) {
    refused = refusal(reason::kTooManyTargets, "too many targets were acted on lately");
  }
  if (refused) {
    refused->safe = safe;
    return *refused;
  }
  Ruling ruling;
  ruling.safe = safe;
  const bool asks =
      policy.confirm && !safe && !proposal.confirmed &&
      names(policy.confirm->actions, decision_value(proposal.decision, kActionProperty));
  ruling.verdict = asks ? Verdict::Confirm : Verdict::Pass;
  if (asks) ruling.reason = reason::kNotConfirmed;
  return ruling;
}

void Interlock::acted(const Proposal& proposal, const Moment& now) {
  const InterlockConfig& policy = *proposal.policy;
  TargetBook::Act act;
  act.target = proposal.target;
  act.safe = is_safe_action(policy, proposal.decision);
  act.sequence = proposal.origin.sequence;
  act.source_ms = proposal.origin.source_ms;
  for (const LimitConfig& limit : policy.limits) {
    const auto number = number_of(decision_value(proposal.decision, limit.field));
    if (number) act.numbers.emplace_back(limit.field, *number);
  }
  // Older inputs of this target are refused by their age after this.
  act.keep_ms = std::max({std::int64_t{policy.min_dwell_s} * 1000, proposal.origin.wait_ms_max,
                          std::int64_t{proposal.origin.max_age_s} * 2000});
  targets_.add(std::move(act), now.steady_ms);
}

}  // namespace agent
