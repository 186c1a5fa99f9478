#pragma once

// Whether bytes that arrive from storage are the right ones: by a verifier of the caller's, or, for
// a file that was touched while it was used, by comparing with what was read of it before.
// Thread safety: a BlockVerifier is called by several threads at a time; BlockCheck is used by the
// reading thread only.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "inference/paging/block_map.h"

namespace inference {

// Knows what the file should hold, from somewhere this library does not know: hashes, say.
class BlockVerifier {
 public:
  virtual ~BlockVerifier() = default;

  // `offset` is a multiple of 4096; `bytes` ends at one or at the end of the file.
  [[nodiscard]] virtual bool verify(std::uint64_t offset, std::span<const std::byte> bytes) = 0;
};

// Four lanes of multiplications, so that it runs at the speed of memory. Finds any change that
// happens by accident, none that is made on purpose.
std::uint64_t checksum(std::span<const std::byte> bytes);

class BlockCheck {
 public:
  explicit BlockCheck(const BlockMap& map) : map_(map), seen_(map.blocks().size()) {}

  // Remembers the block when it comes for the first time. `generation` counts how often the file
  // may have changed: a block must be as it was when it comes in a later one. False if it is not,
  // or if nobody knows what it was.
  [[nodiscard]] bool accept(BlockId id, std::span<const std::byte> bytes, std::uint32_t generation);

 private:
  struct Seen {
    std::uint64_t sum = 0;
    std::uint32_t generation = 0;
    bool known = false;
  };
  const BlockMap& map_;
  std::vector<Seen> seen_;  // [blocks]
};

}  // namespace inference
