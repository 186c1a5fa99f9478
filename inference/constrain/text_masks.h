#pragma once

// The tokens that stay inside a text, by the state of the text's table: worked out once and then
// shared by all positions, strings, documents and schemas that come to that state. Tables are told
// apart by identity; a cache outlives the schemas whose masks it holds.
// Thread safety: unsafe; owned by whoever owns the matchers that use it, one at a time.

#include <cstdint>
#include <memory>
#include <vector>

#include "inference/constrain/text_machine.h"
#include "inference/constrain/token_mask.h"

namespace inference {

// What a cache takes: over 160 masks of 49,152 tokens. At least one mask, however large.
inline constexpr std::size_t kTextMasksBytesMax = std::size_t{1} << 20;

class TextMasks {
 public:
  // Takes all its memory here. Masks are for a vocabulary of that many tokens.
  explicit TextMasks(std::uint32_t vocabulary_count, std::size_t bytes_max = kTextMasksBytesMax);

  // Valid until the next add(); null if the state is not kept.
  const TokenMask* find(const schemas::TextTable& table, const TextMachine::Place& place);

  // Keeps a copy, in the place of the mask that was asked for longest ago where there is no room.
  // Allocates nothing. REQUIRES: find() is null.
  void add(const schemas::TextTable& table, const TextMachine::Place& place, const TokenMask& mask);

  std::size_t size_max() const { return slots_.size(); }  // masks

 private:
  struct Slot {
    // Keeps no table alive, only its identity: no other can be mistaken for it.
    std::weak_ptr<const schemas::StringAutomaton> table;
    std::uint32_t state = 0;
    bool after_backslash = false;
    std::uint64_t used = 0;  // of clock_; 0: empty
    TokenMask mask;
  };
  static bool holds(const Slot& slot, const schemas::TextTable& table,
                    const TextMachine::Place& place);

  std::vector<Slot> slots_;
  std::uint64_t clock_ = 0;
};

}  // namespace inference
