// Goal: one clear rule tells the shorthand from JSON Schema; nothing is guessed.

#include <gtest/gtest.h>

#include <string>

#include "schemas/json_schema.h"
#include "schemas/limits.h"
#include "tests/schemas/spec_text.h"

namespace schemas {
namespace {

using testing::text_of;

std::string spec_of(const std::string& schema) {
  try {
    return text_of(parse_schema(schema));
  } catch (const SchemaError& error) {
    return error.keyword() + " at " + error.pointer();
  }
}

TEST(Shorthand, RequiresEveryKeyInOrder) {
  EXPECT_EQ(spec_of(R"({"status":["ok","error","warning"]})"),
            R"({status:enum("ok","error","warning")})");
  EXPECT_EQ(spec_of(R"({"b":[1,2.5,1.0],"a":[true,null]})"), "{b:enum(1,2.5), a:enum(true,null)}");
}

TEST(Shorthand, Nests) {
  EXPECT_EQ(spec_of(R"({"move":{"to":["left","right"],"by":{"mm":[1,5]}},"why":["x"]})"),
            R"({move:{to:enum("left","right"), by:{mm:enum(1,5)}}, why:enum("x")})");
}

TEST(Shorthand, MayUseTheNameOfAKeywordWithAValueTheKeywordCannotHave) {
  EXPECT_EQ(spec_of(R"({"type":["car","van"]})"), R"({type:enum("car","van")})");
  EXPECT_EQ(spec_of(R"({"title":["Ms","Mr"],"format":["json"],"minimum":[1]})"),
            R"({title:enum("Ms","Mr"), format:enum("json"), minimum:enum(1)})");
  EXPECT_EQ(spec_of(R"({"items":["nut","bolt"]})"), R"({items:enum("nut","bolt")})");
}

TEST(Shorthand, IsJsonSchemaOnceAKeywordHoldsItsOwnKindOfValue) {
  EXPECT_EQ(spec_of(R"({"enum":["a","b"]})"), R"(enum("a","b"))");
  EXPECT_EQ(spec_of(R"({"type":["string"]})"), "str(0..64)");
  EXPECT_EQ(spec_of(R"({"required":["yes","no"]})"), "type at /type");
  EXPECT_EQ(spec_of(R"({"items":[true,false]})"), "type at /type");
  EXPECT_EQ(spec_of(R"({"required":["yes","no"],"mode":["a"]})"), "mode at /mode");
  EXPECT_EQ(spec_of(R"({"type":"object","status":["ok"]})"), "status at /status");
}

TEST(Shorthand, RefusesMixturesAndOtherValues) {
  EXPECT_EQ(spec_of(R"({"status":["ok"],"count":{"type":"integer"}})"), "shorthand at /count");
  EXPECT_EQ(spec_of(R"({"status":"ok"})"), "shorthand at /status");
  EXPECT_EQ(spec_of(R"({"status":[]})"), "shorthand at /status");
  EXPECT_EQ(spec_of(R"({"status":{}})"), "shorthand at /status");
  EXPECT_EQ(spec_of(R"({"status":["ok",["a"]]})"), "shorthand at /status");
  EXPECT_EQ(spec_of(R"({"a":{"b~/":[{}]}})"), "shorthand at /a/b~0~1");
  EXPECT_EQ(spec_of(R"({"status":["ok"],"status":["ok"]})"), "json at ");
}

TEST(Shorthand, IsBoundInDepthAsJsonSchemaIs) {
  std::string schema = R"(["x"])";
  for (std::size_t i = 1; i < Limits::nesting_max; ++i) schema = R"({"a":)" + schema + "}";
  EXPECT_NE(spec_of(schema).find("enum"), std::string::npos) << spec_of(schema);
  EXPECT_EQ(spec_of(R"({"a":)" + schema + "}").substr(0, 9), "shorthand");
}

}  // namespace
}  // namespace schemas
