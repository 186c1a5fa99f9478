// How regions are cut, pinned and put in order, on the tensors of a file.

#include <gtest/gtest.h>

#include <map>

#include "inference/model/weights.h"
#include "inference/paging/block_map.h"
#include "inference/paging/budget.h"
#include "inference/paging/throttle.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace test_support {
namespace {

using inference::Block;
using inference::BlockId;
using inference::BlockMap;
using inference::kNoBlock;
using inference::MemoryPlan;
using inference::MemoryRequest;
using inference::QuantType;
using inference::RegionRequest;
using inference::RegionUse;
using inference::SweepScope;

class PagingMap : public testing::Test {
 protected:
  PagingMap() : file_(write_tiny_model(options(), folder_.file("tiny.gguf"))) {
    regions_ = inference::matrix_regions(file_, inference::read_config(file_));
    for (const RegionRequest& region : regions_) {
      (region.use == RegionUse::Sweep ? layers_ : rows_) += region.tensor->bytes;
    }
  }

  static TinyModelOptions options() {
    TinyModelOptions options = tiny_options(QuantType::Q5_0);
    options.layer_count = 6;
    return options;
  }

  SweepScope whole() const {
    return {.last = static_cast<inference::RegionId>(regions_.size() - 2), .tail = {}};
  }

  TempDir folder_;
  inference::gguf::File file_;
  std::vector<RegionRequest> regions_;
  std::uint64_t layers_ = 0;
  std::uint64_t rows_ = 0;
};

TEST_F(PagingMap, BlocksCoverEveryRowOnceAndKeepTheirSize) {
  for (const std::uint64_t block_bytes : {1u, 100u, 1000u, 4000u, 1u << 20}) {
    const BlockMap map(regions_, block_bytes, 2000);
    ASSERT_EQ(map.region_count(), regions_.size());
    for (inference::RegionId r = 0; r < regions_.size(); ++r) {
      const inference::gguf::Tensor& tensor = *regions_[r].tensor;
      std::uint64_t row = 0;
      for (const Block& block : map.blocks_of(r)) {
        EXPECT_EQ(block.region, r);
        EXPECT_EQ(block.row_begin, row);
        EXPECT_EQ(block.offset, tensor.offset + row * tensor.row_bytes());
        EXPECT_EQ(block.bytes, (block.row_end - block.row_begin) * tensor.row_bytes());
        EXPECT_TRUE(block.bytes <= block_bytes || block.row_end == block.row_begin + 1);
        EXPECT_EQ(map.find(r, block.row_begin), map.find(r, block.row_end - 1));
        EXPECT_EQ(&map.block(map.find(r, block.row_begin)), &block);
        row = block.row_end;
      }
      EXPECT_EQ(row, tensor.rows());
    }
  }
}

TEST_F(PagingMap, PinsAlmostAllItMayAndNeverMore) {
  for (std::uint64_t budget = 0; budget <= layers_ + rows_ + 5000; budget += 777) {
    const BlockMap map(regions_, 600, budget);
    EXPECT_LE(map.pinned_bytes(), budget);
    if (budget < layers_) {
      EXPECT_GT(map.pinned_bytes() + 700, budget);
    }
    std::uint64_t streamed = 0;
    std::map<std::uint64_t, std::uint64_t> places;  // begin to end
    for (const Block& block : map.blocks()) {
      if (block.pinned()) {
        EXPECT_EQ(block.pinned_at % 64, 0u);
        EXPECT_TRUE(places.emplace(block.pinned_at, block.pinned_at + block.bytes).second);
      } else if (map.use(block.region) == RegionUse::Sweep) {
        streamed += block.bytes;
      }
    }
    EXPECT_EQ(map.streamed_bytes(), streamed);
    std::uint64_t end = 0;
    for (const auto& [from, to] : places) {
      EXPECT_GE(from, end);
      end = to;
    }
    EXPECT_LE(end, map.pinned_bytes());
  }
}

TEST_F(PagingMap, SpreadsPinnedBlocksThroughTheSweep) {
  const BlockMap map(regions_, 600, layers_ / 3);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> passed;  // all, pinned
  std::uint64_t all = 0;
  std::uint64_t pinned = 0;
  for (const Block& block : map.blocks()) {
    if (map.use(block.region) != RegionUse::Sweep) {
      EXPECT_FALSE(block.pinned());
      continue;
    }
    const std::uint64_t in_memory = (block.bytes + 63) / 64 * 64;
    all += in_memory;
    if (block.pinned()) pinned += in_memory;
    passed.push_back({all, pinned});
  }
  for (const auto& [so_far, pinned_so_far] : passed) {
    EXPECT_NEAR(
        static_cast<double>(pinned_so_far),
        static_cast<double>(so_far) * static_cast<double>(pinned) / static_cast<double>(all), 1300);
  }
}

// The blocks read from first() on until a sweep of that scope begins again.
std::vector<BlockId> cycle(const BlockMap& map, const SweepScope& scope) {
  std::vector<BlockId> ids;
  for (BlockId id = map.first(); ids.empty() || id != map.first(); id = map.after(id, scope)) {
    ids.push_back(id);
    if (ids.size() > map.blocks().size()) break;
  }
  return ids;
}

TEST_F(PagingMap, SweepVisitsEveryStreamedBlockOnceInOrder) {
  for (const std::uint64_t budget : {std::uint64_t{0}, layers_ / 4, layers_ - 700}) {
    const BlockMap map(regions_, 600, budget);
    std::vector<BlockId> expected;
    for (BlockId id = 0; id < map.blocks().size(); ++id) {
      const Block& block = map.block(id);
      if (map.use(block.region) == RegionUse::Sweep && !block.pinned()) expected.push_back(id);
    }
    EXPECT_EQ(cycle(map, whole()), expected);
    // All logits: the whole output after them.
    SweepScope with_output = whole();
    with_output.tail = whole().last + 1;
    const auto first = map.find(*with_output.tail, 0);
    for (BlockId id = first; id < map.blocks().size(); ++id) expected.push_back(id);
    EXPECT_EQ(cycle(map, with_output), expected);
  }
}

TEST_F(PagingMap, SweepThatEndsEarlyReadsNothingBehindItsEnd) {
  const BlockMap map(regions_, 600, layers_ / 4);
  const SweepScope scope{.last = whole().last - 4, .tail = {}};
  for (const BlockId id : cycle(map, scope)) EXPECT_LE(map.block(id).region, scope.last);
}

TEST_F(PagingMap, NothingStreamsWhenEverythingIsPinned) {
  const BlockMap map(regions_, 600, 2 * file_.size_bytes());
  EXPECT_EQ(map.first(), kNoBlock);
  EXPECT_EQ(map.streamed_bytes(), 0u);
  for (BlockId id = 0; id < map.blocks().size(); ++id) {
    EXPECT_EQ(map.after(id, whole()), kNoBlock);
    EXPECT_TRUE(map.block(id).pinned());
  }
}

MemoryRequest request(std::span<const RegionRequest> regions, std::uint64_t limit) {
  MemoryRequest out;
  out.limit_bytes = limit;
  out.fixed.resident_bytes = 1'000'000;
  out.fixed.vector_bytes = 2'000;
  out.fixed.activation_bytes = 300'000;
  out.fixed.sequence_bytes = 40'000;
  out.fixed.kept_bytes = 5'000;
  out.regions = regions;
  return out;
}

TEST_F(PagingMap, PlanKeepsEverythingInMemoryIfThatFits) {
  const std::uint64_t taken = 1'347'000 + inference::kMemoryReserveBytes + layers_ + rows_;
  for (const std::uint64_t limit : {std::uint64_t{0}, taken}) {
    const MemoryPlan plan = inference::plan_memory(request(regions_, limit));
    EXPECT_TRUE(plan.fits());
    EXPECT_FALSE(plan.paged());
    EXPECT_EQ(plan.total_bytes, taken);
    EXPECT_EQ(plan.streamed_bytes(), 0u);
    EXPECT_EQ(plan.ring_bytes, 0u);
  }
  EXPECT_TRUE(inference::plan_memory(request(regions_, taken - 1)).paged());
}

TEST_F(PagingMap, PlanPinsWhatTheLimitLeavesAndNamesTheLeastThatWorks) {
  TinyModelOptions options = tiny_options(QuantType::F32);
  options.feed_forward_length = 3000;
  const inference::gguf::File file(write_tiny_model(options, folder_.file("larger.gguf")));
  const auto regions = inference::matrix_regions(file, inference::read_config(file));
  std::uint64_t layers = 0;
  for (const RegionRequest& region : regions) {
    if (region.use == RegionUse::Sweep) layers += region.tensor->bytes;
  }
  MemoryRequest small = request(regions, 1);
  small.slot_bytes = 9000;
  small.slot_count = 3;
  const MemoryPlan refused = inference::plan_memory(small);
  EXPECT_FALSE(refused.fits());
  small.limit_bytes = refused.least_bytes - 1;
  EXPECT_FALSE(inference::plan_memory(small).fits());
  small.limit_bytes = refused.least_bytes;
  const MemoryPlan least = inference::plan_memory(small);
  EXPECT_TRUE(least.fits());
  EXPECT_TRUE(least.paged());
  EXPECT_EQ(least.pinned_bytes(), 0u);
  EXPECT_EQ(least.streamed_bytes(), layers);
  small.limit_bytes += 30'000;
  const MemoryPlan more = inference::plan_memory(small);
  EXPECT_LE(more.total_bytes, small.limit_bytes);
  EXPECT_GT(more.pinned_bytes(), 15'000u);
  EXPECT_LE(more.pinned_bytes(), 30'000u);
}

TEST(PagingThrottle, HoldsTheRateAndLetsLittleThroughAfterAPause) {
  using Clock = inference::Throttle::Clock;
  using std::chrono::milliseconds;
  inference::Throttle throttle(1'000'000);
  const Clock::time_point start{std::chrono::hours(1)};
  EXPECT_EQ(throttle.take(100'000, start), start + milliseconds(50));  // 50 ms saved up
  EXPECT_EQ(throttle.take(100'000, start), start + milliseconds(150));
  const Clock::time_point later = start + milliseconds(10'000);
  EXPECT_EQ(throttle.take(50'000, later), later);
  EXPECT_EQ(throttle.take(50'000, later), later + milliseconds(50));
  inference::Throttle none(0);
  EXPECT_EQ(none.take(1'000'000'000, start), start);
}

}  // namespace
}  // namespace test_support
