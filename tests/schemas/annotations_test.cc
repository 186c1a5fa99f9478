// Goal: annotations that say how a value is found reach the spec, and change nothing about which
// documents are valid: titles and descriptions of options, and the keyword that has a value copied.

#include <gtest/gtest.h>

#include <string>

#include "schemas/json_schema.h"
#include "schemas/limits.h"
#include "schemas/validator.h"

namespace schemas {
namespace {

// The words of the enum that the whole schema is.
std::vector<std::string> words_of(const std::string& schema) {
  const SchemaSpec spec = parse_schema(schema);
  return std::get<EnumNode>(spec.nodes.at(spec.root)).words;
}

using Words = std::vector<std::string>;

TEST(OptionWords, ComeFromTitleAndDescriptionBesideAConst) {
  for (const std::string keyword : {"oneOf", "anyOf"}) {
    const std::string schema = "{\"" + keyword + R"(":[
        {"const":"stop","title":"halt","description":"shut down"},
        {"const":"start","description":"fire up"},
        {"const":"hold"}]})";
    EXPECT_EQ(words_of(schema), (Words{"halt\nshut down", "fire up", ""})) << keyword;
  }
}

TEST(OptionWords, ComeFromAnEnumOfOneAndThroughReferences) {
  EXPECT_EQ(words_of(R"({"oneOf":[{"enum":[1],"title":"low"},{"$ref":"#/$defs/two"}],
                         "$defs":{"two":{"const":2,"title":"high"}}})"),
            (Words{"low", "high"}));
}

TEST(OptionWords, AreNoneWhereTheyBelongToNoOption) {
  EXPECT_EQ(words_of(R"({"enum":["a","b"],"title":"what to do"})"), Words{});
  EXPECT_EQ(words_of(R"({"title":"what","oneOf":[{"const":"a"},{"const":"b"}]})"), Words{});
}

TEST(OptionWords, OfEqualValuesAreJoined) {
  EXPECT_EQ(words_of(R"({"anyOf":[{"const":1,"title":"one"},{"const":1.0,"title":"uno"},
                                  {"const":1,"title":"one"}]})"),
            Words{"one\nuno"});
}

TEST(OptionWords, DoNotNarrowOrWiden) {
  const SchemaSpec spec =
      parse_schema(R"({"oneOf":[{"const":true,"title":"on"},{"const":false,"title":"off"}]})");
  EXPECT_TRUE(validate(spec, "true").valid);
  EXPECT_FALSE(validate(spec, "\"on\"").valid);
}

// Definitions that refer to two others each would double their words with every level.
TEST(OptionWords, StayBounded) {
  std::string schema = R"({"$ref":"#/$defs/a0","$defs":{)";
  for (int level = 0; level < 40; ++level) {
    for (const std::string side : {"a", "b"}) {
      const std::string next = std::to_string(level + 1);
      const std::string other = side == "a" ? "b" : "a";
      schema += "\"" + side + std::to_string(level) + R"(":{"allOf":[{"$ref":"#/$defs/)" + side +
                next + R"("},{"$ref":"#/$defs/)" + other + next + R"("}]},)";
    }
  }
  schema += R"("a40":{"const":1,"title":"one"},"b40":{"const":1,"title":"uno"}}})";
  const Words words = words_of(schema);
  ASSERT_EQ(words.size(), 1u);
  EXPECT_EQ(words[0].substr(0, 7), "one\nuno");
  EXPECT_LE(words[0].size(), Limits::option_words_max);
}

std::string refusal_of(const std::string& schema) {
  try {
    (void)parse_schema(schema);
  } catch (const SchemaError& error) {
    return error.pointer();
  }
  return "none";
}

TEST(CopyKeyword, StandsBesideStringsAndNumbers) {
  EXPECT_TRUE(
      std::get<StringNode>(parse_schema(R"({"type":"string","x-picolm-copy":true})").nodes[0])
          .copy);
  EXPECT_FALSE(
      std::get<StringNode>(parse_schema(R"({"type":"string","x-picolm-copy":false})").nodes[0])
          .copy);
  EXPECT_TRUE(
      std::get<NumberNode>(parse_schema(R"({"type":"number","x-picolm-copy":true})").nodes[0])
          .copy);
  EXPECT_TRUE(std::get<IntegerNode>(parse_schema(R"({"allOf":[{"type":"integer"},
      {"type":["number","null"],"x-picolm-copy":true}]})")
                                        .nodes[0])
                  .copy);
}

TEST(CopyKeyword, IsAnAnnotationToTheValidator) {
  const SchemaSpec spec = parse_schema(R"({"type":"number","x-picolm-copy":true})");
  EXPECT_TRUE(validate(spec, "21.5").valid);
  EXPECT_FALSE(validate(spec, "true").valid);
}

TEST(CopyKeyword, IsRefusedWhereItCouldNotBeKept) {
  for (const std::string schema :
       {R"({"type":"string","x-picolm-copy":"yes"})", R"({"type":"object","x-picolm-copy":true})",
        R"({"x-picolm-copy":true})", R"({"type":"string","enum":["a"],"x-picolm-copy":true})"}) {
    EXPECT_EQ(refusal_of(schema), "/x-picolm-copy") << schema;
  }
  EXPECT_EQ(refusal_of(R"({"type":"string","x-picolm-cpoy":true})"), "/x-picolm-cpoy");
  EXPECT_EQ(refusal_of(R"({"type":"string","x-vendor":true})"), "none");
}

}  // namespace
}  // namespace schemas
