#include "agent/judge.h"

#include <algorithm>
#include <exception>

#include "agent/trust.h"
#include "schemas/utf8.h"
#include "schemas/validator.h"

namespace agent {
namespace {

constexpr std::size_t kInputIdBytesMax = 256;

std::string hex(std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kHex[static_cast<unsigned char>(c) >> 4];
    out += kHex[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

// Correlation Data is bytes; text stays readable.
std::string printable(std::string_view bytes) {
  const bool text =
      schemas::is_valid_utf8(bytes) && std::none_of(bytes.begin(), bytes.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
      });
  return text ? std::string(bytes) : hex(bytes);
}

// The reason for which the age of the message forbids a decision, with its outcome.
std::optional<std::pair<Outcome, std::string_view>> age_refusal(const JudgeInput& input) {
  const auto expiry_s = input.message->properties.message_expiry_s;
  if (expiry_s && input.queued_ms >= static_cast<std::int64_t>(*expiry_s) * 1000) {
    return std::pair{Outcome::Expired, reason::kMessageExpired};
  }
  const RouteConfig& config = input.route->config();
  if (config.max_age_s == 0 || !input.element->time_ms) return std::nullopt;
  const std::int64_t age_ms = input.now_ms - *input.element->time_ms;
  const std::int64_t limit_ms = static_cast<std::int64_t>(config.max_age_s) * 1000;
  if (age_ms > limit_ms) return std::pair{Outcome::Expired, reason::kTooOld};
  if (age_ms < -limit_ms) return std::pair{Outcome::Rejected, reason::kTimeInFuture};
  return std::nullopt;
}

void end(Outcome outcome, std::string_view why, DecisionRecord* record) {
  record->outcome = outcome;
  record->reason = why;
}

}  // namespace

Judge::Judge(std::string agent_id, std::string model_hash, Decider* decider, std::string nonce)
    : agent_id_(std::move(agent_id)),
      model_hash_(std::move(model_hash)),
      decider_(decider),
      nonce_(std::move(nonce)) {}

std::string Judge::input_id(const JudgeInput& input) {
  const transport::Properties& properties = input.message->properties;
  std::string id;
  for (const auto& [key, value] : properties.user) {
    if (key == "id" && id.empty()) id = printable(value);
  }
  if (id.empty()) id = printable(properties.correlation_data);
  if (!id.empty() && input.element_count > 1) id += "#" + std::to_string(input.element_index);
  if (id.empty()) id = printable(input.element->id);
  // A longer id would travel with every decision; its hash tells inputs apart as well.
  if (id.size() > kInputIdBytesMax) id = decision_id("", id, "", "");
  if (id.empty()) id = nonce_ + "-" + std::to_string(++generated_count_);
  return id;
}

DecisionRecord Judge::judge(const JudgeInput& input) {
  DecisionRecord record;
  record.route = input.route->name();
  record.topic = input.message->topic;
  record.input_id = input_id(input);
  // The topic is part of the input's identity: two machines may count their messages alike.
  Sha256 scoped;
  scoped.add(record.topic);
  scoped.add(record.input_id);
  record.id = decision_id(agent_id_, scoped.hex(), record.route, model_hash_);
  record.time_ms = input.now_ms;
  record.expires_ms = input.now_ms + kDecisionExpiryMs;
  decide(input, &record);
  return record;
}

void Judge::decide(const JudgeInput& input, DecisionRecord* record) {
  if (!input.element->reason.empty()) {
    return end(Outcome::Rejected, input.element->reason, record);
  }
  if (const auto refusal = age_refusal(input)) {
    return end(refusal->first, refusal->second, record);
  }
  const auto topic = input.route->output_topic(*input.captures);
  if (!topic) return end(Outcome::Rejected, reason::kTopicUnusable, record);
  record->output_topic = *topic;
  const auto bound = input.route->bound_values(*input.captures);
  if (!bound) return end(Outcome::Rejected, reason::kBindNotAllowed, record);
  if (!input.handle) return end(Outcome::Rejected, reason::kRouteFailed, record);

  inference::Decision decision;
  try {
    decision = decider_->decide(*input.handle, input.element->text);
  } catch (const std::exception&) {
    return abstain(input, *bound, reason::kDecideFailed, record);  // out of memory, most likely
  }
  record->stats = decision.stats;
  switch (decision.status) {
    case inference::DecideStatus::MessageTooLong:
      return end(Outcome::Rejected, reason::kMessageTooLong, record);
    case inference::DecideStatus::ReadFailed:
      return abstain(input, *bound, reason::kModelReadFailed, record);
    case inference::DecideStatus::Decided:
      break;
  }
  record->best_guess = input.route->complete(decision.json, *bound);
  record->confidence = decision.confidence;
  record->rung = decision.rung;
  record->fields = std::move(decision.fields);
  // What the model decided is checked before the bound values join it, since completing it would
  // hide a member that should not be there; then the whole is checked.
  if (!schemas::validate(input.route->config().open_schema, decision.json).valid ||
      !schemas::validate(input.route->config().schema, record->best_guess).valid) {
    return end(Outcome::Quarantined, reason::kInvalidDecision, record);
  }
  // Written so that a confidence that is not a number abstains.
  if (!(record->confidence >= input.route->config().min_confidence)) {
    return abstain(input, *bound, reason::kBelowMinConfidence, record);
  }
  record->decision = record->best_guess;
  end(Outcome::Decided, {}, record);
}

void Judge::abstain(const JudgeInput& input, const BoundValues& bound, std::string_view why,
                    DecisionRecord* record) {
  end(Outcome::Abstained, why, record);
  record->rung = inference::Rung::Abstain;
  const RouteConfig& config = input.route->config();
  if (config.fallback.empty()) return;
  std::string fallback = input.route->complete(config.fallback, bound);
  if (!schemas::validate(config.schema, fallback).valid) {
    return end(Outcome::Quarantined, reason::kInvalidDecision, record);
  }
  record->fallback = true;
  record->decision = std::move(fallback);
}

}  // namespace agent
