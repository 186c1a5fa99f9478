// Goal: both JSON readers agree with JSONTestSuite: y_ files are taken, n_ files are refused, and
// i_ files, where the standard leaves a choice, do no harm.

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "schemas/json_value.h"
#include "schemas/limits.h"
#include "schemas/payload.h"
#include "tests/schemas/suites.h"
#include "tests/support/test_data.h"

namespace schemas {
namespace {

// Valid JSON that is refused on purpose: a key twice has no meaning to act upon.
const std::set<std::string> kDuplicateKeys = {"y_object_duplicated_key.json",
                                              "y_object_duplicated_key_and_value.json"};
// And what payloads may not hold besides: NUL, and numbers longer than 32 characters.
const std::set<std::string> kNotInPayloads = {"y_object_escaped_null_in_key.json",
                                              "y_string_null_escape.json",
                                              "y_number_double_close_to_zero.json"};

bool document_accepts(const std::string& text) {
  return parse_json(text, {Limits::document_bytes_max, Limits::document_depth_max,
                           Limits::document_values_max})
      .ok;
}

bool payload_accepts(const std::string& text) {
  PayloadOptions options;
  options.format = PayloadFormat::Json;
  return parse_payload(text, options).error == PayloadError::None;
}

TEST(JsonTestSuite, IsAnsweredAsItDemandsByBothReaders) {
  const auto folder = test_support::shared_file("jsontestsuite/test_parsing");
  if (!folder) GTEST_SKIP() << "skipped: " << test_support::kNoSharedData;
  int files_count = 0;
  int taken_of_choice = 0;
  for (const auto& path : testing::files_of(*folder)) {
    const std::string file = path.filename().string();
    const std::string text = testing::read_file(path);
    const bool document = document_accepts(text);
    const bool payload = payload_accepts(text);
    ++files_count;
    if (file[0] == 'i') taken_of_choice += document ? 1 : 0;
    if (file[0] == 'i') continue;
    const bool good = file[0] == 'y' && kDuplicateKeys.count(file) == 0;
    EXPECT_EQ(document, good) << file;
    EXPECT_EQ(payload, good && kNotInPayloads.count(file) == 0) << file;
  }
  RecordProperty("files", files_count);
  RecordProperty("taken_of_choice", taken_of_choice);
  EXPECT_GT(files_count, 200);
}

}  // namespace
}  // namespace schemas
