#pragma once

// The books: every input is received once and ends in exactly one outcome, so that
//   received = sum of outcomes + pending
// holds at every moment, under one lock.
// Thread safety: safe.

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "agent/outcome.h"

namespace agent {

struct LatencySummary {
  std::uint64_t count = 0;  // since start
  double p50 = 0;           // of the latest 1024
  double p99 = 0;
  double max = 0;
};

struct LedgerSnapshot {
  std::uint64_t received = 0;
  std::uint64_t pending = 0;
  std::array<std::uint64_t, kOutcomeCount> outcomes{};
  std::map<std::string, std::uint64_t, std::less<>> reasons;
  LatencySummary latency_ms;  // from receipt to the decision, of those decided or abstained

  std::uint64_t outcome(Outcome which) const { return outcomes[static_cast<std::size_t>(which)]; }
  std::uint64_t finished() const;
};

class Ledger {
 public:
  // `count` inputs arrived.
  void receive(std::uint64_t count);

  // One input ended. `why` is empty or a code of fixed text. Returns how often this code has
  // been counted, 0 for an empty one.
  // REQUIRES: an input is pending.
  std::uint64_t finish(Outcome outcome, std::string_view why);

  void add_latency(double ms);

  LedgerSnapshot snapshot() const;

 private:
  static constexpr std::size_t kLatencySamples = 1024;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  LedgerSnapshot counts_;
  std::vector<double> latencies_;  // ring of the latest
};

}  // namespace agent
