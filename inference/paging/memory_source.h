#pragma once

// All weights in memory, read once with pread when they are added. Nothing is mapped, so a file
// that is cut or replaced later cannot hurt a running process.
// Thread safety: as WeightSource.

#include <vector>

#include "inference/paging/aligned_array.h"
#include "inference/paging/weight_source.h"

namespace inference {

class MemorySource : public WeightSource {
 public:
  // `file` must outlive the calls of add(), not the source.
  explicit MemorySource(const gguf::File& file) : file_(file) {}

  RegionId add(const gguf::Tensor& tensor, RegionUse use) override;
  std::uint32_t blocks_held_max() const override { return 64; }

  // The whole rest of the region is one block.
  [[nodiscard]] std::optional<RowBlock> acquire(RegionId region, std::uint32_t row_begin) override;
  void release(RegionId region, const RowBlock& block) override;
  [[nodiscard]] bool read_row(RegionId region, std::uint32_t row,
                              std::span<std::byte> out) override;
  std::uint64_t bytes_read() const override { return bytes_; }
  std::uint64_t bytes_held() const override { return bytes_; }

 private:
  struct Region {
    AlignedArray<std::byte> bytes;  // [rows, row_bytes]
    std::uint32_t rows = 0;
    std::size_t row_bytes = 0;
  };
  const gguf::File& file_;
  std::vector<Region> regions_;
  std::uint64_t bytes_ = 0;
};

}  // namespace inference
