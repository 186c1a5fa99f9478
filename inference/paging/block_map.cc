// Pinning: a sweep visits all blocks in a cycle, so any fixed set is as good as any other for the
// bytes that are left to read (and a cache that keeps the most recent ones is the worst there is).
// What counts is where the pinned blocks stand: spread evenly, the reader has the time of their
// arithmetic again and again, instead of once.

#include "inference/paging/block_map.h"

#include <algorithm>

#include "inference/check.h"
#include "inference/paging/storage.h"

namespace inference {
namespace {

constexpr std::uint32_t kRowsTogether = 8;  // kernels take that many weight rows at a time
constexpr std::uint64_t kPinnedAlignment = 64;

std::uint64_t pinned_size(const Block& block) {
  return (block.bytes + kPinnedAlignment - 1) / kPinnedAlignment * kPinnedAlignment;
}

std::uint64_t divide_up(std::uint64_t a, std::uint64_t b) { return a / b + (a % b != 0 ? 1 : 0); }

}  // namespace

BlockMap::BlockMap(std::span<const RegionRequest> regions, std::uint64_t block_bytes_max,
                   std::uint64_t pinned_bytes_max) {
  for (const RegionRequest& request : regions) cut(request, block_bytes_max);
  pin_sweep(pinned_bytes_max);
  pin_rows(pinned_bytes_max);
  link();
}

void BlockMap::cut(const RegionRequest& request, std::uint64_t block_bytes_max) {
  const std::uint64_t row_bytes = request.tensor->row_bytes();
  const std::uint64_t rows = request.tensor->rows();
  PICOLM_CHECK(rows > 0 && rows < kNoBlock && row_bytes > 0);
  const std::uint64_t rows_max = std::clamp<std::uint64_t>(block_bytes_max / row_bytes, 1, rows);
  // Blocks of about the same size, in whole groups of the kernels' rows where that still fits.
  std::uint64_t per_block = divide_up(rows, divide_up(rows, rows_max));
  const std::uint64_t rounded = divide_up(per_block, kRowsTogether) * kRowsTogether;
  if (rounded <= rows_max) per_block = rounded;

  Region region{.use = request.use, .row_bytes = row_bytes};
  region.first = static_cast<BlockId>(blocks_.size());
  region.rows_per_block = static_cast<std::uint32_t>(per_block);
  region.block_count = static_cast<std::uint32_t>(divide_up(rows, per_block));
  for (std::uint64_t row = 0; row < rows; row += per_block) {
    Block block;
    block.region = static_cast<RegionId>(regions_.size());
    block.row_begin = static_cast<std::uint32_t>(row);
    block.row_end = static_cast<std::uint32_t>(std::min(row + per_block, rows));
    block.offset = request.tensor->offset + row * row_bytes;
    block.bytes = (block.row_end - block.row_begin) * row_bytes;
    hull_bytes_max_ = std::max(hull_bytes_max_, hull_of(block.offset, block.bytes).size());
    if (request.use == RegionUse::Sweep) sweep_bytes_ += block.bytes;
    blocks_.push_back(block);
  }
  row_bytes_max_ = std::max(row_bytes_max_, row_bytes);
  row_hull_bytes_max_ = hull_of(Storage::kAlignment - 1, row_bytes_max_).size();
  regions_.push_back(region);
}

void BlockMap::pin(Block& block) {
  block.pinned_at = pinned_bytes_;
  pinned_bytes_ += pinned_size(block);
}

void BlockMap::pin_sweep(std::uint64_t pinned_bytes_max) {
  std::uint64_t total = 0;
  for (const Block& block : blocks_) {
    if (use(block.region) == RegionUse::Sweep) total += pinned_size(block);
  }
  if (total == 0) return;
  const double share =
      std::min(1.0, static_cast<double>(pinned_bytes_max) / static_cast<double>(total));
  std::uint64_t passed = 0;
  for (Block& block : blocks_) {
    if (use(block.region) != RegionUse::Sweep) continue;
    passed += pinned_size(block);
    // What should be pinned so far; whole if everything is, whatever rounding does.
    const std::uint64_t due =
        share < 1.0 ? static_cast<std::uint64_t>(share * static_cast<double>(passed)) : passed;
    if (pinned_bytes_ + pinned_size(block) <= std::min(due, pinned_bytes_max)) {
      pin(block);
    } else {
      streamed_bytes_ += block.bytes;
    }
  }
}

// The output comes last, and is used more than the embedding: from the back.
void BlockMap::pin_rows(std::uint64_t pinned_bytes_max) {
  if (streamed_bytes_ > 0) return;
  for (std::size_t r = regions_.size(); r-- > 0;) {
    const Region& region = regions_[r];
    if (region.use != RegionUse::Rows) continue;
    for (Block& block : std::span(blocks_).subspan(region.first, region.block_count)) {
      if (pinned_bytes_ + pinned_size(block) <= pinned_bytes_max) pin(block);
    }
  }
}

// Every block's successor, from the back: the next streamed block of a sweep for blocks of sweeps,
// that of the same region for the others.
void BlockMap::link() {
  next_.assign(blocks_.size(), kNoBlock);
  for (std::size_t b = blocks_.size(); b-- > 0;) {
    const bool sweep = use(blocks_[b].region) == RegionUse::Sweep;
    if (sweep) {
      next_[b] = first_;
      if (!blocks_[b].pinned()) first_ = static_cast<BlockId>(b);
    } else if (b + 1 < blocks_.size() && blocks_[b + 1].region == blocks_[b].region) {
      next_[b] = blocks_[b + 1].pinned() ? next_[b + 1] : static_cast<BlockId>(b + 1);
    }
  }
}

std::span<const Block> BlockMap::blocks_of(RegionId region) const {
  return std::span(blocks_).subspan(regions_[region].first, regions_[region].block_count);
}

BlockId BlockMap::find(RegionId id, std::uint32_t row) const {
  PICOLM_CHECK(id < regions_.size());
  const Region& region = regions_[id];
  const std::uint32_t index = row / region.rows_per_block;
  PICOLM_CHECK(index < region.block_count && row < blocks_[region.first + index].row_end);
  return region.first + index;
}

BlockId BlockMap::after(BlockId id, const SweepScope& scope) const {
  const BlockId next = next_[id];
  if (use(blocks_[id].region) == RegionUse::Rows) return next == kNoBlock ? first_ : next;
  if (next != kNoBlock && blocks_[next].region <= scope.last) return next;
  if (scope.tail) {
    const BlockId tail = regions_[*scope.tail].first;
    const BlockId streamed = blocks_[tail].pinned() ? next_[tail] : tail;
    if (streamed != kNoBlock) return streamed;
  }
  return first_;
}

}  // namespace inference
