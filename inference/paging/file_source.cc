// A file that is in use can be cut, overwritten or exchanged at any time, and nothing can prevent
// it. So every sweep asks at both of its ends whether the file is still the same (size, inode, time
// of the last change), and a read that is not whole ends the sweep. A file that was touched but has
// the right size may be the same again, restored from a copy: it is taken back once all that is in
// memory equals it, and a streamed block once it equals what it was when it was first read.

#include "inference/paging/file_source.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "inference/check.h"

namespace inference {
FileSource::FileSource(const gguf::File& file, std::unique_ptr<Storage> storage, BlockMap map,
                       const ReaderOptions& options)
    : file_(file),
      storage_(std::move(storage)),
      map_(std::move(map)),
      verifier_(options.verifier),
      blocks_held_max_(std::max(1u, options.slot_count / 2)),
      all_pinned_(std::all_of(map_.blocks().begin(), map_.blocks().end(),
                              [](const Block& block) { return block.pinned(); })),
      pinned_(static_cast<std::size_t>(map_.pinned_bytes())),
      scratch_(std::max(map_.row_hull_bytes_max(), kScratchBytesMin)),
      reader_(*storage_, map_, options) {}

template <typename Use>
bool FileSource::read_pieces(std::uint64_t offset, std::uint64_t bytes, const Use& use) {
  const Hull hull = hull_of(offset, bytes);
  for (std::uint64_t begin = hull.begin; begin < hull.end; begin += scratch_.size_bytes()) {
    const Hull piece{begin, std::min(hull.end, begin + scratch_.size_bytes())};
    const auto read = read_hull(*storage_, piece, scratch_.bytes());
    if (!read) return false;
    bytes_read_ += read->size();
    if (verifier_ && !verifier_->verify(piece.begin, *read)) return false;
    const std::uint64_t from = std::max(offset, piece.begin);
    const std::uint64_t to = std::min(offset + bytes, piece.end);
    if (!use(read->subspan(static_cast<std::size_t>(from - piece.begin),
                           static_cast<std::size_t>(to - from)),
             static_cast<std::size_t>(from - offset))) {
      return false;
    }
  }
  return true;
}

RegionId FileSource::add(const gguf::Tensor& tensor, RegionUse use) {
  const RegionId region = added_++;
  PICOLM_CHECK(region < map_.region_count() && map_.use(region) == use);
  PICOLM_CHECK(map_.offset(region) == tensor.offset);
  for (const Block& block : map_.blocks_of(region)) {
    if (!block.pinned()) continue;
    std::byte* to = pinned_.data() + block.pinned_at;
    const auto keep = [&](std::span<const std::byte> piece, std::size_t at) {
      std::memcpy(to + at, piece.data(), piece.size());
      return true;
    };
    if (!read_pieces(block.offset, block.bytes, keep)) {
      file_.refuse(tensor.name, "a read error, a short read or wrong bytes",
                   std::to_string(block.bytes) + " right bytes");
    }
  }
  return region;
}

bool FileSource::pinned_unchanged() {
  return std::all_of(map_.blocks().begin(), map_.blocks().end(), [&](const Block& block) {
    if (!block.pinned()) return true;
    const std::byte* kept = pinned_.data() + block.pinned_at;
    return read_pieces(block.offset, block.bytes,
                       [&](std::span<const std::byte> piece, std::size_t at) {
                         return std::memcmp(kept + at, piece.data(), piece.size()) == 0;
                       });
  });
}

Storage::State FileSource::check_file() {
  const Storage::State state = storage_->check();
  if (state == Storage::State::Changed) {
    pinned_in_doubt_ = true;
    reader_.doubt();
  }
  return state;
}

bool FileSource::begin_sweep(const SweepScope& scope) {
  PICOLM_CHECK(added_ == map_.region_count());
  if (cancelled()) return false;
  if (all_pinned_) return true;  // what becomes of the file no longer matters
  if (check_file() == Storage::State::Unusable) return false;
  if (pinned_in_doubt_) {
    if (!pinned_unchanged()) return false;
    pinned_in_doubt_ = false;
  }
  reader_.begin_sweep(scope);
  return true;
}

bool FileSource::end_sweep() { return all_pinned_ || check_file() == Storage::State::Same; }

std::optional<RowBlock> FileSource::acquire(RegionId region, std::uint32_t row_begin) {
  const BlockId id = map_.find(region, row_begin);
  const Block& block = map_.block(id);
  PICOLM_CHECK(block.row_begin == row_begin);
  if (cancelled()) return std::nullopt;
  const std::byte* data =
      block.pinned() ? pinned_.data() + block.pinned_at : reader_.acquire(id, cancelled_flag());
  if (data == nullptr) return std::nullopt;
  return RowBlock{data, block.row_begin, block.row_end};
}

void FileSource::release(RegionId region, const RowBlock& rows) {
  if (!map_.block(map_.find(region, rows.row_begin)).pinned()) reader_.release(rows.data);
}

bool FileSource::read_row(RegionId region, std::uint32_t row, std::span<std::byte> out) {
  const Block& block = map_.block(map_.find(region, row));
  const std::uint64_t at = (row - block.row_begin) * map_.row_bytes(region);
  PICOLM_CHECK(out.size() == map_.row_bytes(region));
  if (cancelled()) return false;
  if (block.pinned()) {
    std::memcpy(out.data(), pinned_.data() + block.pinned_at + at, out.size());
    return true;
  }
  return read_pieces(block.offset + at, out.size(),
                     [&](std::span<const std::byte> piece, std::size_t from) {
                       std::memcpy(out.data() + from, piece.data(), piece.size());
                       return true;
                     });
}

std::uint64_t FileSource::bytes_read() const { return bytes_read_ + reader_.bytes_read(); }

std::uint64_t FileSource::bytes_held() const {
  return pinned_.size_bytes() + scratch_.size_bytes() + reader_.ring_bytes();
}

}  // namespace inference
