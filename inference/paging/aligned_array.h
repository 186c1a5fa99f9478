#pragma once

// An array whose size is fixed at construction, aligned to a cache line, all zero bytes. Owns its
// memory; moves, never copies.
// Thread safety: as a plain array.

#include <cstddef>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <type_traits>

#include "inference/paging/huge_pages.h"

namespace inference {

template <typename T>
class AlignedArray {
  static_assert(std::is_trivial_v<T>);

 public:
  static constexpr std::size_t kAlignment = 64;

  AlignedArray() = default;

  // Throws std::bad_alloc. `size` may be 0.
  explicit AlignedArray(std::size_t size) : size_(size) {
    if (size == 0) return;
    if (size > std::numeric_limits<std::size_t>::max() / sizeof(T)) throw std::bad_alloc();
    void* memory = ::operator new(size * sizeof(T), std::align_val_t(kAlignment));
    prefer_huge_pages(memory, size * sizeof(T));
    std::memset(memory, 0, size * sizeof(T));
    data_.reset(static_cast<T*>(memory));
  }

  T* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  std::size_t size_bytes() const { return size_ * sizeof(T); }
  T& operator[](std::size_t index) const { return data_.get()[index]; }

 private:
  struct Free {
    void operator()(T* data) const { ::operator delete(data, std::align_val_t(kAlignment)); }
  };
  std::unique_ptr<T, Free> data_;
  std::size_t size_ = 0;
};

}  // namespace inference
