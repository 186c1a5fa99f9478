#pragma once

// The merge loop that SPM and BPE share: of all neighbours that may merge, the pair of the lowest
// order goes first, the leftmost among equals, until none is left.
//
// Symbols form a linked list; candidate pairs wait in a heap. A merge makes at most two new
// candidates, so n symbols cost at most 3 n look-ups and O(n log n) steps. Candidates whose
// symbols have changed meanwhile are recognised when they come up: symbols only ever grow or die,
// so a pair is as it was exactly if both are still neighbours and their bytes add up as before.
// Thread safety: pure.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace inference {

inline constexpr std::uint32_t kNone = 0xFFFFFFFFU;  // no symbol, no token

struct Symbol {
  std::uint32_t previous;    // kNone at the start
  std::uint32_t next;        // kNone at the end
  std::uint32_t token;       // kNone: not a token, never merges by token
  std::uint32_t begin;       // in the text
  std::uint32_t size_bytes;  // 0: merged into its left neighbour
};

struct MergeCandidate {
  std::uint64_t key;  // order << 32 | left
  std::uint32_t right;
  std::uint32_t token;       // of the merged symbol
  std::uint32_t size_bytes;  // of the merged symbol
};

// `rule(left, right, &order, &token)` says whether the two symbols may merge. `heap` is scratch.
template <class Rule>
void merge_symbols(std::vector<Symbol>& symbols, std::vector<MergeCandidate>& heap,
                   const Rule& rule) {
  const auto later = [](const MergeCandidate& a, const MergeCandidate& b) { return a.key > b.key; };
  const auto consider = [&](std::uint32_t left, std::uint32_t right) {
    if (left == kNone || right == kNone) return;
    std::uint32_t order = 0;
    std::uint32_t token = kNone;
    if (!rule(symbols[left], symbols[right], &order, &token)) return;
    heap.push_back({std::uint64_t{order} << 32 | left, right, token,
                    symbols[left].size_bytes + symbols[right].size_bytes});
    std::push_heap(heap.begin(), heap.end(), later);
  };

  heap.clear();
  for (std::size_t i = 1; i < symbols.size(); ++i) {
    consider(static_cast<std::uint32_t>(i - 1), static_cast<std::uint32_t>(i));
  }
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), later);
    const MergeCandidate best = heap.back();
    heap.pop_back();
    Symbol& left = symbols[best.key & 0xFFFFFFFFU];
    Symbol& right = symbols[best.right];
    const bool alive = left.size_bytes != 0 && right.size_bytes != 0 && left.next == best.right &&
                       left.size_bytes + right.size_bytes == best.size_bytes;
    if (!alive) continue;
    left.size_bytes = best.size_bytes;
    left.token = best.token;
    left.next = right.next;
    right.size_bytes = 0;
    const auto left_index = static_cast<std::uint32_t>(best.key & 0xFFFFFFFFU);
    if (left.next != kNone) symbols[left.next].previous = left_index;
    consider(left.previous, left_index);
    consider(left_index, left.next);
  }
}

}  // namespace inference
