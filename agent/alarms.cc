#include "agent/alarms.h"

#include <algorithm>

#include "agent/clock.h"
#include "agent/json_scan.h"
#include "agent/object_writer.h"

namespace agent {

std::string_view name(Severity severity) {
  switch (severity) {
    case Severity::Warning:
      return "warning";
    case Severity::Error:
      return "error";
    case Severity::Critical:
      break;
  }
  return "critical";
}

void Alarms::declare(std::string_view code) {
  const std::lock_guard lock(mutex_);
  states_.try_emplace(std::string(code));
}

bool Alarms::raise(std::string_view code, std::string_view subject, Severity severity,
                   std::string text, std::int64_t wall_ms) {
  const std::lock_guard lock(mutex_);
  State& state = states_.try_emplace(std::string(code)).first->second;
  const auto known = state.subjects.find(subject);
  if (known != state.subjects.end()) {
    if (known->second.text == text && known->second.severity == severity) return false;
    known->second = {severity, std::move(text)};
    state.told = false;
    return false;
  }
  if (state.subjects.empty()) state.since_ms = wall_ms;
  state.subjects.emplace(std::string(subject), Trouble{severity, std::move(text)});
  state.told = false;
  return true;
}

bool Alarms::clear(std::string_view code, std::string_view subject, std::int64_t wall_ms) {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(code);
  if (found == states_.end()) return false;
  State& state = found->second;
  const auto known = state.subjects.find(subject);
  if (known == state.subjects.end()) return false;
  state.subjects.erase(known);
  if (state.subjects.empty()) state.since_ms = wall_ms;
  state.told = false;
  return true;
}

bool Alarms::active(std::string_view code) const {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(code);
  return found != states_.end() && !found->second.subjects.empty();
}

std::string Alarms::payload(const State& state) {
  std::string text;
  std::size_t shown = 0;
  Severity worst = Severity::Warning;
  for (const auto& [subject, trouble] : state.subjects) {
    worst = std::max(worst, trouble.severity);
    if (shown++ >= kSubjectsMax) continue;
    if (!text.empty()) text += "; ";
    text += trouble.text;
  }
  if (shown > kSubjectsMax) text += "; and " + std::to_string(shown - kSubjectsMax) + " more";
  const bool active = !state.subjects.empty();
  return ObjectWriter()
      .raw("active", active ? "true" : "false")
      .raw("since", state.since_ms == 0 ? "null" : json_quote(iso8601(state.since_ms)))
      .text("severity", name(worst))
      .text("text", text)
      .done();
}

std::vector<transport::Message> Alarms::take_changes() {
  const std::lock_guard lock(mutex_);
  std::vector<transport::Message> out;
  for (auto& [code, state] : states_) {
    if (state.told) continue;
    state.told = true;
    transport::Message message;
    message.topic = prefix_ + code;
    message.payload = payload(state);
    message.retained = true;
    message.properties.content_type = "application/json";
    out.push_back(std::move(message));
  }
  return out;
}

void Alarms::tell_all() {
  const std::lock_guard lock(mutex_);
  for (auto& [code, state] : states_) state.told = false;
}

}  // namespace agent
