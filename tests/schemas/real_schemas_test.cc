// Goal: thousands of schemas written by other people for other purposes are compiled or refused,
// never a crash; where one compiles the validator accepts none of its invalid documents, and
// rejects valid ones only where a spec is narrower than its schema by design.

#include <gtest/gtest.h>
#include <stdio.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "schemas/json_schema.h"
#include "schemas/limits.h"
#include "schemas/utf8.h"
#include "schemas/validator.h"
#include "tests/support/test_data.h"

namespace schemas {
namespace {

using nlohmann::ordered_json;

struct CloseProcess {
  void operator()(FILE* pipe) const { pclose(pipe); }
};
using Pipe = std::unique_ptr<FILE, CloseProcess>;

// Reads one line of any length. Returns false at the end.
bool read_line(FILE* pipe, std::string& line) {
  line.clear();
  char buffer[1 << 16];
  while (fgets(buffer, sizeof buffer, pipe) != nullptr) {
    line += buffer;
    if (line.back() == '\n') return true;
  }
  return !line.empty();
}

// Why a valid document was rejected, judged from the document and the schema, not the message.
enum class Cause { UndeclaredProperty, OverDefaultMaximum, Other };

Cause cause_of(const ordered_json& schema, const ordered_json& document, const Verdict& verdict) {
  const ordered_json* around = &schema;  // the schema of what `value` is
  const ordered_json* value = &document;
  for (std::size_t start = 1; start <= verdict.pointer.size();) {
    const std::size_t end = std::min(verdict.pointer.find('/', start), verdict.pointer.size());
    const ordered_json::json_pointer step("/" + verdict.pointer.substr(start, end - start));
    const bool is_array = value->is_array();
    if (!value->contains(step)) return Cause::Other;
    value = &value->at(step);
    const std::string name = is_array ? "items" : "properties";
    if (!around->contains(name)) return Cause::UndeclaredProperty;
    around = &around->at(name);
    if (!is_array && !around->contains(step)) return Cause::UndeclaredProperty;
    if (!is_array) around = &around->at(step);
    start = end + 1;
  }
  const bool long_text =
      value->is_string() && !around->contains("maxLength") &&
      count_code_points(value->get<std::string>()) > Limits::string_length_default;
  const bool long_list = value->is_array() && !around->contains("maxItems") &&
                         value->size() > Limits::array_items_default;
  return long_text || long_list ? Cause::OverDefaultMaximum : Cause::Other;
}

struct Counts {
  int schemas = 0;
  int compiled = 0;
  int valid_accepted = 0;
  int undeclared_property = 0;   // valid documents rejected for one
  int over_default_maximum = 0;  // valid documents rejected for it
  int invalid_rejected = 0;
};

void check_documents(const SchemaSpec& spec, const ordered_json& row, Counts& counts) {
  for (const ordered_json& test : row.at("tests")) {
    const ordered_json& document = test.at("data");
    const Verdict verdict = validate(spec, document.dump());
    const bool good = test.at("valid").get<bool>();
    if (good == verdict.valid) {
      ++(good ? counts.valid_accepted : counts.invalid_rejected);
      continue;
    }
    const std::string where = row.at("id").get<std::string>() + " " + verdict.pointer + " " +
                              verdict.reason + " " + document.dump().substr(0, 200);
    EXPECT_TRUE(good) << "accepted an invalid document: " << where;
    if (!good) continue;
    const Cause cause = cause_of(row.at("schema"), document, verdict);
    counts.undeclared_property += cause == Cause::UndeclaredProperty ? 1 : 0;
    counts.over_default_maximum += cause == Cause::OverDefaultMaximum ? 1 : 0;
    EXPECT_NE(static_cast<int>(cause), static_cast<int>(Cause::Other)) << where;
  }
}

TEST(RealSchemas, CompileOrAreRefusedAndNeverAcceptAnInvalidDocument) {
  const auto file = test_support::shared_file("schemas/dev.jsonl.xz");
  if (!file) GTEST_SKIP() << "skipped: " << test_support::kNoSharedData;
  const Pipe pipe(popen(("xz -dc '" + *file + "'").c_str(), "r"));
  ASSERT_TRUE(pipe);
  Counts counts;
  std::map<std::string, int> refused_by_keyword;
  for (std::string line; read_line(pipe.get(), line);) {
    const ordered_json row = ordered_json::parse(line);
    ++counts.schemas;
    try {
      const SchemaSpec spec = parse_schema(row.at("schema").dump());
      ++counts.compiled;
      check_documents(spec, row, counts);
    } catch (const SchemaError& error) {
      ++refused_by_keyword[error.keyword()];
    }
  }
  if (counts.schemas == 0) GTEST_SKIP() << "skipped: xz is not installed";
  RecordProperty("schemas", counts.schemas);
  RecordProperty("compiled", counts.compiled);
  RecordProperty("valid_accepted", counts.valid_accepted);
  RecordProperty("undeclared_property", counts.undeclared_property);
  RecordProperty("over_default_maximum", counts.over_default_maximum);
  RecordProperty("invalid_rejected", counts.invalid_rejected);
  for (const auto& [keyword, count] : refused_by_keyword) {
    if (count >= 20) RecordProperty("refused " + keyword, count);
  }
  EXPECT_GT(counts.compiled, 0);
}

}  // namespace
}  // namespace schemas
