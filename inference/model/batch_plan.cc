#include "inference/model/batch_plan.h"

#include <numeric>

#include "inference/check.h"

namespace inference {
namespace {

// A row of a tree: its parent comes before it and continues the same sequence.
void check_row(std::span<const BatchRow> rows, std::size_t index, const Config& config) {
  const BatchRow& row = rows[index];
  PICOLM_CHECK(row.token < config.vocabulary_count);
  PICOLM_CHECK(row.parent >= -1);
  PICOLM_CHECK(row.parent < static_cast<std::int32_t>(index));
  if (row.parent >= 0) {
    PICOLM_CHECK(rows[static_cast<std::size_t>(row.parent)].sequence == row.sequence);
  }
  if (row.sequence != nullptr) {
    PICOLM_CHECK(row.sequence->layer_count() == config.layer_count);
    PICOLM_CHECK(row.sequence->kv_width() == config.kv_width());
  }
  if (row.logits != BatchRow::Logits::None) {
    PICOLM_CHECK(row.out != nullptr);
  }
  if (row.logits == BatchRow::Logits::Some) {
    for (const TokenId token : row.wanted) PICOLM_CHECK(token < config.vocabulary_count);
  }
}

// Committed rows of a sequence form one chain: each continues the one committed before it.
void check_commit_chain(std::span<const BatchRow> rows, std::size_t index) {
  const BatchRow& row = rows[index];
  if (!row.commit) return;
  PICOLM_CHECK(row.sequence != nullptr);
  std::int32_t last = -1;
  for (std::size_t i = index; i > 0 && last < 0; --i) {
    const BatchRow& earlier = rows[i - 1];
    if (earlier.commit && earlier.sequence == row.sequence) last = static_cast<std::int32_t>(i - 1);
  }
  PICOLM_CHECK(row.parent == last);
}

}  // namespace

BatchPlan::BatchPlan(std::uint32_t rows_max)
    : rows_(rows_max), all_rows_(rows_max), logit_rows_(rows_max) {
  std::iota(all_rows_.data(), all_rows_.data() + rows_max, 0u);
}

bool BatchPlan::fill(std::span<const BatchRow> rows, const Config& config,
                     std::uint32_t context_tokens) {
  PICOLM_CHECK(!rows.empty());
  PICOLM_CHECK(rows.size() <= rows_.size());
  row_count_ = static_cast<std::uint32_t>(rows.size());
  bool fits = true;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const BatchRow& row = rows[i];
    check_row(rows, i, config);
    check_commit_chain(rows, i);
    PlannedRow& planned = rows_[i];
    planned.past = row.sequence == nullptr ? 0 : row.sequence->length();
    planned.depth = row.parent < 0 ? 0 : rows_[static_cast<std::size_t>(row.parent)].depth + 1;
    planned.parent = row.parent;
    planned.sequence = row.sequence;
    planned.commit = row.commit;
    fits = fits && planned.position() < context_tokens;
    fits = fits && (!row.commit || planned.position() < row.sequence->capacity());
  }
  list_logit_rows(rows);
  return fits;
}

void BatchPlan::list_logit_rows(std::span<const BatchRow> rows) {
  logit_count_ = 0;
  for (const BatchRow::Logits kind : {BatchRow::Logits::All, BatchRow::Logits::Some}) {
    for (std::uint32_t i = 0; i < rows.size(); ++i) {
      if (rows[i].logits == kind) logit_rows_[logit_count_++] = i;
    }
    if (kind == BatchRow::Logits::All) all_logits_count_ = logit_count_;
  }
}

void BatchPlan::commit() const {
  for (const PlannedRow& row : rows()) {
    if (row.commit) row.sequence->commit(1);
  }
}

}  // namespace inference
