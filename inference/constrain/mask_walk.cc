// The walk: for every trie node in pre-order, try its byte; if the automaton refuses, everything
// below is out, and the walk goes on behind the subtree. Outside strings few bytes are allowed, so
// few nodes are visited: a state between two keys costs microseconds.
//
// Three cuts keep the mask exact and inside strings as cheap:
//  - The budget. Length so far plus shortest completion never shrinks on the way down, because one
//    byte shortens the completion by at most one. So a node that is over budget ends its subtree.
//  - Tokens that stay inside a string depend on nothing around it. Where only lengths limit the
//    string they come from the slice of its phase, less those that begin too many code points (or
//    as many as begin few enough, whichever are fewer). Where a table does, they are a walk of the
//    table alone (text_walk.cc), whose result depends on the table's state alone and is kept
//    (text_masks.h). Both hold only where the budget surely covers what a token may lengthen the
//    completion by; else the table is walked with the budget, or the plain walk does it all.
//  - Tokens that close a string are the few that have a quote in them. Each is tried as far as its
//    quote, and from there the walk goes on with the frame of the string popped.
//
// A state with several ways has the tokens of each of them. Strings that are open at once close at
// once, so their exits are walked together; ways that are not strings are walked by themselves.
// That is the same as one walk as long as no way is dropped for want of room: where the parts come
// to more than half the ways there may be, the plain walk does it all again.

#include "inference/constrain/mask_walk.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "inference/check.h"

namespace inference {
namespace {

// Tokens that begin more characters than a text may still begin freely are tried one by one, if
// they are at most so many.
constexpr std::size_t kTriedOneByOneMax = 1024;

// A walk that went to fewer nodes is as cheap as looking for its result.
constexpr std::uint32_t kWorthKeepingNodes = 1000;

constexpr std::uint64_t bit(std::uint32_t way) { return std::uint64_t{1} << way; }

}  // namespace

MaskWalk::MaskWalk(const CompiledSchema& schema, const VocabularyTrie& vocabulary, TextMasks* masks)
    : schema_(schema),
      vocabulary_(vocabulary),
      masks_(masks),
      text_walk_(vocabulary),
      trail_(vocabulary.token_bytes_max() + 1),
      scratch_(vocabulary.vocabulary_count()) {}

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
    ways_seen_max_ = std::max(ways_seen_max_, state->way_count());
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

bool MaskWalk::find_strings(const State& state) {
  string_ways_ = 0;
  other_ways_ = 0;
  std::optional<StringPhase> phase;
  for (std::uint32_t way = 0; way < state.way_count(); ++way) {
    const auto string = schema_.open_string(state, way);
    if (!string) {
      other_ways_ |= bit(way);
      continue;
    }
    if (phase && *phase != string->phase) return false;
    phase = string->phase;
    string_ways_ |= bit(way);
    strings_[way] = *string;
  }
  return true;
}

void MaskWalk::fill_inside_lengths(const OpenString& string, TokenMask* mask) const {
  const StringSlice& slice = vocabulary_.string_slice(string.phase);
  const std::uint32_t total = slice.inside_count();
  const std::uint32_t fitting = slice.count_at_most(string.characters_max);
  if (fitting >= total / 2) {
    mask->assign(slice.inside);
    for (std::uint32_t i = fitting; i < total; ++i) mask->reset(slice.inside_by_characters[i]);
  } else {
    mask->clear();
    for (std::uint32_t i = 0; i < fitting; ++i) mask->set(slice.inside_by_characters[i]);
  }
}

void MaskWalk::fill_text_freely(const OpenString& string, TokenMask* mask) {
  const schemas::TextTable& table = string.table->table();
  if (masks_ != nullptr) {
    const TokenMask* known = masks_->find(table, string.place);
    if (known != nullptr) {
      mask->assign(*known);
      return;
    }
  }
  mask->clear();
  const std::uint32_t visited = text_walk_.add_inside_freely(*string.table, string.place, mask);
  if (masks_ != nullptr && visited >= kWorthKeepingNodes) masks_->add(table, string.place, *mask);
}

void MaskWalk::fill_inside_text(const OpenString& string, std::uint64_t bytes_left,
                                TokenMask* mask) {
  const StringSlice& slice = vocabulary_.string_slice(string.phase);
  const std::uint32_t total = slice.inside_count();
  // The rest of the last free character is not free any more.
  const std::uint32_t characters = string.place.free_characters;
  const std::uint32_t free = characters == 0 ? 0 : slice.count_at_most(characters - 1);
  const std::uint64_t growth = vocabulary_.token_bytes_max() + string.table->rest_max();
  const bool fits_surely = bytes_left >= string.below && bytes_left - string.below >= growth;
  if (!fits_surely || total - free > kTriedOneByOneMax) {
    mask->clear();
    const std::uint64_t bytes_max = bytes_left == kBytesUnlimited ? kBytesUnlimited
                                    : bytes_left >= string.below  ? bytes_left - string.below
                                                                  : 0;
    text_walk_.add_inside(*string.table, string.place, bytes_max, mask);
    return;
  }
  fill_text_freely(string, mask);
  for (std::uint32_t i = free; i < total; ++i) {
    const TokenId id = slice.inside_by_characters[i];
    if (!mask->test(id)) continue;
    TextMachine::Place place = string.place;
    for (const char c : vocabulary_.bytes(id)) {
      if (string.table->step_written(&place, static_cast<std::uint8_t>(c))) continue;
      mask->reset(id);
      break;
    }
  }
}

void MaskWalk::fill_inside(const OpenString& string, std::uint64_t bytes_left, TokenMask* mask) {
  if (string.table == nullptr) {
    fill_inside_lengths(string, mask);
  } else {
    fill_inside_text(string, bytes_left, mask);
  }
}

// Whether the string may end behind `before`, bytes that stay inside it.
bool MaskWalk::closes_at(const OpenString& string, const StringSlice::Exit& exit,
                         std::string_view before) {
  if (string.table == nullptr) {
    return exit.characters >= string.characters_min && exit.characters <= string.characters_max;
  }
  TextMachine::Place place = string.place;
  for (const char c : before) {
    if (!string.table->step_written(&place, static_cast<std::uint8_t>(c))) return false;
  }
  return !place.after_backslash && string.table->accepts(place.state);
}

void MaskWalk::add_exits(State* state, std::uint64_t bytes_left, TokenMask* mask) {
  const auto first = static_cast<std::uint32_t>(std::countr_zero(string_ways_));
  for (const StringSlice::Exit& exit : vocabulary_.string_slice(strings_[first].phase).exits) {
    std::string_view before = vocabulary_.spelling(exit.trie_node);
    before.remove_suffix(1);
    std::uint64_t closing = 0;
    for (std::uint64_t rest = string_ways_; rest != 0; rest &= rest - 1) {
      const auto way = static_cast<std::uint32_t>(std::countr_zero(rest));
      if (closes_at(strings_[way], exit, before)) closing |= bit(way);
    }
    if (closing == 0) continue;
    Undo string_frames;
    schema_.leave_strings(state, closing, &string_frames);
    const std::uint32_t depth = vocabulary_.depth(exit.trie_node);
    if (bytes_left == kBytesUnlimited || schema_.shortest_bytes(*state) + depth <= bytes_left) {
      for (const TokenId id : vocabulary_.tokens(exit.trie_node)) mask->set(id);
      walk({exit.trie_node + 1, vocabulary_.subtree_end(exit.trie_node)}, depth, state, bytes_left,
           mask);
    }
    CompiledSchema::take_back(state, string_frames);
  }
}

// False, and `mask` is of no use, if the ways may not be looked at apart.
bool MaskWalk::fill_strings(State* state, std::uint64_t bytes_left, TokenMask* mask) {
  if (state->way_count() > kWaysMax || !find_strings(*state) || string_ways_ == 0) return false;
  // A token inside a string of lengths makes its end longer by an unfinished character at most.
  const std::uint64_t need =
      schema_.shortest_bytes(*state) + vocabulary_.token_bytes_max() + kStringTailBytesMax;
  bool is_first = true;
  for (std::uint64_t rest = string_ways_; rest != 0; rest &= rest - 1) {
    const OpenString& string = strings_[static_cast<std::uint32_t>(std::countr_zero(rest))];
    if (string.table == nullptr && need > bytes_left) return false;
    fill_inside(string, bytes_left, is_first ? mask : &scratch_);
    if (!is_first) mask->unite(scratch_);
    is_first = false;
  }
  ways_seen_max_ = 0;
  add_exits(state, bytes_left, mask);
  if (other_ways_ == 0) return true;
  const std::uint32_t ways_behind_quotes = std::exchange(ways_seen_max_, 0);
  Undo strings;
  schema_.keep_ways(state, other_ways_, &strings);
  walk({0, vocabulary_.node_count()}, 0, state, bytes_left, mask);
  CompiledSchema::take_back(state, strings);
  return ways_behind_quotes + ways_seen_max_ <= kWaysMax;
}

void MaskWalk::fill(State* state, std::uint64_t bytes_left, TokenMask* mask) {
  if (fill_strings(state, bytes_left, mask)) return;
  mask->clear();
  walk({0, vocabulary_.node_count()}, 0, state, bytes_left, mask);
}

bool MaskWalk::has_longer_token(std::string_view prefix, State* state, std::uint64_t bytes_left) {
  const auto base = static_cast<std::uint32_t>(prefix.size());
  const std::uint64_t total = bytes_left == kBytesUnlimited ? bytes_left : bytes_left + base;
  return walk(vocabulary_.below(prefix), base, state, total, nullptr);
}

}  // namespace inference
