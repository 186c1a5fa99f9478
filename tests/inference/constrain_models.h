#pragma once

// Models that answer with every kind of logits a broken or hostile one could give.
// Thread safety: unsafe.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "inference/constrain/generate.h"
#include "inference/constrain/vocabulary_trie.h"
#include "tests/support/random.h"

namespace constrain_test {

enum class LogitKind : std::uint8_t {
  Random,
  Constant,
  NotANumber,
  PlusInfinity,
  MinusInfinity,
  HighestId,     // always the highest id that is allowed
  LongestToken,  // always the longest token
  Mixed,         // random, some NaN, some infinite
  Short,         // fewer logits than tokens
  None,          // no logits at all
};
inline constexpr std::array kLogitKinds = {LogitKind::Random,        LogitKind::Constant,
                                           LogitKind::NotANumber,    LogitKind::PlusInfinity,
                                           LogitKind::MinusInfinity, LogitKind::HighestId,
                                           LogitKind::LongestToken,  LogitKind::Mixed,
                                           LogitKind::Short,         LogitKind::None};

// Splits `bytes` into the longest tokens from the left; bytes without a token are left out.
std::vector<inference::TokenId> longest_tokens(const std::vector<std::string>& tokens,
                                               std::string_view bytes);

// Logits of one kind; its tokenizer is right most of the time, and else returns nonsense.
class HostileModel : public inference::TokenModel {
 public:
  HostileModel(const inference::VocabularyTrie& vocabulary, LogitKind kind, std::uint64_t seed);

  std::span<const float> next_logits(std::span<const inference::TokenId> appended) override;
  std::vector<inference::TokenId> tokenize(std::string_view bytes) override;
  std::uint32_t steps_count() const { return steps_count_; }

 private:
  std::vector<std::string> tokens_;
  LogitKind kind_;
  test_support::Random random_;
  std::vector<float> logits_;
  std::uint32_t steps_count_ = 0;
};

}  // namespace constrain_test
