// The walk: for every trie node in pre-order, try its byte; if the automaton refuses, everything
// below is out, and the walk goes on behind the subtree. Outside strings few bytes are allowed, so
// few nodes are visited: a state between two keys costs microseconds.
//
// Two cuts keep the mask exact:
//  - The budget. Length so far plus shortest completion never shrinks on the way down, because one
//    byte shortens the completion by at most one. So a node that is over budget ends its subtree.
//  - Strings. Tokens that stay inside come from the slice of the string's phase; only the limit on
//    code points is applied here, by taking away the tokens that begin too many (or by adding those
//    that begin few enough, whichever are fewer). Where a token closes the string, the walk goes on
//    below that node with the frame of the string popped. A token inside lengthens the completion
//    by at most an unfinished character; when the budget does not surely cover that, the plain walk
//    does the whole work, near the end of an output only.

#include "inference/constrain/mask_walk.h"

#include <algorithm>

#include "inference/check.h"

namespace inference {

MaskWalk::MaskWalk(const CompiledSchema& schema, const VocabularyTrie& vocabulary)
    : schema_(schema), vocabulary_(vocabulary), trail_(vocabulary.token_bytes_max() + 1) {}

bool MaskWalk::walk(VocabularyTrie::Range range, std::uint32_t base, State* state,
                    std::uint64_t bytes_left, TokenMask* mask) {
  std::uint32_t taken = 0;  // bytes below `base` that `state` has advanced by
  bool found = false;
  for (std::uint32_t node = range.begin; node < range.end && !(found && mask == nullptr);) {
    const std::uint32_t depth = vocabulary_.depth(node);
    while (taken >= depth - base) CompiledSchema::take_back(state, trail_[--taken]);
    if (!schema_.advance(state, vocabulary_.label(node), &trail_[taken])) {
      node = vocabulary_.subtree_end(node);
      continue;
    }
    ++taken;
    if (bytes_left != kBytesUnlimited && schema_.shortest_bytes(*state) + depth > bytes_left) {
      node = vocabulary_.subtree_end(node);
      continue;
    }
    for (const TokenId id : vocabulary_.tokens(node)) {
      if (mask != nullptr) mask->set(id);
      found = true;
    }
    ++node;
  }
  while (taken > 0) CompiledSchema::take_back(state, trail_[--taken]);
  return found;
}

void MaskWalk::fill_string(const CompiledSchema::OpenString& string, State* state,
                           std::uint64_t bytes_left, TokenMask* mask) {
  const StringSlice& slice = vocabulary_.string_slice(string.phase);
  const auto total = static_cast<std::uint32_t>(slice.inside_by_characters.size());
  const std::uint32_t fitting = string.characters_max < slice.inside_count_at_most.size()
                                    ? slice.inside_count_at_most[string.characters_max]
                                    : total;
  if (fitting >= total / 2) {
    mask->assign(slice.inside);
    for (std::uint32_t i = fitting; i < total; ++i) mask->reset(slice.inside_by_characters[i]);
  } else {
    mask->clear();
    for (std::uint32_t i = 0; i < fitting; ++i) mask->set(slice.inside_by_characters[i]);
  }
  // Without the string's own frame the stack stands where the closing quote leaves it.
  Undo string_frame;
  schema_.leave_string(state, &string_frame);
  const std::uint64_t rest = schema_.shortest_bytes(*state);
  for (const StringSlice::Exit& exit : slice.exits) {
    if (exit.characters < string.characters_min || exit.characters > string.characters_max) {
      continue;
    }
    const std::uint32_t depth = vocabulary_.depth(exit.trie_node);
    if (rest + depth > bytes_left) continue;
    for (const TokenId id : vocabulary_.tokens(exit.trie_node)) mask->set(id);
    walk({exit.trie_node + 1, vocabulary_.subtree_end(exit.trie_node)}, depth, state, bytes_left,
         mask);
  }
  CompiledSchema::take_back(state, string_frame);
}

void MaskWalk::fill(State* state, std::uint64_t bytes_left, TokenMask* mask) {
  const auto string = schema_.open_string(*state);
  if (string) {
    const std::uint64_t need =
        schema_.shortest_bytes(*state) + vocabulary_.token_bytes_max() + kStringTailBytesMax;
    if (need <= bytes_left) {
      fill_string(*string, state, bytes_left, mask);
      return;
    }
  }
  mask->clear();
  walk({0, vocabulary_.node_count()}, 0, state, bytes_left, mask);
}

bool MaskWalk::has_longer_token(std::string_view prefix, State* state, std::uint64_t bytes_left) {
  const auto base = static_cast<std::uint32_t>(prefix.size());
  const std::uint64_t total = bytes_left == kBytesUnlimited ? bytes_left : bytes_left + base;
  return walk(vocabulary_.below(prefix), base, state, total, nullptr);
}

}  // namespace inference
