// The small parts that turn text into other text: scanning JSON, filling names, times, log lines.

#include <gtest/gtest.h>

#include <random>

#include "agent/clock.h"
#include "agent/json_scan.h"
#include "agent/log.h"
#include "agent/text_template.h"
#include "agent/trust.h"
#include "nlohmann/json.hpp"

namespace agent {
namespace {

TEST(JsonScan, FindsRawValuesByPointer) {
  const std::string json = R"( {"a": [1.10, {"b/c": "x\"y"}], "~": null, "": true} )";
  EXPECT_EQ(json_at(json, "/a/0"), "1.10");
  EXPECT_EQ(json_at(json, "/a/1/b~1c"), R"("x\"y")");
  EXPECT_EQ(json_at(json, "/~0"), "null");
  EXPECT_EQ(json_at(json, "/"), "true");
  EXPECT_EQ(json_at("7", ""), "7");
  for (const char* absent :
       {"/a/2", "/a/00", "/a/-", "/a/x", "/b", "/a/0/0", "a", "/a/9999999999"}) {
    EXPECT_FALSE(json_at(json, absent)) << absent;
  }
}

TEST(JsonScan, NeverLeavesTheTextWhateverItHolds) {
  std::mt19937 random(7);
  const std::string alphabet = "{}[]\",:\\u0 ae1-.";
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (std::size_t i = random() % 24; i > 0; --i) text += alphabet[random() % alphabet.size()];
    json_members(text);
    json_elements(text);
    json_at(text, "/a/0");
    json_unquote(text);
    json_compact(text);
  }
}

TEST(JsonScan, QuotesWhatAnyParserReadsBack) {
  std::mt19937 random(8);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (std::size_t i = random() % 12; i > 0; --i) text += static_cast<char>(random() % 128);
    const std::string quoted = json_quote(text);
    EXPECT_EQ(nlohmann::json::parse(quoted).get<std::string>(), text);
    EXPECT_EQ(json_unquote(quoted), text);
  }
  EXPECT_EQ(json_quote("\xff"), "\"\xEF\xBF\xBD\"");
  EXPECT_EQ(json_quote("°\x1b[2J"), "\"°\\u001b[2J\"");
}

TEST(JsonScan, UnquotesEscapesAsAnyParserDoes) {
  for (const char* text : {R"("\u00b0C")", R"("\ud83d\ude00")", R"("a\/b\b\f\n\r\t")"}) {
    EXPECT_EQ(json_unquote(text), nlohmann::json::parse(text).get<std::string>());
  }
  for (const char* bad :
       {R"("\ud83d")", R"("\udc00")", R"("\x")", R"("\u12")", "\"", "a", "\"a\"b\""}) {
    EXPECT_FALSE(json_unquote(bad)) << bad;
  }
}

TEST(JsonScan, CompactsOnlyOutsideOfStrings) {
  EXPECT_EQ(json_compact("{ \"a b\" :\n[ 1 , \"x \\\" y\" ] }"), R"({"a b":[1,"x \" y"]})");
}

TEST(TextTemplate, FillsNamesAndKeepsDoubledBraces) {
  const TextTemplate text("a-{x}{{y}}-{x}{z}");
  EXPECT_EQ(text.names(), (std::vector<std::string>{"x", "z"}));
  EXPECT_EQ(text.render({{"x", "1"}, {"z", "2"}}), "a-1{y}-12");
  for (const char* bad : {"{", "}", "{}", "{a b}", "a{b"}) {
    EXPECT_THROW(TextTemplate{bad}, TemplateError) << bad;
  }
}

TEST(Clock, ReadsWhatItWrites) {
  std::mt19937_64 random(9);
  for (int round = 0; round < 2000; ++round) {
    const auto ms = static_cast<std::int64_t>(random() % 253402300799999ULL);
    EXPECT_EQ(parse_iso8601(iso8601(ms)), ms);
  }
  EXPECT_EQ(iso8601(1767225600123), "2026-01-01T00:00:00.123Z");
}

TEST(Clock, ReadsOffsetsAndFractions) {
  EXPECT_EQ(parse_iso8601("2026-01-01T01:30:00.5+01:30"), 1767225600500);
  EXPECT_EQ(parse_iso8601("2025-12-31T23:00:00-0100"), 1767225600000);
  EXPECT_EQ(parse_iso8601("2024-02-29T00:00:00Z"), 1709164800000);
  for (const char* bad : {"", "2026-01-01", "2026-01-01T00:00:00", "2026-02-29T00:00:00Z",
                          "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "1969-01-01T00:00:00Z",
                          "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00Zx"}) {
    EXPECT_FALSE(parse_iso8601(bad)) << bad;
  }
}

TEST(Log, ValuesCannotForgeALine) {
  EXPECT_EQ(log_text("input.rejected", {{"topic", "a/b"}, {"count", "1"}}),
            "input.rejected topic=a/b count=1");
  EXPECT_EQ(log_text("e", {{"k", "x\n2026 error forged k=1"}}),
            "e k=\"x\\n2026 error forged k=1\"");
  EXPECT_EQ(log_text("e", {{"k", "\x1b]0;x\x07"}}), "e k=\"\\u001b]0;x\\u0007\"");
  EXPECT_EQ(log_text("e", {{"k", std::string(1000, 'a')}}).size(), 4 + 200 + 3U);
}

TEST(Log, RepeatsAreWorthLoggingLessAndLessOften) {
  int lines = 0;
  for (std::uint64_t count = 1; count <= 1000000; ++count) lines += worth_logging(count) ? 1 : 0;
  EXPECT_EQ(lines, 20);
}

TEST(Trust, HashesAreThoseOfTheStandard) {
  Sha256 empty;
  EXPECT_EQ(empty.hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  Sha256 abc;
  abc.update("a");
  abc.update("bc");
  EXPECT_EQ(abc.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Trust, DecisionIdsDependOnEveryPartAndOnNothingElse) {
  const std::string id = decision_id("a", "i", "r", "m");
  EXPECT_EQ(id.size(), 32U);
  EXPECT_EQ(decision_id("a", "i", "r", "m"), id);
  EXPECT_NE(decision_id("ai", "", "r", "m"), id);
  EXPECT_NE(decision_id("a", "j", "r", "m"), id);
  EXPECT_NE(decision_id("a", "i", "s", "m"), id);
  EXPECT_NE(decision_id("a", "i", "r", "n"), id);
}

}  // namespace
}  // namespace agent
