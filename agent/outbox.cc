#include "agent/outbox.h"

#include <algorithm>

namespace agent {
namespace {

// Called at each send: what waited here has less time left to be of use.
void take_age_off(std::optional<std::uint32_t>* expiry_s, SteadyTime::duration age) {
  if (!*expiry_s) return;
  const auto waited = std::chrono::duration_cast<std::chrono::seconds>(age).count();
  // 0 would mean "expired", and what has expired does not get here.
  *expiry_s = static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(std::int64_t{**expiry_s} - waited, 1, **expiry_s));
}

}  // namespace

std::size_t Outbox::size_of(const Entry& entry) {
  const transport::Message& message = entry.outbound.message;
  return message.topic.size() + message.payload.size() + entry.outbound.payload_311.size();
}

void Outbox::add(Outbound message, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  Entry entry{std::move(message), now};
  bytes_ += size_of(entry);
  entries_.emplace(next_sequence_++, std::move(entry));
  ++counts_.added;
  make_room_locked(false);
  make_room_locked(true);
}

void Outbox::make_room_locked(bool safe_too) {
  auto oldest = entries_.begin();
  while ((entries_.size() > limits_.messages_max || bytes_ > limits_.bytes_max) &&
         oldest != entries_.end()) {
    const Entry& entry = oldest->second;
    const bool kept = entry.outbound.duty == Outbound::Duty::SafeCommand && !safe_too;
    if (entry.in_flight || kept) {
      ++oldest;
      continue;
    }
    bytes_ -= size_of(entry);
    oldest = entries_.erase(oldest);
    ++counts_.dropped;
  }
}

bool Outbox::has_expired(const Entry& entry, SteadyTime now) const {
  const std::chrono::milliseconds own(entry.outbound.lifetime_ms);
  return now - entry.added_at >= (own.count() > 0 ? own : limits_.expiry);
}

void Outbox::expire_locked(SteadyTime now) {
  for (auto it = entries_.begin(); it != entries_.end();) {
    // What is in flight is left to its acknowledgement or its loss.
    if (it->second.in_flight || !has_expired(it->second, now)) {
      ++it;
      continue;
    }
    bytes_ -= size_of(it->second);
    it = entries_.erase(it);
    ++counts_.expired;
  }
}

std::optional<std::pair<std::uint64_t, transport::Message>> Outbox::take_locked(
    transport::ProtocolVersion version, SteadyTime now) {
  if (in_flight_ >= limits_.in_flight_max + limits_.reserved) return std::nullopt;
  const bool only_safe = in_flight_ >= limits_.in_flight_max;
  for (auto it = entries_.begin(); it != entries_.end();) {
    auto& [sequence, entry] = *it;
    if (entry.in_flight || (only_safe && entry.outbound.duty != Outbound::Duty::SafeCommand)) {
      ++it;
      continue;
    }
    if (gate_ && !gate_(entry.outbound)) {
      bytes_ -= size_of(entry);
      it = entries_.erase(it);
      ++counts_.stopped;
      continue;
    }
    entry.in_flight = true;
    ++in_flight_;
    transport::Message message = entry.outbound.message;
    take_age_off(&message.properties.message_expiry_s, now - entry.added_at);
    if (version == transport::ProtocolVersion::Mqtt311) {
      message.payload = entry.outbound.payload_311;
      message.properties = {};
    }
    return std::pair{sequence, std::move(message)};
  }
  return std::nullopt;
}

void Outbox::pump(transport::ProtocolVersion version, SteadyTime now) {
  std::unique_lock lock(mutex_);
  if (pumping_) {
    pump_again_ = true;
    return;
  }
  pumping_ = true;
  hold_ = false;
  do {
    pump_again_ = false;
    expire_locked(now);
    while (!hold_) {
      auto next = take_locked(version, now);
      if (!next) break;
      const std::uint64_t sequence = next->first;
      lock.unlock();
      const bool taken = send_(std::move(next->second),
                               [this, sequence, version](transport::PublishResult result) {
                                 finished(sequence, result, version);
                               });
      lock.lock();
      if (taken) continue;
      entries_.at(sequence).in_flight = false;
      --in_flight_;
      break;
    }
  } while (pump_again_);
  pumping_ = false;
}

void Outbox::finished(std::uint64_t sequence, transport::PublishResult result,
                      transport::ProtocolVersion version) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(sequence);
    if (found == entries_.end()) return;
    found->second.in_flight = false;
    --in_flight_;
    using enum transport::PublishStatus;
    const bool busy = result.status == Busy;  // not sent; the caller's next pump tries again
    const bool lost = result.status == Lost || result.status == NotConnected || busy;
    if (busy) hold_ = true;
    if (result.status == Acknowledged) ++counts_.acknowledged;
    if (result.status == NoSubscribers) {
      ++counts_.acknowledged;
      ++counts_.no_subscribers;
    }
    if (result.status == Denied || result.status == TooLarge) ++counts_.refused;
    if (!lost) {
      bytes_ -= size_of(found->second);
      entries_.erase(found);
    }
    // A link that was lost is pumped when it is up again.
    if (lost) return;
  }
  pump(version, std::chrono::steady_clock::now());
}

OutboxCounts Outbox::counts() const {
  const std::lock_guard lock(mutex_);
  OutboxCounts counts = counts_;
  counts.in_flight = in_flight_;
  counts.waiting = entries_.size() - in_flight_;
  return counts;
}

bool Outbox::empty() const {
  const std::lock_guard lock(mutex_);
  return entries_.empty();
}

}  // namespace agent
