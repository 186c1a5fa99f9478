#include "inference/kv/prefix_cache.h"

#include <algorithm>
#include <utility>

#include "inference/check.h"

namespace inference {

Prefix::~Prefix() {
  home_->drop(*this);
  std::erase(home_->known_, this);
}

PrefixCache::PrefixCache(std::uint32_t layer_count, std::uint32_t kv_width, std::uint64_t bytes_max,
                         PrefixStore store, Evaluate evaluate)
    : layer_count_(layer_count),
      kv_width_(kv_width),
      bytes_max_(bytes_max),
      store_(std::move(store)),
      evaluate_(std::move(evaluate)) {}

std::unique_ptr<Prefix> PrefixCache::add(std::span<const TokenId> tokens) {
  auto prefix = std::unique_ptr<Prefix>(new Prefix(this, tokens));
  known_.push_back(prefix.get());
  return prefix;
}

std::uint64_t PrefixCache::bytes_of(std::size_t token_count) const {
  return 2 * sizeof(Half) * std::uint64_t{layer_count_} * kv_width_ *
         std::max<std::uint64_t>(1, token_count);
}

void PrefixCache::drop(Prefix& prefix) {
  if (!prefix.sequence_) return;
  bytes_ -= bytes_of(prefix.length());
  prefix.sequence_.reset();
}

bool PrefixCache::make_room(std::uint64_t bytes) {
  if (bytes_max_ == 0) return true;
  while (bytes_ + bytes > bytes_max_) {
    Prefix* oldest = nullptr;
    for (Prefix* prefix : known_) {
      if (!prefix->sequence_ || prefix->held_) continue;
      if (oldest == nullptr || prefix->used_ < oldest->used_) oldest = prefix;
    }
    if (oldest == nullptr) return false;
    drop(*oldest);
  }
  return true;
}

std::unique_ptr<KvSequence> PrefixCache::bring(std::span<const TokenId> tokens) {
  auto sequence = std::make_unique<KvSequence>(
      layer_count_, kv_width_, static_cast<std::uint32_t>(std::max<std::size_t>(1, tokens.size())));
  if (tokens.empty() || store_.load(tokens, sequence.get())) return sequence;
  if (!evaluate_(tokens, sequence.get())) return nullptr;
  store_.save(tokens, *sequence);
  return sequence;
}

PrefixCache::Hold PrefixCache::hold(Prefix& prefix) {
  PICOLM_CHECK(prefix.home_ == this);
  if (!prefix.sequence_) {
    const std::uint64_t bytes = bytes_of(prefix.length());
    if (!make_room(bytes)) return {Status::NoRoom, nullptr};
    prefix.sequence_ = bring(prefix.tokens_);
    if (!prefix.sequence_) return {Status::ReadFailed, nullptr};
    bytes_ += bytes;
  }
  prefix.used_ = ++clock_;
  prefix.held_ = true;
  return {Status::Held, prefix.sequence_.get()};
}

void PrefixCache::release() {
  for (Prefix* prefix : known_) prefix->held_ = false;
}

}  // namespace inference
