#pragma once

// Which tokens a schema allows in a state, and which of them still leave room for the shortest
// completion within a budget of bytes.
// Thread safety: unsafe; owned by one matcher.

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "inference/constrain/automaton.h"
#include "inference/constrain/text_masks.h"
#include "inference/constrain/text_walk.h"
#include "inference/constrain/token_mask.h"
#include "inference/constrain/vocabulary_trie.h"

namespace inference {

inline constexpr std::uint64_t kBytesUnlimited = std::numeric_limits<std::uint64_t>::max();

class MaskWalk {
 public:
  // All must outlive the walk. `masks` may be null.
  MaskWalk(const CompiledSchema& schema, const VocabularyTrie& vocabulary,
           TextMasks* masks = nullptr);

  // Makes `mask` exactly the tokens all of whose bytes advance `state` and after which
  // (token bytes + shortest completion) is at most `bytes_left`. `state` is as it was afterwards.
  // Allocates nothing. REQUIRES: mask is for this vocabulary.
  void fill(State* state, std::uint64_t bytes_left, TokenMask* mask);

  // Whether a token that begins with `prefix` and is longer fits: `state` is the one after
  // `prefix`, `bytes_left` what is left there.
  bool has_longer_token(std::string_view prefix, State* state, std::uint64_t bytes_left);

 private:
  using OpenString = CompiledSchema::OpenString;

  // Walks the nodes [begin, end), which are all children of one node at depth `base` and what is
  // below them, and adds the tokens that fit. `bytes_left` counts from depth 0.
  // Stops at the first token where mask is null, and returns whether it found any.
  bool walk(VocabularyTrie::Range range, std::uint32_t base, State* state, std::uint64_t bytes_left,
            TokenMask* mask);

  // Sets strings_ and the others; false if the strings do not stand in one phase.
  bool find_strings(const State& state);
  bool fill_strings(State* state, std::uint64_t bytes_left, TokenMask* mask);
  // Makes `mask` the tokens that stay inside the string.
  void fill_inside(const OpenString& string, std::uint64_t bytes_left, TokenMask* mask);
  void fill_inside_lengths(const OpenString& string, TokenMask* mask) const;
  void fill_inside_text(const OpenString& string, std::uint64_t bytes_left, TokenMask* mask);
  void fill_text_freely(const OpenString& string, TokenMask* mask);
  static bool closes_at(const OpenString& string, const StringSlice::Exit& exit,
                        std::string_view before);
  void add_exits(State* state, std::uint64_t bytes_left, TokenMask* mask);

  const CompiledSchema& schema_;
  const VocabularyTrie& vocabulary_;
  TextMasks* masks_;
  TextWalk text_walk_;
  std::vector<Undo> trail_;          // [token_bytes_max + 1]
  std::uint32_t ways_seen_max_ = 0;  // of the states that walk() came through
  // Of the state that is asked about: its strings, by way.
  std::array<OpenString, kWaysMax> strings_;
  std::uint64_t string_ways_ = 0;  // bits
  std::uint64_t other_ways_ = 0;
  TokenMask scratch_;
};

}  // namespace inference
