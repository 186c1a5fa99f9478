// Goal: anybody can make the same division of rows: hashes are SHA-256, classes keep their shares,
// and no payload is on both sides.

#include "inference/cli/eval_split.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "inference/cli/sha256.h"

namespace picolm {
namespace {

std::string hex(std::string_view text) {
  std::string out;
  for (const std::uint8_t byte : sha256(text)) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

// The examples of FIPS 180-4, and lengths around a block.
TEST(Sha256, GivesThePublishedValues) {
  EXPECT_EQ(hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

std::vector<Row> rows(std::size_t count) {
  std::vector<Row> out;
  for (std::size_t i = 0; i < count; ++i) {
    Row row;
    row.id = "r" + std::to_string(i);
    row.payload = "payload " + std::to_string(i / 2);  // each twice
    row.expected = {{"status", i / 2 % 4 == 0 ? "error" : "ok"}};
    row.score = {"status"};
    out.push_back(std::move(row));
  }
  return out;
}

TEST(SplitRows, KeepsPayloadsApartAndClassesInProportion) {
  const std::vector<Row> all = rows(400);
  const Split split = split_rows(all, 32, 0);
  ASSERT_EQ(split.examples.size(), 32u);
  EXPECT_EQ(split.tests.size(), 400u - 2 * 32u);
  std::map<std::string, int> classes;
  std::set<std::string> payloads;
  for (const std::size_t i : split.examples) {
    ++classes[row_class(all[i])];
    EXPECT_TRUE(payloads.insert(all[i].payload).second);
  }
  EXPECT_EQ(classes[R"({"status":"error"})"], 8);
  for (const std::size_t i : split.tests) EXPECT_FALSE(payloads.contains(all[i].payload));
}

TEST(SplitRows, SeedsDifferAndRepeat) {
  const std::vector<Row> all = rows(400);
  EXPECT_EQ(split_rows(all, 32, 1).examples, split_rows(all, 32, 1).examples);
  EXPECT_NE(split_rows(all, 32, 1).examples, split_rows(all, 32, 2).examples);
}

TEST(SplitRows, LeavesFortyPayloadsToTest) {
  EXPECT_EQ(split_rows(rows(2 * 108), 128, 0).examples.size(), 64u);
  EXPECT_EQ(split_rows(rows(2 * 168), 128, 0).examples.size(), 128u);
  EXPECT_EQ(split_rows(rows(2 * 44), 128, 0).examples.size(), 0u);
  EXPECT_TRUE(split_rows({}, 128, 0).tests.empty());
}

}  // namespace
}  // namespace picolm
