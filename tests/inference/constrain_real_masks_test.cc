// Goal: in every state that documents of real schemas come through, the mask is exactly what trying
// each token of the vocabulary by itself gives, with and without a budget, and whatever was kept
// from masks before.
//
// A schema whose states are few is searched through completely; of the others states are drawn, as
// far from the start as documents go. What a schema may cost is limited, so that schemas of open
// strings, where a state costs tens of thousands of tokens, do not take the time of all others.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "inference/constrain/mask_walk.h"
#include "inference/error.h"
#include "inference/gguf/file.h"
#include "inference/text/tokenizer.h"
#include "schemas/json_schema.h"
#include "tests/inference/constrain_support.h"
#include "tests/schemas/real_rows.h"
#include "tests/support/test_data.h"

namespace {

using constrain_test::kThinning;
using inference::ByteSet;
using inference::CompiledSchema;
using inference::kBytesUnlimited;
using inference::MaskWalk;
using inference::State;
using inference::TextMasks;
using inference::TokenId;
using inference::TokenMask;
using inference::VocabularyTrie;
using schemas::testing::RealRows;
using test_support::Random;

constexpr std::size_t kStatesMax = 250;         // of a schema
constexpr std::uint64_t kTrialsMax = 240'000;   // tokens tried for a schema
constexpr std::size_t kBytesTriedOfString = 6;  // where a state allows over kManyBytes
constexpr std::uint32_t kManyBytes = 100;

// What is tried, and how much of it there must be.
constexpr std::array<std::pair<const char*, int>, 8> kKeywords = {{{"\"pattern\"", 60},
                                                                   {"\"format\"", 60},
                                                                   {"\"multipleOf\"", 10},
                                                                   {"\"uniqueItems\"", 3},
                                                                   {"\"patternProperties\"", 15},
                                                                   {"\"$ref\"", 60},
                                                                   {"\"anyOf\"", 30},
                                                                   {"\"oneOf\"", 20}}};

// States of a schema, each once.
class States {
 public:
  // False if the state is there already.
  bool add(const CompiledSchema& schema, const State& state, const ByteSet& allowed) {
    std::array<std::uint64_t, 4> bits{};
    for (unsigned byte = 0; byte < 256; ++byte) {
      if (allowed.test(static_cast<std::uint8_t>(byte))) bits[byte >> 6] |= 1ull << (byte & 63);
    }
    auto& alike = by_look_[{state.way_count(), schema.shortest_bytes(state), bits}];
    for (const std::size_t other : alike) {
      if (all[other] == state) return false;
    }
    alike.push_back(all.size());
    all.push_back(state);
    return true;
  }
  std::vector<State> all;

 private:
  using Look = std::tuple<std::uint32_t, std::uint64_t, std::array<std::uint64_t, 4>>;
  std::map<Look, std::vector<std::size_t>> by_look_;
};

// All states, or some: then `complete` is false.
struct Found {
  States states;
  bool complete = true;
};

// A document whose strings are as long as they may be.
std::string long_document(const CompiledSchema& schema, Random& random, std::size_t bytes_max) {
  State state = schema.initial();
  std::string document;
  while (document.size() < bytes_max) {
    ByteSet allowed = schema.allowed_bytes(state);
    std::vector<std::uint8_t> choices;
    for (unsigned byte = 0; byte < 256; ++byte) {
      const auto b = static_cast<std::uint8_t>(byte);
      if (allowed.test(b) && (b != '"' || allowed.count() < 4)) choices.push_back(b);
    }
    if (choices.empty()) break;
    const std::uint8_t byte = choices[random.below(choices.size())];
    schema.advance(&state, byte);
    document.push_back(static_cast<char>(byte));
  }
  return document;
}

Found find_states(const CompiledSchema& schema, Random& random) {
  Found found;
  for (int i = 0; i < 3; ++i) {  // the far ones first
    State state = schema.initial();
    const std::string document = i == 0 ? long_document(schema, random, 200)
                                        : constrain_test::random_document(schema, random, 120);
    for (const char c : document) {
      if (!schema.advance(&state, static_cast<std::uint8_t>(c))) break;
      if (i > 0 || random.below(3) == 0) {
        found.states.add(schema, state, schema.allowed_bytes(state));
      }
    }
  }
  const State first = schema.initial();
  found.states.add(schema, first, schema.allowed_bytes(first));
  for (std::size_t i = 0; i < found.states.all.size(); ++i) {
    const ByteSet allowed = schema.allowed_bytes(found.states.all[i]);
    const bool many = allowed.count() > kManyBytes;
    found.complete = found.complete && !many;
    for (unsigned byte = 0; byte < 256; ++byte) {
      const auto b = static_cast<std::uint8_t>(byte);
      if (!allowed.test(b)) continue;
      if (many && b != '"' && random.below(allowed.count()) >= kBytesTriedOfString) continue;
      State next = found.states.all[i];
      if (!schema.advance(&next, b)) continue;  // EXPECTed of allowed_bytes() elsewhere
      if (found.states.all.size() >= kStatesMax) {
        found.complete = false;
        return found;
      }
      found.states.add(schema, next, schema.allowed_bytes(next));
    }
  }
  return found;
}

// A token whose bytes a document may go on with.
struct Need {
  TokenId id = 0;
  std::uint64_t bytes = 0;  // of it and the shortest completion behind it
};

// The definition, token by token: what each token and the shortest completion behind it take.
// Tokens whose first byte is refused are not tried further.
class BruteForce {
 public:
  BruteForce(const CompiledSchema& schema, const VocabularyTrie& vocabulary,
             const std::array<std::vector<TokenId>, 256>& by_first_byte)
      : schema_(schema), vocabulary_(vocabulary), by_first_byte_(by_first_byte) {}

  std::uint64_t trials(const ByteSet& allowed) const {
    std::uint64_t sum = 0;
    for (unsigned byte = 0; byte < 256; ++byte) {
      if (allowed.test(static_cast<std::uint8_t>(byte))) sum += by_first_byte_[byte].size();
    }
    return sum;
  }

  const std::vector<Need>& needs(State* state, const ByteSet& allowed) {
    needs_.clear();
    for (unsigned byte = 0; byte < 256; ++byte) {
      if (!allowed.test(static_cast<std::uint8_t>(byte))) continue;
      for (const TokenId id : by_first_byte_[byte]) add_need(state, id);
    }
    return needs_;
  }

 private:
  void add_need(State* state, TokenId id) {
    const std::string_view token = vocabulary_.bytes(id);
    std::size_t taken = 0;
    trail_.resize(token.size());
    while (taken < token.size() &&
           schema_.advance(state, static_cast<std::uint8_t>(token[taken]), &trail_[taken])) {
      ++taken;
    }
    if (taken == token.size()) {
      needs_.push_back({id, token.size() + schema_.shortest_bytes(*state)});
    }
    while (taken > 0) CompiledSchema::take_back(state, trail_[--taken]);
  }

  const CompiledSchema& schema_;
  const VocabularyTrie& vocabulary_;
  const std::array<std::vector<TokenId>, 256>& by_first_byte_;
  std::vector<Need> needs_;
  std::vector<inference::Undo> trail_;
};

class ConstrainRealMasks : public testing::Test {
 protected:
  void SetUp() override {
    file_ = test_support::shared_file("schemas/dev.jsonl.xz");
    if (!file_) GTEST_SKIP() << "skipped: " << test_support::kNoSharedData;
    const auto model = test_support::default_model();
    if (model) {
      const inference::gguf::File gguf(*model, inference::gguf::Contents::VocabularyOnly);
      vocabulary_ = std::make_unique<VocabularyTrie>(
          VocabularyTrie::from_tokenizer(*inference::Tokenizer::load(gguf)));
    } else {
      Random random(61);
      constrain_test::SpecBuilder b;
      const CompiledSchema any(b.root(b.array(b.string(0, 20), 0, 5)));
      vocabulary_ = std::make_unique<VocabularyTrie>(
          constrain_test::make_trie(constrain_test::random_vocabulary(any, random, 600)));
    }
    for (TokenId id = 0; id < vocabulary_->vocabulary_count(); ++id) {
      const std::string_view bytes = vocabulary_->bytes(id);
      if (bytes.empty() || bytes.size() > inference::kTokenBytesMax) continue;
      by_first_byte_[static_cast<std::uint8_t>(bytes[0])].push_back(id);
    }
    // So few that masks are thrown out all the time.
    masks_ = std::make_unique<TextMasks>(vocabulary_->vocabulary_count(), 5 * 6600);
  }

  void check_mask(MaskWalk* walk, State* state, std::uint64_t budget,
                  const std::vector<Need>& needs) {
    TokenMask mask(vocabulary_->vocabulary_count());
    const State before = *state;
    walk->fill(state, budget, &mask);
    ASSERT_EQ(*state, before);
    TokenMask expected(vocabulary_->vocabulary_count());
    for (const Need& need : needs) {
      if (need.bytes <= budget) expected.set(need.id);
    }
    for (TokenId id = 0; mask != expected && id < vocabulary_->vocabulary_count(); ++id) {
      ASSERT_EQ(mask.test(id), expected.test(id))
          << "token " << testing::PrintToString(std::string(vocabulary_->bytes(id))) << ", budget "
          << budget;
    }
    ++masks_count_;
  }

  void check_schema(const CompiledSchema& schema, Random& random) {
    Found found = find_states(schema, random);
    std::vector<State>& states = found.states.all;
    for (std::size_t i = states.size(); i > 1; --i) {
      std::swap(states[i - 1], states[random.below(i)]);
    }
    BruteForce brute(schema, *vocabulary_, by_first_byte_);
    MaskWalk walk(schema, *vocabulary_, masks_.get());
    std::uint64_t trials = 0;
    for (State& state : states) {
      const ByteSet allowed = schema.allowed_bytes(state);
      trials += brute.trials(allowed);
      if (trials > kTrialsMax && trials != brute.trials(allowed)) {
        found.complete = false;
        break;
      }
      const std::vector<Need>& needs = brute.needs(&state, allowed);
      const std::uint64_t shortest = schema.shortest_bytes(state);
      const std::uint64_t budgets[] = {kBytesUnlimited, kBytesUnlimited, 4096,
                                       shortest + random.below(12),
                                       shortest + random.below(2 * vocabulary_->token_bytes_max())};
      for (const std::uint64_t budget : budgets) {
        check_mask(&walk, &state, budget, needs);
        if (HasFatalFailure()) return;
      }
      ++states_count_;
    }
    complete_count_ += found.complete ? 1 : 0;
  }

  // Whether the line is to be tried: every n-th, and more of what is rare.
  bool is_wanted(const std::string& line, std::size_t number) const {
    if (number % (24 * kThinning) == 0) return true;
    if (number % kThinning != 0) return false;
    for (const auto& [keyword, wanted] : kKeywords) {
      const auto found = keywords_.find(keyword);
      const int have = found == keywords_.end() ? 0 : found->second;
      if (have * kThinning < wanted && line.find(keyword) != std::string::npos) return true;
    }
    return false;
  }

  void take_line(const std::string& line, Random& random) {
    const schemas::JsonParse row = RealRows::parse(line);
    ASSERT_TRUE(row.ok) << row.reason;
    const std::string text = schemas::write_compact(*row.value.find("schema"));
    SCOPED_TRACE(row.value.find("id")->text + " " + text.substr(0, 2000));
    std::unique_ptr<CompiledSchema> schema;
    try {
      schema = std::make_unique<CompiledSchema>(schemas::parse_schema(text));
    } catch (const schemas::SchemaError&) {
      return;  // refusing is the right of the parser
    } catch (const inference::LoadError&) {
      return;
    }
    ++schemas_count_;
    for (const auto& [keyword, wanted] : kKeywords) {
      if (text.find(keyword) != std::string::npos) ++keywords_[keyword];
    }
    check_schema(*schema, random);
  }

  std::optional<std::string> file_;
  std::unique_ptr<VocabularyTrie> vocabulary_;
  std::array<std::vector<TokenId>, 256> by_first_byte_;
  std::unique_ptr<TextMasks> masks_;
  std::map<std::string, int> keywords_;
  int schemas_count_ = 0;
  int complete_count_ = 0;
  int states_count_ = 0;
  int masks_count_ = 0;
};

TEST_F(ConstrainRealMasks, EqualBruteForceOverTheVocabulary) {
  Random random(62);
  RealRows rows(*file_);
  std::size_t number = 0;
  for (std::string line; rows.next(&line); ++number) {
    if (is_wanted(line, number)) take_line(line, random);
    if (HasFatalFailure()) return;
  }
  const auto end = rows.close();
  if (end == RealRows::End::NoXz) GTEST_SKIP() << "skipped: xz is not installed";
  ASSERT_EQ(end, RealRows::End::Read);
  std::printf("%d schemas, all states of %d, %d states, %d masks\n", schemas_count_,
              complete_count_, states_count_, masks_count_);
  EXPECT_GE(schemas_count_ * kThinning, 300);
  EXPECT_GT(complete_count_, 0);
  for (const auto& [keyword, wanted] : kKeywords) {
    EXPECT_GE(keywords_[keyword] * kThinning, wanted) << keyword;
  }
}

}  // namespace
