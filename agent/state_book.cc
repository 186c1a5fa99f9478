#include "agent/state_book.h"

namespace agent {

void StateBook::put(std::string_view topic, std::string_view payload, bool age_known,
                    std::int64_t steady_ms) {
  State state;
  state.received_ms = steady_ms;
  if (age_known && payload.size() <= kPayloadBytesMax) {
    schemas::Payload parsed = schemas::parse_payload(payload, {});
    if (parsed.error == schemas::PayloadError::None) state.fields = std::move(parsed.fields);
    if (parsed.format == schemas::PayloadFormat::Text && !parsed.text.empty()) {
      state.fields.push_back({"", std::move(parsed.text)});
    }
  }
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(topic);
  if (found != states_.end()) {
    found->second = std::move(state);
  } else if (states_.size() < kTopicsMax) {
    states_.emplace(std::string(topic), std::move(state));
  }
}

std::optional<StateBook::Known> StateBook::at(std::string_view topic,
                                              std::string_view pointer) const {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(topic);
  if (found == states_.end()) return std::nullopt;
  Known known{std::nullopt, found->second.received_ms};
  for (const schemas::PayloadField& field : found->second.fields) {
    if (field.pointer == pointer) known.value = field.value;
  }
  return known;
}

}  // namespace agent
