#include "agent/ledger.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "inference/check.h"

namespace agent {
namespace {

double quantile(const std::vector<double>& sorted, double q) {
  const auto last = static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<std::size_t>(std::lround(q * last))];
}

}  // namespace

std::uint64_t LedgerSnapshot::finished() const {
  return std::accumulate(outcomes.begin(), outcomes.end(), std::uint64_t{0});
}

void Ledger::receive(std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  counts_.received += count;
  counts_.pending += count;
}

std::uint64_t Ledger::finish(Outcome outcome, std::string_view why) {
  const std::lock_guard lock(mutex_);
  PICOLM_CHECK(counts_.pending > 0);
  --counts_.pending;
  ++counts_.outcomes[static_cast<std::size_t>(outcome)];
  if (why.empty()) return 0;
  const auto found = counts_.reasons.find(why);
  if (found != counts_.reasons.end()) return ++found->second;
  counts_.reasons.emplace(why, 1);
  return 1;
}

void Ledger::add_latency(double ms) {
  const std::lock_guard lock(mutex_);
  if (latencies_.size() < kLatencySamples) {
    latencies_.push_back(ms);
  } else {
    latencies_[counts_.latency_ms.count % kLatencySamples] = ms;
  }
  ++counts_.latency_ms.count;
}

LedgerSnapshot Ledger::snapshot() const {
  std::vector<double> sorted;
  LedgerSnapshot out;
  {
    const std::lock_guard lock(mutex_);
    out = counts_;
    sorted = latencies_;
  }
  if (!sorted.empty()) {
    std::sort(sorted.begin(), sorted.end());
    out.latency_ms.p50 = quantile(sorted, 0.5);
    out.latency_ms.p99 = quantile(sorted, 0.99);
    out.latency_ms.max = sorted.back();
  }
  return out;
}

}  // namespace agent
