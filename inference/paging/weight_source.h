#pragma once

// Where the bytes of the large weights come from: memory, or a file paged under a budget. The
// forward pass asks for the row blocks of each region in order and gives them back when used.
// Thread safety: called by the one thread that runs forward(); blocks may be read by all.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "inference/gguf/file.h"

namespace inference {

using RegionId = std::uint32_t;

// How a region is used, so that a paged source knows what a sweep streams.
enum class RegionUse : std::uint8_t {
  Sweep,  // whole, block after block, in every forward pass
  Rows,   // mostly single rows (embedding, output); whole only when all logits are wanted
};

// Consecutive rows of one region.
struct RowBlock {
  const std::byte* data = nullptr;  // [row_end - row_begin, row_bytes]
  std::uint32_t row_begin = 0;
  std::uint32_t row_end = 0;
};

class WeightSource {
 public:
  virtual ~WeightSource() = default;

  // Announces a tensor; sweeps visit the regions in the order they were added, but a sweep may end
  // early. Load time only. Throws LoadError if its bytes cannot be read.
  virtual RegionId add(const gguf::Tensor& tensor, RegionUse use) = 0;

  // How many blocks may be held between acquire and release; at least 1.
  virtual std::uint32_t blocks_held_max() const = 0;

  // The block of `region` that begins at `row_begin`; waits until it has been read whole.
  // Nothing on a read error: the caller gives up this sweep.
  [[nodiscard]] virtual std::optional<RowBlock> acquire(RegionId region,
                                                        std::uint32_t row_begin) = 0;
  virtual void release(RegionId region, const RowBlock& block) = 0;

  // Copies a single row. REQUIRES: out.size() is the region's row length in bytes.
  // False on a read error.
  [[nodiscard]] virtual bool read_row(RegionId region, std::uint32_t row,
                                      std::span<std::byte> out) = 0;

  virtual std::uint64_t bytes_read() const = 0;  // from storage, since construction
  virtual std::uint64_t bytes_held() const = 0;  // of memory, for weights
};

}  // namespace inference
