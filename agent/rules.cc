#include "agent/rules.h"

#include <algorithm>

namespace agent {
namespace {

bool compares(RuleOperator op, const schemas::Scalar& value, const schemas::Scalar& operand) {
  const auto* left = std::get_if<schemas::Number>(&value);
  const auto* right = std::get_if<schemas::Number>(&operand);
  if (left == nullptr || right == nullptr) return false;
  switch (op) {
    case RuleOperator::Greater:
      return left->value > right->value;
    case RuleOperator::GreaterOrEqual:
      return left->value >= right->value;
    case RuleOperator::Less:
      return left->value < right->value;
    default:
      return left->value <= right->value;
  }
}

}  // namespace

bool holds(const RuleCondition& condition, const Values& values) {
  const schemas::Scalar* value = find_value(values, condition.name);
  if (value == nullptr) return false;
  const auto is_same = [&](const schemas::Scalar& operand) {
    return same_value(*value, operand).value_or(false);
  };
  switch (condition.op) {
    case RuleOperator::Equal:
    case RuleOperator::In:
      return std::any_of(condition.operands.begin(), condition.operands.end(), is_same);
    case RuleOperator::NotEqual:
      return !same_value(*value, condition.operands.front()).value_or(true);
    case RuleOperator::Equals: {
      const auto* text = std::get_if<std::string>(value);
      if (text == nullptr) return false;
      const schemas::Scalar normal = normal_text(*text);
      return std::find_if(condition.operands.begin(), condition.operands.end(),
                          [&](const schemas::Scalar& operand) {
                            return same_value(normal, operand).value_or(false);
                          }) != condition.operands.end();
    }
    default:
      return compares(condition.op, *value, condition.operands.front());
  }
}

std::optional<std::size_t> first_match(std::span<const RuleConfig> rules, const Values& values) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const auto& when = rules[i].when;
    const bool all = std::all_of(when.begin(), when.end(), [&](const RuleCondition& condition) {
      return holds(condition, values);
    });
    if (all) return i;
  }
  return std::nullopt;
}

}  // namespace agent
