#pragma once

// Inputs to records: everything between the inbox and the outbox, without clock, queue or
// network of its own. `run` publishes the record, `try` prints it.
// Thread safety: unsafe; owned by the worker.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/decider.h"
#include "agent/decision_cache.h"
#include "agent/outcome.h"
#include "agent/payload_text.h"
#include "agent/route.h"
#include "transport/client.h"

namespace agent {

struct DecisionRecord {
  Outcome outcome = Outcome::Rejected;
  std::string_view reason;  // empty: none
  std::string route;
  std::string topic;  // of the input
  std::string input_id;
  std::string id;  // of the decision
  std::string output_topic;
  std::string command_topic;  // empty: it is no command
  std::string_view mode = "advise";
  bool safe = false;       // a command that is a safe action
  std::string text;        // why it was refused, for a person
  std::string decision;    // what is published, JSON; empty: nothing
  std::string best_guess;  // what the model chose, JSON; empty: it was not asked
  bool fallback = false;
  double confidence = 0;
  inference::Rung rung = inference::Rung::Abstain;
  std::string why;  // this rung, for a person; empty: nothing to say
  std::vector<inference::FieldResult> fields;
  inference::DecisionStats stats;
  std::int64_t time_ms = 0;
  std::int64_t expires_ms = 0;
};

// One element of one message, with what is known around it.
struct JudgeInput {
  const Route* route = nullptr;
  std::optional<RouteHandle> handle;  // nothing: the route could not be opened, or needs no model
  std::size_t lesson_count = 0;       // that taught it
  const transport::Message* message = nullptr;
  const transport::Captures* captures = nullptr;
  const Element* element = nullptr;
  std::size_t element_index = 0;
  std::size_t element_count = 1;
  std::int64_t now_ms = 0;     // wall clock
  std::int64_t queued_ms = 0;  // since receipt
};

class Judge {
 public:
  // `decider` outlives this object. `nonce` tells this start from others in generated input ids.
  Judge(std::string agent_id, std::string model_hash, Decider* decider, std::string nonce);

  // One record an input, in order. Those that need the model are decided together.
  std::vector<DecisionRecord> judge(std::span<const JudgeInput> inputs);

  // The record of a topic that has fallen silent: the fallback, if there is one.
  // REQUIRES: input has route, message, captures, element and now_ms.
  DecisionRecord silent(const JudgeInput& input);

  // The route's decisions may differ from now on: it was taught, or is closed.
  void forget(RouteHandle route) { cache_.forget(route); }
  void forget_all() { cache_.clear(); }

 private:
  DecisionRecord begin(const JudgeInput& input);
  // What a rule or the cache decides. False: neither does.
  bool decide_quickly(const JudgeInput& input, const BoundValues& bound, DecisionRecord* record);
  void keep(const JudgeInput& input, const DecisionRecord& record, inference::Decision decision);
  // Empty where the decider failed.
  std::vector<std::optional<inference::Decision>> ask(std::span<const Question> questions);
  std::string input_id(const JudgeInput& input);

  const std::string agent_id_;
  const std::string model_hash_;
  Decider* const decider_;
  const std::string nonce_;
  std::uint64_t generated_count_ = 0;
  DecisionCache cache_{{}};
};

}  // namespace agent
