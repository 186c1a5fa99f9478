#pragma once

// Counts what goes through operator new, for tests that promise small or no allocations. Linking
// this library (`test_allocations`) replaces operator new in the whole program.
// Thread safety: safe; counters are shared by all threads.

#include <cstdint>

namespace test_support {

struct Allocations {
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;          // sum of all requests, freed or not
  std::uint64_t largest_bytes = 0;  // of one request
};

// Since the start of the program, or the last reset.
Allocations allocations();
void reset_allocations();

}  // namespace test_support
