#include "agent/target_book.h"

#include <algorithm>

namespace agent {

const TargetState* TargetBook::find(std::string_view target) const {
  const auto found = targets_.find(target);
  return found == targets_.end() ? nullptr : &found->second;
}

bool TargetBook::has_room(std::string_view target, bool safe, std::int64_t now_ms) {
  const std::size_t room = limits_.targets_max + (safe ? limits_.reserved : 0);
  if (targets_.size() < room || find(target) != nullptr) return true;
  std::erase_if(targets_, [&](const auto& each) { return each.second.kept_until_ms < now_ms; });
  return targets_.size() < room;
}

void TargetBook::add(Act act, std::int64_t now_ms) {
  TargetState& state = targets_.try_emplace(std::string(act.target)).first->second;
  state.acted_ms = now_ms;
  state.kept_until_ms = now_ms + std::max(kMinuteMs, act.keep_ms);
  state.sequence = std::max(state.sequence, act.sequence);
  if (act.source_ms && (!state.source_ms || *act.source_ms > *state.source_ms)) {
    state.source_ms = act.source_ms;
  }
  while (!state.unsafe_ms.empty() && now_ms - state.unsafe_ms.front() >= kMinuteMs) {
    state.unsafe_ms.pop_front();
  }
  if (!act.safe) state.unsafe_ms.push_back(now_ms);
  // A field that this act does not name keeps the value that was last set.
  for (auto& number : act.numbers) {
    std::erase_if(state.numbers, [&](const auto& each) { return each.first == number.first; });
    state.numbers.push_back(std::move(number));
  }
}

std::size_t TargetBook::rate(const TargetState& state, std::int64_t now_ms) {
  return static_cast<std::size_t>(
      std::count_if(state.unsafe_ms.begin(), state.unsafe_ms.end(),
                    [&](std::int64_t at) { return now_ms - at < kMinuteMs; }));
}

}  // namespace agent
