// The vocabulary in pre-order, as in mask_walk.cc, with a table in place of the automaton: what is
// known at each depth is one number, so going back up costs nothing.
//
// The free walk is for the case that counts, a state deep inside a long text. A text is well-formed
// UTF-8 because its table says so, hence neither phases nor code points are followed: what is left
// of JSON are the quote, the backslash and the letter behind it.

#include "inference/constrain/text_walk.h"

namespace inference {

TextWalk::TextWalk(const VocabularyTrie& vocabulary)
    : vocabulary_(vocabulary),
      trail_(vocabulary.token_bytes_max() + 1),
      states_(vocabulary.token_bytes_max() + 1) {}

std::uint32_t TextWalk::add_inside(const TextMachine& text, const TextMachine::Place& place,
                                   std::uint64_t bytes_max, TokenMask* mask) {
  trail_[0] = place;
  std::uint32_t visited = 0;
  for (std::uint32_t node = 0; node < vocabulary_.node_count(); ++visited) {
    const std::uint32_t depth = vocabulary_.depth(node);
    TextMachine::Place& at = trail_[depth];
    at = trail_[depth - 1];
    if (!text.step_written(&at, vocabulary_.label(node)) || depth + text.rest(at) > bytes_max) {
      node = vocabulary_.subtree_end(node);
      continue;
    }
    for (const TokenId id : vocabulary_.tokens(node)) mask->set(id);
    ++node;
  }
  return visited;
}

std::uint32_t TextWalk::add_inside_freely(const TextMachine& text, const TextMachine::Place& place,
                                          TokenMask* mask) {
  constexpr std::uint32_t kEscaped = 1u << 31;
  const schemas::StringAutomaton& table = *text.table();
  const std::uint32_t* next = table.next.data();
  const std::size_t width = table.class_count;
  const std::uint32_t count = vocabulary_.node_count();
  states_[0] = place.state | (place.after_backslash ? kEscaped : 0);
  std::uint32_t visited = 0;
  for (std::uint32_t node = 0; node < count; ++visited) {
    const std::uint32_t depth = vocabulary_.depth(node);
    const std::uint32_t from = states_[depth - 1];
    const std::uint8_t byte = vocabulary_.label(node);
    std::uint32_t to = 0;
    if ((from & kEscaped) != 0) {
      const std::uint8_t meaning = unescaped(byte);
      if (meaning != 0) to = table.step(from & ~kEscaped, meaning);
    } else if (byte == '\\') {
      if (text.rest_after_backslash(from) < TextMachine::kNone) to = from | kEscaped;
    } else if (byte >= 0x20 && byte != '"') {
      to = next[from * width + table.classes[byte]];
    }
    if (to == schemas::StringAutomaton::kDead) {
      node = vocabulary_.subtree_end(node);
      continue;
    }
    states_[depth] = to;
    for (const TokenId id : vocabulary_.tokens(node)) mask->set(id);
    ++node;
  }
  return visited;
}

}  // namespace inference
