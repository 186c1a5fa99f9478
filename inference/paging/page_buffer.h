#pragma once

// Memory that begins at a page and is not touched before it is used, as O_DIRECT and large pinned
// sets want it. Owns its memory; moves, never copies.
// Thread safety: as a plain array.

#include <cstddef>
#include <memory>
#include <new>
#include <span>

#include "inference/paging/huge_pages.h"

namespace inference {

class PageBuffer {
 public:
  static constexpr std::size_t kAlignment = 4096;

  PageBuffer() = default;

  // Throws std::bad_alloc. `size_bytes` may be 0.
  explicit PageBuffer(std::size_t size_bytes) : size_bytes_(size_bytes) {
    if (size_bytes == 0) return;
    data_.reset(static_cast<std::byte*>(::operator new(size_bytes, std::align_val_t(kAlignment))));
    prefer_huge_pages(data_.get(), size_bytes);
  }

  std::byte* data() const { return data_.get(); }
  std::size_t size_bytes() const { return size_bytes_; }
  std::span<std::byte> bytes() const { return {data_.get(), size_bytes_}; }

 private:
  struct Free {
    void operator()(std::byte* data) const {
      ::operator delete(data, std::align_val_t(kAlignment));
    }
  };
  std::unique_ptr<std::byte, Free> data_;
  std::size_t size_bytes_ = 0;
};

}  // namespace inference
