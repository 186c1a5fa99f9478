#pragma once

// Decisions that somebody wrote down: "if the oil is hotter than 95, stop". They come before
// everything that was learned, need no model, and are certain.
// Thread safety: free functions without state.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/values.h"

namespace agent {

enum class RuleOperator : std::uint8_t {
  Greater,         // >    numbers
  GreaterOrEqual,  // >=
  Less,            // <
  LessOrEqual,     // <=
  Equal,           // ==   a number, text, true or false
  NotEqual,        // !=   of the same kind and another value
  In,              // in   == one of a list
  Equals,          // equals   text, by normal_text(); one of a list
};

// "NAME OPERATOR OPERAND".
struct RuleCondition {
  std::string name;  // see Values
  RuleOperator op = RuleOperator::Equal;
  std::vector<schemas::Scalar> operands;  // one, except for In and Equals; Equals: normal_text()
};

struct RuleConfig {
  std::vector<RuleCondition> when;  // all must hold
  std::string decide;               // compact JSON
};

// A value that is missing, null or of another kind than the operand makes every condition false,
// != included: a broken sensor must not set off a rule by being unlike something.
bool holds(const RuleCondition& condition, const Values& values);

// The first rule all of whose conditions hold.
std::optional<std::size_t> first_match(std::span<const RuleConfig> rules, const Values& values);

}  // namespace agent
