#pragma once

// The passes that picolm bench measures: tokens without meaning through a real model.
// Thread safety: one benchmark at a time.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "inference/kv/kv_sequence.h"
#include "inference/model/loaded_model.h"

namespace picolm {

inline constexpr std::size_t kPrefillTokens = 64;

// Decisions that share a pass. Each brings `fresh` tokens of its own prompt behind a prefix that is
// there already, and `nodes` tokens of its candidates.
struct DecisionShape {
  std::uint32_t prefix = 64;
  std::uint32_t fresh = 15;
  std::uint32_t nodes = 20;
  std::uint32_t batch = 1;

  std::uint32_t rows() const { return batch * (fresh + nodes); }
};

class BenchWork {
 public:
  BenchWork(inference::LoadedModel& loaded, const DecisionShape& shape);

  // All of these throw std::runtime_error if the weights cannot be read.
  void prefill();                        // kPrefillTokens tokens, one pass, logits of the last
  void decode(std::size_t token_count);  // behind those, a pass each with all logits
  void decide();                         // one pass for the whole batch
  void sweep();                          // one token, two logits: as little arithmetic as can be
  std::string output_hash();             // of the same work whatever else was measured

 private:
  inference::TokenId token(std::size_t number) const;
  void forward(std::span<const inference::BatchRow> rows);
  void add_decision(std::size_t number);

  inference::LoadedModel& loaded_;
  const DecisionShape shape_;
  inference::KvSequence sequence_;  // of prefill and decode
  inference::KvSequence prefix_;    // of the decisions
  std::vector<inference::BatchRow> rows_;
  std::vector<float> logits_;
  std::vector<float> few_logits_;  // [rows, kWanted]
};

}  // namespace picolm
