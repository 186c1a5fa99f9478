#include "agent/rules.h"

#include <algorithm>

namespace agent {
namespace {

// Nothing: the two are of different kinds, or null.
std::optional<bool> same(const schemas::Scalar& a, const schemas::Scalar& b) {
  if (a.index() != b.index()) return std::nullopt;
  if (const bool* flag = std::get_if<bool>(&a)) return *flag == std::get<bool>(b);
  if (const auto* text = std::get_if<std::string>(&a)) return *text == std::get<std::string>(b);
  if (const auto* number = std::get_if<schemas::Number>(&a)) {
    return number->value == std::get<schemas::Number>(b).value;
  }
  return std::nullopt;
}

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
    return same(*value, operand).value_or(false);
  };
  switch (condition.op) {
    case RuleOperator::Equal:
    case RuleOperator::In:
      return std::any_of(condition.operands.begin(), condition.operands.end(), is_same);
    case RuleOperator::NotEqual:
      return !same(*value, condition.operands.front()).value_or(true);
    case RuleOperator::Equals: {
      const auto* text = std::get_if<std::string>(value);
      if (text == nullptr) return false;
      const schemas::Scalar normal = normal_text(*text);
      return std::find_if(condition.operands.begin(), condition.operands.end(),
                          [&](const schemas::Scalar& operand) {
                            return same(normal, operand).value_or(false);
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
