#pragma once

// The slots that streamed blocks pass through. One side fills them in reading order, the other
// takes them in the order of use, which is the same but for sweeps that end early or fail.
//
//    give back        take              fill
//   Empty | Held Held | Ready Ready ... | Filling | Empty ...        (a circle)
//
// Thread safety: unsafe; guarded by the mutex of the Reader that owns it. The memory of a slot
// belongs to the reading thread while it is filled and to the user while it is held.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "inference/paging/block_map.h"
#include "inference/paging/page_buffer.h"

namespace inference {

class Ring {
 public:
  // All memory is taken here. REQUIRES: slot_count >= 2.
  Ring(std::uint32_t slot_count, std::size_t slot_bytes);

  std::uint32_t slot_count() const { return static_cast<std::uint32_t>(slots_.size()); }
  std::uint64_t size_bytes() const { return memory_.size_bytes(); }

  // Filling. A failed block stays at the end of the line, and nothing is filled until it was
  // dropped: what comes after it has no use.
  bool can_fill() const;
  std::span<std::byte> begin_fill(BlockId block);  // REQUIRES: can_fill()
  // `data`: the block inside the slot, or null if it could not be read. Forgotten if drop_all() was
  // called meanwhile.
  void end_fill(const std::byte* data);

  // Taking.
  enum class Front : std::uint8_t { Ready, Failed, Filling, Absent };
  // Drops everything in front of `block`, and if that is not here at all, everything.
  Front bring_to_front(BlockId block);
  const std::byte* take();  // REQUIRES: bring_to_front() was Ready
  void give_back(const std::byte* data);
  void drop_all();        // but what is held
  BlockId drop_failed();  // the failed block at the end of the line, or kNoBlock

 private:
  enum class State : std::uint8_t { Empty, Filling, Ready, Failed, Held };
  struct Slot {
    State state = State::Empty;
    BlockId block = kNoBlock;
    std::span<std::byte> memory;
    const std::byte* data = nullptr;
  };
  std::size_t after(std::size_t slot) const { return slot + 1 == slots_.size() ? 0 : slot + 1; }
  void drop_front();

  PageBuffer memory_;
  std::vector<Slot> slots_;
  std::size_t fill_ = 0;       // the slot that is or will be filled
  std::size_t take_ = 0;       // the oldest of those that are not held
  std::uint32_t waiting_ = 0;  // Ready or Failed, from take_ on
  bool forget_fill_ = false;   // drop_all() while filling
};

}  // namespace inference
