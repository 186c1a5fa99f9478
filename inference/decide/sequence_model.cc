#include "inference/decide/sequence_model.h"

#include <algorithm>

#include "inference/check.h"

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

bool SequenceModel::forward_tree(std::span<const TokenId> fresh, std::span<const TreeNode> nodes,
                                 std::span<const TokenId> root_rivals,
                                 std::span<std::vector<float>> logits, std::uint32_t& sweeps) {
  PICOLM_CHECK(!fresh.empty() && logits.size() == nodes.size() + 1);
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    const auto parent = static_cast<std::int32_t>(rows_.size()) - 1;
    rows_.push_back({.token = fresh[i], .parent = parent, .sequence = &sequence_, .commit = true});
    const bool last = i + 1 == fresh.size();
    if (last && !root_rivals.empty()) {
      rows_.back().logits = BatchRow::Logits::Some;
      rows_.back().wanted = root_rivals;
      rows_.back().out = logits[0].data();
    }
    if (!last && rows_.size() == kBatchRowsMax && !run(sweeps)) return false;
  }
  // The first group of the tree shares the pass of the last fresh tokens if there is room.
  if (rows_.size() + nodes.size() > kBatchRowsMax && !run(sweeps)) return false;
  for (std::size_t next = 0; next < nodes.size();) {
    if (!run_tree_group(nodes, next, logits, sweeps)) return false;
  }
  return rows_.empty() || run(sweeps);
}

// Adds nodes from `next` on, each with the ancestors it needs, until the batch is full, and runs
// it. Ancestors of an earlier group are evaluated again; they give the same bits.
bool SequenceModel::run_tree_group(std::span<const TreeNode> nodes, std::size_t& next,
                                   std::span<std::vector<float>> logits, std::uint32_t& sweeps) {
  const auto prompt_end = static_cast<std::int32_t>(rows_.size()) - 1;
  row_of_node_.assign(nodes.size(), -1);
  std::vector<std::int32_t> path;
  for (; next < nodes.size(); ++next) {
    path.clear();
    for (auto n = static_cast<std::int32_t>(next);
         n >= 0 && row_of_node_[static_cast<std::size_t>(n)] < 0;
         n = nodes[static_cast<std::size_t>(n)].parent) {
      path.push_back(n);
    }
    if (rows_.size() + path.size() > kBatchRowsMax) break;
    for (auto it = path.rbegin(); it != path.rend(); ++it) {
      const auto n = static_cast<std::size_t>(*it);
      const TreeNode& node = nodes[n];
      BatchRow row{.token = node.token, .sequence = &sequence_};
      row.parent =
          node.parent < 0 ? prompt_end : row_of_node_[static_cast<std::size_t>(node.parent)];
      if (!node.rivals.empty()) {
        row.logits = BatchRow::Logits::Some;
        row.wanted = node.rivals;
        row.out = logits[n + 1].data();
      }
      row_of_node_[n] = static_cast<std::int32_t>(rows_.size());
      rows_.push_back(row);
    }
  }
  PICOLM_CHECK(!rows_.empty());  // no option is as long as a batch: its tokens are bounded by load
  return run(sweeps);
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
