#pragma once

// Keys and values of one token sequence, all layers, half precision, allocated once.
// Thread safety: unsafe; owned by the thread that runs forward().

#include <cstddef>
#include <cstdint>
#include <vector>

#include "inference/kernels/kernels.h"

namespace inference {

class KvSequence {
 public:
  // Room for `capacity` tokens. REQUIRES: all arguments > 0.
  KvSequence(std::uint32_t layer_count, std::uint32_t kv_width, std::uint32_t capacity);

  std::uint32_t length() const { return length_; }  // committed tokens
  std::uint32_t capacity() const { return capacity_; }
  std::uint32_t layer_count() const { return layer_count_; }
  std::uint32_t kv_width() const { return kv_width_; }
  std::size_t size_bytes() const;

  // Forgets all tokens from `length` on. REQUIRES: length <= this->length().
  void truncate(std::uint32_t length);

  // The half vectors of one token in one layer, [kv_width] each. Tokens from length() on may be
  // written before they are committed. REQUIRES: layer < layer_count(), token < capacity().
  Half* key(std::uint32_t layer, std::uint32_t token);
  Half* value(std::uint32_t layer, std::uint32_t token);
  const Half* key(std::uint32_t layer, std::uint32_t token) const;
  const Half* value(std::uint32_t layer, std::uint32_t token) const;

  // Becomes the tokens of `other`. REQUIRES: the same layers and width; they fit.
  void copy_from(const KvSequence& other);

  // Makes the next `count` tokens part of the sequence. REQUIRES: they fit and were written.
  void commit(std::uint32_t count);

 private:
  std::size_t offset(std::uint32_t layer, std::uint32_t token) const;

  std::uint32_t layer_count_;
  std::uint32_t kv_width_;
  std::uint32_t capacity_;
  std::uint32_t length_ = 0;
  std::vector<Half> keys_;    // [layer_count, capacity, kv_width]
  std::vector<Half> values_;  // [layer_count, capacity, kv_width]
};

}  // namespace inference
