// One path for every record: unchanged? may the route act? does the interlock pass it? A person's
// answer takes the same path again, since what was true when it was asked may not be any more.

#include "agent/actor.h"

#include <algorithm>

#include "agent/clock.h"
#include "agent/json_scan.h"
#include "agent/object_writer.h"
#include "schemas/validator.h"

namespace agent {
namespace {

// What is acted on: the command topic and, where a decision names one, its target.
std::string target_of(const std::string& command_topic, std::string_view decision) {
  std::string target = command_topic;
  const auto raw = json_at(decision, "/target");
  if (raw) target += " " + std::string(*raw);
  return target;
}

Origin complete_origin(const Origin& known, const RouteConfig& config, bool confirmed,
                       const ClockWatch& clock) {
  Origin origin = known;
  origin.max_age_s = config.max_age_s;
  origin.wait_ms_max = std::int64_t{std::max(config.decision_expiry_s, config.max_age_s)} * 1000;
  if (confirmed) origin.wait_ms_max += std::int64_t{config.interlock.confirm->timeout_s} * 1000;
  origin.clock_trusted = clock.trusted_since(origin.received_ms);
  return origin;
}

}  // namespace

Ruling Actor::rule(const Settled& settled, const ActInput& input, const std::string& target,
                   std::string_view decision, bool confirmed, const Moment& now, bool act) {
  const RouteConfig& config = settled.route->config();
  std::vector<NamedState> states;
  for (const StateConfig& state : config.states) {
    NamedState named{state.name, std::nullopt, 0, state.max_age_s};
    const auto topic = state.topic.expand(input.captures);
    const auto known = topic ? side_->states().at(*topic, state.pointer) : std::nullopt;
    if (known && !side_->silence().is_silent(*topic)) {
      named.value = known->value;
      named.received_ms = known->received_ms;
    }
    states.push_back(std::move(named));
  }
  side_->clock().observe(now);
  const Proposal proposal{&config.interlock,
                          decision,
                          target,
                          complete_origin(input.origin, config, confirmed, side_->clock()),
                          {&input.values, input.windows, states},
                          confirmed};
  interlock_.set_stopped(side_->stops().standing());
  Ruling ruling = interlock_.rule(proposal, now);
  if (act && ruling.verdict == Verdict::Pass) interlock_.acted(proposal, now);
  return ruling;
}

std::vector<Settled> Actor::settle(Settled settled, ActInput input, const Moment& now) {
  DecisionRecord& record = settled.record;
  const RouteConfig& config = settled.route->config();
  const std::string key = config.name + " " + record.output_topic;
  std::vector<Settled> out;
  if (!record.decision.empty() && config.change.on_change) {
    const bool urgent = is_safe_action(config.interlock, record.decision);
    const Change change = gate_.look(config.change, key, record.decision, urgent, now.steady_ms);
    if (change != Change::Publish) {
      record.decision.clear();
      if (record.outcome == Outcome::Decided) {
        record.outcome = Outcome::Unchanged;
        record.reason = change == Change::Unchanged ? reason::kUnchanged : reason::kNotAgreed;
      }
    }
  }
  if (!record.decision.empty() && config.mode == RouteMode::Act) {
    const bool precise = input.precise || record.rung == inference::Rung::Rule;
    if (precise && !act(&settled, &input, false, now)) return out;
  }
  const bool settled_well =
      record.outcome == Outcome::Decided || record.outcome == Outcome::Abstained;
  if (config.change.on_change && settled_well && !record.decision.empty()) {
    gate_.published(key, record.decision, now.steady_ms);
  }
  out.push_back(std::move(settled));
  std::move(superseded_.begin(), superseded_.end(), std::back_inserter(out));
  superseded_.clear();
  return out;
}

bool Actor::act(Settled* settled, ActInput* input, bool confirmed, const Moment& now) {
  DecisionRecord& record = settled->record;
  const RouteConfig& config = settled->route->config();
  record.mode = "act";
  // What is abstained from acts only where it makes things safe.
  const bool abstained = record.outcome == Outcome::Abstained;
  if (abstained && !is_safe_action(config.interlock, record.decision)) return true;
  const auto topic = config.command->expand(input->captures);
  if (!topic) {
    Ruling ruling;
    ruling.reason = reason::kCommandTopicUnusable;
    ruling.text = "the topic's levels make no command topic";
    refuse(settled, *input, "", ruling, now);
    return true;
  }
  const std::string target = target_of(*topic, record.decision);
  const Ruling ruling = rule(*settled, *input, target, record.decision, confirmed, now, true);
  if (ruling.verdict == Verdict::Pass) {
    record.command_topic = *topic;
    command(settled, target, ruling.safe, now);
    return true;
  }
  if (ruling.verdict == Verdict::Confirm) {
    if (held_.size() < kHeldMax) {
      hold(std::move(*settled), std::move(*input), target, now);
      return false;
    }
    Ruling full;
    full.reason = reason::kTooManyUnconfirmed;
    full.text = "too many decisions wait for a person";
    refuse(settled, *input, *topic, full, now);
    return true;
  }
  if (!abstained) refuse(settled, *input, *topic, ruling, now);
  return true;
}

void Actor::command(Settled* settled, const std::string& target, bool safe, const Moment& now) {
  DecisionRecord& record = settled->record;
  const RouteConfig& config = settled->route->config();
  record.safe = safe;
  record.time_ms = now.wall_ms;
  record.expires_ms = now.wall_ms + std::int64_t{config.decision_expiry_s} * 1000;
  // What somebody was asked about this target before is not wanted any more.
  for (auto held = held_.begin(); held != held_.end();) {
    if (held->target != target) {
      ++held;
      continue;
    }
    DecisionRecord& old = held->settled.record;
    old.outcome = Outcome::Superseded;
    old.reason = reason::kNewerActed;
    old.text = "a later decision acted on the target";
    old.decision.clear();
    superseded_.push_back(std::move(held->settled));
    held = held_.erase(held);
  }
  if (!config.interlock.ack || acks_.size() >= kAcksMax) return;
  const auto captures = settled->route->match(record.topic);
  const auto topic = captures ? config.interlock.ack->topic.expand(*captures) : std::nullopt;
  if (!topic) return;
  acks_[record.id] = {target, *topic,
                      now.steady_ms + std::int64_t{config.interlock.ack->timeout_s} * 1000};
}

void Actor::refuse(Settled* settled, const ActInput& input, const std::string& topic,
                   const Ruling& ruling, const Moment& now) {
  DecisionRecord& record = settled->record;
  const RouteConfig& config = settled->route->config();
  record.outcome = ruling.outcome;
  record.reason = ruling.reason;
  record.text = ruling.text;
  record.decision.clear();
  if (!ruling.may_fall_back || config.fallback.empty()) return;
  const auto bound = settled->route->bound_values(input.captures);
  if (!bound) return;
  std::string fallback = settled->route->complete(config.fallback, *bound);
  if (!schemas::validate(config.schema, fallback).valid) return;
  record.fallback = true;
  record.decision = std::move(fallback);
  if (topic.empty() || !is_safe_action(config.interlock, record.decision)) return;
  const std::string target = target_of(topic, record.decision);
  const Ruling safe = rule(*settled, input, target, record.decision, false, now, true);
  if (safe.verdict != Verdict::Pass) return;
  record.command_topic = topic;
  command(settled, target, true, now);
}

void Actor::hold(Settled settled, ActInput input, const std::string& target, const Moment& now) {
  const RouteConfig& config = settled.route->config();
  const ConfirmConfig& confirm = *config.interlock.confirm;
  Held held;
  held.target = target;
  held.confirm_topic = confirm.topic.expand(input.captures).value_or("");
  held.until_ms = now.steady_ms + std::int64_t{confirm.timeout_s} * 1000;
  requests_.push_back(
      {config.name,
       ObjectWriter()
           .text("id", settled.record.id)
           .text("topic", settled.record.topic)
           .raw("decision", settled.record.decision)
           .raw("confidence", json_decimal(settled.record.confidence, 4))
           .text("answer", held.confirm_topic)
           .text("until", iso8601(now.wall_ms + std::int64_t{confirm.timeout_s} * 1000))
           .done()});
  held.settled = std::move(settled);
  held.input = std::move(input);
  held_.push_back(std::move(held));
}

void Actor::take_notice(const Notice& notice, const Moment& now, std::vector<Settled>* out) {
  const auto raw_id = json_at(notice.payload, "/id");
  const auto id = raw_id ? json_unquote(*raw_id) : std::nullopt;
  if (!id) return;
  const auto ack = acks_.find(*id);
  if (ack != acks_.end() && ack->second.topic == notice.topic) {
    alarms_->clear(alarm::kAckMissing, ack->second.target, now.wall_ms);
    acks_.erase(ack);
  }
  const auto held = std::find_if(held_.begin(), held_.end(), [&](const Held& each) {
    return each.settled.record.id == *id && each.confirm_topic == notice.topic;
  });
  if (held == held_.end()) return;
  const auto answer = json_at(notice.payload, "/confirm");
  if (!answer || (*answer != "true" && *answer != "false")) return;
  Held asked = std::move(*held);
  held_.erase(held);
  if (*answer == "true" && now.steady_ms < asked.until_ms) {
    act(&asked.settled, &asked.input, true, now);
  } else {
    Ruling ruling;
    const bool late = *answer == "true";
    ruling.reason = late ? reason::kNotConfirmed : reason::kConfirmDenied;
    ruling.text = late ? "the answer came too late" : "a person said no";
    ruling.may_fall_back = true;
    refuse(&asked.settled, asked.input,
           asked.settled.route->config().command->expand(asked.input.captures).value_or(""), ruling,
           now);
  }
  out->push_back(std::move(asked.settled));
}

std::vector<Settled> Actor::tend(const Moment& now) {
  std::vector<Settled> out;
  for (const Notice& notice : side_->take_notices()) take_notice(notice, now, &out);
  const bool stopped = side_->stops().standing();
  for (std::size_t i = 0; i < held_.size();) {
    if (!stopped && now.steady_ms < held_[i].until_ms) {
      ++i;
      continue;
    }
    Held late = std::move(held_[i]);
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(i));
    Ruling ruling;
    ruling.reason = stopped ? reason::kStopped : reason::kNotConfirmed;
    ruling.text = stopped ? "the global stop stands" : "nobody confirmed in time";
    ruling.may_fall_back = true;
    refuse(&late.settled, late.input,
           late.settled.route->config().command->expand(late.input.captures).value_or(""), ruling,
           now);
    out.push_back(std::move(late.settled));
  }
  std::erase_if(acks_, [&](const auto& each) {
    const auto& [id, ack] = each;
    if (now.steady_ms < ack.until_ms) return false;
    alarms_->raise(alarm::kAckMissing, ack.target, Severity::Error,
                   ack.target + ": no acknowledgement of command " + id, now.wall_ms);
    return true;
  });
  std::move(superseded_.begin(), superseded_.end(), std::back_inserter(out));
  superseded_.clear();
  return out;
}

std::vector<Settled> Actor::abandon() {
  std::vector<Settled> out;
  for (Held& held : held_) {
    DecisionRecord& record = held.settled.record;
    record.outcome = Outcome::Refused;
    record.reason = reason::kNotConfirmed;
    record.text = "the agent ends";
    record.decision.clear();
    out.push_back(std::move(held.settled));
  }
  held_.clear();
  return out;
}

}  // namespace agent
