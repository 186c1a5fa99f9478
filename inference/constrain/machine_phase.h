#pragma once

// The phases of the machines that hold other values, as stored in Frame::phase. Every machine
// begins in phase 0. Private to the automaton.
// Thread safety: free functions without state.

#include <cstdint>

#include "inference/constrain/automaton.h"

namespace inference {

enum class ArrayPhase : std::uint8_t {
  Open,   // before '['
  First,  // before the first item, or ']'
  Item,   // after ',': before an item
  After,  // an item is begun; once it is complete: ',' or ']'
};

enum class ObjectPhase : std::uint8_t {
  Open,   // before '{'
  First,  // before the first key, or '}'
  Key,    // in a key; `position` says where in the trie of keys
  Value,  // after ':' of property `index`
  After,  // the value before property `index` is begun; once it is complete: ',' or '}'
};

// Frame::key_phase behind the closing quote of a key that may be undeclared.
inline constexpr auto kKeyEnded = static_cast<StringPhase>(kStringPhaseCount);
// Behind an escape that only declared keys can have.
inline constexpr auto kKeyDeclared = static_cast<StringPhase>(kStringPhaseCount + 1);

template <typename Phase>
void set_phase(Frame* frame, Phase phase) {
  frame->phase = static_cast<std::uint8_t>(phase);
}

}  // namespace inference
