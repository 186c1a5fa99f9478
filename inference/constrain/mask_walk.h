#pragma once

// Which tokens a schema allows in a state, and which of them still leave room for the shortest
// completion within a budget of bytes.
// Thread safety: unsafe; owned by one matcher.

#include <cstdint>
#include <limits>
#include <vector>

#include "inference/constrain/automaton.h"
#include "inference/constrain/token_mask.h"
#include "inference/constrain/vocabulary_trie.h"

namespace inference {

inline constexpr std::uint64_t kBytesUnlimited = std::numeric_limits<std::uint64_t>::max();

class MaskWalk {
 public:
  // Both must outlive the walk.
  MaskWalk(const CompiledSchema& schema, const VocabularyTrie& vocabulary);

  // Makes `mask` exactly the tokens all of whose bytes advance `state` and after which
  // (token bytes + shortest completion) is at most `bytes_left`. `state` is as it was afterwards.
  // Allocates nothing. REQUIRES: mask is for this vocabulary.
  void fill(State* state, std::uint64_t bytes_left, TokenMask* mask);

  // Whether a token that begins with `prefix` and is longer fits: `state` is the one after
  // `prefix`, `bytes_left` what is left there.
  bool has_longer_token(std::string_view prefix, State* state, std::uint64_t bytes_left);

 private:
  // Walks the nodes [begin, end), which are all children of one node at depth `base` and what is
  // below them, and adds the tokens that fit. `bytes_left` counts from depth 0.
  // Stops at the first token where mask is null, and returns whether it found any.
  bool walk(VocabularyTrie::Range range, std::uint32_t base, State* state, std::uint64_t bytes_left,
            TokenMask* mask);
  void fill_string(const CompiledSchema::OpenString& string, State* state, std::uint64_t bytes_left,
                   TokenMask* mask);

  const CompiledSchema& schema_;
  const VocabularyTrie& vocabulary_;
  std::vector<Undo> trail_;  // [token_bytes_max]
};

}  // namespace inference
