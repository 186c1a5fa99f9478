#include "inference/constrain/matcher.h"

namespace inference {

std::string_view name(MatchError error) {
  switch (error) {
    case MatchError::None:
      return "none";
    case MatchError::BudgetTooSmall:
      return "budget_too_small";
    case MatchError::TokenNotAllowed:
      return "token_not_allowed";
    case MatchError::BytesNotAllowed:
      return "bytes_not_allowed";
  }
  return "unknown";
}

Matcher::Matcher(const CompiledSchema& schema, const VocabularyTrie& vocabulary,
                 std::uint64_t bytes_max, TextMasks* masks)
    : schema_(schema),
      vocabulary_(vocabulary),
      walk_(schema, vocabulary, masks),
      mask_(vocabulary.vocabulary_count()) {
  constexpr std::size_t kFramesReserved = 2048;
  state_.reserve(kFramesReserved);
  scratch_.reserve(kFramesReserved);
  reset(bytes_max);
}

void Matcher::reset(std::uint64_t bytes_max) {
  schema_.begin(&state_);
  bytes_left_ = bytes_max;
  mask_is_fresh_ = false;
  error_ =
      schema_.shortest_bytes(state_) <= bytes_max ? MatchError::None : MatchError::BudgetTooSmall;
}

const TokenMask& Matcher::mask() {
  if (mask_is_fresh_) return mask_;
  mask_is_fresh_ = true;
  if (error_ != MatchError::None) {
    mask_.clear();
  } else {
    walk_.fill(&state_, bytes_left_, &mask_);
  }
  return mask_;
}

bool Matcher::take(std::string_view bytes, MatchError error) {
  if (error_ != MatchError::None) return false;
  if (bytes.empty() && error == MatchError::BytesNotAllowed) return true;
  State& next = scratch_;
  next = state_;
  bool fits = !bytes.empty();
  for (std::size_t i = 0; i < bytes.size() && fits; ++i) {
    fits = schema_.advance(&next, static_cast<std::uint8_t>(bytes[i]));
  }
  if (fits && bytes_left_ != kBytesUnlimited) {
    fits =
        bytes.size() <= bytes_left_ && schema_.shortest_bytes(next) <= bytes_left_ - bytes.size();
  }
  mask_is_fresh_ = false;
  if (!fits) {
    error_ = error;
    return false;
  }
  state_ = next;
  if (bytes_left_ != kBytesUnlimited) bytes_left_ -= bytes.size();
  return true;
}

bool Matcher::accept(TokenId id) {
  const bool known = id < vocabulary_.vocabulary_count();
  return take(known ? vocabulary_.bytes(id) : std::string_view(), MatchError::TokenNotAllowed);
}

bool Matcher::accept_bytes(std::string_view bytes) {
  return take(bytes, MatchError::BytesNotAllowed);
}

bool Matcher::can_end() const { return error_ == MatchError::None && schema_.is_accepting(state_); }

bool Matcher::finished() const {
  if (!can_end()) return false;
  scratch_ = state_;
  return bytes_left_ == 0 || schema_.try_bytes(&scratch_).empty();
}

void Matcher::append_forced(std::string* out) const {
  if (error_ != MatchError::None) return;
  scratch_ = state_;
  schema_.append_forced(&scratch_, out);
}

void Matcher::append_shortest(std::string* out) const {
  if (error_ == MatchError::None) schema_.append_shortest(state_, out);
}

bool Matcher::may_merge(std::string_view bytes, std::size_t suffix_begin) const {
  if (error_ != MatchError::None) return false;
  scratch_ = state_;
  for (const char c : bytes) {
    if (!schema_.advance(&scratch_, static_cast<std::uint8_t>(c))) return false;
  }
  const std::uint64_t left =
      bytes_left_ == kBytesUnlimited ? bytes_left_ : bytes_left_ - bytes.size();
  return walk_.has_longer_token(bytes.substr(suffix_begin), &scratch_, left);
}

}  // namespace inference
