#include "inference/constrain/text_masks.h"

#include <algorithm>

namespace inference {

TextMasks::TextMasks(std::uint32_t vocabulary_count, std::size_t bytes_max) {
  const TokenMask empty(vocabulary_count);
  const std::size_t mask_bytes = (std::size_t{vocabulary_count} + 63) / 64 * 8 + sizeof(Slot);
  slots_.resize(std::max<std::size_t>(1, bytes_max / mask_bytes));
  for (Slot& slot : slots_) slot.mask = empty;
}

bool TextMasks::holds(const Slot& slot, const schemas::TextTable& table,
                      const TextMachine::Place& place) {
  return slot.used != 0 && slot.state == place.state &&
         slot.after_backslash == place.after_backslash && !slot.table.owner_before(table) &&
         !table.owner_before(slot.table);
}

const TokenMask* TextMasks::find(const schemas::TextTable& table, const TextMachine::Place& place) {
  for (Slot& slot : slots_) {
    if (!holds(slot, table, place)) continue;
    slot.used = ++clock_;
    return &slot.mask;
  }
  return nullptr;
}

void TextMasks::add(const schemas::TextTable& table, const TextMachine::Place& place,
                    const TokenMask& mask) {
  Slot& slot = *std::min_element(slots_.begin(), slots_.end(),
                                 [](const Slot& a, const Slot& b) { return a.used < b.used; });
  slot.table = table;
  slot.state = place.state;
  slot.after_backslash = place.after_backslash;
  slot.used = ++clock_;
  slot.mask.assign(mask);
}

}  // namespace inference
