#pragma once

// How much memory this process may use.
// Thread safety: free functions without state.

#include <cstdint>

namespace inference {

// The smaller of the memory cgroup's limit and the available memory, less 16 MiB for what is not
// ours; at least 16 MiB.
std::uint64_t default_memory_bytes();

// The most bytes this process ever had resident; 0 if the system does not tell.
std::uint64_t peak_resident_bytes();

}  // namespace inference
