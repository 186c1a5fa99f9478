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

void abstain(const JudgeInput& input, const BoundValues& bound, std::string_view why,
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

// The bound values of an input that is to be decided; nothing if the record ended already.
std::optional<BoundValues> admit(const JudgeInput& input, DecisionRecord* record) {
  const auto refuse = [&](Outcome outcome, std::string_view why) {
    end(outcome, why, record);
    return std::nullopt;
  };
  if (!input.element->reason.empty()) return refuse(Outcome::Rejected, input.element->reason);
  if (const auto refusal = age_refusal(input)) return refuse(refusal->first, refusal->second);
  const auto topic = input.route->output_topic(*input.captures);
  if (!topic) return refuse(Outcome::Rejected, reason::kTopicUnusable);
  record->output_topic = *topic;
  auto bound = input.route->bound_values(*input.captures);
  if (!bound) return refuse(Outcome::Rejected, reason::kBindNotAllowed);
  return bound;
}

// What the model decided is checked before the bound values join it, since completing it would
// hide a member that should not be there; then the whole is checked.
bool is_valid(const RouteConfig& config, const std::string& decided, const std::string& whole) {
  return schemas::validate(config.open_schema, decided).valid &&
         schemas::validate(config.schema, whole).valid;
}

void conclude(const JudgeInput& input, const BoundValues& bound,
              std::optional<inference::Decision> decision, DecisionRecord* record) {
  if (!decision) return abstain(input, bound, reason::kDecideFailed, record);
  record->stats = decision->stats;
  switch (decision->status) {
    case inference::DecideStatus::MessageTooLong:
      return end(Outcome::Rejected, reason::kMessageTooLong, record);
    case inference::DecideStatus::ReadFailed:
      return abstain(input, bound, reason::kModelReadFailed, record);
    case inference::DecideStatus::Decided:
      break;
  }
  const RouteConfig& config = input.route->config();
  record->best_guess = input.route->complete(decision->json, bound);
  record->confidence = decision->confidence;
  record->rung = decision->rung;
  record->fields = std::move(decision->fields);
  if (!is_valid(config, decision->json, record->best_guess)) {
    return end(Outcome::Quarantined, reason::kInvalidDecision, record);
  }
  if (decision->doubt != inference::Doubt::None) {
    return abstain(input, bound, inference::name(decision->doubt), record);
  }
  // Written so that a confidence that is not a number abstains.
  if (!(record->confidence >= config.min_confidence)) {
    return abstain(input, bound, reason::kBelowMinConfidence, record);
  }
  record->decision = record->best_guess;
  end(Outcome::Decided, {}, record);
}

// Written by a person and checked at load, but the bound values are new with every message.
void conclude_by_rule(const JudgeInput& input, const BoundValues& bound, std::size_t rule,
                      DecisionRecord* record) {
  const RouteConfig& config = input.route->config();
  record->best_guess = input.route->complete(config.rules[rule].decide, bound);
  record->confidence = 1;
  record->rung = inference::Rung::Rule;
  record->why = "rules[" + std::to_string(rule) + "] matches";
  if (!schemas::validate(config.schema, record->best_guess).valid) {
    return end(Outcome::Quarantined, reason::kInvalidDecision, record);
  }
  record->decision = record->best_guess;
  end(Outcome::Decided, {}, record);
}

bool may_be_cached(const JudgeInput& input) {
  return input.route->config().cache && input.handle && !input.element->values.empty();
}

CacheKey cache_key(const JudgeInput& input) {
  return {*input.handle, input.lesson_count,
          cache_values(input.route->config(), input.element->values)};
}

std::string why_answered(const JudgeInput& input, const DecisionRecord& record) {
  const std::string lessons = std::to_string(input.lesson_count) + " lessons";
  switch (record.rung) {
    case inference::Rung::Head:
      return "learned from " + lessons;
    case inference::Rung::Model:
      return input.lesson_count > 0 ? "the model's scores joined with " + lessons
                                    : "the model's scores; nothing was taught";
    default:
      return {};
  }
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

std::vector<DecisionRecord> Judge::judge(std::span<const JudgeInput> inputs) {
  std::vector<DecisionRecord> records;
  std::vector<Question> questions;
  std::vector<std::pair<std::size_t, BoundValues>> asked;  // place of the input, its bound values
  for (const JudgeInput& input : inputs) {
    DecisionRecord& record = records.emplace_back(begin(input));
    auto bound = admit(input, &record);
    if (!bound || decide_quickly(input, *bound, &record)) continue;
    questions.push_back({*input.handle, input.element->text});
    asked.emplace_back(records.size() - 1, std::move(*bound));
  }
  std::vector<std::optional<inference::Decision>> answers = ask(questions);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const auto& [place, bound] = asked[i];
    const JudgeInput& input = inputs[place];
    DecisionRecord& record = records[place];
    const std::optional<inference::Decision> answer = std::move(answers[i]);
    conclude(input, bound, answer, &record);
    record.why = why_answered(input, record);
    if (answer && may_be_cached(input)) keep(input, record, *answer);
  }
  return records;
}

DecisionRecord Judge::silent(const JudgeInput& input) {
  DecisionRecord record = begin(input);
  if (const auto bound = admit(input, &record)) abstain(input, *bound, reason::kSilent, &record);
  return record;
}

bool Judge::decide_quickly(const JudgeInput& input, const BoundValues& bound,
                           DecisionRecord* record) {
  const RouteConfig& config = input.route->config();
  if (config.rule) {
    if (const auto rule = first_match(config.rules, input.element->values)) {
      conclude_by_rule(input, bound, *rule, record);
      return true;
    }
  }
  if (!input.element->fault.empty()) {
    abstain(input, bound, reason::kSensorFault, record);
    record->why = input.element->fault;
    return true;
  }
  if (!config.needs_model()) {
    abstain(input, bound, reason::kNoRule, record);
    return true;
  }
  if (!input.handle) {
    end(Outcome::Rejected, reason::kRouteFailed, record);
    return true;
  }
  if (!may_be_cached(input)) return false;
  const DecisionCache::Entry* known = cache_.find(cache_key(input));
  if (known == nullptr) return false;
  conclude(input, bound, known->decision, record);
  if (record->outcome == Outcome::Decided) {
    record->rung = inference::Rung::Cache;
    record->why = "the values of input " + known->input_id + ", decided by " +
                  std::string(inference::name(known->decision.rung));
  }
  return true;
}

void Judge::keep(const JudgeInput& input, const DecisionRecord& record,
                 inference::Decision decision) {
  if (record.outcome != Outcome::Decided || !(record.confidence >= kCachedConfidence)) return;
  decision.stats = {};  // a later answer costs nothing
  cache_.put(cache_key(input), {std::move(decision), record.input_id});
}

DecisionRecord Judge::begin(const JudgeInput& input) {
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
  record.expires_ms = input.now_ms + std::int64_t{input.route->config().decision_expiry_s} * 1000;
  return record;
}

std::vector<std::optional<inference::Decision>> Judge::ask(std::span<const Question> questions) {
  std::vector<std::optional<inference::Decision>> out;
  if (questions.empty()) return out;
  try {
    for (inference::Decision& decision : decider_->decide(questions)) {
      out.emplace_back(std::move(decision));
    }
    return out;
  } catch (const std::exception&) {  // out of memory, most likely
    out.clear();
  }
  if (questions.size() == 1) return {std::nullopt};
  // One of them must not cost the others their decision.
  for (const Question& question : questions) out.push_back(std::move(ask({&question, 1}).front()));
  return out;
}

}  // namespace agent
