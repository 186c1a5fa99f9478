#pragma once

// A loop over [0, count) spread over the pool's threads. Every index is computed by exactly one
// thread and on its own, so results do not depend on how the range was cut.
// Thread safety: one loop at a time on a pool; the body runs on several threads at once.

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "inference/model/thread_pool.h"

namespace inference {

// Calls body(begin, end, worker) on disjoint ranges that cover [0, count), each at most `grain`
// long; `worker` in [0, thread_count) is one that no other running call has (for scratch memory).
// Threads take the next range when they are done with one. REQUIRES: grain > 0.
template <typename Body>
void parallel_for(ThreadPool& pool, std::uint32_t count, std::uint32_t grain, const Body& body) {
  const std::uint32_t range_count = count / grain + (count % grain != 0 ? 1 : 0);
  std::atomic<std::uint32_t> next{0};
  pool.run(std::min(range_count, pool.thread_count()), [&](std::uint32_t worker, std::uint32_t) {
    while (true) {
      const std::uint32_t range = next.fetch_add(1, std::memory_order_relaxed);
      if (range >= range_count) return;
      const std::uint32_t begin = range * grain;
      body(begin, std::min(begin + grain, count), worker);
    }
  });
}

}  // namespace inference
