#include "tests/support/allocations.h"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace test_support {
namespace {

std::atomic<std::uint64_t> g_count{0};
std::atomic<std::uint64_t> g_bytes{0};
std::atomic<std::uint64_t> g_largest_bytes{0};

void count(std::size_t size) {
  g_count.fetch_add(1, std::memory_order_relaxed);
  g_bytes.fetch_add(size, std::memory_order_relaxed);
  std::uint64_t largest = g_largest_bytes.load(std::memory_order_relaxed);
  while (size > largest && !g_largest_bytes.compare_exchange_weak(largest, size)) {
  }
}

}  // namespace

Allocations allocations() { return {g_count.load(), g_bytes.load(), g_largest_bytes.load()}; }

void reset_allocations() {
  g_count = 0;
  g_bytes = 0;
  g_largest_bytes = 0;
}

}  // namespace test_support

// The array and nothrow forms of the standard library call these.
void* operator new(std::size_t size) {
  test_support::count(size);
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void* operator new(std::size_t size, std::align_val_t alignment) {
  test_support::count(size);
  void* memory = nullptr;
  if (posix_memalign(&memory, static_cast<std::size_t>(alignment), size == 0 ? 1 : size) != 0) {
    throw std::bad_alloc();
  }
  return memory;
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
