#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "inference/constrain/generate.h"
#include "tests/inference/constrain_models.h"
#include "tests/inference/constrain_support.h"

namespace {

using constrain_test::hand_made_specs;
using constrain_test::HostileModel;
using constrain_test::kLogitKinds;
using constrain_test::kThinning;
using constrain_test::LogitKind;
using constrain_test::make_trie;
using constrain_test::naive_accepts;
using constrain_test::random_spec;
using constrain_test::random_vocabulary;
using constrain_test::SpecBuilder;
using inference::CompiledSchema;
using inference::generate;
using inference::GenerateLimits;
using inference::GenerateResult;
using inference::GenerateStatus;
using inference::TokenId;
using inference::VocabularyTrie;
using schemas::NodeId;
using test_support::Random;

// Whatever the logits, the vocabulary and the budget: a document of the schema within the budget.
void check_generation(const schemas::SchemaSpec& spec, LogitKind kind, Random& random) {
  const CompiledSchema schema(spec);
  const VocabularyTrie vocabulary =
      make_trie(random_vocabulary(schema, random, 20 + random.below(150)));
  HostileModel model(vocabulary, kind, random.next());
  const std::uint64_t shortest = schema.shortest_bytes(schema.initial());
  GenerateLimits limits;
  limits.bytes_max = static_cast<std::uint32_t>(shortest + random.below(2) * random.below(200));
  if (random.below(3) == 0) limits.steps_max = static_cast<std::uint32_t>(random.below(5));
  if (random.below(2) == 0) limits.end_token = static_cast<TokenId>(random.below(200));
  const GenerateResult result = generate(schema, vocabulary, model, limits);
  ASSERT_TRUE(naive_accepts(spec, result.bytes)) << result.bytes;
  ASSERT_LE(result.bytes.size(), limits.bytes_max);
  ASSERT_LE(result.steps, limits.steps_max);
  ASSERT_EQ(result.steps, model.steps_count());
  ASSERT_TRUE(result.probability >= 0 && result.probability <= 1) << result.probability;
  ASSERT_EQ(result.status == GenerateStatus::Complete, std::isfinite(result.log_probability));
}

TEST(ConstrainGenerate, EndsWithADocumentWhateverTheLogits) {
  Random random(41);
  for (const LogitKind kind : kLogitKinds) {
    for (const auto& [name, spec] : hand_made_specs()) {
      SCOPED_TRACE(name + ", logits " + std::to_string(static_cast<int>(kind)));
      for (int round = 0; round < 6; round += kThinning) {
        check_generation(spec, kind, random);
        if (HasFatalFailure()) return;
      }
    }
    for (int round = 0; round < 60; round += kThinning) {
      SCOPED_TRACE("logits " + std::to_string(static_cast<int>(kind)));
      check_generation(random_spec(random), kind, random);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(ConstrainGenerate, RefusesABudgetNoDocumentFits) {
  SpecBuilder b;
  const CompiledSchema schema(b.root(b.string(5, 9)));
  const VocabularyTrie vocabulary = make_trie({"\"", "a"});
  HostileModel model(vocabulary, LogitKind::Random, 1);
  GenerateLimits limits;
  limits.bytes_max = 6;
  const GenerateResult result = generate(schema, vocabulary, model, limits);
  EXPECT_EQ(result.status, GenerateStatus::BudgetTooSmall);
  EXPECT_TRUE(result.bytes.empty());
  EXPECT_EQ(result.steps, 0u);
}

// A model that gives fixed logits and splits text greedily into the longest tokens.
class FixedModel : public inference::TokenModel {
 public:
  FixedModel(const std::vector<std::string>& tokens, std::vector<float> logits)
      : tokens_(tokens), logits_(std::move(logits)) {}

  std::span<const float> next_logits(std::span<const TokenId> appended) override {
    appended_.emplace_back(appended.begin(), appended.end());
    return logits_;
  }

  std::vector<TokenId> tokenize(std::string_view bytes) override {
    return constrain_test::longest_tokens(tokens_, bytes);
  }

  // What each call was given.
  const std::vector<std::vector<TokenId>>& appended() const { return appended_; }

 private:
  const std::vector<std::string>& tokens_;
  std::vector<float> logits_;
  std::vector<std::vector<TokenId>> appended_;
};

CompiledSchema choice_of_b_and_cd() {
  SpecBuilder b;
  return CompiledSchema(b.root(b.object({{"a", b.values({"\"b\"", "\"cd\""}), true}})));
}

TEST(ConstrainGenerate, ProbabilityIsTheSoftmaxOverAllowedTokens) {
  const std::vector<std::string> tokens{"{\"", "a", "\":\"", "b", "c", "d", "\"}", "zz"};
  const CompiledSchema schema = choice_of_b_and_cd();
  const VocabularyTrie vocabulary = make_trie(tokens);
  FixedModel model(tokens, {0, 0, 0, 1, 2, 0, 0, 50});
  const GenerateResult result = generate(schema, vocabulary, model, {});
  EXPECT_EQ(result.bytes, "{\"a\":\"cd\"}");
  EXPECT_EQ(result.status, GenerateStatus::Complete);
  EXPECT_EQ(result.steps, 1u) << "all but one choice is forced";
  EXPECT_NEAR(result.probability, 1 / (1 + std::exp(-1.0)), 1e-12);
  ASSERT_EQ(model.appended().size(), 1u);
  EXPECT_EQ(model.appended()[0], (std::vector<TokenId>{0, 1, 2}));
  EXPECT_EQ(result.tokens, (std::vector<TokenId>{0, 1, 2, 4, 5, 6}));
}

// `":"` could be spelled together with what follows, so it is given back and chosen by the model.
TEST(ConstrainGenerate, GivesBackForcedTokensThatCouldMerge) {
  const std::vector<std::string> tokens{"{\"", "a", "\":\"", "b", "c", "d", "\"}", "\":\"b"};
  const CompiledSchema schema = choice_of_b_and_cd();
  const VocabularyTrie vocabulary = make_trie(tokens);
  FixedModel model(tokens, {0, 0, 1, 0, 0, 0, 0, 5});
  const GenerateResult result = generate(schema, vocabulary, model, {});
  EXPECT_EQ(result.bytes, "{\"a\":\"b\"}");
  ASSERT_EQ(model.appended().size(), 1u);
  EXPECT_EQ(model.appended()[0], (std::vector<TokenId>{0, 1}))
      << "without the token that may merge";
  EXPECT_EQ(result.tokens, (std::vector<TokenId>{0, 1, 7, 6}));
  EXPECT_NEAR(result.probability, 1 / (1 + std::exp(-4.0)), 1e-12);
}

// A token that would merge, but only with text the schema does not allow, changes nothing.
TEST(ConstrainGenerate, KeepsForcedTokensThatCouldMergeOnlyOutsideTheSchema) {
  const std::vector<std::string> tokens{"{\"", "a", "\":\"", "b", "c", "d", "\"}", "\":\"x"};
  const CompiledSchema schema = choice_of_b_and_cd();
  const VocabularyTrie vocabulary = make_trie(tokens);
  FixedModel model(tokens, std::vector<float>(tokens.size(), 0));
  const GenerateResult result = generate(schema, vocabulary, model, {});
  EXPECT_EQ(result.bytes, "{\"a\":\"b\"}") << "the lowest id among equals";
  ASSERT_EQ(model.appended().size(), 1u);
  EXPECT_EQ(model.appended()[0], (std::vector<TokenId>{0, 1, 2}));
}

TEST(ConstrainGenerate, WritesBytesNoTokenSpells) {
  const std::vector<std::string> tokens{"b", "c"};
  const CompiledSchema schema = choice_of_b_and_cd();
  const VocabularyTrie vocabulary = make_trie(tokens);
  FixedModel model(tokens, {0, 1});
  const GenerateResult result = generate(schema, vocabulary, model, {});
  EXPECT_EQ(result.bytes, "{\"a\":\"cd\"}");
  EXPECT_EQ(result.status, GenerateStatus::Complete);
}

TEST(ConstrainGenerate, EndsAnOpenNumberWithTheEndToken) {
  const std::vector<std::string> tokens{"1", "2", ""};
  SpecBuilder b;
  const CompiledSchema schema(b.root(b.integer(0, 1000)));
  const VocabularyTrie vocabulary = make_trie(tokens);
  GenerateLimits limits;
  limits.end_token = 2;
  FixedModel eager(tokens, {1, 0, 5});
  EXPECT_EQ(generate(schema, vocabulary, eager, limits).bytes, "1");
  FixedModel lazy(tokens, {1, 0, 0});
  const GenerateResult longest = generate(schema, vocabulary, lazy, limits);
  EXPECT_EQ(longest.bytes, "111");
  EXPECT_EQ(longest.status, GenerateStatus::Complete);
  FixedModel endless(tokens, {1, 0, 0});
  EXPECT_EQ(generate(schema, vocabulary, endless, {}).bytes, "1") << "without an end token";
}

TEST(ConstrainGenerate, InfiniteLogitsShareTheProbability) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const std::vector<std::string> tokens{"1", "2", "3"};
  SpecBuilder b;
  const CompiledSchema schema(b.root(b.integer(1, 3)));
  const VocabularyTrie vocabulary = make_trie(tokens);
  FixedModel model(tokens, {0, kInfinity, kInfinity});
  const GenerateResult result = generate(schema, vocabulary, model, {});
  EXPECT_EQ(result.bytes, "2");
  EXPECT_NEAR(result.probability, 0.5, 1e-12);
}

TEST(ConstrainGenerate, TakesTheShortestWayWithoutUsableLogits) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<std::string> tokens{"{\"", "a", "\":\"", "b", "c", "d", "\"}"};
  const CompiledSchema schema = choice_of_b_and_cd();
  const VocabularyTrie vocabulary = make_trie(tokens);
  for (const std::vector<float>& logits :
       {std::vector<float>(7, kNan), std::vector<float>(7, -std::numeric_limits<float>::infinity()),
        std::vector<float>{}}) {
    FixedModel model(tokens, logits);
    const GenerateResult result = generate(schema, vocabulary, model, {});
    EXPECT_EQ(result.status, GenerateStatus::NoLogits);
    EXPECT_EQ(result.bytes, "{\"a\":\"b\"}");
    EXPECT_EQ(result.probability, 0);
  }
}

}  // namespace
