#pragma once

// CHECK stops the process when one of our own invariants is broken, in every build; DCHECK only
// in debug builds, for hot loops. Neither may be reachable from network or file input.
// Thread safety: macros and free functions without state.

#include <cstdio>
#include <cstdlib>

namespace inference::internal {

[[noreturn]] inline void check_failed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace inference::internal

#define PICOLM_CHECK(condition) \
  ((condition) ? void(0) : ::inference::internal::check_failed(__FILE__, __LINE__, #condition))

#ifdef NDEBUG
#define PICOLM_DCHECK(condition) void(0)
#else
#define PICOLM_DCHECK(condition) PICOLM_CHECK(condition)
#endif
