#pragma once

// How much memory this process may use, and how a model is fitted into it: what is pinned, what
// streams. The bound holds for the whole process, so everything that is not weights comes first.
// Thread safety: free functions without state; plain data.

#include <cstdint>
#include <optional>
#include <span>

#include "inference/paging/block_map.h"

namespace inference {

// The smaller of the memory cgroup's limit and the available memory, less 16 MiB for what is not
// ours; at least 16 MiB.
std::uint64_t default_memory_bytes();

// The most bytes this process ever had resident, and those it has now; 0 if the system does not
// tell.
std::uint64_t peak_resident_bytes();
std::uint64_t resident_bytes();

// What comes after planning and has no number of its own: thread stacks, the vocabulary's trie,
// messages, page tables, the slack of the allocator.
inline constexpr std::uint64_t kMemoryReserveBytes = 12u << 20;

// What is taken whatever becomes of the matrices.
struct FixedMemory {
  std::uint64_t resident_bytes = 0;  // taken already: code, libraries, vocabulary
  std::uint64_t reserve_bytes = kMemoryReserveBytes;
  std::uint64_t vector_bytes = 0;      // norms and other weights that are always in memory
  std::uint64_t activation_bytes = 0;  // buffers of a forward pass
  std::uint64_t sequence_bytes = 0;    // keys and values of the working context
  std::uint64_t kept_bytes = 0;        // what the caller keeps besides: prefixes of routes
  std::uint64_t sum() const {
    return resident_bytes + reserve_bytes + vector_bytes + activation_bytes + sequence_bytes +
           kept_bytes;
  }
};

struct MemoryRequest {
  std::uint64_t limit_bytes = 0;  // of the whole process; 0: none
  FixedMemory fixed;
  std::span<const RegionRequest> regions;
  std::uint64_t slot_bytes = 0;  // of the ring; 0: chosen
  std::uint32_t slot_count = 0;  // at least 2; 0: chosen
};

struct MemoryPlan {
  std::uint64_t limit_bytes = 0;
  FixedMemory fixed;
  std::uint64_t sweep_bytes = 0;   // the layers, which a sweep passes through
  std::uint64_t weight_bytes = 0;  // all matrices, as they would be in memory
  std::uint32_t slot_count = 0;    // 0: everything is in memory
  std::uint64_t ring_bytes = 0;    // slots, and a scratch buffer
  std::uint64_t total_bytes = 0;   // what the process will have at most
  std::uint64_t least_bytes = 0;   // the smallest limit that works
  std::optional<BlockMap> map;     // if paged

  bool fits() const { return limit_bytes == 0 || total_bytes <= limit_bytes; }
  bool paged() const { return map.has_value(); }
  std::uint64_t pinned_bytes() const { return map ? map->pinned_bytes() : weight_bytes; }
  std::uint64_t streamed_bytes() const { return map ? map->streamed_bytes() : 0; }  // a sweep
};

// Everything in memory if that fits, else paged. If not even that fits, the plan says what would.
MemoryPlan plan_memory(const MemoryRequest& request);

}  // namespace inference
