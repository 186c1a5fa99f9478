// Strings that a table limits: how they are stepped, walked, and which masks are kept.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "inference/constrain/mask_walk.h"
#include "inference/constrain/matcher.h"
#include "inference/constrain/text_masks.h"
#include "inference/constrain/text_walk.h"
#include "tests/inference/constrain_support.h"
#include "tests/support/allocations.h"

namespace {

using constrain_test::make_trie;
using constrain_test::SpecBuilder;
using inference::CompiledSchema;
using inference::kBytesUnlimited;
using inference::MaskWalk;
using inference::Matcher;
using inference::State;
using inference::TextMachine;
using inference::TextMasks;
using inference::TextWalk;
using inference::TokenId;
using inference::TokenMask;
using inference::VocabularyTrie;
using schemas::StringAutomaton;
using schemas::TextTable;
using test_support::Random;

// A table of `count` states, 1 the start, every byte a class of its own.
TextTable make_table(std::uint32_t count, const std::vector<std::uint32_t>& accepting,
                     const std::function<std::uint32_t(std::uint32_t, std::uint8_t)>& step) {
  StringAutomaton table;
  table.class_count = 255;  // 0 and 255 are in no text
  for (unsigned byte = 0; byte < 255; ++byte) table.classes[byte] = static_cast<std::uint8_t>(byte);
  table.next.assign(std::size_t{count} * table.class_count, 0);
  table.label.assign(count, 0);
  for (const std::uint32_t state : accepting) table.label[state] = 1;
  for (std::uint32_t state = 1; state < count; ++state) {
    for (unsigned byte = 1; byte < 255; ++byte) {
      table.next[state * table.class_count + byte] = step(state, static_cast<std::uint8_t>(byte));
    }
  }
  table.start = 1;
  return std::make_shared<const StringAutomaton>(std::move(table));
}

// Of a, b, line ends, quotes and backslashes; a text ends behind an even number of b, but not in
// the middle of \xC3\xA4, which may stand behind a.
TextTable even_table() {
  return make_table(4, {1}, [](std::uint32_t state, std::uint8_t byte) -> std::uint32_t {
    if (state == 3) return byte == 0xA4 ? 1u : 0u;
    if (byte == 'b' || byte == '\\') return 3 - state;
    if (byte == 0xC3 && state == 1) return 3;
    return byte == 'a' || byte == '\n' || byte == '"' ? state : 0u;
  });
}

// Exactly so many x.
TextTable counted_table(std::uint32_t characters) {
  return make_table(characters + 2, {characters + 1},
                    [=](std::uint32_t state, std::uint8_t byte) -> std::uint32_t {
                      return byte == 'x' && state <= characters ? state + 1 : 0;
                    });
}

const std::vector<std::string> kTokens = {"a",
                                          "b",
                                          "ab",
                                          "bb",
                                          "aaaa",
                                          "abba",
                                          "\"",
                                          "\"}",
                                          "b\"",
                                          "\\",
                                          "\\n",
                                          "n",
                                          "\\\"",
                                          "\"\"",
                                          "c",
                                          "\\n\\n",
                                          "\xC3",
                                          "\xA4",
                                          "\xC3\xA4",
                                          "\xA4"
                                          "bb",
                                          "b\"}",
                                          "x",
                                          "",
                                          "xx",
                                          "xxx\"",
                                          "\n",
                                          "\\u",
                                          "aaaaaaaaaaaaaaaaaaaabb",
                                          "\x1F",
                                          "\\\\",
                                          "{\"s\":",
                                          "\\b"};

schemas::SchemaSpec text_spec(const TextTable& table, std::uint32_t characters_max) {
  SpecBuilder b;
  schemas::StringNode node{0, characters_max, true, {}, table};
  return b.root(b.object({{"s", b.add(std::move(node)), true}}));
}

// Bytes to the end of the text, by trying all bytes and following whatever is nearest.
std::uint64_t searched_rest(const TextMachine& text, TextMachine::Place place) {
  std::vector<TextMachine::Place> ring = {place};
  for (std::uint64_t distance = 1; distance < 50; ++distance) {
    std::vector<TextMachine::Place> next;
    for (const TextMachine::Place& at : ring) {
      if (!at.after_backslash && text.accepts(at.state)) return distance;
      for (unsigned byte = 0; byte < 256; ++byte) {
        TextMachine::Place to = at;
        if (!text.step_written(&to, static_cast<std::uint8_t>(byte))) continue;
        const bool known = std::any_of(next.begin(), next.end(), [&](const auto& other) {
          return other.state == to.state && other.after_backslash == to.after_backslash;
        });
        if (!known) next.push_back(to);
      }
    }
    ring = std::move(next);
  }
  return TextMachine::kNone;
}

TEST(ConstrainText, KnowsTheShortestWayToItsEnd) {
  for (const TextTable& table : {even_table(), counted_table(7)}) {
    const TextMachine text(table);
    for (std::uint32_t state = 1; state < table->state_count(); ++state) {
      for (const bool after_backslash : {false, true}) {
        const TextMachine::Place place{state, after_backslash, 1000};
        EXPECT_EQ(text.rest(place), searched_rest(text, place)) << state << after_backslash;
        if (text.rest(place) >= TextMachine::kNone) continue;
        EXPECT_LE(text.rest(place), text.rest_max());
        std::string rest;
        text.append_rest(state, after_backslash, &rest);
        EXPECT_EQ(rest.size(), text.rest(place));
      }
    }
  }
}

TEST(ConstrainText, TurnsToItsEndWhereItIsLongEnough) {
  const TextMachine text(even_table());
  TextMachine::Place place{1, false, 2};
  EXPECT_TRUE(text.step_written(&place, 'a'));
  EXPECT_TRUE(text.step_written(&place, 'b'));
  EXPECT_FALSE(text.step_written(&place, 'a')) << "leads no nearer to the end";
  EXPECT_TRUE(text.step_written(&place, 'b')) << "does";
  EXPECT_FALSE(text.step_written(&place, 'b'));
  EXPECT_EQ(place.free_characters, 0u);
}

TEST(ConstrainText, WalksToTheTokensThatStayInside) {
  const VocabularyTrie vocabulary = make_trie(kTokens);
  TextWalk walk(vocabulary);
  for (const TextTable& table : {even_table(), counted_table(3)}) {
    const TextMachine text(table);
    for (std::uint32_t state = 1; state < table->state_count(); ++state) {
      for (const std::uint32_t free_characters : {0u, 1u, 2u, 5u, 1000u}) {
        for (const std::uint64_t bytes_max :
             {std::uint64_t{2}, std::uint64_t{4}, kBytesUnlimited}) {
          for (const bool after_backslash : {false, true}) {
            const TextMachine::Place place{state, after_backslash, free_characters};
            TokenMask expected(vocabulary.vocabulary_count());
            for (TokenId id = 0; id < kTokens.size(); ++id) {
              TextMachine::Place at = place;
              const bool inside = !kTokens[id].empty() &&
                                  std::all_of(kTokens[id].begin(), kTokens[id].end(), [&](char c) {
                                    return text.step_written(&at, static_cast<std::uint8_t>(c));
                                  });
              if (inside && kTokens[id].size() + text.rest(at) <= bytes_max) expected.set(id);
            }
            TokenMask mask(vocabulary.vocabulary_count());
            walk.add_inside(text, place, bytes_max, &mask);
            EXPECT_EQ(mask, expected);
            if (free_characters < 1000 || bytes_max != kBytesUnlimited) continue;
            mask.clear();
            walk.add_inside_freely(text, place, &mask);
            EXPECT_EQ(mask, expected);
          }
        }
      }
    }
  }
}

// Compares with trying each token.
void expect_mask(const CompiledSchema& schema, const VocabularyTrie& vocabulary, MaskWalk* walk,
                 State state, std::uint64_t budget) {
  TokenMask mask(vocabulary.vocabulary_count());
  walk->fill(&state, budget, &mask);
  for (TokenId id = 0; id < vocabulary.vocabulary_count(); ++id) {
    const std::string_view token = vocabulary.bytes(id);
    State next = state;
    const bool fits = !token.empty() && std::all_of(token.begin(), token.end(), [&](char byte) {
      return schema.advance(&next, static_cast<std::uint8_t>(byte));
    });
    EXPECT_EQ(mask.test(id), fits && token.size() + schema.shortest_bytes(next) <= budget)
        << token << " " << budget;
  }
}

// Every text of some bytes, in the middle of escapes and characters too.
TEST(ConstrainText, MasksEqualBruteForceWhereATextTurnsToItsEnd) {
  const VocabularyTrie vocabulary = make_trie(kTokens);
  for (const std::uint32_t characters_max : {1u, 3u, 9u}) {
    const CompiledSchema schema(text_spec(even_table(), characters_max));
    MaskWalk walk(schema, vocabulary);
    std::vector<std::string> texts = {"{\"s\":\""};
    for (std::size_t i = 0; i < texts.size() && texts.size() < 2000; ++i) {
      const std::string text = texts[i];
      SCOPED_TRACE(text);
      State state = schema.initial();
      bool is_open = true;
      for (const char c : text) {
        is_open = is_open && schema.advance(&state, static_cast<std::uint8_t>(c));
      }
      if (!is_open) continue;
      expect_mask(schema, vocabulary, &walk, state, kBytesUnlimited);
      expect_mask(schema, vocabulary, &walk, state, schema.shortest_bytes(state) + 2);
      if (HasFailure()) return;
      for (const char c : std::string_view("ab\\n\"\xC3\xA4")) texts.push_back(text + c);
    }
  }
}

// All ways at once: a text, lengths, and values that begin like texts of both.
TEST(ConstrainText, MasksOfSeveralOpenStringsEqualBruteForce) {
  SpecBuilder b;
  const auto text = b.add(schemas::StringNode{0, 6, true, {}, even_table()});
  const auto counted = b.add(schemas::StringNode{0, 64, true, {}, counted_table(3)});
  const auto plain = b.string(2, 5);
  const auto values = b.values({"\"ab\"", "\"xx\"", "\"b\\n\"", "7"});
  const auto any = b.add(schemas::AnyOfNode{{text, counted, plain, values}});
  const CompiledSchema schema(b.root(b.array(any, 0, 3)));
  const VocabularyTrie vocabulary = make_trie(kTokens);
  TextMasks masks(vocabulary.vocabulary_count(), 1);
  MaskWalk walk(schema, vocabulary, &masks);
  Random random(71);
  std::size_t several_count = 0;
  for (int round = 0; round < 200; ++round) {
    const std::string document = constrain_test::random_document(schema, random, 30);
    State state = schema.initial();
    for (const char c : document) {
      ASSERT_TRUE(schema.advance(&state, static_cast<std::uint8_t>(c)));
      several_count += state.way_count() > 1 ? 1 : 0;
      const std::uint64_t budget =
          random.below(3) == 0 ? kBytesUnlimited : schema.shortest_bytes(state) + random.below(40);
      expect_mask(schema, vocabulary, &walk, state, budget);
    }
  }
  EXPECT_GT(several_count, 100u);
}

// --- what is kept -------------------------------------------------------------------------------

TokenMask mask_of(TokenId id) {
  TokenMask mask(100);
  mask.set(id);
  return mask;
}

TEST(ConstrainTextMasks, ForgetsTheOneThatWasAskedForLongestAgo) {
  TextMasks masks(100, 400);
  ASSERT_GE(masks.size_max(), 2u);
  const TextTable table = even_table();
  const auto count = static_cast<std::uint32_t>(masks.size_max());
  for (std::uint32_t i = 0; i < count; ++i) masks.add(table, {i, false, 0}, mask_of(i));
  ASSERT_NE(masks.find(table, {0, false, 0}), nullptr) << "now 1 is the oldest";
  masks.add(table, {50, false, 0}, mask_of(50));
  EXPECT_EQ(masks.find(table, {1, false, 0}), nullptr);
  ASSERT_NE(masks.find(table, {0, false, 9}), nullptr);
  EXPECT_EQ(*masks.find(table, {0, false, 0}), mask_of(0));
  EXPECT_EQ(*masks.find(table, {50, false, 0}), mask_of(50));
  EXPECT_EQ(masks.find(table, {50, true, 0}), nullptr) << "behind a backslash";
}

TEST(ConstrainTextMasks, TellsTablesApartEvenWhereTheyAreEqualOrGone) {
  TextMasks masks(100, std::size_t{1} << 16);
  const TextTable table = even_table();
  masks.add(table, {1, false, 0}, mask_of(1));
  EXPECT_EQ(masks.find(even_table(), {1, false, 0}), nullptr);
  for (TokenId i = 0; i < 20; ++i) {  // each where the one before it was, as far as can be
    const TextTable next = even_table();
    ASSERT_EQ(masks.find(next, {1, false, 0}), nullptr);
    masks.add(next, {1, false, 0}, mask_of(i + 2));
    ASSERT_EQ(*masks.find(next, {1, false, 0}), mask_of(i + 2));
  }
  EXPECT_EQ(*masks.find(table, {1, false, 0}), mask_of(1));
}

TEST(ConstrainTextMasks, StaysWithinItsBytes) {
  constexpr std::uint32_t kTokensCount = 49'152;
  test_support::reset_allocations();
  const TextMasks masks(kTokensCount);
  const auto taken = test_support::allocations();
  EXPECT_GE(masks.size_max(), 160u);
  // One empty mask is made to copy the others from.
  EXPECT_LE(taken.bytes, inference::kTextMasksBytesMax + kTokensCount / 8);
}

// 1,200 nodes of tokens, so that a mask is worth keeping.
TEST(ConstrainTextMasks, ChangeNoMaskAndLetTheMatcherAllocateNothing) {
  std::vector<std::string> tokens = kTokens;
  for (unsigned i = 0; i < 1024; ++i) {
    std::string token;
    for (unsigned bit = 0; bit < 10; ++bit) token += (i >> bit & 1) != 0 ? 'a' : 'b';
    tokens.push_back(token);
  }
  const VocabularyTrie vocabulary = make_trie(tokens);
  const CompiledSchema schema(text_spec(even_table(), 64));
  TextMasks masks(vocabulary.vocabulary_count());
  Matcher keeping(schema, vocabulary, 4096, &masks);
  Matcher plain(schema, vocabulary, 4096);
  test_support::reset_allocations();
  const std::string_view document = "{\"s\":\"abaab\\naaaabb\xC3\xA4\"}";
  for (std::size_t i = 0; i < document.size(); ++i) {
    ASSERT_EQ(keeping.mask(), plain.mask()) << i;
    ASSERT_TRUE(keeping.accept_bytes(document.substr(i, 1)));
    ASSERT_TRUE(plain.accept_bytes(document.substr(i, 1)));
  }
  EXPECT_EQ(test_support::allocations().count, 0u);
  EXPECT_TRUE(keeping.finished());
}

}  // namespace
