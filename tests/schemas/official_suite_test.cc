// Goal: on the official JSON Schema Test Suite, wherever a schema compiles, no invalid document is
// accepted, neither by the validator nor by the automaton, which gets it rewritten as it wants it,
// and valid ones are. Also a ratchet: how many of the suite's schemas are refused, by file and by
// the keyword at fault, and how many valid documents are not accepted after all, may only shrink.
//
// PICOLM_RATCHET_WRITE=1 writes the counts after an improvement; it never writes a larger one.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "inference/cli/schema_rewrite.h"
#include "inference/constrain/automaton.h"
#include "inference/error.h"
#include "schemas/json_schema.h"
#include "schemas/json_value.h"
#include "schemas/validator.h"
#include "tests/schemas/suites.h"
#include "tests/support/test_data.h"

namespace schemas {
namespace {

using nlohmann::ordered_json;

constexpr const char* kRatchet = PICOLM_SOURCE_DIR "/tests/schemas/keywords_ratchet.json";

struct Counts {
  int compiled = 0;
  int documents = 0;
  std::map<std::string, int> refused_files;     // by file name without its ending
  std::map<std::string, int> refused_keywords;  // by what SchemaError::keyword() says
  std::map<std::string, int> narrower;          // by file: valid documents that are not accepted
};

bool accepts(const inference::CompiledSchema& schema, const std::string& text) {
  inference::State state = schema.initial();
  for (const char c : text) {
    if (!schema.advance(&state, static_cast<std::uint8_t>(c))) return false;
  }
  return schema.is_accepting(state);
}

void check_verdicts(const ordered_json& suite_case, const SchemaSpec& spec,
                    const inference::CompiledSchema& automaton, const std::string& file,
                    Counts* counts) {
  for (const ordered_json& test : suite_case.at("tests")) {
    const std::string name = file + ": " + suite_case.at("description").get<std::string>() + ": " +
                             test.at("description").get<std::string>();
    const bool valid = test.at("valid").get<bool>();
    const std::string document = test.at("data").dump();
    const Verdict verdict = validate(spec, document);
    const JsonParse parsed =
        parse_json(document, {std::size_t{1} << 20, 256, std::size_t{1} << 18});
    ASSERT_TRUE(parsed.ok) << name;
    const bool accepted = accepts(automaton, picolm::rewrite(spec, parsed.value));
    EXPECT_TRUE(valid || !verdict.valid) << name;
    EXPECT_TRUE(valid || !accepted) << name << ": by the automaton";
    EXPECT_TRUE(verdict.valid || !accepted) << name << ": only by the automaton";
    if (valid && !accepted) ++counts->narrower[file];
    ++counts->documents;
  }
}

void run_case(const ordered_json& suite_case, const std::string& file, Counts* counts) {
  const auto refuse = [&](const std::string& keyword) {
    ++counts->refused_files[file];
    ++counts->refused_keywords[keyword];
  };
  counts->refused_files.try_emplace(file, 0);
  try {
    const SchemaSpec spec = parse_schema(suite_case.at("schema").dump());
    const inference::CompiledSchema writing(spec, inference::SchemaUse::Write);
    const inference::CompiledSchema automaton(spec, inference::SchemaUse::Accept);
    ++counts->compiled;
    check_verdicts(suite_case, spec, automaton, file, counts);
  } catch (const SchemaError& error) {
    refuse(error.keyword());
  } catch (const inference::LoadError&) {
    refuse("automaton");
  }
}

// What other files of the suite contradict: in 2020-12 a format says nothing about validity, here
// it is enforced as optional/format has it; and contentEncoding, which a file of draft-07 wants to
// be enforced, is an annotation.
bool is_left_out(const std::string& draft, const std::string& file) {
  return (draft == "draft2020-12" && file == "format") ||
         (draft == "draft7" && file == "optional/content");
}

void run_folder(const std::string& folder, const std::string& draft, const std::string& prefix,
                Counts* counts) {
  for (const auto& path : testing::files_of(folder)) {
    const std::string file = prefix + path.stem().string();
    if (is_left_out(draft, file)) continue;
    for (const ordered_json& suite_case : ordered_json::parse(testing::read_file(path))) {
      run_case(suite_case, file, counts);
    }
  }
}

// Compares counts with those of the ratchet file, or writes better ones into it.
void check_ratchet(const std::string& draft, const char* what,
                   const std::map<std::string, int>& found) {
  ordered_json ratchet = ordered_json::parse(testing::read_file(kRatchet));
  ordered_json& allowed = ratchet[what][draft];
  const bool write = std::getenv("PICOLM_RATCHET_WRITE") != nullptr;
  for (const auto& [name, count] : found) {
    const bool known = allowed.contains(name);
    EXPECT_TRUE(known || write) << draft << "/" << name << " is not in the ratchet";
    const int before = known ? allowed.at(name).get<int>() : count;
    EXPECT_LE(count, before) << draft << "/" << name << " got worse";
    if (write && count <= before) allowed[name] = count;
  }
  std::vector<std::string> gone;
  for (const auto& [name, before] : allowed.items()) {
    const auto now = found.find(name);
    const int count = now == found.end() ? 0 : now->second;
    if (now == found.end()) gone.push_back(name);
    EXPECT_TRUE(write || (now != found.end() && count >= before.get<int>()))
        << draft << "/" << name << " got better, from " << before << " to " << count
        << ": set PICOLM_RATCHET_WRITE=1 and commit";
  }
  if (!write) return;
  for (const std::string& name : gone) allowed.erase(name);
  std::ofstream(kRatchet) << ratchet.dump(2) << "\n";
}

class OfficialSuite : public ::testing::TestWithParam<const char*> {};

TEST_P(OfficialSuite, GivesTheVerdictOfTheSuiteWhereTheSchemaCompiles) {
  const std::string draft = GetParam();
  const auto folder = test_support::shared_file("json-schema-test-suite/" + draft);
  if (!folder) GTEST_SKIP() << "skipped: " << test_support::kNoSharedData;
  Counts counts;
  run_folder(*folder, draft, "", &counts);
  run_folder(*folder + "/optional", draft, "optional/", &counts);
  run_folder(*folder + "/optional/format", draft, "optional/format/", &counts);
  RecordProperty("compiled", counts.compiled);
  RecordProperty("documents", counts.documents);
  EXPECT_GT(counts.compiled, 200);
  EXPECT_GT(counts.documents, counts.compiled);
  check_ratchet(draft, "refused_schemas", counts.refused_files);
  check_ratchet(draft, "refused_keywords", counts.refused_keywords);
  check_ratchet(draft, "narrower", counts.narrower);
}

INSTANTIATE_TEST_SUITE_P(Drafts, OfficialSuite, ::testing::Values("draft2020-12", "draft7"),
                         [](const auto& drafted) {
                           return std::string(drafted.param) == "draft7" ? "Draft7" : "Draft2020";
                         });

}  // namespace
}  // namespace schemas
