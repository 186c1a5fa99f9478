#pragma once

// Weights from a file under a memory budget: some blocks pinned, the others streamed through a
// ring in every sweep, embedding and output read by row. Bytes are used only if they were read
// whole and the file was not touched meanwhile.
// Thread safety: as WeightSource.

#include <atomic>
#include <memory>

#include "inference/paging/block_map.h"
#include "inference/paging/page_buffer.h"
#include "inference/paging/reader.h"
#include "inference/paging/storage.h"
#include "inference/paging/weight_source.h"

namespace inference {

class FileSource final : public WeightSource {
 public:
  static constexpr std::size_t kScratchBytesMin = 512 * 1024;  // besides ring and pinned blocks

  // `file` is the parsed form of what `storage` reads; it must outlive the calls of add(), and the
  // verifier the source. Throws LoadError, std::bad_alloc.
  FileSource(const gguf::File& file, std::unique_ptr<Storage> storage, BlockMap map,
             const ReaderOptions& options);

  // Reads the region's pinned blocks. REQUIRES: the tensors of the map, in its order.
  RegionId add(const gguf::Tensor& tensor, RegionUse use) override;
  std::uint32_t blocks_held_max() const override { return blocks_held_max_; }

  // False if the file has another size. If it was written to or replaced by a file of the same
  // size, what is in memory is compared with it first, and each streamed block when it comes.
  [[nodiscard]] bool begin_sweep(const SweepScope& scope) override;
  [[nodiscard]] bool end_sweep() override;

  [[nodiscard]] std::optional<RowBlock> acquire(RegionId region, std::uint32_t row_begin) override;
  void release(RegionId region, const RowBlock& block) override;
  [[nodiscard]] bool read_row(RegionId region, std::uint32_t row,
                              std::span<std::byte> out) override;

  std::uint64_t bytes_read() const override;
  std::uint64_t bytes_held() const override;
  const BlockMap& map() const { return map_; }

 protected:
  void wake() override { reader_.wake(); }

 private:
  // Reads [offset, offset + bytes) in pieces; calls use(piece, its offset from `offset`) on each
  // until it returns false. False on a read error too.
  template <typename Use>
  bool read_pieces(std::uint64_t offset, std::uint64_t bytes, const Use& use);
  bool pinned_unchanged();
  Storage::State check_file();

  const gguf::File& file_;
  const std::unique_ptr<Storage> storage_;
  const BlockMap map_;
  BlockVerifier* const verifier_;
  const std::uint32_t blocks_held_max_;
  const bool all_pinned_;
  PageBuffer pinned_;
  PageBuffer scratch_;  // for rows, and for pieces of pinned blocks
  RegionId added_ = 0;
  std::uint64_t bytes_read_ = 0;  // but by the reader
  bool pinned_in_doubt_ = false;
  Reader reader_;
};

}  // namespace inference
