#pragma once

// One output under way: which tokens may come next, and what has to come.
// The output never outgrows its budget of bytes: a token is allowed only if the shortest
// completion after it still fits.
// Misuse (a token that is not allowed, a budget no document fits) puts the matcher into a lasting
// error state, in which nothing is allowed; it never crashes.
// Thread safety: unsafe; owned by one sequence. Allocates at construction only, except for the
// strings it appends to.

#include <cstdint>
#include <string>
#include <string_view>

#include "inference/constrain/automaton.h"
#include "inference/constrain/mask_walk.h"
#include "inference/constrain/token_mask.h"
#include "inference/constrain/vocabulary_trie.h"

namespace inference {

enum class MatchError : std::uint8_t { None, BudgetTooSmall, TokenNotAllowed, BytesNotAllowed };
std::string_view name(MatchError error);  // "budget_too_small", ...

class Matcher {
 public:
  // All must outlive the matcher. `masks` may be null: then nothing is kept from mask to mask.
  Matcher(const CompiledSchema& schema, const VocabularyTrie& vocabulary,
          std::uint64_t bytes_max = kBytesUnlimited, TextMasks* masks = nullptr);
  Matcher(const Matcher&) = delete;
  Matcher& operator=(const Matcher&) = delete;

  // Begins a new document.
  void reset(std::uint64_t bytes_max);

  // The tokens that may come next; empty if the document is complete and cannot go on, if no token
  // of the vocabulary fits, or after an error. Valid until the next call that is not const.
  const TokenMask& mask();

  // Takes all bytes of a token, or of `bytes`; false and the error state if they are not allowed.
  bool accept(TokenId id);
  bool accept_bytes(std::string_view bytes);

  // Whether the bytes so far are a whole document, and whether they can only be that.
  bool can_end() const;
  bool finished() const;

  MatchError error() const { return error_; }
  std::uint64_t bytes_left() const { return bytes_left_; }

  // Appends what must come, or the shortest that can; accepts nothing.
  void append_forced(std::string* out) const;
  void append_shortest(std::string* out) const;

  // Whether after `bytes`, which may come next, text may come that one token spells together with
  // the end of `bytes` from `suffix_begin` on: then a cut behind `bytes` is no safe token boundary.
  bool may_merge(std::string_view bytes, std::size_t suffix_begin) const;

 private:
  bool take(std::string_view bytes, MatchError error);

  const CompiledSchema& schema_;
  const VocabularyTrie& vocabulary_;
  mutable MaskWalk walk_;  // scratch
  State state_;
  mutable State scratch_;
  std::uint64_t bytes_left_ = kBytesUnlimited;
  MatchError error_ = MatchError::None;
  TokenMask mask_;
  bool mask_is_fresh_ = false;
};

}  // namespace inference
