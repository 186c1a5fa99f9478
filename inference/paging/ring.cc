#include "inference/paging/ring.h"

#include <algorithm>

#include "inference/check.h"

namespace inference {

Ring::Ring(std::uint32_t slot_count, std::size_t slot_bytes) : slots_(slot_count) {
  PICOLM_CHECK(slot_count >= 2);
  slot_bytes =
      (slot_bytes + PageBuffer::kAlignment - 1) / PageBuffer::kAlignment * PageBuffer::kAlignment;
  memory_ = PageBuffer(slot_bytes * slot_count);
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    slots_[i].memory = memory_.bytes().subspan(i * slot_bytes, slot_bytes);
  }
}

bool Ring::can_fill() const {
  const bool failed =
      waiting_ > 0 && slots_[fill_ == 0 ? slots_.size() - 1 : fill_ - 1].state == State::Failed;
  return !failed && slots_[fill_].state == State::Empty;
}

std::span<std::byte> Ring::begin_fill(BlockId block) {
  PICOLM_CHECK(can_fill());
  Slot& slot = slots_[fill_];
  slot.state = State::Filling;
  slot.block = block;
  forget_fill_ = false;
  return slot.memory;
}

void Ring::end_fill(const std::byte* data) {
  Slot& slot = slots_[fill_];
  PICOLM_CHECK(slot.state == State::Filling);
  if (forget_fill_) {
    slot.state = State::Empty;
    return;
  }
  slot.state = data ? State::Ready : State::Failed;
  slot.data = data;
  ++waiting_;
  fill_ = after(fill_);
}

void Ring::drop_front() {
  slots_[take_].state = State::Empty;
  take_ = after(take_);
  --waiting_;
}

Ring::Front Ring::bring_to_front(BlockId block) {
  while (waiting_ > 0) {
    const Slot& front = slots_[take_];
    if (front.block == block) return front.state == State::Ready ? Front::Ready : Front::Failed;
    drop_front();
  }
  const Slot& last = slots_[fill_];
  if (last.state == State::Filling && !forget_fill_) {
    if (last.block == block) return Front::Filling;
    forget_fill_ = true;
  }
  return Front::Absent;
}

const std::byte* Ring::take() {
  Slot& slot = slots_[take_];
  PICOLM_CHECK(waiting_ > 0 && slot.state == State::Ready);
  slot.state = State::Held;
  take_ = after(take_);
  --waiting_;
  return slot.data;
}

void Ring::give_back(const std::byte* data) {
  const auto slot = std::find_if(slots_.begin(), slots_.end(), [&](const Slot& s) {
    return s.state == State::Held && s.data == data;
  });
  PICOLM_CHECK(slot != slots_.end());
  slot->state = State::Empty;
}

void Ring::drop_all() { (void)bring_to_front(kNoBlock); }

BlockId Ring::drop_failed() {
  const std::size_t last = fill_ == 0 ? slots_.size() - 1 : fill_ - 1;
  if (waiting_ == 0 || slots_[last].state != State::Failed) return kNoBlock;
  slots_[last].state = State::Empty;
  --waiting_;
  fill_ = last;
  return slots_[last].block;
}

}  // namespace inference
