#pragma once

// Messages on their way to the broker, kept until they are acknowledged. A lost link puts what
// was in flight back in its place, so a broker that is away for some seconds loses nothing that
// was already decided; the same payload goes out again, with what remains of its expiry.
// Thread safety: safe. pump() and the `done` it hands out may run on any thread.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "agent/envelope.h"
#include "transport/client.h"

namespace agent {

using SteadyTime = std::chrono::steady_clock::time_point;

struct OutboxLimits {
  std::size_t messages_max = 1024;  // over it the oldest not in flight is dropped, safe
                                    // commands last
  std::size_t bytes_max = 8 << 20;  // of payloads and topics; the same
  std::size_t in_flight_max = 32;
  std::size_t reserved = 4;         // more in flight, for safe commands only
  std::chrono::seconds expiry{60};  // after add(); never sent later
};

struct OutboxCounts {
  std::uint64_t added = 0;
  std::uint64_t acknowledged = 0;  // nobody listening included
  std::uint64_t no_subscribers = 0;
  std::uint64_t refused = 0;  // by the broker, for good
  std::uint64_t expired = 0;
  std::uint64_t stopped = 0;    // the gate refused it
  std::uint64_t dropped = 0;    // the box was full
  std::uint64_t waiting = 0;    // now
  std::uint64_t in_flight = 0;  // now
};

class Outbox {
 public:
  using Done = std::function<void(transport::PublishResult)>;
  // Hands one message to the link; false: it takes none now. See transport::Link::publish.
  using Send = std::function<bool(transport::Message, Done)>;

  // Whether a message may still leave; asked at every send. One that may not is dropped.
  using Gate = std::function<bool(const Outbound&)>;

  Outbox(const OutboxLimits& limits, Send send, Gate gate = {})
      : limits_(limits), send_(std::move(send)), gate_(std::move(gate)) {}

  // Keeps `message`. The caller pumps afterwards.
  void add(Outbound message, SteadyTime now);

  // Sends what can be sent, oldest first, and drops what has expired. `version` says which payload.
  void pump(transport::ProtocolVersion version, SteadyTime now);

  OutboxCounts counts() const;
  bool empty() const;

 private:
  struct Entry {
    Outbound outbound;
    SteadyTime added_at;
    bool in_flight = false;
  };

  static std::size_t size_of(const Entry& entry);
  bool has_expired(const Entry& entry, SteadyTime now) const;
  // Drops what is too much; safe commands only if `safe_too`.
  void make_room_locked(bool safe_too);
  void expire_locked(SteadyTime now);
  // The next message to send, marked as in flight; nothing: none, or too many are in flight.
  std::optional<std::pair<std::uint64_t, transport::Message>> take_locked(
      transport::ProtocolVersion version, SteadyTime now);
  void finished(std::uint64_t sequence, transport::PublishResult result,
                transport::ProtocolVersion version);

  const OutboxLimits limits_;
  const Send send_;
  const Gate gate_;
  mutable std::mutex mutex_;  // never held while send_ runs
  // Guarded by mutex_.
  std::map<std::uint64_t, Entry> entries_;  // by order of add()
  std::uint64_t next_sequence_ = 1;
  std::size_t bytes_ = 0;
  std::size_t in_flight_ = 0;
  bool pumping_ = false;     // one thread sends at a time, so that order is kept
  bool pump_again_ = false;  // another thread wanted to meanwhile
  bool hold_ = false;        // the link was busy: no more in this pump
  OutboxCounts counts_;
};

}  // namespace agent
