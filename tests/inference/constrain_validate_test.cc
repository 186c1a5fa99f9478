// Constrained decoding against the validator of `schemas`, which shares no code with it.

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "inference/constrain/generate.h"
#include "schemas/json_schema.h"
#include "schemas/validator.h"
#include "tests/inference/constrain_models.h"
#include "tests/inference/constrain_support.h"
#include "tests/support/test_data.h"

namespace {

using constrain_test::HostileModel;
using constrain_test::kLogitKinds;
using constrain_test::LogitKind;
using constrain_test::random_spec;
using constrain_test::random_vocabulary;
using inference::CompiledSchema;
using inference::GenerateLimits;
using inference::VocabularyTrie;
using schemas::SchemaSpec;
using test_support::Random;

void expect_valid(const SchemaSpec& spec, const std::string& document) {
  const schemas::Verdict verdict = schemas::validate(spec, document);
  ASSERT_TRUE(verdict.valid) << document << "\n" << verdict.pointer << " " << verdict.reason;
}

void check_all_logits(const SchemaSpec& spec, Random& random, int rounds_count) {
  const CompiledSchema schema(spec);
  const VocabularyTrie vocabulary =
      constrain_test::make_trie(random_vocabulary(schema, random, 120));
  const std::uint64_t shortest = schema.shortest_bytes(schema.initial());
  for (const LogitKind kind : kLogitKinds) {
    SCOPED_TRACE("logits " + std::to_string(static_cast<int>(kind)));
    for (int round = 0; round < rounds_count; ++round) {
      HostileModel model(vocabulary, kind, random.next());
      GenerateLimits limits;
      limits.bytes_max = static_cast<std::uint32_t>(shortest + random.below(300));
      const auto result = inference::generate(schema, vocabulary, model, limits);
      ASSERT_LE(result.bytes.size(), limits.bytes_max);
      expect_valid(spec, result.bytes);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(ConstrainValidate, GeneratedDocumentsPassTheValidator) {
  Random random(51);
  for (const auto& [name, spec] : constrain_test::hand_made_specs()) {
    SCOPED_TRACE(name);
    check_all_logits(spec, random, 3);
    if (HasFatalFailure()) return;
  }
  for (int round = 0; round < 150; ++round) {
    check_all_logits(random_spec(random), random, 1);
    if (HasFatalFailure()) return;
  }
}

// What the automaton accepts, the validator accepts: on documents and on damaged ones, which are
// mostly wrong by one byte.
TEST(ConstrainValidate, NeverAcceptsWhatTheValidatorRefuses) {
  Random random(52);
  std::size_t accepted_count = 0;
  std::size_t refused_count = 0;
  for (int round = 0; round < 1500; ++round) {
    const SchemaSpec spec = random_spec(random);
    const CompiledSchema schema(spec);
    const std::string document = constrain_test::random_document(schema, random, 80);
    expect_valid(spec, document);
    for (int i = 0; i < 20; ++i) {
      std::string damaged = document;
      const std::size_t at = random.below(damaged.size());
      const char byte = "{}[]\",:0123456789-.\\aetfn\xC3\xA4"[random.below(26)];
      const auto kind = random.below(3);
      if (kind == 0) damaged[at] = byte;
      if (kind == 1) damaged.erase(at, 1);
      if (kind == 2) damaged.insert(at, 1, byte);
      inference::State state = schema.initial();
      bool alive = true;
      for (const char c : damaged)
        alive = alive && schema.advance(&state, static_cast<std::uint8_t>(c));
      if (alive && schema.is_accepting(state)) {
        ++accepted_count;
        expect_valid(spec, damaged);
      } else {
        ++refused_count;
      }
      if (HasFatalFailure()) return;
    }
  }
  EXPECT_GT(accepted_count, 1000u);
  EXPECT_GT(refused_count, 1000u);
}

TEST(ConstrainValidate, SchemaTextsGiveValidDocuments) {
  const char* texts[] = {
      R"({"status":["ok","error","warning"]})",
      R"({"action":["start","stop"],"level":[1,2,3]})",
      R"({"type":"object","properties":{"t":{"type":"number","minimum":-40,"maximum":150.5},
          "n":{"type":"integer","exclusiveMinimum":0,"maximum":12}},
          "required":["t"],"additionalProperties":false})",
      R"({"type":"object","properties":{"note":{"type":"string","maxLength":20},
          "tags":{"type":"array","items":{"enum":["a","b","ab"]},"minItems":1,"maxItems":3},
          "ok":{"type":"boolean"},"none":{"type":"null"}},
          "required":["note","tags"],"additionalProperties":false})",
      R"({"type":"array","items":{"type":"array",
          "items":{"type":"integer","minimum":-5,"maximum":5},
          "maxItems":2},"minItems":1,"maxItems":2})",
      R"({"const":{"a":[1,"x",null]}})",
  };
  Random random(53);
  for (const char* text : texts) {
    SCOPED_TRACE(text);
    check_all_logits(schemas::parse_schema(text), random, 8);
    if (HasFatalFailure()) return;
  }
}

TEST(ConstrainValidate, SchemasOfRecordedRowsGiveValidDocuments) {
  std::set<std::string> texts;
  for (const char* name : {"rows/commands.jsonl", "rows/status.jsonl"}) {
    const auto path = test_support::shared_file(name);
    if (!path) GTEST_SKIP() << "skipped: " << test_support::kNoSharedData;
    std::ifstream file(*path);
    for (std::string line; std::getline(file, line);) {
      const auto row = nlohmann::ordered_json::parse(line);
      if (row.contains("schema")) texts.insert(row["schema"].dump());
    }
  }
  ASSERT_FALSE(texts.empty());
  Random random(54);
  std::size_t compiled_count = 0;
  std::size_t tried_count = 0;
  for (const std::string& text : texts) {
    if (compiled_count == 60) break;
    ++tried_count;
    SCOPED_TRACE(text);
    SchemaSpec spec;
    try {
      spec = schemas::parse_schema(text);
    } catch (const schemas::SchemaError&) {
      continue;  // refusing is the right of the parser
    }
    ++compiled_count;
    check_all_logits(spec, random, 1);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(compiled_count, tried_count / 2);
}

// What the automaton for verdicts says of a document in the form it is given.
bool accepts(const char* schema_text, std::string_view document) {
  const CompiledSchema schema(schemas::parse_schema(schema_text), inference::SchemaUse::Accept);
  inference::State state = schema.initial();
  for (const char c : document) {
    if (!schema.advance(&state, static_cast<std::uint8_t>(c))) return false;
  }
  return schema.is_accepting(state);
}

TEST(ConstrainVerdicts, TakeValuesOfEnumsInEverySpelling) {
  const char* schema = R"({"enum":[[1,{"a":2,"b\n\u0001":[]}],{},"x",3]})";
  EXPECT_TRUE(accepts(schema, R"([1,{"a":2,"b\n\u0001":[]}])"));
  EXPECT_TRUE(accepts(schema, R"([1.0,{"b\n\u0001":[],"a":20e-1}])"));
  EXPECT_TRUE(accepts(schema, "{}"));
  EXPECT_TRUE(accepts(schema, "3.00"));
  EXPECT_FALSE(accepts(schema, R"([1,{"a":2}])"));
  EXPECT_FALSE(accepts(schema, R"([1,{"a":2,"b\n\u0001":[],"c":0}])"));
  EXPECT_FALSE(accepts(schema, R"([1,{"a":2,"b\n\u0001":[0]}])"));
  EXPECT_FALSE(accepts(schema, "[]"));
}

// A declared key is never taken for an undeclared one because of its escapes.
TEST(ConstrainVerdicts, KnowDeclaredKeysByTheirShortestEscapes) {
  const char* schema = R"({"properties":{"a\nb\t\"":{"type":"integer"}}})";
  EXPECT_TRUE(accepts(schema, R"({"a\nb\t\"":1})"));
  EXPECT_FALSE(accepts(schema, R"({"a\nb\t\"":"x"})"));
  EXPECT_TRUE(accepts(schema, R"({"a\nb":"x"})"));
}

TEST(ConstrainVerdicts, TakeLeapSecondsWhereUtcHasThem) {
  const char* time = R"({"type":"string","format":"time"})";
  const char* both = R"({"type":"string","format":"date-time"})";
  for (const std::string text : {"23:59:60Z", "23:59:60.25z", "01:29:60+01:30", "15:59:60-08:00"}) {
    EXPECT_TRUE(accepts(time, '"' + text + '"')) << text;
    EXPECT_TRUE(accepts(both, "\"1998-12-31T" + text + '"')) << text;
    EXPECT_FALSE(accepts(both, "\"1998-02-29T" + text + '"')) << text;
    EXPECT_FALSE(accepts(both, '"' + text + '"')) << text;
  }
  for (const std::string text : {"22:59:60Z", "23:59:60", "23:59:60+00:01", "01:29:60-01:30",
                                 "23:59:60.Z", "23:59:61Z", "23:59:60+24:00", "23:59:60Z0"}) {
    EXPECT_FALSE(accepts(time, '"' + text + '"')) << text;
  }
  EXPECT_FALSE(accepts(R"({"not":{"type":"string","format":"time"}})", "\"23:59:60Z\""));
}

}  // namespace
