#pragma once

// The prefixes of open routes in memory, within a budget. One that has to go comes back from the
// store on disk, or is evaluated again: slower, the same bits.
// Thread safety: unsafe; owned by the worker thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "inference/kv/kv_sequence.h"
#include "inference/kv/prefix_store.h"
#include "inference/text/token.h"

namespace inference {

class PrefixCache;

// One route's prefix; known to its cache until it goes. The cache must outlive it.
class Prefix {
 public:
  ~Prefix();
  Prefix(const Prefix&) = delete;
  Prefix& operator=(const Prefix&) = delete;

  std::uint32_t length() const { return static_cast<std::uint32_t>(tokens_.size()); }

 private:
  friend class PrefixCache;
  Prefix(PrefixCache* home, std::span<const TokenId> tokens)
      : home_(home), tokens_(tokens.begin(), tokens.end()) {}

  PrefixCache* const home_;
  const std::vector<TokenId> tokens_;
  std::unique_ptr<KvSequence> sequence_;  // empty: not in memory
  std::uint64_t used_ = 0;                // of the cache's clock
  bool held_ = false;
};

class PrefixCache {
 public:
  // Appends the tokens to the empty sequence; false if the weights could not be read.
  using Evaluate = std::function<bool(std::span<const TokenId>, KvSequence*)>;

  // `bytes_max`: of all sequences that are in memory; 0: no limit.
  PrefixCache(std::uint32_t layer_count, std::uint32_t kv_width, std::uint64_t bytes_max,
              PrefixStore store, Evaluate evaluate);

  std::unique_ptr<Prefix> add(std::span<const TokenId> tokens);

  // What a sequence of so many tokens takes; more than bytes_max can never be held.
  std::uint64_t bytes_of(std::size_t token_count) const;
  std::uint64_t bytes_max() const { return bytes_max_; }

  enum class Status : std::uint8_t { Held, NoRoom, ReadFailed };
  struct Hold {
    Status status = Status::Held;
    KvSequence* sequence = nullptr;  // stays until release(); null unless held
  };
  // Brings the prefix to memory, for which those go that are not held, least recently used first.
  // NoRoom: what is held leaves too little.
  Hold hold(Prefix& prefix);
  // All that is held.
  void release();

  std::uint64_t bytes_held() const { return bytes_; }  // in memory, held or not

 private:
  friend class Prefix;
  void drop(Prefix& prefix);
  bool make_room(std::uint64_t bytes);
  std::unique_ptr<KvSequence> bring(std::span<const TokenId> tokens);

  const std::uint32_t layer_count_;
  const std::uint32_t kv_width_;
  const std::uint64_t bytes_max_;
  const PrefixStore store_;
  const Evaluate evaluate_;
  std::vector<Prefix*> known_;  // not owned
  std::uint64_t bytes_ = 0;
  std::uint64_t clock_ = 0;
};

}  // namespace inference
