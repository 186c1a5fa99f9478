#include "inference/kv/kv_sequence.h"

#include <algorithm>

#include "inference/check.h"

namespace inference {

KvSequence::KvSequence(std::uint32_t layer_count, std::uint32_t kv_width, std::uint32_t capacity)
    : layer_count_(layer_count), kv_width_(kv_width), capacity_(capacity) {
  PICOLM_CHECK(layer_count > 0);
  PICOLM_CHECK(kv_width > 0);
  PICOLM_CHECK(capacity > 0);
  const std::size_t count = std::size_t{layer_count} * capacity * kv_width;
  keys_.resize(count);
  values_.resize(count);
}

std::size_t KvSequence::size_bytes() const {
  return (keys_.size() + values_.size()) * sizeof(Half);
}

void KvSequence::truncate(std::uint32_t length) {
  PICOLM_CHECK(length <= length_);
  length_ = length;
}

std::size_t KvSequence::offset(std::uint32_t layer, std::uint32_t token) const {
  PICOLM_DCHECK(layer < layer_count_);
  PICOLM_DCHECK(token < capacity_);
  return (std::size_t{layer} * capacity_ + token) * kv_width_;
}

Half* KvSequence::key(std::uint32_t layer, std::uint32_t token) {
  return keys_.data() + offset(layer, token);
}

Half* KvSequence::value(std::uint32_t layer, std::uint32_t token) {
  return values_.data() + offset(layer, token);
}

const Half* KvSequence::key(std::uint32_t layer, std::uint32_t token) const {
  return keys_.data() + offset(layer, token);
}

const Half* KvSequence::value(std::uint32_t layer, std::uint32_t token) const {
  return values_.data() + offset(layer, token);
}

void KvSequence::copy_from(const KvSequence& other) {
  PICOLM_CHECK(other.layer_count_ == layer_count_ && other.kv_width_ == kv_width_);
  PICOLM_CHECK(other.length_ <= capacity_);
  const std::size_t count = std::size_t{other.length_} * kv_width_;
  for (std::uint32_t layer = 0; layer < layer_count_; ++layer) {
    const std::size_t from = std::size_t{layer} * other.capacity_ * kv_width_;
    const std::size_t to = std::size_t{layer} * capacity_ * kv_width_;
    std::copy_n(other.keys_.data() + from, count, keys_.data() + to);
    std::copy_n(other.values_.data() + from, count, values_.data() + to);
  }
  length_ = other.length_;
}

void KvSequence::commit(std::uint32_t count) {
  PICOLM_CHECK(count <= capacity_ - length_);
  length_ += count;
}

}  // namespace inference
