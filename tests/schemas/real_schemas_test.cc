// Goal: thousands of schemas written by other people for other purposes are compiled or refused,
// never a crash; where one compiles, the automaton and the validator give the same verdict on every
// document (but for those the ratchet counts as narrower), neither accepts an invalid one, and the
// counts only get better than those in real_schemas_ratchet.json.
//
// PICOLM_RATCHET_WRITE=1 writes the counts after an improvement; it never writes a worse one.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "inference/constrain/automaton.h"
#include "inference/error.h"
#include "schemas/json_schema.h"
#include "schemas/json_value.h"
#include "schemas/validator.h"
#include "tests/schemas/real_rows.h"
#include "tests/schemas/suites.h"
#include "tests/support/test_data.h"

namespace schemas {
namespace {

using nlohmann::ordered_json;

constexpr const char* kRatchet = PICOLM_SOURCE_DIR "/tests/schemas/real_schemas_ratchet.json";

struct Counts {
  int schemas = 0;
  int compiled = 0;
  int right = 0;
  int valid_rejected = 0;
  int invalid_accepted = 0;
  int narrower = 0;  // accepted by the validator only: the automaton ran out of ways or frames
};

bool accepts(const inference::CompiledSchema& schema, const std::string& text) {
  inference::State state = schema.initial();
  for (const char c : text) {
    if (!schema.advance(&state, static_cast<std::uint8_t>(c))) return false;
  }
  return schema.is_accepting(state);
}

void check_documents(const SchemaSpec& spec, const inference::CompiledSchema& automaton,
                     const JsonValue& row, Counts* counts) {
  bool right = true;
  for (const JsonValue& test : row.find("tests")->items) {
    const std::string text = write_compact(*test.find("data"));
    const bool valid = test.find("valid")->boolean;
    const bool accepted = accepts(automaton, text);
    const Verdict verdict = validate(spec, text);
    const std::string where = row.find("id")->text + " " + text.substr(0, 300);
    EXPECT_FALSE(accepted && !verdict.valid) << where << " " << verdict.pointer << verdict.reason;
    EXPECT_FALSE(accepted && !valid) << where;
    EXPECT_FALSE(verdict.valid && !valid) << where;
    counts->narrower += verdict.valid && !accepted ? 1 : 0;
    counts->valid_rejected += valid && !accepted ? 1 : 0;
    counts->invalid_accepted += !valid && accepted ? 1 : 0;
    right = right && valid == accepted;
  }
  counts->right += right ? 1 : 0;
}

void take_row(const std::string& line, Counts* counts) {
  const JsonParse row = testing::RealRows::parse(line);
  ASSERT_TRUE(row.ok) << row.reason;
  ++counts->schemas;
  try {
    const SchemaSpec spec = parse_schema(write_compact(*row.value.find("schema")));
    const inference::CompiledSchema writing(spec, inference::SchemaUse::Write);
    const inference::CompiledSchema automaton(spec, inference::SchemaUse::Accept);
    ++counts->compiled;
    check_documents(spec, automaton, row.value, counts);
  } catch (const SchemaError& error) {
    EXPECT_FALSE(error.reason().empty());
  } catch (const inference::LoadError& error) {
    EXPECT_NE(std::string(error.what()), "");
  }
}

void check_ratchet(const Counts& counts) {
  ordered_json ratchet = ordered_json::parse(testing::read_file(kRatchet));
  const bool write = std::getenv("PICOLM_RATCHET_WRITE") != nullptr;
  const auto check = [&](const char* name, int found, int sign) {
    const int before = ratchet.at(name).get<int>();
    EXPECT_GE(sign * found, sign * before) << name << " got worse";
    if (write && sign * found > sign * before) ratchet[name] = found;
    if (write) return;
    EXPECT_EQ(found, before) << name << " got better: set PICOLM_RATCHET_WRITE=1 and commit";
  };
  EXPECT_EQ(counts.schemas, ratchet.at("schemas").get<int>());
  check("compiled", counts.compiled, 1);
  check("right", counts.right, 1);
  check("valid_rejected", counts.valid_rejected, -1);
  check("narrower", counts.narrower, -1);
  EXPECT_EQ(counts.invalid_accepted, 0);
  if (write) std::ofstream(kRatchet) << ratchet.dump(2) << "\n";
}

TEST(RealSchemas, CompileOrAreRefusedAndNeverAcceptAnInvalidDocument) {
  const auto file = test_support::shared_file("schemas/dev.jsonl.xz");
  if (!file) GTEST_SKIP() << "skipped: " << test_support::kNoSharedData;
  testing::RealRows rows(*file);
  Counts counts;
  for (std::string line; rows.next(&line);) take_row(line, &counts);
  const auto end = rows.close();
  if (end == testing::RealRows::End::NoXz) GTEST_SKIP() << "skipped: xz is not installed";
  ASSERT_EQ(end, testing::RealRows::End::Read) << "xz could not read " << *file;
  RecordProperty("compiled", counts.compiled);
  RecordProperty("right", counts.right);
  check_ratchet(counts);
}

}  // namespace
}  // namespace schemas
