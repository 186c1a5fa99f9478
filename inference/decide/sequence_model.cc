#include "inference/decide/sequence_model.h"

#include <algorithm>

namespace inference {
namespace {

constexpr std::size_t kBatchRowsMax = ModelOptions{}.batch_rows_max;

}  // namespace

SequenceModel::SequenceModel(Model& model, const Tokenizer& tokenizer, KvSequence& sequence)
    : model_(model), tokenizer_(tokenizer), sequence_(sequence) {
  rows_.reserve(kBatchRowsMax);
}

bool SequenceModel::run(std::uint32_t& sweeps) {
  ++sweeps;
  const bool done = model_.forward(rows_) == ForwardStatus::Done;
  rows_.clear();
  return done;
}

bool SequenceModel::append(std::span<const TokenId> tokens) {
  std::uint32_t sweeps = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto parent = static_cast<std::int32_t>(rows_.size()) - 1;
    rows_.push_back({.token = tokens[i], .parent = parent, .sequence = &sequence_, .commit = true});
    const bool last = i + 1 == tokens.size();
    if ((last || rows_.size() == kBatchRowsMax) && !run(sweeps)) return false;
  }
  return true;
}

void SequenceModel::begin(std::vector<TokenId> pending) {
  pending_ = std::move(pending);
  logits_.resize(model_.config().vocabulary_count);
  sweeps_ = 0;
  failed_ = false;
}

std::span<const float> SequenceModel::next_logits(std::span<const TokenId> appended) {
  pending_.insert(pending_.end(), appended.begin(), appended.end());
  if (failed_ || pending_.empty() || sequence_.length() + pending_.size() > sequence_.capacity()) {
    return {};
  }
  for (std::size_t i = 0; i < pending_.size() && !failed_; ++i) {
    const auto parent = static_cast<std::int32_t>(rows_.size()) - 1;
    rows_.push_back(
        {.token = pending_[i], .parent = parent, .sequence = &sequence_, .commit = true});
    const bool last = i + 1 == pending_.size();
    if (last) {
      rows_.back().logits = BatchRow::Logits::All;
      rows_.back().out = logits_.data();
    }
    if (last || rows_.size() == kBatchRowsMax) failed_ = !run(sweeps_);
  }
  pending_.clear();
  return failed_ ? std::span<const float>() : std::span<const float>(logits_);
}

std::vector<TokenId> SequenceModel::tokenize(std::string_view bytes) {
  return tokenizer_.encode_text(bytes, Tokenizer::Position::Continuation);
}

}  // namespace inference
