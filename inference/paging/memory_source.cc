#include "inference/paging/memory_source.h"

#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "inference/check.h"

namespace inference {

RegionId MemorySource::add(const gguf::Tensor& tensor, RegionUse) {
  if (tensor.rows() > std::numeric_limits<std::uint32_t>::max() ||
      tensor.bytes > std::numeric_limits<std::size_t>::max()) {
    file_.refuse(tensor.name, std::to_string(tensor.bytes) + " bytes",
                 "a size this machine can address");
  }
  // The reader has checked that the tensor lies inside the file, so its size is not a mere claim.
  Region region;
  region.bytes = AlignedArray<std::byte>(static_cast<std::size_t>(tensor.bytes));
  region.rows = static_cast<std::uint32_t>(tensor.rows());
  region.row_bytes = static_cast<std::size_t>(tensor.row_bytes());
  if (!file_.read_at(tensor.offset, {region.bytes.data(), region.bytes.size_bytes()})) {
    file_.refuse(tensor.name, "a read error or a short read",
                 std::to_string(tensor.bytes) + " bytes");
  }
  bytes_ += tensor.bytes;
  regions_.push_back(std::move(region));
  return static_cast<RegionId>(regions_.size() - 1);
}

std::optional<RowBlock> MemorySource::acquire(RegionId id, std::uint32_t row_begin) {
  PICOLM_CHECK(id < regions_.size());
  const Region& region = regions_[id];
  PICOLM_CHECK(row_begin < region.rows);
  if (cancelled()) return std::nullopt;
  return RowBlock{region.bytes.data() + row_begin * region.row_bytes, row_begin, region.rows};
}

void MemorySource::release(RegionId, const RowBlock&) {}

bool MemorySource::read_row(RegionId id, std::uint32_t row, std::span<std::byte> out) {
  PICOLM_CHECK(id < regions_.size());
  const Region& region = regions_[id];
  PICOLM_CHECK(row < region.rows);
  PICOLM_CHECK(out.size() == region.row_bytes);
  if (cancelled()) return false;
  std::memcpy(out.data(), region.bytes.data() + row * region.row_bytes, region.row_bytes);
  return true;
}

}  // namespace inference
