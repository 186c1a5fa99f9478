#pragma once

// What a batch means: where each row stands in its sequence, what it sees, what is kept of it.
// Thread safety: unsafe; filled by the thread that runs forward(), then read by all.

#include <cstdint>
#include <span>

#include "inference/model/config.h"
#include "inference/model/model.h"
#include "inference/paging/aligned_array.h"

namespace inference {

struct PlannedRow {
  std::uint32_t past;   // committed tokens of its sequence, all of which it sees
  std::uint32_t depth;  // ancestors in the batch, all of which it sees
  std::int32_t parent;
  KvSequence* sequence;
  bool commit;
  std::uint32_t position() const { return past + depth; }
};

class BatchPlan {
 public:
  BatchPlan() = default;
  explicit BatchPlan(std::uint32_t rows_max);

  // Checks `rows` against the rules of Model::forward (breaking them is a bug of the caller) and
  // works out the plan. False if a row would stand beyond `context_tokens` or a committed row does
  // not fit its sequence.
  [[nodiscard]] bool fill(std::span<const BatchRow> rows, const Config& config,
                          std::uint32_t context_tokens);

  std::uint32_t rows_max() const { return static_cast<std::uint32_t>(rows_.size()); }
  std::span<const PlannedRow> rows() const { return {rows_.data(), row_count_}; }

  // 0, 1, 2, … one for each row.
  std::span<const std::uint32_t> all_rows() const { return {all_rows_.data(), row_count_}; }

  // The rows that want logits: first those that want all, then those that want some.
  std::span<const std::uint32_t> logit_rows() const { return {logit_rows_.data(), logit_count_}; }
  std::uint32_t all_logits_count() const { return all_logits_count_; }

  // Makes the committed rows part of their sequences.
  void commit() const;

 private:
  void list_logit_rows(std::span<const BatchRow> rows);

  AlignedArray<PlannedRow> rows_;           // [rows_max]
  AlignedArray<std::uint32_t> all_rows_;    // [rows_max]
  AlignedArray<std::uint32_t> logit_rows_;  // [rows_max]
  std::uint32_t row_count_ = 0;
  std::uint32_t logit_count_ = 0;
  std::uint32_t all_logits_count_ = 0;
};

}  // namespace inference
