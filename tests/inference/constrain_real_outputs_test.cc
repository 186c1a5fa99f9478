// Goal: for every schema of the real ones that compiles, and whatever the logits are, the output is
// a document of it within the budget: by our validator, by the automaton for verdicts and, for a
// sample, by another implementation of JSON Schema. Every second output has no more room than a few
// bytes over the shortest document.

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "inference/constrain/generate.h"
#include "inference/constrain/matcher.h"
#include "inference/error.h"
#include "schemas/json_schema.h"
#include "schemas/validator.h"
#include "tests/inference/constrain_models.h"
#include "tests/inference/constrain_support.h"
#include "tests/schemas/real_rows.h"
#include "tests/support/test_data.h"

namespace {

using constrain_test::HostileModel;
using constrain_test::kThinning;
using constrain_test::LogitKind;
using inference::CompiledSchema;
using inference::Matcher;
using inference::SchemaUse;
using inference::State;
using inference::TokenId;
using inference::VocabularyTrie;
using schemas::testing::RealRows;
using test_support::Random;

constexpr std::array kKinds = {LogitKind::Random, LogitKind::Mixed, LogitKind::NotANumber,
                               LogitKind::HighestId, LogitKind::LongestToken};
constexpr int kSampleEvery = 4;  // schemas whose outputs the other implementation gets

// Bytes, and pieces of documents.
VocabularyTrie make_vocabulary(Random& random) {
  constrain_test::SpecBuilder b;
  const CompiledSchema any(b.root(b.array(b.string(0, 20), 0, 5)));
  std::vector<std::string> tokens = constrain_test::random_vocabulary(any, random, 120);
  for (unsigned byte = ' '; byte < 127; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  for (const char* token : {"true", "false", "null", "http", "://", "2024-", "12-31", "T10:", "@a.",
                            "\":{\"", "\":[", "},{\"", "000", "99", "9.9"}) {
    tokens.emplace_back(token);
  }
  return constrain_test::make_trie(tokens);
}

// Always the token after which the shortest completion is the longest, so the output grows until
// the budget ends it.
std::string longest_output(const CompiledSchema& schema, const VocabularyTrie& vocabulary,
                           std::uint64_t bytes_max) {
  Matcher matcher(schema, vocabulary, bytes_max);
  std::string text;
  State state = schema.initial();
  while (true) {
    std::optional<TokenId> best;
    std::uint64_t longest = 0;
    matcher.mask().for_each([&](TokenId id) {
      State next = state;
      for (const char c : vocabulary.bytes(id)) {
        schema.advance(&next, static_cast<std::uint8_t>(c));
      }
      const std::uint64_t rest = schema.shortest_bytes(next);
      if (best && rest <= longest) return;
      best = id;
      longest = rest;
    });
    if (!best) break;
    const std::string bytes(vocabulary.bytes(*best));
    if (!matcher.accept(*best)) break;
    text += bytes;
    for (const char c : bytes) schema.advance(&state, static_cast<std::uint8_t>(c));
  }
  if (!matcher.can_end()) matcher.append_shortest(&text);
  return text;
}

class ConstrainRealOutputs : public testing::Test {
 protected:
  void SetUp() override {
    file_ = test_support::shared_file("schemas/dev.jsonl.xz");
    if (!file_) GTEST_SKIP() << "skipped: " << test_support::kNoSharedData;
    sample_ = std::tmpfile();
    ASSERT_NE(sample_, nullptr);
  }
  void TearDown() override {
    if (sample_ != nullptr) std::fclose(sample_);
  }

  void check_output(const schemas::SchemaSpec& spec, const std::string& output,
                    std::uint64_t bytes_max) {
    ASSERT_LE(output.size(), bytes_max);
    const schemas::Verdict verdict = schemas::validate(spec, output);
    ASSERT_TRUE(verdict.valid) << output << "\n" << verdict.pointer << " " << verdict.reason;
    const CompiledSchema reading(spec, SchemaUse::Accept);
    State state = reading.initial();
    for (const char c : output) {
      ASSERT_TRUE(reading.advance(&state, static_cast<std::uint8_t>(c))) << output;
    }
    ASSERT_TRUE(reading.is_accepting(state)) << output;
    ++outputs_count_;
  }

  void check_schema(const std::string& text, const schemas::SchemaSpec& spec, Random& random) {
    const CompiledSchema schema(spec);
    ++schemas_count_;
    const std::uint64_t shortest = schema.shortest_bytes(schema.initial());
    const auto budget = [&] { return shortest + random.below(random.below(2) == 0 ? 6 : 250); };
    std::string sample;
    // One kind a schema, and the longest way and no logits for each.
    inference::GenerateLimits limits;
    limits.bytes_max = static_cast<std::uint32_t>(budget());
    HostileModel model(*vocabulary_, kKinds[random.below(kKinds.size())], random.next());
    const auto result = inference::generate(schema, *vocabulary_, model, limits);
    check_output(spec, result.bytes, limits.bytes_max);
    HostileModel blind(*vocabulary_, LogitKind::NotANumber, random.next());
    check_output(spec, inference::generate(schema, *vocabulary_, blind, limits).bytes,
                 limits.bytes_max);
    const std::uint64_t longest_max = budget();
    const std::string longest = longest_output(schema, *vocabulary_, longest_max);
    check_output(spec, longest, longest_max);
    if (HasFatalFailure() || schemas_count_ % kSampleEvery != 0) return;
    for (const std::string& output : {result.bytes, longest}) {
      std::fprintf(sample_, "{\"schema\":%s,\"data\":%s}\n", text.c_str(), output.c_str());
    }
  }

  void take_line(const std::string& line, Random& random) {
    const schemas::JsonParse row = RealRows::parse(line);
    ASSERT_TRUE(row.ok) << row.reason;
    const std::string text = schemas::write_compact(*row.value.find("schema"));
    SCOPED_TRACE(row.value.find("id")->text + " " + text.substr(0, 2000));
    try {
      check_schema(text, schemas::parse_schema(text), random);
    } catch (const schemas::SchemaError&) {
      // Refusing is the right of the parser.
    } catch (const inference::LoadError&) {
    }
  }

  std::optional<std::string> file_;
  std::FILE* sample_ = nullptr;
  std::unique_ptr<VocabularyTrie> vocabulary_;
  int schemas_count_ = 0;
  int outputs_count_ = 0;
};

TEST_F(ConstrainRealOutputs, AreDocumentsWithinTheBudgetWhateverTheLogits) {
  Random random(81);
  vocabulary_ = std::make_unique<VocabularyTrie>(make_vocabulary(random));
  RealRows rows(*file_);
  std::size_t number = 0;
  for (std::string line; rows.next(&line); ++number) {
    if (number % (kThinning * kThinning) == 0) take_line(line, random);
    if (HasFatalFailure()) return;
  }
  const auto end = rows.close();
  if (end == RealRows::End::NoXz) GTEST_SKIP() << "skipped: xz is not installed";
  ASSERT_EQ(end, RealRows::End::Read);
  std::printf("%d schemas, %d outputs\n", schemas_count_, outputs_count_);
  EXPECT_GE(schemas_count_ * kThinning * kThinning, 4500);

  std::fflush(sample_);
  const std::string command = "python3 " PICOLM_SOURCE_DIR
                              "/tests/inference/constrain_outputs.py < /proc/self/fd/" +
                              std::to_string(fileno(sample_));
  std::FILE* judge = popen(command.c_str(), "r");
  ASSERT_NE(judge, nullptr);
  char line[4096];
  std::string answer;
  while (std::fgets(line, sizeof line, judge) != nullptr) answer += line;
  EXPECT_EQ(pclose(judge), 0) << answer;
  std::fputs(answer.c_str(), stdout);
}

}  // namespace
