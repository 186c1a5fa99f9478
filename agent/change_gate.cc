#include "agent/change_gate.h"

#include <algorithm>
#include <cmath>

#include "agent/json_scan.h"
#include "agent/values.h"

namespace agent {
namespace {

bool within_deadband(const ChangeConfig& policy, std::string_view field, std::string_view a,
                     std::string_view b) {
  const auto band = std::find_if(policy.deadband.begin(), policy.deadband.end(),
                                 [&](const auto& each) { return each.first == field; });
  if (band == policy.deadband.end()) return false;
  const auto left = json_scalar(a);
  const auto right = json_scalar(b);
  if (!left || !right) return false;
  const auto* x = std::get_if<schemas::Number>(&*left);
  const auto* y = std::get_if<schemas::Number>(&*right);
  return x != nullptr && y != nullptr && std::fabs(x->value - y->value) <= band->second;
}

}  // namespace

bool same_decision(const ChangeConfig& policy, std::string_view a, std::string_view b) {
  if (a == b) return true;
  if (policy.deadband.empty()) return false;
  const auto left = json_members(a);
  const auto right = json_members(b);
  if (!left || !right || left->size() != right->size()) return false;
  for (std::size_t i = 0; i < left->size(); ++i) {
    const auto& [name, value] = (*left)[i];
    const auto& [other_name, other] = (*right)[i];
    if (name != other_name) return false;
    if (value != other && !within_deadband(policy, name, value, other)) return false;
  }
  return true;
}

ChangeGate::Entry& ChangeGate::entry(std::string_view key, std::int64_t now_ms) {
  const auto found = entries_.find(key);
  if (found != entries_.end()) {
    found->second.used_ms = now_ms;
    return found->second;
  }
  if (entries_.size() >= kKeysMax) {
    entries_.erase(std::min_element(entries_.begin(), entries_.end(), [](auto& a, auto& b) {
      return a.second.used_ms < b.second.used_ms;
    }));
  }
  Entry& made = entries_.try_emplace(std::string(key)).first->second;
  made.used_ms = now_ms;
  return made;
}

Change ChangeGate::look(const ChangeConfig& policy, std::string_view key, std::string_view decision,
                        bool urgent, std::int64_t now_ms) {
  Entry& known = entry(key, now_ms);
  if (!known.last.empty() && same_decision(policy, known.last, decision)) {
    known.count = 0;
    known.candidate.clear();
    const bool due =
        policy.repeat_s > 0 && now_ms - known.published_ms >= std::int64_t{policy.repeat_s} * 1000;
    return due ? Change::Publish : Change::Unchanged;
  }
  if (urgent) return Change::Publish;
  const bool again = !known.candidate.empty() && same_decision(policy, known.candidate, decision);
  known.count = again ? known.count + 1 : 1;
  if (!again) known.candidate = decision;
  return known.count >= policy.agree ? Change::Publish : Change::NotAgreed;
}

void ChangeGate::published(std::string_view key, std::string_view decision, std::int64_t now_ms) {
  Entry& known = entry(key, now_ms);
  known.last = decision;
  known.candidate.clear();
  known.count = 0;
  known.published_ms = now_ms;
}

}  // namespace agent
