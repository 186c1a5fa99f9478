#pragma once

// How the matrices of a model are cut into row blocks, which of the blocks are pinned in memory,
// and in which order the others stream by. Pure arithmetic; reads nothing.
// Thread safety: constant after construction.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "inference/gguf/file.h"
#include "inference/paging/weight_source.h"

namespace inference {

// A matrix that will be announced to a source.
struct RegionRequest {
  const gguf::Tensor* tensor = nullptr;  // outlives the map's construction
  RegionUse use = RegionUse::Sweep;
};

using BlockId = std::uint32_t;
inline constexpr BlockId kNoBlock = ~BlockId{0};

struct Block {
  static constexpr std::uint64_t kStreamed = ~std::uint64_t{0};
  std::uint64_t offset = 0;  // in the file
  std::uint64_t bytes = 0;
  RegionId region = 0;
  std::uint32_t row_begin = 0;
  std::uint32_t row_end = 0;
  std::uint64_t pinned_at = kStreamed;  // offset in the pinned memory
  bool pinned() const { return pinned_at != kStreamed; }
};

class BlockMap {
 public:
  // Cuts the regions into blocks of at most `block_bytes_max` (or one row, if that is longer) and
  // pins as many as fit into `pinned_bytes_max`: those of sweeps first, spread evenly, so that
  // reading goes on while pinned blocks are computed; then those of regions read by row.
  // REQUIRES: every tensor has less than 2^32 rows.
  BlockMap(std::span<const RegionRequest> regions, std::uint64_t block_bytes_max,
           std::uint64_t pinned_bytes_max);

  std::size_t region_count() const { return regions_.size(); }
  std::span<const Block> blocks() const { return blocks_; }
  const Block& block(BlockId id) const { return blocks_[id]; }
  std::span<const Block> blocks_of(RegionId region) const;
  RegionUse use(RegionId region) const { return regions_[region].use; }
  std::uint64_t offset(RegionId region) const { return blocks_[regions_[region].first].offset; }
  std::uint64_t row_bytes(RegionId region) const { return regions_[region].row_bytes; }

  // The block that holds the row. REQUIRES: the region has it.
  BlockId find(RegionId region, std::uint32_t row) const;

  // The block to read after `block` in a sweep of that scope, and on into the next sweep; kNoBlock
  // if nothing streams. first(): where every sweep begins.
  BlockId after(BlockId block, const SweepScope& scope) const;
  BlockId first() const { return first_; }

  std::uint64_t pinned_bytes() const { return pinned_bytes_; }      // memory for pinned blocks
  std::uint64_t streamed_bytes() const { return streamed_bytes_; }  // of one sweep over the layers
  std::uint64_t sweep_bytes() const { return sweep_bytes_; }        // of the layers, pinned or not
  std::uint64_t row_bytes_max() const { return row_bytes_max_; }
  std::size_t hull_bytes_max() const { return hull_bytes_max_; }  // of a block, in whole pages
  std::size_t row_hull_bytes_max() const { return row_hull_bytes_max_; }

 private:
  struct Region {
    RegionUse use = RegionUse::Sweep;
    std::uint64_t row_bytes = 0;
    BlockId first = 0;
    std::uint32_t block_count = 0;
    std::uint32_t rows_per_block = 0;  // but the last
  };
  void cut(const RegionRequest& request, std::uint64_t block_bytes_max);
  void pin(Block& block);
  void pin_sweep(std::uint64_t pinned_bytes_max);
  void pin_rows(std::uint64_t pinned_bytes_max);
  void link();

  std::vector<Region> regions_;
  std::vector<Block> blocks_;
  std::vector<BlockId> next_;  // [blocks] the next streamed block of a sweep, or of the region
  BlockId first_ = kNoBlock;
  std::uint64_t pinned_bytes_ = 0;
  std::uint64_t streamed_bytes_ = 0;
  std::uint64_t sweep_bytes_ = 0;
  std::uint64_t row_bytes_max_ = 0;
  std::size_t hull_bytes_max_ = 0;
  std::size_t row_hull_bytes_max_ = 0;
};

}  // namespace inference
