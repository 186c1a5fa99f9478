#pragma once

// One token sequence in front of the model: appends to it and serves as the TokenModel of
// constrained generation. Splits long runs into batches.
// Thread safety: unsafe; owned by the worker thread. Model, tokenizer and sequence outlive it.

#include <span>
#include <string_view>
#include <vector>

#include "inference/constrain/generate.h"
#include "inference/decide/candidate_tree.h"
#include "inference/kv/kv_sequence.h"
#include "inference/model/model.h"
#include "inference/text/tokenizer.h"

namespace inference {

class SequenceModel : public TokenModel {
 public:
  // Room a prompt must leave in the context for the answer.
  static constexpr std::uint32_t kAnswerTokensReserved = 64;
  static_assert(kAnswerTokensReserved >= CandidateTree::kDepthMax);

  SequenceModel(Model& model, const Tokenizer& tokenizer, KvSequence& sequence);

  // Evaluates and commits `tokens`. False on a read error or a full context.
  [[nodiscard]] bool append(std::span<const TokenId> tokens);

  // Starts a generation: `pending` is evaluated together with the first tokens of the answer.
  void begin(std::vector<TokenId> pending);

  // TokenModel. No logits after a failed read, which failed() tells, and when the context is full;
  // generation then ends on the schema's shortest path.
  std::span<const float> next_logits(std::span<const TokenId> appended) override;
  std::vector<TokenId> tokenize(std::string_view bytes) override;
  bool failed() const { return failed_; }
  std::uint32_t sweeps() const { return sweeps_; }

 private:
  // Runs `rows_`; counts the pass.
  bool run(std::uint32_t& sweeps);

  Model& model_;
  const Tokenizer& tokenizer_;
  KvSequence& sequence_;
  std::vector<BatchRow> rows_;
  std::vector<TokenId> pending_;
  std::vector<float> logits_;  // [vocabulary_count]
  std::uint32_t sweeps_ = 0;
  bool failed_ = false;
};

}  // namespace inference
