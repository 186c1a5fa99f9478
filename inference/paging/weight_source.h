#pragma once

// Where the bytes of the large weights come from: memory, or a file paged under a budget. The
// forward pass asks for the row blocks of each region in order and gives them back when used.
// Thread safety: called by the one thread that runs forward(), but for cancel(), resume() and
// cancelled(), which any thread may call; blocks may be read by all.

#include <atomic>
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

// What a forward pass is going to visit, so that nothing is read ahead in vain.
struct SweepScope {
  RegionId last = 0;             // the last region of the sweep
  std::optional<RegionId> tail;  // a region for rows that is visited whole after it
};

class WeightSource {
 public:
  virtual ~WeightSource() = default;

  // Announces a tensor; sweeps visit the regions in the order they were added, but a sweep may end
  // early. Load time only. Throws LoadError if its bytes cannot be read.
  virtual RegionId add(const gguf::Tensor& tensor, RegionUse use) = 0;

  // How many blocks may be held between acquire and release; at least 1.
  virtual std::uint32_t blocks_held_max() const = 0;

  // Around each forward pass. False: the weights cannot be read, or changed while they were used;
  // the caller gives up this sweep. A sweep that is given up needs no end_sweep().
  [[nodiscard]] virtual bool begin_sweep(const SweepScope&) { return true; }
  [[nodiscard]] virtual bool end_sweep() { return true; }

  // The block of `region` that begins at `row_begin`; waits until it has been read whole.
  // Nothing on a read error or when cancelled: the caller gives up this sweep.
  [[nodiscard]] virtual std::optional<RowBlock> acquire(RegionId region,
                                                        std::uint32_t row_begin) = 0;
  virtual void release(RegionId region, const RowBlock& block) = 0;

  // Copies a single row. REQUIRES: out.size() is the region's row length in bytes.
  // False on a read error or when cancelled.
  [[nodiscard]] virtual bool read_row(RegionId region, std::uint32_t row,
                                      std::span<std::byte> out) = 0;

  virtual std::uint64_t bytes_read() const = 0;  // from storage, since construction
  virtual std::uint64_t bytes_held() const = 0;  // of memory, for weights

  // Ends the sweep that is running at its next block, and every later one at once, until resume().
  void cancel() {
    cancelled_.store(true, std::memory_order_release);
    wake();
  }
  void resume() { cancelled_.store(false, std::memory_order_release); }
  bool cancelled() const { return cancelled_.load(std::memory_order_acquire); }

 protected:
  // Lets an acquire() that waits look at cancelled().
  virtual void wake() {}
  const std::atomic<bool>& cancelled_flag() const { return cancelled_; }

 private:
  std::atomic<bool> cancelled_{false};
};

}  // namespace inference
