#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "inference/constrain/mask_walk.h"
#include "inference/constrain/matcher.h"
#include "inference/gguf/file.h"
#include "inference/text/tokenizer.h"
#include "tests/inference/constrain_support.h"
#include "tests/support/allocations.h"
#include "tests/support/test_data.h"

namespace {

using constrain_test::hand_made_specs;
using constrain_test::kThinning;
using constrain_test::make_trie;
using constrain_test::random_spec;
using constrain_test::random_vocabulary;
using constrain_test::SpecBuilder;
using inference::CompiledSchema;
using inference::kBytesUnlimited;
using inference::MaskWalk;
using inference::Matcher;
using inference::MatchError;
using inference::State;
using inference::TokenId;
using inference::TokenMask;
using inference::VocabularyTrie;
using test_support::Random;

// The definition: try all bytes of the token, then see whether the shortest completion still fits.
bool is_allowed(const CompiledSchema& schema, const State& state, std::string_view token,
                std::uint64_t bytes_left) {
  if (token.empty() || token.size() > inference::kTokenBytesMax) return false;
  State next = state;
  for (const char c : token) {
    if (!schema.advance(&next, static_cast<std::uint8_t>(c))) return false;
  }
  return bytes_left == kBytesUnlimited || token.size() + schema.shortest_bytes(next) <= bytes_left;
}

void expect_exact_mask(const CompiledSchema& schema, const VocabularyTrie& vocabulary,
                       MaskWalk* walk, const State& state, std::uint64_t bytes_left) {
  TokenMask expected(vocabulary.vocabulary_count());
  for (TokenId id = 0; id < vocabulary.vocabulary_count(); ++id) {
    if (is_allowed(schema, state, vocabulary.bytes(id), bytes_left)) expected.set(id);
  }
  TokenMask mask(vocabulary.vocabulary_count());
  State scratch = state;
  walk->fill(&scratch, bytes_left, &mask);
  ASSERT_EQ(scratch, state);
  if (mask == expected) return;
  for (TokenId id = 0; id < vocabulary.vocabulary_count(); ++id) {
    if (mask.test(id) == expected.test(id)) continue;
    FAIL() << "token " << testing::PrintToString(std::string(vocabulary.bytes(id)))
           << (mask.test(id) ? " is" : " is not") << " in the mask";
  }
}

// Budgets on both sides of every threshold the mask may know.
std::vector<std::uint64_t> budgets(std::uint64_t shortest, std::uint64_t token_bytes_max) {
  std::vector<std::uint64_t> result{kBytesUnlimited};
  for (std::uint64_t i = 0; i < 4; ++i) result.push_back(shortest + i);
  for (std::uint64_t i = 0; i < 8; ++i) result.push_back(shortest + token_bytes_max + i);
  return result;
}

void check_masks(const schemas::SchemaSpec& spec, Random& random, int documents_count,
                 std::size_t vocabulary_count) {
  const CompiledSchema schema(spec);
  const VocabularyTrie vocabulary = make_trie(random_vocabulary(schema, random, vocabulary_count));
  MaskWalk walk(schema, vocabulary);
  for (int round = 0; round < documents_count; ++round) {
    const std::string document = constrain_test::random_document(schema, random, 90);
    State state = schema.initial();
    for (std::size_t at = 0;; ++at) {
      SCOPED_TRACE(document.substr(0, at));
      const auto all = budgets(schema.shortest_bytes(state), vocabulary.token_bytes_max());
      expect_exact_mask(schema, vocabulary, &walk, state, kBytesUnlimited);
      expect_exact_mask(schema, vocabulary, &walk, state, all[random.below(all.size())]);
      if (testing::Test::HasFatalFailure()) return;
      if (at == document.size()) break;
      ASSERT_TRUE(schema.advance(&state, static_cast<std::uint8_t>(document[at])));
    }
  }
}

TEST(ConstrainMask, EqualsBruteForceOnHandMadeSchemas) {
  Random random(31);
  for (const auto& [name, spec] : hand_made_specs()) {
    SCOPED_TRACE(name);
    check_masks(spec, random, 8, 250);
    if (HasFatalFailure()) return;
  }
}

TEST(ConstrainMask, EqualsBruteForceOnRandomSchemasAndVocabularies) {
  Random random(32);
  for (int round = 0; round < 250; ++round) {
    SCOPED_TRACE(round);
    check_masks(random_spec(random), random, 2, 20 + random.below(200));
    if (HasFatalFailure()) return;
  }
}

// All lengths around a limit in code points, with tokens of many: the slices' arithmetic.
TEST(ConstrainMask, EqualsBruteForceAtEveryLengthOfAString) {
  Random random(33);
  for (const std::uint32_t minimum : {0u, 5u, 75u}) {
    SpecBuilder b;
    const CompiledSchema schema(b.root(b.object({{"s", b.string(minimum, 80), true}})));
    const VocabularyTrie vocabulary = make_trie(random_vocabulary(schema, random, 200));
    MaskWalk walk(schema, vocabulary);
    State state = schema.initial();
    std::string opening;
    schema.append_forced(&state, &opening);
    for (int length = 0; length <= 80; ++length) {
      for (const std::uint64_t budget :
           budgets(schema.shortest_bytes(state), vocabulary.token_bytes_max())) {
        expect_exact_mask(schema, vocabulary, &walk, state, budget);
        if (HasFatalFailure()) return;
      }
      if (length < 80) {
        ASSERT_TRUE(schema.advance(&state, 'a'));
      }
    }
  }
}

TEST(ConstrainMask, KeepsTokensWithEqualBytesAndDropsEmptyAndLongOnes) {
  SpecBuilder b;
  const CompiledSchema schema(b.root(b.string(0, 2000)));
  const std::string long_token(inference::kTokenBytesMax + 1, 'a');
  const VocabularyTrie vocabulary = make_trie({"\"", "a", "", "a", long_token, "\n"});
  Matcher matcher(schema, vocabulary);
  ASSERT_TRUE(matcher.accept(0));
  const TokenMask& mask = matcher.mask();
  EXPECT_TRUE(mask.test(0));
  EXPECT_TRUE(mask.test(1));
  EXPECT_FALSE(mask.test(2)) << "no bytes";
  EXPECT_TRUE(mask.test(3));
  EXPECT_FALSE(mask.test(4)) << "over the limit";
  EXPECT_FALSE(mask.test(5)) << "raw control character";
  EXPECT_EQ(mask.count(), 3u);
}

TEST(ConstrainMask, WorksWithAnEmptyVocabulary) {
  SpecBuilder b;
  const CompiledSchema schema(b.root(b.integer(0, 5)));
  const VocabularyTrie vocabulary = make_trie({});
  Matcher matcher(schema, vocabulary);
  EXPECT_TRUE(matcher.mask().empty());
  EXPECT_TRUE(matcher.accept_bytes("3"));
  EXPECT_TRUE(matcher.finished());
}

TEST(ConstrainMask, FindsTheNodesBelowAPrefix) {
  const std::vector<std::string> tokens{"ab", "abc", "abd", "b", "a"};
  const VocabularyTrie trie = make_trie(tokens);
  const auto spelled = [&](std::string_view prefix) {
    std::size_t count = 0;
    const auto range = trie.below(prefix);
    for (std::uint32_t node = range.begin; node < range.end; ++node)
      count += trie.tokens(node).size();
    return count;
  };
  EXPECT_EQ(spelled(""), 5u);
  EXPECT_EQ(spelled("a"), 3u);
  EXPECT_EQ(spelled("ab"), 2u);
  EXPECT_EQ(spelled("abc"), 0u);
  EXPECT_EQ(spelled("x"), 0u);
}

// --- matcher ------------------------------------------------------------------------------------

TEST(ConstrainMatcher, WalksADocumentAndStopsAtItsEnd) {
  SpecBuilder b;
  const CompiledSchema schema(b.root(b.object({{"a", b.integer(0, 12), true}})));
  const VocabularyTrie vocabulary = make_trie({"{\"a\":", "1", "12}", "}", "13"});
  Matcher matcher(schema, vocabulary);
  ASSERT_TRUE(matcher.accept(0));
  EXPECT_TRUE(matcher.mask().test(1));
  EXPECT_TRUE(matcher.mask().test(2));
  EXPECT_FALSE(matcher.mask().test(3));
  EXPECT_FALSE(matcher.mask().test(4));
  EXPECT_FALSE(matcher.can_end());
  ASSERT_TRUE(matcher.accept(2));
  EXPECT_TRUE(matcher.finished());
  EXPECT_TRUE(matcher.mask().empty());
}

TEST(ConstrainMatcher, StaysInItsErrorState) {
  SpecBuilder b;
  const CompiledSchema schema(b.root(b.array(b.integer(0, 9), 1, 2)));
  const VocabularyTrie vocabulary = make_trie({"[", "]", "5", ""});
  const TokenId wrong_ids[] = {1, 3, 4, 4'000'000'000u};
  for (const TokenId wrong : wrong_ids) {
    Matcher matcher(schema, vocabulary);
    ASSERT_TRUE(matcher.accept(0));
    EXPECT_FALSE(matcher.accept(wrong));
    EXPECT_EQ(matcher.error(), MatchError::TokenNotAllowed);
    EXPECT_FALSE(matcher.accept(2)) << "was allowed before the error";
    EXPECT_FALSE(matcher.accept_bytes("5"));
    EXPECT_TRUE(matcher.mask().empty());
    EXPECT_FALSE(matcher.can_end());
    EXPECT_FALSE(matcher.finished());
    std::string text;
    matcher.append_forced(&text);
    matcher.append_shortest(&text);
    EXPECT_TRUE(text.empty());
    matcher.reset(10);
    EXPECT_TRUE(matcher.accept(0)) << "a new document begins without error";
  }
}

TEST(ConstrainMatcher, RefusesABudgetNoDocumentFits) {
  SpecBuilder b;
  const CompiledSchema schema(b.root(b.array(b.integer(0, 9), 1, 2)));
  const VocabularyTrie vocabulary = make_trie({"["});
  EXPECT_EQ(Matcher(schema, vocabulary, 2).error(), MatchError::BudgetTooSmall);
  Matcher matcher(schema, vocabulary, 3);
  EXPECT_EQ(matcher.error(), MatchError::None);
  ASSERT_TRUE(matcher.accept_bytes("[5"));
  EXPECT_FALSE(matcher.accept_bytes(",6]")) << "over the budget";
  EXPECT_EQ(matcher.error(), MatchError::BytesNotAllowed);
}

TEST(ConstrainMatcher, AllocatesNothingAfterConstruction) {
  Random random(36);
  for (const auto& [name, spec] : hand_made_specs()) {
    SCOPED_TRACE(name);
    const CompiledSchema schema(spec);
    const VocabularyTrie vocabulary = make_trie(random_vocabulary(schema, random, 200));
    const std::string document = constrain_test::random_document(schema, random, 90);
    Matcher matcher(schema, vocabulary, 4096);
    test_support::reset_allocations();
    std::uint32_t allowed_count = 0;
    for (const char c : document) {
      allowed_count += matcher.mask().count();
      ASSERT_TRUE(matcher.accept_bytes(std::string_view(&c, 1)));
    }
    EXPECT_TRUE(matcher.can_end());
    EXPECT_EQ(test_support::allocations().count, 0u);
    EXPECT_GT(allowed_count, 0u);
  }
}

// --- the default model's vocabulary -------------------------------------------------------------

// Processor time of this thread: what other programs take is not the mask's.
double thread_time_us() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) * 1e-3;
}

class ConstrainDefaultVocabulary : public testing::Test {
 protected:
  void SetUp() override {
    const auto path = test_support::default_model();
    if (!path) GTEST_SKIP() << "skipped: " << test_support::kNoDefaultModel;
    file_ = std::make_unique<inference::gguf::File>(*path);
    tokenizer_ = inference::Tokenizer::load(*file_);
    trie_ = std::make_unique<VocabularyTrie>(VocabularyTrie::from_tokenizer(*tokenizer_));
  }

  std::unique_ptr<inference::gguf::File> file_;
  std::unique_ptr<inference::Tokenizer> tokenizer_;
  std::unique_ptr<VocabularyTrie> trie_;
};

TEST_F(ConstrainDefaultVocabulary, MasksEqualBruteForce) {
  Random random(34);
  for (const auto& [name, spec] : hand_made_specs()) {
    SCOPED_TRACE(name);
    const CompiledSchema schema(spec);
    MaskWalk walk(schema, *trie_);
    const std::string document = constrain_test::random_document(schema, random, 30 / kThinning);
    State state = schema.initial();
    for (std::size_t at = 0;; ++at) {
      const auto all = budgets(schema.shortest_bytes(state), trie_->token_bytes_max());
      expect_exact_mask(schema, *trie_, &walk, state, all[random.below(all.size())]);
      if (HasFatalFailure()) return;
      if (at == document.size()) break;
      ASSERT_TRUE(schema.advance(&state, static_cast<std::uint8_t>(document[at])));
    }
  }
}

TEST_F(ConstrainDefaultVocabulary, MaskTimeIsReported) {
  Random random(35);
  double total_us = 0;
  double longest_us = 0;
  std::size_t masks_count = 0;
  for (const auto& [name, spec] : hand_made_specs()) {
    const CompiledSchema schema(spec);
    MaskWalk walk(schema, *trie_);
    TokenMask mask(trie_->vocabulary_count());
    for (int round = 0; round < 20; round += kThinning) {
      const std::string document = constrain_test::random_document(schema, random, 60);
      State state = schema.initial();
      for (const char c : document) {
        const double start_us = thread_time_us();
        walk.fill(&state, 4096, &mask);
        const double spent_us = thread_time_us() - start_us;
        total_us += spent_us;
        longest_us = std::max(longest_us, spent_us);
        ++masks_count;
        ASSERT_FALSE(mask.empty());
        ASSERT_TRUE(schema.advance(&state, static_cast<std::uint8_t>(c)));
      }
    }
  }
  std::printf("%zu masks, mean %.1f us, longest %.1f us\n", masks_count,
              total_us / static_cast<double>(masks_count), longest_us);
}

}  // namespace
