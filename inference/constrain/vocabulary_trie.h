#pragma once

// The bytes of a vocabulary as a trie in flat arrays, made once a model, and what is known about
// its tokens inside strings whatever the schema (StringSlice).
// Thread safety: constant after construction.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inference/constrain/string_machine.h"
#include "inference/constrain/token_mask.h"
#include "inference/text/token.h"

namespace inference {

class Tokenizer;

// Longer tokens are never offered: they would only make the walk's trail longer.
inline constexpr std::uint32_t kTokenBytesMax = 512;

// The tokens that a string in one phase can take, whatever the schema: those that stay inside, by
// the code points they begin, and the places where one closes the string.
struct StringSlice {
  struct Exit {
    std::uint32_t trie_node = 0;   // its byte is the closing quote
    std::uint32_t characters = 0;  // code points begun before it
  };
  TokenMask inside;
  std::vector<TokenId> inside_by_characters;        // ascending by code points begun
  std::vector<std::uint32_t> inside_count_at_most;  // [code points]: prefix of the list above
  std::vector<Exit> exits;                          // in trie order

  std::uint32_t inside_count() const {
    return static_cast<std::uint32_t>(inside_by_characters.size());
  }
  // How many of inside_by_characters begin at most so many code points.
  std::uint32_t count_at_most(std::uint32_t characters) const {
    return characters < inside_count_at_most.size() ? inside_count_at_most[characters]
                                                    : inside_count();
  }
};

class VocabularyTrie {
 public:
  // bytes_by_id[id]: the bytes of token `id`; empty where the token must never be written (control,
  // unknown, unused). Tokens with equal bytes are all kept. The bytes are copied.
  explicit VocabularyTrie(std::span<const std::string_view> bytes_by_id);

  // The tokens a tokenizer may write: normal, user-defined and byte tokens.
  static VocabularyTrie from_tokenizer(const Tokenizer& tokenizer);

  std::uint32_t vocabulary_count() const {
    return static_cast<std::uint32_t>(byte_offsets_.size() - 1);
  }
  std::string_view bytes(TokenId id) const {
    return std::string_view(bytes_).substr(byte_offsets_[id],
                                           byte_offsets_[id + 1] - byte_offsets_[id]);
  }
  std::uint32_t token_bytes_max() const { return token_bytes_max_; }  // of the tokens in the trie

  // The trie in pre-order, without a root: what lies below node i is (i, subtree_end(i)).
  std::uint32_t node_count() const { return static_cast<std::uint32_t>(labels_.size()); }
  std::uint8_t label(std::uint32_t node) const { return labels_[node]; }
  std::uint32_t depth(std::uint32_t node) const { return depths_[node]; }  // bytes up to here
  std::uint32_t subtree_end(std::uint32_t node) const { return subtree_ends_[node]; }
  std::span<const TokenId> tokens(std::uint32_t node) const {  // whose bytes end here
    return {tokens_.data() + token_begins_[node], token_begins_[node + 1] - token_begins_[node]};
  }

  // The bytes on the way to `node`, with its own.
  std::string_view spelling(std::uint32_t node) const {
    // Something ends below every node, and what ends there stands in the order of the nodes.
    return bytes(tokens_[token_begins_[node]]).substr(0, depths_[node]);
  }

  // The range of nodes below the node that spells `prefix`; empty if there is none.
  struct Range {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
  };
  Range below(std::string_view prefix) const;

  // REQUIRES: phase is not Open.
  const StringSlice& string_slice(StringPhase phase) const {
    return slices_[static_cast<unsigned>(phase)];
  }

 private:
  void build_trie();
  StringSlice make_slice(StringPhase phase) const;

  std::string bytes_;                        // of all tokens, one after the other
  std::vector<std::uint32_t> byte_offsets_;  // [vocabulary + 1]
  std::uint32_t token_bytes_max_ = 0;

  std::vector<std::uint8_t> labels_;         // [nodes]
  std::vector<std::uint16_t> depths_;        // [nodes]
  std::vector<std::uint32_t> subtree_ends_;  // [nodes]
  std::vector<std::uint32_t> token_begins_;  // [nodes + 1]
  std::vector<TokenId> tokens_;              // by node, ascending within a node
  std::array<StringSlice, kStringPhaseCount> slices_;
};

}  // namespace inference
