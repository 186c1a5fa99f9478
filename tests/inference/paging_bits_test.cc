// A paged model computes the bits of the one in memory, however small the blocks, however few the
// slots, whatever is pinned.

#include <gtest/gtest.h>

#include <cmath>

#include "tests/inference/paging_testing.h"
#include "tests/support/allocations.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace test_support {
namespace {

const std::vector<TokenId> kText = {5, 17, 3, 99, 42, 8, 5, 200, 61, 7, 31};

TEST(PagingBits, AreThoseOfMemoryForEveryType) {
  const TempDir folder;
  for (const QuantType type : kAllTypes) {
    SCOPED_TRACE(inference::geometry(type).name);
    const std::string path = write_tiny_model(tiny_options(type), folder.file("tiny.gguf"));
    const std::vector<Logits> expected = LoadedModel(path).one_by_one(kText);
    for (const std::uint32_t threads : {1u, 3u}) {
      LoadedModel loaded(path, paged(path, {.threads = threads}));
      KvSequence sequence = loaded.sequence();
      EXPECT_EQ(loaded.append(sequence, kText, 4), expected) << threads << " threads";
    }
  }
}

TEST(PagingBits, AreThoseOfMemoryForAnyBudgetAndAnySlots) {
  const TempDir folder;
  TinyModelOptions model = tiny_options(QuantType::Q4_1);
  model.tied_output = true;
  const std::string path = write_tiny_model(model, folder.file("tiny.gguf"));
  const std::vector<Logits> expected = LoadedModel(path).one_by_one(kText);
  for (const std::uint64_t block_bytes : {1u, 700u, 5000u, 1u << 20}) {
    for (const std::uint32_t slots : {2u, 3u, 9u}) {
      for (const double share : {0.0, 0.02, 0.4, 0.9, 2.0}) {
        LoadedModel loaded(path, paged(path, {.block_bytes_max = block_bytes,
                                              .pinned_share = share,
                                              .reader = {.slot_count = slots}}));
        KvSequence sequence = loaded.sequence();
        EXPECT_EQ(loaded.append(sequence, kText, 6), expected)
            << "blocks of " << block_bytes << " bytes, " << slots << " slots, " << share;
      }
    }
  }
}

// Passes that end early, want some rows, all rows or branches, in random order.
TEST(PagingBits, AreThoseOfMemoryInAnyOrderOfPasses) {
  const TempDir folder;
  const std::string path = write_tiny_model(tiny_options(QuantType::Q8_0), folder.file("t.gguf"));
  LoadedModel in_memory(path);
  LoadedModel from_file(path, paged(path, {.reader = {.slot_count = 4}, .threads = 2}));
  KvSequence sequences[] = {in_memory.sequence(), from_file.sequence()};
  const std::size_t vocabulary = in_memory.config().vocabulary_count;
  Random random(7);
  for (int pass = 0; pass < 40; ++pass) {
    SCOPED_TRACE(pass);
    if (sequences[0].length() > 40) {
      for (KvSequence& sequence : sequences) sequence.truncate(3);
    }
    const std::size_t count = 1 + random.below(5);
    const std::uint64_t seed = random.next();
    const std::vector<TokenId> wanted = {9, static_cast<TokenId>(random.below(vocabulary))};
    std::vector<Logits> out[2];
    for (int side = 0; side < 2; ++side) {
      Random same(seed);
      out[side].assign(count, Logits(vocabulary));
      std::vector<BatchRow> rows;
      for (std::size_t i = 0; i < count; ++i) {
        rows.push_back({.token = static_cast<TokenId>(same.below(vocabulary)),
                        .parent = static_cast<std::int32_t>(same.below(i + 1)) - 1,
                        .sequence = &sequences[side],
                        .logits = static_cast<BatchRow::Logits>(same.below(3)),
                        .wanted = wanted,
                        .out = out[side][i].data()});
      }
      rows[0].commit = true;
      ASSERT_EQ((side == 0 ? in_memory : from_file).forward(rows), ForwardStatus::Done);
    }
    EXPECT_EQ(out[0], out[1]);
  }
}

TEST(PagingBits, SweepReadsWhatIsNotPinnedAndTheRowsItUses) {
  const TempDir folder;
  TinyModelOptions model = tiny_options(QuantType::Q8_0);
  model.embedding_length = 256;
  model.feed_forward_length = 1024;
  const std::string path = write_tiny_model(model, folder.file("tiny.gguf"));
  LoadedModel loaded(path, paged(path, {.block_bytes_max = 64 * 1024, .pinned_share = 0.3}));
  KvSequence sequence = loaded.sequence();
  const TokenId wanted[] = {7, 8, 9};
  float out[3];
  const BatchRow row{.token = 5,
                     .sequence = &sequence,
                     .logits = BatchRow::Logits::Some,
                     .wanted = wanted,
                     .out = out};
  std::uint64_t layers = 0;
  for (const auto& tensor : loaded.file().tensors()) {
    if (tensor.name.starts_with("blk.") && tensor.dims.size() == 2) layers += tensor.bytes;
  }
  ASSERT_EQ(loaded.forward({&row, 1}), ForwardStatus::Done);  // and what is read ahead of the next
  const std::uint64_t before = loaded.model().bytes_read();
  constexpr int kSweeps = 20;
  for (int i = 0; i < kSweeps; ++i) ASSERT_EQ(loaded.forward({&row, 1}), ForwardStatus::Done);
  const auto read = static_cast<double>(loaded.model().bytes_read() - before) / kSweeps;
  const auto pinned = 0.3 * static_cast<double>(loaded.file().size_bytes());
  const double streamed = static_cast<double>(layers) - pinned;
  const double blocks = std::ceil(streamed / (32 * 1024));  // at least half full each
  EXPECT_GT(read, 0.9 * streamed);
  EXPECT_LT(read, streamed + 64 * 1024 + (blocks + 4) * 2 * Storage::kAlignment);
}

TEST(PagingBits, SweepsAllocateNothing) {
  const TempDir folder;
  const std::string path = write_tiny_model(tiny_options(QuantType::Q4_K), folder.file("t.gguf"));
  LoadedModel loaded(path, paged(path, {.threads = 2}));
  KvSequence sequence = loaded.sequence();
  Logits logits(loaded.config().vocabulary_count);
  const BatchRow row{.token = 5,
                     .sequence = &sequence,
                     .commit = true,
                     .logits = BatchRow::Logits::All,
                     .out = logits.data()};
  ASSERT_EQ(loaded.forward({&row, 1}), ForwardStatus::Done);
  reset_allocations();
  const ForwardStatus status = loaded.forward({&row, 1});
  const std::uint64_t count = allocations().count;
  EXPECT_EQ(status, ForwardStatus::Done);
  EXPECT_EQ(count, 0u);
}

}  // namespace
}  // namespace test_support
