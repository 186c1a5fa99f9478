// Goal: only RFC 8259 gets in, within limits, and what gets in keeps its order and digits.

#include "schemas/json_value.h"

#include <gtest/gtest.h>

#include <chrono>
#include <clocale>
#include <string>

namespace schemas {
namespace {

constexpr JsonLimits kLimits = {1 << 20, 64, 1000};

JsonParse parse(std::string_view text) { return parse_json(text, kLimits); }

TEST(JsonValue, KeepsTheOrderOfKeysAndTheDigitsOfNumbers) {
  const JsonParse parsed = parse(R"({"b":1.50,"a":[1e2,-7,18446744073709551616],"":null})");
  ASSERT_TRUE(parsed.ok) << parsed.reason;
  EXPECT_EQ(write_compact(parsed.value), R"({"b":1.50,"a":[1e2,-7,18446744073709551616],"":null})");
}

TEST(JsonValue, WritesOnlyTheEscapesThatJsonDemands) {
  const JsonParse parsed = parse(R"("\u0000\u001f\b\f\n\r\t\"\\\/\u007f\u00e9\ud83d\ude00")");
  ASSERT_TRUE(parsed.ok) << parsed.reason;
  EXPECT_EQ(write_compact(parsed.value),
            "\"\\u0000\\u001f\\b\\f\\n\\r\\t\\\"\\\\/\x7F\xC3\xA9\xF0\x9F\x98\x80\"");
}

TEST(JsonValue, CanonicalTextIsEqualExactlyForEqualValues) {
  const auto canonical = [](std::string_view text) { return write_canonical(parse(text).value); };
  EXPECT_EQ(canonical("1"), canonical("1.0"));
  EXPECT_EQ(canonical("100"), canonical("1e2"));
  EXPECT_EQ(canonical("-0"), canonical("0.0"));
  EXPECT_EQ(canonical(R"({"a":1,"b":[2.0]})"), canonical(R"({"b":[2],"a":1.0})"));
  EXPECT_EQ(canonical(R"("\u0041")"), canonical(R"("A")"));
  EXPECT_NE(canonical("1"), canonical("true"));
  EXPECT_NE(canonical("1"), canonical(R"("1")"));
  EXPECT_NE(canonical("[1,2]"), canonical("[2,1]"));
  EXPECT_NE(canonical("0.1"), canonical("0.1000000000000000000001"));
  EXPECT_NE(canonical("null"), canonical("false"));
  EXPECT_NE(canonical("{}"), canonical("[]"));
}

TEST(JsonValue, RefusesEveryStrictPrefixOfADocument) {
  const std::string text = R"({"a":[1,{"b":"\u00e9"},true,null]})";
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(parse(text.substr(0, size)).ok) << text.substr(0, size);
  }
  EXPECT_TRUE(parse(text).ok);
}

TEST(JsonValue, RefusesWhatTheParserAloneWouldLetPass) {
  EXPECT_FALSE(parse(std::string_view("[1]\0", 4)).ok);
  EXPECT_FALSE(parse(std::string_view("[1]\0garbage", 11)).ok);
  EXPECT_FALSE(parse("\xEF\xBB\xBF{}").ok);
  EXPECT_FALSE(parse(R"({"a":1,"b":2,"a":3})").ok);
  EXPECT_FALSE(parse(R"({"a":1,"\u0061":3})").ok);
}

TEST(JsonValue, RefusesBytesAndEscapesThatAreNoUnicode) {
  for (const char* text : {R"("\ud800")", R"("\udc00")", R"("\ud800\u0041")", "\"\xC0\xAF\"",
                           "\"\xED\xA0\x80\"", "\"\xFF\"", "\"\xF4\x90\x80\x80\""}) {
    EXPECT_FALSE(parse(text).ok) << text;
  }
}

TEST(JsonValue, RefusesTrailingBytesCommentsAndExtendedNumbers) {
  for (const char* text : {"{} {}", "1 2", "[1],", "/* */1", "1 // one", "NaN", "Infinity",
                           "-Infinity", "1e400", "01", "'a'", "[1,]", "{a:1}", "", " "}) {
    EXPECT_FALSE(parse(text).ok) << text;
  }
}

TEST(JsonValue, HoldsEachLimitExactly) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(parse(nested(64)).ok);
  EXPECT_FALSE(parse(nested(65)).ok);
  std::string list = "[0";
  for (int i = 0; i < 998; ++i) list += ",0";
  EXPECT_TRUE(parse(list + "]").ok);
  EXPECT_FALSE(parse(list + ",0]").ok);
  EXPECT_TRUE(parse_json("[12]", {4, 64, 1000}).ok);
  EXPECT_FALSE(parse_json("[123]", {4, 64, 1000}).ok);
}

TEST(JsonValue, NamesThePlaceOfTheFault) {
  EXPECT_EQ(parse(R"({"a":[{},{"b":1,"b":2}]})").pointer, "/a/1");
  EXPECT_EQ(parse(R"({"a/b~":[0,tru]})").pointer, "/a~1b~0/0");
  EXPECT_EQ(parse("nope").pointer, "");
}

TEST(JsonValue, ReadsNumbersAlikeWhereTheLocaleHasADecimalComma) {
  const std::string before = std::setlocale(LC_NUMERIC, nullptr);
  bool found = false;
  for (const char* locale : {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "fr_FR"}) {
    found = found || std::setlocale(LC_NUMERIC, locale) != nullptr;
  }
  if (!found) GTEST_SKIP() << "skipped: no locale with a decimal comma is installed";
  const JsonParse parsed = parse("[1.5,-0.25e1]");
  std::setlocale(LC_NUMERIC, before.c_str());
  ASSERT_TRUE(parsed.ok) << parsed.reason;
  EXPECT_EQ(write_compact(parsed.value), "[1.5,-0.25e1]");
}

TEST(JsonValue, DropsAMillionBracketsAtOnce) {
  const std::string arrays(1000000, '[');
  std::string objects;
  for (int i = 0; i < 200000; ++i) objects += R"({"a":)";
  const JsonLimits wide = {2000000, 64, 1000};
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(parse_json(arrays, wide).ok);
  EXPECT_FALSE(parse_json(objects, wide).ok);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_LT(took.count(), 0.5);  // milliseconds; a deep recursion would have crashed
}

}  // namespace
}  // namespace schemas
