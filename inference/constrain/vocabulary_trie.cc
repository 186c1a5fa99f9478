// A pre-order trie needs no pointers: the first child of node i, if any, is i + 1, and where the
// walk does not want to go down it continues at subtree_end(i). One loop over flat arrays visits
// exactly the tokens that can matter (llguidance, docs/toktrie.md).
//
// Sorting the tokens by their bytes puts every subtree into one run, so the trie falls out of one
// pass: a token opens one node for each byte it does not share with its predecessor.
//
// Inside a string nearly every token is allowed, and walking all of them costs a thousand times
// more than in any other state. But what a token does there depends on the phase of the string
// machine alone, so it is worked out once a vocabulary; only the code point limits and whatever
// follows the closing quote are left for the moment (mask_walk.cc).

#include "inference/constrain/vocabulary_trie.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "inference/error.h"

namespace inference {
namespace {

std::size_t common_prefix(std::string_view a, std::string_view b) {
  const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<std::size_t>(end.first - a.begin());
}

}  // namespace

VocabularyTrie::VocabularyTrie(std::span<const std::string_view> bytes_by_id) {
  byte_offsets_.reserve(bytes_by_id.size() + 1);
  byte_offsets_.push_back(0);
  for (const std::string_view token : bytes_by_id) {
    bytes_.append(token);
    if (bytes_.size() > std::numeric_limits<std::uint32_t>::max() / 2) {
      throw LoadError("vocabulary: the tokens have over 2 GiB of text");
    }
    byte_offsets_.push_back(static_cast<std::uint32_t>(bytes_.size()));
  }
  build_trie();
  for (unsigned phase = 1; phase < kStringPhaseCount; ++phase) {
    slices_[phase] = make_slice(static_cast<StringPhase>(phase));
  }
}

void VocabularyTrie::build_trie() {
  std::vector<TokenId> order;
  for (TokenId id = 0; id < vocabulary_count(); ++id) {
    const std::size_t size = bytes(id).size();
    if (size > 0 && size <= kTokenBytesMax) order.push_back(id);
  }
  std::sort(order.begin(), order.end(), [this](TokenId a, TokenId b) {
    const int compared = bytes(a).compare(bytes(b));
    return compared != 0 ? compared < 0 : a < b;
  });
  std::vector<std::uint32_t> path;  // nodes from the top to the latest
  std::string_view previous;
  const auto close_to = [&](std::size_t depth) {
    for (; path.size() > depth; path.pop_back()) subtree_ends_[path.back()] = node_count();
  };
  for (const TokenId id : order) {
    const std::string_view token = bytes(id);
    const std::size_t shared = common_prefix(previous, token);
    close_to(shared);
    for (std::size_t i = shared; i < token.size(); ++i) {
      path.push_back(node_count());
      labels_.push_back(static_cast<std::uint8_t>(token[i]));
      depths_.push_back(static_cast<std::uint16_t>(i + 1));
      subtree_ends_.push_back(0);
      token_begins_.push_back(static_cast<std::uint32_t>(tokens_.size()));
    }
    tokens_.push_back(id);
    token_bytes_max_ = std::max(token_bytes_max_, static_cast<std::uint32_t>(token.size()));
    previous = token;
  }
  close_to(0);
  token_begins_.push_back(static_cast<std::uint32_t>(tokens_.size()));
}

VocabularyTrie::Range VocabularyTrie::below(std::string_view prefix) const {
  Range range{0, node_count()};
  for (const char c : prefix) {
    std::uint32_t node = range.begin;
    while (node < range.end && labels_[node] != static_cast<std::uint8_t>(c)) {
      node = subtree_ends_[node];
    }
    if (node >= range.end) return {};
    range = {node + 1, subtree_ends_[node]};
  }
  return range;
}

StringSlice VocabularyTrie::make_slice(StringPhase phase) const {
  struct Point {
    StringPhase phase = StringPhase::Text;
    std::uint32_t characters = 0;
  };
  std::vector<Point> trail(token_bytes_max_ + 1);  // [depth]
  trail[0] = {phase, 0};
  StringSlice slice;
  slice.inside = TokenMask(vocabulary_count());
  std::vector<std::pair<std::uint32_t, TokenId>> inside;  // code points begun, token
  for (std::uint32_t node = 0; node < node_count();) {
    const Point& before = trail[depth(node) - 1];
    const StringMove move = step_string(before.phase, label(node));
    if (move.kind == StringMove::Kind::Closed) slice.exits.push_back({node, before.characters});
    if (move.kind != StringMove::Kind::Inside) {
      node = subtree_end(node);
      continue;
    }
    Point& after = trail[depth(node)];
    after = {move.phase, before.characters + (move.begins_character ? 1u : 0u)};
    for (const TokenId id : tokens(node)) {
      slice.inside.set(id);
      inside.emplace_back(after.characters, id);
    }
    ++node;
  }
  std::sort(inside.begin(), inside.end());
  for (const auto& [characters, id] : inside) {
    slice.inside_count_at_most.resize(
        std::max<std::size_t>(slice.inside_count_at_most.size(), characters + 1),
        static_cast<std::uint32_t>(slice.inside_by_characters.size()));
    slice.inside_by_characters.push_back(id);
    slice.inside_count_at_most[characters] =
        static_cast<std::uint32_t>(slice.inside_by_characters.size());
  }
  return slice;
}

}  // namespace inference
