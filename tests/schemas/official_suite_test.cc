// Goal: on the official JSON Schema Test Suite, wherever a schema compiles, the verdict on every
// document is the suite's. Also a ratchet: the number of the suite's schemas that are refused may
// only shrink, file by file (the files are named after keywords).
//
// PICOLM_RATCHET_WRITE=1 writes the counts after an improvement; it never writes a larger one.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "schemas/json_schema.h"
#include "schemas/validator.h"
#include "tests/schemas/suites.h"
#include "tests/support/test_data.h"

namespace schemas {
namespace {

using nlohmann::ordered_json;

constexpr const char* kRatchet = PICOLM_SOURCE_DIR "/tests/schemas/keywords_ratchet.json";

struct Counts {
  int compiled = 0;
  int refused = 0;
  int documents = 0;
};

void run_case(const ordered_json& suite_case, const std::string& where, Counts& counts) {
  const ordered_json& schema = suite_case.at("schema");
  SchemaSpec spec;
  try {
    spec = parse_schema(schema.dump());
  } catch (const SchemaError&) {
    ++counts.refused;
    return;
  }
  ++counts.compiled;
  for (const ordered_json& test : suite_case.at("tests")) {
    const std::string name = where + ": " + suite_case.at("description").get<std::string>() + ": " +
                             test.at("description").get<std::string>();
    const Verdict verdict = validate(spec, test.at("data").dump());
    EXPECT_EQ(verdict.valid, test.at("valid").get<bool>())
        << name << ": " << verdict.pointer << " " << verdict.reason;
    ++counts.documents;
  }
}

// Counts by file name without its ending.
std::map<std::string, Counts> run_suite(const std::string& folder, const std::string& draft) {
  std::map<std::string, Counts> by_file;
  for (const auto& file : testing::files_of(folder)) {
    const std::string keyword = file.stem().string();
    // In 2020-12 a format says nothing about validity; here it is refused, so nothing to compare.
    if (draft == "draft2020-12" && keyword == "format") continue;
    for (const ordered_json& suite_case : ordered_json::parse(testing::read_file(file))) {
      run_case(suite_case, draft + "/" + keyword, by_file[keyword]);
    }
  }
  return by_file;
}

void check_ratchet(const std::string& draft, const std::map<std::string, Counts>& by_file) {
  ordered_json ratchet = ordered_json::parse(testing::read_file(kRatchet));
  ordered_json& allowed = ratchet["refused_schemas"][draft];
  const bool write = std::getenv("PICOLM_RATCHET_WRITE") != nullptr;
  for (const auto& [keyword, counts] : by_file) {
    const bool known = allowed.contains(keyword);
    const int before = known ? allowed.at(keyword).get<int>() : counts.refused;
    EXPECT_LE(counts.refused, before) << draft << "/" << keyword << " refuses more schemas";
    if (write && counts.refused <= before) allowed[keyword] = counts.refused;
    if (write) continue;
    EXPECT_TRUE(known) << draft << "/" << keyword << " is not in the ratchet";
    EXPECT_GE(counts.refused, before)
        << draft << "/" << keyword << " got better: set PICOLM_RATCHET_WRITE=1 and commit";
  }
  if (write) std::ofstream(kRatchet) << ratchet.dump(2) << "\n";
}

class OfficialSuite : public ::testing::TestWithParam<const char*> {};

TEST_P(OfficialSuite, GivesTheVerdictOfTheSuiteWhereTheSchemaCompiles) {
  const std::string draft = GetParam();
  const auto folder = test_support::shared_file("json-schema-test-suite/" + draft);
  if (!folder) GTEST_SKIP() << "skipped: " << test_support::kNoSharedData;
  const std::map<std::string, Counts> by_file = run_suite(*folder, draft);
  Counts sum;
  for (const auto& [keyword, counts] : by_file) {
    sum.compiled += counts.compiled;
    sum.refused += counts.refused;
    sum.documents += counts.documents;
  }
  RecordProperty("compiled", sum.compiled);
  RecordProperty("refused", sum.refused);
  RecordProperty("documents", sum.documents);
  EXPECT_GT(sum.compiled, 0);
  EXPECT_GT(sum.documents, sum.compiled);
  check_ratchet(draft, by_file);
}

INSTANTIATE_TEST_SUITE_P(Drafts, OfficialSuite, ::testing::Values("draft2020-12", "draft7"),
                         [](const auto& drafted) {
                           return std::string(drafted.param) == "draft7" ? "Draft7" : "Draft2020";
                         });

}  // namespace
}  // namespace schemas
