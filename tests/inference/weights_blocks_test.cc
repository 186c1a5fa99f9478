// The forward pass over a source that hands out few rows at a time and can fail: what a paged
// source does.

#include <gtest/gtest.h>

#include "tests/inference/model_testing.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace test_support {
namespace {

using inference::RegionId;
using inference::RowBlock;
using inference::WeightSource;

struct BlockLog {
  std::uint32_t held = 0;
  std::uint32_t held_most = 0;
  std::uint32_t reads = 0;           // blocks and rows
  std::uint32_t fail_at_read = ~0u;  // counted from 0
};

// Cuts the blocks of another source, and fails when told to.
class CuttingSource : public WeightSource {
 public:
  CuttingSource(std::unique_ptr<WeightSource> whole, std::uint32_t rows_max, std::uint32_t held_max,
                BlockLog& log)
      : whole_(std::move(whole)), rows_max_(rows_max), held_max_(held_max), log_(log) {}

  RegionId add(const inference::gguf::Tensor& tensor, inference::RegionUse use) override {
    return whole_->add(tensor, use);
  }
  std::uint32_t blocks_held_max() const override { return held_max_; }
  std::optional<RowBlock> acquire(RegionId region, std::uint32_t row_begin) override {
    if (log_.reads++ == log_.fail_at_read) return std::nullopt;
    EXPECT_LT(log_.held, held_max_);
    log_.held_most = std::max(log_.held_most, ++log_.held);
    RowBlock block = *whole_->acquire(region, row_begin);
    block.row_end = std::min(block.row_end, row_begin + rows_max_);
    return block;
  }
  void release(RegionId region, const RowBlock& block) override {
    --log_.held;
    whole_->release(region, block);
  }
  bool read_row(RegionId region, std::uint32_t row, std::span<std::byte> out) override {
    return log_.reads++ != log_.fail_at_read && whole_->read_row(region, row, out);
  }
  std::uint64_t bytes_read() const override { return whole_->bytes_read(); }
  std::uint64_t bytes_held() const override { return whole_->bytes_held(); }

 private:
  std::unique_ptr<WeightSource> whole_;
  std::uint32_t rows_max_;
  std::uint32_t held_max_;
  BlockLog& log_;
};

LoadOptions cut(std::uint32_t rows_max, std::uint32_t held_max, BlockLog& log) {
  LoadOptions options;
  options.threads = 2;
  options.wrap = [=, &log](std::unique_ptr<WeightSource> whole) {
    return std::make_unique<CuttingSource>(std::move(whole), rows_max, held_max, log);
  };
  return options;
}

const std::vector<TokenId> kText = {5, 17, 3, 99};

TEST(WeightBlocks, CuttingRegionsChangesNoBit) {
  const TempDir folder;
  const std::string path = write_tiny_model(tiny_options(QuantType::Q4_0), folder.file("t.gguf"));
  const std::vector<Logits> expected = LoadedModel(path).one_by_one(kText);
  for (const std::uint32_t rows_max : {1u, 7u, 40u, 1000u}) {
    for (const std::uint32_t held_max : {1u, 2u, 100u}) {
      BlockLog log;
      LoadedModel loaded(path, cut(rows_max, held_max, log));
      KvSequence sequence = loaded.sequence();
      EXPECT_EQ(loaded.append(sequence, kText, kText.size()), expected)
          << "blocks of " << rows_max << " rows, " << held_max << " held";
      EXPECT_EQ(log.held, 0u);
      EXPECT_GE(log.held_most, std::min(held_max, 2u));  // q and k, or two blocks of one, together
    }
  }
}

TEST(WeightBlocks, AnyFailedReadLeavesSequencesAndBlocksAsTheyWere) {
  const TempDir folder;
  const std::string path = write_tiny_model(tiny_options(QuantType::Q8_0), folder.file("t.gguf"));
  BlockLog log;
  LoadedModel loaded(path, cut(50, 4, log));
  KvSequence sequence = loaded.sequence();
  const std::vector<Logits> before = loaded.append(sequence, kText, 2);
  Logits all(loaded.config().vocabulary_count);
  float some = 0;
  const TokenId wanted = 8;
  const BatchRow rows[] = {
      {.token = 1,
       .sequence = &sequence,
       .commit = true,
       .logits = BatchRow::Logits::All,
       .out = all.data()},
      {.token = 2,
       .parent = 0,
       .sequence = &sequence,
       .commit = true,
       .logits = BatchRow::Logits::Some,
       .wanted = {&wanted, 1},
       .out = &some},
  };
  std::uint32_t failures = 0;
  while (true) {
    log.reads = 0;
    log.fail_at_read = failures;
    const ForwardStatus status = loaded.forward(rows);
    EXPECT_EQ(log.held, 0u);
    if (status == ForwardStatus::Done) break;
    ASSERT_EQ(status, ForwardStatus::ReadFailed);
    ASSERT_EQ(sequence.length(), kText.size());
    ++failures;
  }
  // Once per read of a whole pass, and then it succeeds as if nothing had happened.
  EXPECT_EQ(failures, log.reads);
  EXPECT_EQ(sequence.length(), kText.size() + 2);
  std::vector<TokenId> text = kText;
  text.insert(text.end(), {1, 2});
  const std::vector<Logits> expected = LoadedModel(path).one_by_one(text);
  EXPECT_EQ(all, expected[kText.size()]);
  EXPECT_EQ(some, expected.back()[wanted]);
}

TEST(WeightBlocks, MemorySourceReadsEveryTensorOnce) {
  const TempDir folder;
  const std::string path = write_tiny_model(tiny_options(QuantType::F16), folder.file("t.gguf"));
  LoadedModel loaded(path);
  std::uint64_t matrices = 0;
  for (const auto& tensor : loaded.file().tensors()) {
    if (tensor.dims.size() == 2) matrices += tensor.bytes;
  }
  EXPECT_EQ(loaded.model().bytes_read(), matrices);
  (void)loaded.one_by_one(kText);
  EXPECT_EQ(loaded.model().bytes_read(), matrices);
}

TEST(WeightBlocks, MemorySourceGivesTheBytesOfTheFile) {
  const TempDir folder;
  const std::string path = write_tiny_model(tiny_options(QuantType::Q5_0), folder.file("t.gguf"));
  const inference::gguf::File file(path);
  inference::MemorySource source(file);
  for (const auto& tensor : file.tensors()) {
    const RegionId region = source.add(tensor, inference::RegionUse::Sweep);
    std::vector<std::byte> expected(tensor.bytes);
    ASSERT_TRUE(file.read_at(tensor.offset, expected));
    const std::optional<RowBlock> block = source.acquire(region, 0);
    ASSERT_TRUE(block.has_value());
    EXPECT_EQ(block->row_end, tensor.rows());
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), block->data));
    std::vector<std::byte> row(tensor.row_bytes());
    ASSERT_TRUE(source.read_row(region, static_cast<std::uint32_t>(tensor.rows() - 1), row));
    EXPECT_TRUE(std::equal(row.begin(), row.end(), expected.end() - static_cast<long>(row.size())));
    source.release(region, *block);
  }
}

}  // namespace
}  // namespace test_support
