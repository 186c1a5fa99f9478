#pragma once

// A set of token ids, one bit each.
// Thread safety: plain value.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "inference/text/token.h"

namespace inference {

class TokenMask {
 public:
  TokenMask() = default;
  explicit TokenMask(std::uint32_t vocabulary_count)
      : words_((std::size_t{vocabulary_count} + 63) / 64) {}

  void clear() { std::fill(words_.begin(), words_.end(), 0); }
  void set(TokenId id) { words_[id >> 6] |= std::uint64_t{1} << (id & 63); }
  void reset(TokenId id) { words_[id >> 6] &= ~(std::uint64_t{1} << (id & 63)); }

  // Ids beyond the vocabulary are not members.
  bool test(TokenId id) const {
    return (id >> 6) < words_.size() && ((words_[id >> 6] >> (id & 63)) & 1) != 0;
  }

  std::uint32_t count() const {
    std::uint32_t total = 0;
    for (const std::uint64_t word : words_)
      total += static_cast<std::uint32_t>(std::popcount(word));
    return total;
  }
  bool empty() const {
    return std::all_of(words_.begin(), words_.end(), [](std::uint64_t word) { return word == 0; });
  }

  // Calls visit(id) for every member, ascending.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (std::size_t index = 0; index < words_.size(); ++index) {
      for (std::uint64_t word = words_[index]; word != 0; word &= word - 1) {
        visit(static_cast<TokenId>(index * 64 + static_cast<std::size_t>(std::countr_zero(word))));
      }
    }
  }

  // Takes the members of `other`, without allocating if both are for one vocabulary.
  void assign(const TokenMask& other) { words_.assign(other.words_.begin(), other.words_.end()); }

  // Adds the members of `other`. REQUIRES: both are for one vocabulary.
  void unite(const TokenMask& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
  }

  bool operator==(const TokenMask&) const = default;

 private:
  std::vector<std::uint64_t> words_;  // [ceil(vocabulary / 64)]
};

}  // namespace inference
