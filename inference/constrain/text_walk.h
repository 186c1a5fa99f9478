#pragma once

// Tokens inside one string of a table: the table is stepped alone, without the frames around it,
// which is what makes a mask inside such a string cheap.
// Thread safety: unsafe; scratch of one owner.

#include <cstdint>
#include <vector>

#include "inference/constrain/text_machine.h"
#include "inference/constrain/token_mask.h"
#include "inference/constrain/vocabulary_trie.h"

namespace inference {

class TextWalk {
 public:
  // Must outlive the walk.
  explicit TextWalk(const VocabularyTrie& vocabulary);

  // Adds to `mask` every token that does not close the string and after which
  // (token bytes + rest of the text) is at most `bytes_max`. Returns how many nodes of the
  // vocabulary it went to. Allocates nothing.
  std::uint32_t add_inside(const TextMachine& text, const TextMachine::Place& place,
                           std::uint64_t bytes_max, TokenMask* mask);

  // The same where neither the budget nor free_characters can matter: several times as fast.
  std::uint32_t add_inside_freely(const TextMachine& text, const TextMachine::Place& place,
                                  TokenMask* mask);

 private:
  const VocabularyTrie& vocabulary_;
  std::vector<TextMachine::Place> trail_;  // [token_bytes_max + 1]; by depth
  std::vector<std::uint32_t> states_;      // [token_bytes_max + 1]
};

}  // namespace inference
