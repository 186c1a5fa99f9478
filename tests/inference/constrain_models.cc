#include "tests/inference/constrain_models.h"

#include <limits>

namespace constrain_test {

using inference::TokenId;

std::vector<TokenId> longest_tokens(const std::vector<std::string>& tokens,
                                    std::string_view bytes) {
  std::vector<TokenId> result;
  while (!bytes.empty()) {
    TokenId best = 0;
    std::size_t length = 0;
    for (TokenId id = 0; id < tokens.size(); ++id) {
      if (tokens[id].size() > length && bytes.starts_with(tokens[id])) {
        best = id;
        length = tokens[id].size();
      }
    }
    if (length > 0) result.push_back(best);
    bytes.remove_prefix(length > 0 ? length : 1);
  }
  return result;
}

HostileModel::HostileModel(const inference::VocabularyTrie& vocabulary, LogitKind kind,
                           std::uint64_t seed)
    : kind_(kind), random_(seed) {
  for (TokenId id = 0; id < vocabulary.vocabulary_count(); ++id) {
    tokens_.emplace_back(vocabulary.bytes(id));
  }
}

std::span<const float> HostileModel::next_logits(std::span<const TokenId>) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  ++steps_count_;
  logits_.assign(tokens_.size(), 0);
  if (kind_ == LogitKind::None) logits_.clear();
  if (kind_ == LogitKind::Short) logits_.resize(logits_.size() / 3);
  for (std::size_t id = 0; id < logits_.size(); ++id) {
    float& logit = logits_[id];
    switch (kind_) {
      case LogitKind::Random:
      case LogitKind::Short:
        logit = random_.uniform(-20, 20);
        break;
      case LogitKind::NotANumber:
        logit = kNan;
        break;
      case LogitKind::PlusInfinity:
        logit = kInfinity;
        break;
      case LogitKind::MinusInfinity:
        logit = -kInfinity;
        break;
      case LogitKind::HighestId:
        logit = static_cast<float>(id);
        break;
      case LogitKind::LongestToken:
        logit = static_cast<float>(tokens_[id].size());
        break;
      case LogitKind::Mixed: {
        const auto pick = random_.below(8);
        logit = pick == 0   ? kNan
                : pick == 1 ? kInfinity
                : pick == 2 ? -kInfinity
                            : random_.normal();
        break;
      }
      case LogitKind::Constant:
      case LogitKind::None:
        break;
    }
  }
  return logits_;
}

std::vector<TokenId> HostileModel::tokenize(std::string_view bytes) {
  std::vector<TokenId> result = longest_tokens(tokens_, bytes);
  switch (random_.below(6)) {
    case 0:
      result.clear();
      break;
    case 1:
      for (TokenId& id : result) id = static_cast<TokenId>(random_.below(tokens_.size() * 2));
      break;
    case 2:
      result.insert(result.begin(), static_cast<TokenId>(random_.below(tokens_.size())));
      break;
    default:
      break;
  }
  return result;
}

}  // namespace constrain_test
