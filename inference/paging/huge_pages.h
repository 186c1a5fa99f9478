#pragma once

// Thread safety: free function without state.

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

namespace inference {

// Asks for huge pages inside [memory, memory + size_bytes): a sweep through a model otherwise waits
// for the page tables more than for the weights. It costs no memory, since only whole huge pages
// that lie inside are meant. Call it before the memory is touched.
inline void prefer_huge_pages(void* memory, std::size_t size_bytes) {
#ifdef MADV_HUGEPAGE
  constexpr std::uintptr_t kHugePage = 2u << 20;
  const auto begin = (reinterpret_cast<std::uintptr_t>(memory) + kHugePage - 1) & ~(kHugePage - 1);
  const auto end = (reinterpret_cast<std::uintptr_t>(memory) + size_bytes) & ~(kHugePage - 1);
  // Refused where the kernel has none: nothing is lost.
  // NOLINTNEXTLINE(performance-no-int-to-ptr): rounded up to a huge page
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
#else
  (void)memory, (void)size_bytes;
#endif
}

}  // namespace inference
