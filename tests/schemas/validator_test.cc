// Goal: the second check says yes exactly when the document satisfies the spec, and names the
// first wrong value. Method: tables, all short documents against a naive reading, hostile bytes.

#include "schemas/validator.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "schemas/json_schema.h"
#include "tests/support/random.h"

namespace schemas {
namespace {

// "valid", or the pointer and the reason of the verdict.
std::string verdict_of(const std::string& schema, std::string_view document) {
  const Verdict verdict = validate(parse_schema(schema), document);
  EXPECT_EQ(verdict.valid, verdict.reason.empty());
  return verdict.valid ? "valid" : verdict.pointer + " " + verdict.reason;
}

bool accepts(const std::string& schema, std::string_view document) {
  return validate(parse_schema(schema), document).valid;
}

const char* const kPress = R"({"type":"object","properties":{
  "action":{"enum":["start","stop"]},
  "target":{"type":"string","minLength":1,"maxLength":3},
  "speed":{"type":"number","exclusiveMinimum":0,"maximum":0.3},
  "steps":{"type":"array","items":{"type":"integer","minimum":-2,"maximum":2},"maxItems":2}},
  "required":["action","target"],"additionalProperties":false})";

TEST(Validator, AcceptsMembersInAnyOrderAndWithWhiteSpace) {
  EXPECT_TRUE(accepts(kPress, R"({"action":"stop","target":"A"})"));
  EXPECT_TRUE(accepts(kPress,
                      " {\n\"steps\" : [ 1 , -2 ],\"target\":\"\\u0041\",\t\"speed\":0.3,"
                      "\"action\":\"start\"} "));
}

TEST(Validator, NamesTheFirstWrongValueWithFoundAndWanted) {
  EXPECT_EQ(verdict_of(kPress, R"({"action":"halt","target":"A"})"),
            "/action found the string \"halt\", wanted one of 2 values");
  EXPECT_EQ(verdict_of(kPress, R"({"target":"A"})"),
            "/action found nothing, wanted the required property");
  EXPECT_EQ(verdict_of(kPress, R"({"action":"stop","target":"A","a/b":1})"),
            "/a~1b found an undeclared property, wanted none");
  EXPECT_EQ(verdict_of(kPress, R"({"action":"stop","target":""})"),
            "/target found the string \"\", wanted a string of 1 to 3 characters");
  EXPECT_EQ(verdict_of(kPress, R"({"action":"stop","target":"A","steps":[0,3]})"),
            "/steps/1 found the number 3, wanted an integer from -2 to 2");
  EXPECT_EQ(verdict_of(kPress, R"({"action":"stop","target":"A","steps":[0,0,0]})"),
            "/steps found an array of 3, wanted an array of 0 to 2 elements");
  EXPECT_EQ(verdict_of(kPress, R"({"action":"stop","target":"A","speed":0})"),
            "/speed found the number 0, wanted a number > 0 and <= 0.3");
  EXPECT_EQ(verdict_of(kPress, "[]"), " found an array of 0, wanted an object");
}

TEST(Validator, ComparesNumbersAsExactDecimals) {
  EXPECT_TRUE(accepts(R"({"type":"number","maximum":0.3})", "0.3"));
  EXPECT_TRUE(accepts(R"({"type":"number","maximum":0.3})", "3e-1"));
  EXPECT_FALSE(accepts(R"({"type":"number","maximum":0.3})", "0.30000000000000001"));
  EXPECT_TRUE(accepts(R"({"type":"number","exclusiveMinimum":0.3})", "0.30000000000000001"));
  EXPECT_TRUE(accepts(R"({"type":"integer","minimum":9007199254740993})", "9007199254740993"));
  EXPECT_FALSE(accepts(R"({"type":"integer","minimum":9007199254740993})", "9007199254740992"));
  EXPECT_TRUE(accepts(R"({"type":"integer"})", "1.0"));
  EXPECT_TRUE(accepts(R"({"type":"integer"})", "1e3"));
  EXPECT_FALSE(accepts(R"({"type":"integer"})", "1.5"));
  EXPECT_TRUE(accepts(R"({"type":"integer"})", "9223372036854775808"));
  EXPECT_FALSE(accepts(R"({"type":"integer","maximum":1e30})", "9223372036854775808"));
  EXPECT_TRUE(accepts(R"({"enum":[100]})", "1e2"));
  EXPECT_FALSE(accepts(R"({"enum":[1]})", "true"));
  EXPECT_FALSE(accepts(R"({"type":"number"})", "1e-99999999999"));
}

TEST(Validator, CountsCodePointsAsJsonSchemaDoes) {
  const std::string two = R"({"type":"string","minLength":2,"maxLength":2})";
  EXPECT_FALSE(accepts(two, R"("\ud83d\ude00")"));
  EXPECT_TRUE(accepts(two, R"("\ud83d\ude00é")"));
  EXPECT_TRUE(accepts(two, R"("\u0000\n")"));
}

TEST(Validator, ComparesEnumObjectsWithoutOrderAndArraysWithIt) {
  const std::string schema = R"({"enum":[{"a":1,"b":[1,2]}]})";
  EXPECT_TRUE(accepts(schema, R"({"b":[1,2.0],"a":1})"));
  EXPECT_FALSE(accepts(schema, R"({"b":[2,1],"a":1})"));
  EXPECT_FALSE(accepts(schema, R"({"b":[1,2]})"));
}

TEST(Validator, RefusesWhatIsNotOneStrictJsonDocument) {
  const std::string any = R"({"type":"object","properties":{"a":{"type":"string"}}})";
  EXPECT_TRUE(accepts(any, "{}"));
  for (const std::string& text :
       {std::string(""), std::string("{"), std::string("{}{}"), std::string("{} x"),
        std::string("{}\0", 3), std::string("\xEF\xBB\xBF{}"), std::string("{\"a\":\"\xFF\"}"),
        std::string(R"({"a":"\ud800"})"), std::string(R"({"a":"x","a":"x"})"),
        std::string(1000000, '['), std::string(R"({"a":NaN})"), std::string("{'a':1}")}) {
    const Verdict verdict = validate(parse_schema(any), text);
    EXPECT_FALSE(verdict.valid) << text.substr(0, 40);
    EXPECT_EQ(verdict.pointer, "");
    EXPECT_FALSE(verdict.reason.empty());
  }
}

TEST(Validator, KeepsMessagesShortAndWellFormed) {
  const std::string longest = "\"" + std::string(100000, 'x') + "\"";
  EXPECT_LT(validate(parse_schema(R"({"type":"null"})"), longest).reason.size(), 120U);
}

TEST(Validator, SurvivesRandomChangesOfAValidDocument) {
  const std::string good = R"({"action":"stop","target":"A\u00e9","speed":0.25,"steps":[1,-2]})";
  const SchemaSpec spec = parse_schema(kPress);
  ASSERT_TRUE(validate(spec, good).valid);
  test_support::Random random(11);
  int valid = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text = good;
    for (std::uint64_t edits = 1 + random.below(3); edits > 0; --edits) {
      const std::size_t place = random.below(text.size());
      const std::uint64_t kind = random.below(3);
      if (kind == 0) text[place] = static_cast<char>(random.below(256));
      if (kind == 1) text.erase(place, 1);
      if (kind == 2) text.insert(place, 1, good[random.below(good.size())]);
    }
    const Verdict verdict = validate(spec, text);
    valid += verdict.valid ? 1 : 0;
    ASSERT_EQ(verdict.valid, verdict.reason.empty());
  }
  EXPECT_GT(valid, 0);  // "0.25" to "0.21"
  EXPECT_LT(valid, 4000);
}

}  // namespace
}  // namespace schemas
