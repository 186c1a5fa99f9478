#include "inference/cli/bench_work.h"

#include <cstdio>
#include <stdexcept>

namespace picolm {
namespace {

constexpr std::size_t kDecodeTokensMax = 16;
constexpr std::size_t kHashedDecodeTokens = 2;
constexpr std::uint32_t kBranchNodes = 5;  // candidates are chains of about that many tokens
constexpr std::size_t kWanted = 4;         // options that compete at a node
constexpr inference::TokenId kWantedTokens[kWanted] = {3, 11, 19, 27};

}  // namespace

BenchWork::BenchWork(inference::LoadedModel& loaded, const DecisionShape& shape)
    : loaded_(loaded),
      shape_(shape),
      sequence_(loaded.model.config().layer_count, loaded.model.config().kv_width(),
                kPrefillTokens + kDecodeTokensMax),
      prefix_(loaded.model.config().layer_count, loaded.model.config().kv_width(), shape.prefix),
      logits_(loaded.model.config().vocabulary_count),
      few_logits_(shape.rows() * kWanted) {
  const std::uint32_t rows_max = loaded.model.batch_rows_max();
  if (shape.rows() > rows_max || shape.prefix > rows_max || logits_.size() <= kWantedTokens[3]) {
    throw std::runtime_error("bench: found " + std::to_string(shape.rows()) +
                             " rows, wanted at most " + std::to_string(rows_max));
  }
  for (std::uint32_t i = 0; i < shape.prefix; ++i) {
    rows_.push_back({.token = token(5000 + i),
                     .parent = static_cast<std::int32_t>(i) - 1,
                     .sequence = &prefix_,
                     .commit = true});
  }
  forward(rows_);
  rows_.clear();
  for (std::uint32_t i = 0; i < shape.batch; ++i) add_decision(i);
}

inference::TokenId BenchWork::token(std::size_t number) const {
  return static_cast<inference::TokenId>(number * 7919 % logits_.size());
}

void BenchWork::add_decision(std::size_t number) {
  const auto want = [&](inference::BatchRow& row) {
    row.logits = inference::BatchRow::Logits::Some;
    row.wanted = kWantedTokens;
    row.out = few_logits_.data() + (rows_.size() - 1) * kWanted;
  };
  for (std::uint32_t i = 0; i < shape_.fresh; ++i) {
    const auto parent = i == 0 ? -1 : static_cast<std::int32_t>(rows_.size()) - 1;
    rows_.push_back({.token = token(1000 * number + i), .parent = parent, .sequence = &prefix_});
  }
  want(rows_.back());
  const auto end_of_prompt = static_cast<std::int32_t>(rows_.size()) - 1;
  for (std::uint32_t i = 0; i < shape_.nodes; ++i) {
    const auto last = static_cast<std::int32_t>(rows_.size()) - 1;
    rows_.push_back({.token = token(1000 * number + 500 + i),
                     .parent = i % kBranchNodes == 0 ? end_of_prompt : last,
                     .sequence = &prefix_});
    want(rows_.back());
  }
}

void BenchWork::forward(std::span<const inference::BatchRow> rows) {
  if (loaded_.model.forward(rows) != inference::ForwardStatus::Done) {
    throw std::runtime_error("forward: the weights could not be read");
  }
}

void BenchWork::prefill() {
  sequence_.truncate(0);
  std::vector<inference::BatchRow> rows;
  for (std::size_t i = 0; i < kPrefillTokens; ++i) {
    rows.push_back({.token = token(1 + i),
                    .parent = static_cast<std::int32_t>(i) - 1,
                    .sequence = &sequence_,
                    .commit = true});
  }
  rows.back().logits = inference::BatchRow::Logits::All;
  rows.back().out = logits_.data();
  forward(rows);
}

void BenchWork::decode(std::size_t token_count) {
  sequence_.truncate(kPrefillTokens);
  for (std::size_t i = 0; i < token_count; ++i) {
    const inference::BatchRow row{.token = token(1000 + i),
                                  .sequence = &sequence_,
                                  .commit = true,
                                  .logits = inference::BatchRow::Logits::All,
                                  .out = logits_.data()};
    forward({&row, 1});
  }
}

void BenchWork::decide() { forward(rows_); }

void BenchWork::sweep() {
  const inference::BatchRow row{.token = token(3),
                                .logits = inference::BatchRow::Logits::Some,
                                .wanted = std::span(kWantedTokens).first(2),
                                .out = few_logits_.data()};
  forward({&row, 1});
}

std::string BenchWork::output_hash() {
  std::uint64_t hash = 0xCBF29CE484222325ull;  // FNV-1a
  const auto add = [&] {
    for (const float logit : logits_) {
      for (const std::byte byte : std::as_bytes(std::span(&logit, 1))) {
        hash = (hash ^ static_cast<std::uint8_t>(byte)) * 0x100000001B3ull;
      }
    }
  };
  prefill();
  add();
  for (std::size_t i = 1; i <= kHashedDecodeTokens; ++i) {
    decode(i);
    add();
  }
  char text[20];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

}  // namespace picolm
