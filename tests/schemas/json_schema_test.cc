// Goal: each supported keyword means exactly what JSON Schema says, and everything else is refused
// at the pointer of the keyword. Method: tables of schema and the whole spec, or the refusal.

#include "schemas/json_schema.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "schemas/keywords.h"
#include "schemas/limits.h"
#include "tests/schemas/spec_text.h"
#include "tests/support/temp_dir.h"

namespace schemas {
namespace {

using testing::text_of;

struct Accepted {
  const char* schema;
  const char* spec;
};

struct Refused {
  const char* schema;
  const char* pointer;
  const char* keyword;
};

void expect_accepted(const std::vector<Accepted>& cases) {
  for (const Accepted& c : cases) {
    try {
      EXPECT_EQ(text_of(parse_schema(c.schema)), c.spec) << c.schema;
    } catch (const SchemaError& error) {
      ADD_FAILURE() << c.schema << " was refused: " << error.what();
    }
  }
}

void expect_refused(const std::vector<Refused>& cases) {
  for (const Refused& c : cases) {
    try {
      const SchemaSpec spec = parse_schema(c.schema);
      ADD_FAILURE() << c.schema << " became " << text_of(spec);
    } catch (const SchemaError& error) {
      EXPECT_EQ(error.pointer(), c.pointer) << c.schema << " " << error.what();
      EXPECT_EQ(error.keyword(), c.keyword) << c.schema << " " << error.what();
      EXPECT_FALSE(error.reason().empty()) << c.schema;
    }
  }
}

TEST(JsonSchema, TakesTheTypesThatNeedNothingElse) {
  expect_accepted({
      {R"({"type":"boolean"})", "bool"},
      {R"({"type":"null"})", "null"},
      {R"({"type":"number"})", "num()"},
      {R"({"type":"integer"})", "int(-9223372036854775808..9223372036854775807)"},
      {R"({"type":"string"})", "str(0..64)"},
      {R"({"type":"object"})", "{}"},
      {R"({"type":"array","items":{"type":"null"}})", "[null](0..8)"},
  });
}

TEST(JsonSchema, TakesListsOfTypesAsBranches) {
  expect_accepted({
      {R"({"type":["string"]})", "str(0..64)"},
      {R"({"type":["integer","number"],"minimum":0})", "num(>=0)"},
      {R"({"type":["null","boolean"]})", "enum(false,true,null)"},
      {R"({"type":["string","null"],"enum":["a",null,3]})", "enum(\"a\",null)"},
      {R"({"type":["string","null"]})", "(null | str(0..64))"},
      {R"({"type":"object","properties":{"a":{"type":["number","string"]}}})",
       "{a?:(num() | str(0..64))}"},
  });
  expect_refused({
      {R"({"type":"strng"})", "/type", "type"},
      {R"({"type":["string",1],"title":"t"})", "/type", "type"},
      {R"({"type":null})", "/type", "type"},
  });
}

// What a schema that says nothing becomes; `^` is that again.
constexpr const char* kAny = "(enum(false,true,null) | num() | str(0..64) | [@](0..8) | {})";

std::string any_within(const std::string& inner) {
  std::string text = kAny;
  return text.replace(text.find('@'), 1, inner);
}

TEST(JsonSchema, TakesASchemaWithoutTypeForAllTypes) {
  const std::string any = any_within("^");
  const std::string nested = any_within(any);
  expect_accepted({
      {"{}", nested.c_str()},
      {"true", nested.c_str()},
      {R"({"properties":{}})", nested.c_str()},
      {R"({"minimum":2,"type":["number","null"]})", "(null | num(>=2))"},
  });
  EXPECT_EQ(text_of(parse_schema(R"({"type":"object","properties":{"a":{"title":"x"}}})")),
            "{a?:" + nested + "}");
}

TEST(JsonSchema, RefusesTheSchemaFalseAndOtherValues) {
  expect_refused({
      {"false", "", "false"},
      {"[]", "", "schema"},
      {"3", "", "schema"},
      {R"({"type":"object","properties":{"a":[1]}})", "/properties/a", "schema"},
  });
}

TEST(JsonSchema, KeepsPropertiesInTheOrderOfTheText) {
  expect_accepted({
      {R"({"type":"object","properties":{"z":{"type":"null"},"a":{"type":"boolean"},
           "~/é":{"const":1}},"required":["a","~/é","a"]})",
       "{z?:null, a:bool, ~/é:enum(1)}"},
      {R"({"type":"object","properties":{},"required":[]})", "{}"},
  });
}

TEST(JsonSchema, NeverWritesUndeclaredProperties) {
  for (const char* rest : {"true", "false", R"({"type":"string"})", R"({"pattern":"x"})"}) {
    const std::string schema =
        std::string(R"({"type":"object","properties":{"a":{"type":"null"}},)") +
        R"("additionalProperties":)" + rest + "}";
    EXPECT_EQ(text_of(parse_schema(schema)), "{a?:null}") << schema;
  }
  expect_accepted({
      {R"({"type":"object","required":["a"],"additionalProperties":{"type":"null"}})", "{a:null}"},
      {R"({"type":"object","properties":{"a":false}})", "{a?:never}"},
  });
  expect_refused({
      {R"({"type":"object","required":["a"],"additionalProperties":false})", "", "schema"},
      {R"({"type":"object","required":"a"})", "/required", "required"},
      {R"({"type":"object","required":[1]})", "/required", "required"},
      {R"({"type":"object","properties":[]})", "/properties", "properties"},
      {R"({"type":"object","additionalProperties":1})", "/additionalProperties",
       "additionalProperties"},
  });
}

TEST(JsonSchema, RoundsIntegerBoundsInwardsAndClipsThem) {
  expect_accepted({
      {R"({"type":"integer","minimum":1,"maximum":3})", "int(1..3)"},
      {R"({"type":"integer","minimum":1.5,"maximum":3.5})", "int(2..3)"},
      {R"({"type":"integer","minimum":-1.5,"maximum":-0.5})", "int(-1..-1)"},
      {R"({"type":"integer","exclusiveMinimum":1,"exclusiveMaximum":3})", "int(2..2)"},
      {R"({"type":"integer","exclusiveMinimum":1.5,"exclusiveMaximum":3.5})", "int(2..3)"},
      {R"({"type":"integer","minimum":1,"exclusiveMinimum":1,"maximum":9})", "int(2..9)"},
      {R"({"type":"integer","minimum":5,"exclusiveMinimum":1,"maximum":9})", "int(5..9)"},
      {R"({"type":"integer","minimum":0,"maximum":9,"exclusiveMaximum":9.0})", "int(0..8)"},
      {R"({"type":"integer","minimum":-1e300,"maximum":1e300})",
       "int(-9223372036854775807..9223372036854775806)"},
      {R"({"type":"integer","minimum":9223372036854775807})",
       "int(9223372036854775807..9223372036854775807)"},
      {R"({"type":"integer","minimum":1,"exclusiveMinimum":true})", "int(2..9223372036854775807)"},
      {R"({"type":"integer","minimum":1e2,"maximum":1.0E+2})", "int(100..100)"},
  });
  expect_refused({
      {R"({"type":"integer","minimum":3,"maximum":2})", "/minimum", "minimum"},
      {R"({"type":"integer","exclusiveMinimum":2,"exclusiveMaximum":3})", "/exclusiveMinimum",
       "exclusiveMinimum"},
      {R"({"type":"integer","minimum":0.1,"maximum":0.9})", "/minimum", "minimum"},
      {R"({"type":"integer","minimum":9223372036854775808})", "/minimum", "minimum"},
      {R"({"type":"integer","exclusiveMinimum":9223372036854775807})", "/exclusiveMinimum",
       "exclusiveMinimum"},
      {R"({"type":"integer","exclusiveMaximum":-9223372036854775808})", "/exclusiveMaximum",
       "exclusiveMaximum"},
      {R"({"type":"integer","maximum":-1e19})", "/maximum", "maximum"},
      {R"({"type":"integer","minimum":"1"})", "/minimum", "minimum"},
  });
}

TEST(JsonSchema, KeepsNumberBoundsExactly) {
  expect_accepted({
      {R"({"type":"number","minimum":0.10,"exclusiveMaximum":1e2})", "num(>=0.1 <100)"},
      {R"({"type":"number","minimum":-2.5e-3})", "num(>=-0.0025)"},
      {R"({"type":"number","minimum":1,"exclusiveMinimum":1.0})", "num(>1)"},
      {R"({"type":"number","maximum":2,"exclusiveMaximum":3})", "num(<=2)"},
      {R"({"type":"number","minimum":123456789012345678901234567890e-29})",
       "num(>=1.2345678901234567890123456789)"},
      {R"({"type":"number","minimum":3,"maximum":3})", "num(>=3 <=3)"},
  });
  expect_refused({
      {R"({"type":"number","minimum":3,"exclusiveMaximum":3})", "/minimum", "minimum"},
      {R"({"type":"number","exclusiveMinimum":3,"maximum":2})", "/exclusiveMinimum",
       "exclusiveMinimum"},
      {R"({"type":"number","exclusiveMinimum":0,"exclusiveMaximum":1e-15})", "/exclusiveMinimum",
       "exclusiveMinimum"},
      {R"({"type":"number","minimum":1e16})", "/minimum", "minimum"},
      {R"({"type":"number","maximum":-1e16})", "/maximum", "maximum"},
      {R"({"type":"number","minimum":1e-401})", "/minimum", "minimum"},
  });
}

TEST(JsonSchema, CountsStringsAndArraysWithNamedDefaults) {
  expect_accepted({
      {R"({"type":"string","minLength":2})", "str(2..64)"},
      {R"({"type":"string","minLength":100})", "str(100..100)"},
      {R"({"type":"string","maxLength":3.0})", "str(0..3)"},
      {R"({"type":"string","maxLength":99999999999999999999})", "str(0..64)"},
      {R"({"type":"array","items":{"type":"null"},"minItems":2,"maxItems":3})", "[null](2..3)"},
      {R"({"type":"array","items":{"type":"null"},"minItems":12})", "[null](12..12)"},
      {R"({"type":"array","items":{"type":"null"},"maxItems":1000000})", "[null](0..4096)"},
      {R"({"type":"array","items":{"type":"null"},"uniqueItems":false})", "[null](0..8)"},
      {R"({"type":"array","items":[{"type":"null"}],"additionalItems":false})",
       "[null, never](0..8)"},
  });
  expect_refused({
      {R"({"type":"string","minLength":3,"maxLength":2})", "/minLength", "minLength"},
      {R"({"type":"string","minLength":65537})", "/minLength", "minLength"},
      {R"({"type":"string","minLength":-1})", "/minLength", "minLength"},
      {R"({"type":"string","maxLength":"3"})", "/maxLength", "maxLength"},
      {R"({"type":"array","items":{"type":"null"},"minItems":4097})", "/minItems", "minItems"},
      {R"({"type":"array","items":{"type":"null"},"minItems":3,"maxItems":2})", "/minItems",
       "minItems"},
      {R"({"type":"array","items":["null"]})", "/items", "items"},
      {R"({"type":"array","items":{"type":"any"}})", "/items/type", "type"},
      {R"({"type":"array","items":{"type":"null"},"uniqueItems":true})", "/uniqueItems",
       "uniqueItems"},
  });
}

TEST(JsonSchema, WritesEnumValuesOnceCompactAndInOrder) {
  expect_accepted({
      {R"({"enum":["b","a","b"]})", R"(enum("b","a"))"},
      {R"({"enum":[1,1.0,true,"1",null,[],{}]})", R"(enum(1,true,"1",null,[],{}))"},
      {R"({"enum":[{"a":1, "b":[2, 3]},{"b":[2.0,3],"a":1}]})", R"(enum({"a":1,"b":[2,3]}))"},
      {R"({"enum":["\u00e9\u0001\"\/"]})", R"(enum("é\u0001\"/"))"},
      {R"({"const":"x"})", R"(enum("x"))"},
      {R"({"const":{"a":[1]}})", R"(enum({"a":[1]}))"},
      {R"({"const":2,"enum":[1,2.0,3]})", "enum(2.0)"},
  });
  expect_refused({
      {R"({"enum":[],"title":"t"})", "/enum", "enum"},
      {R"({"enum":"a"})", "/enum", "enum"},
  });
}

TEST(JsonSchema, DropsEnumValuesThatContradictTheKeywordsBesideThem) {
  expect_accepted({
      {R"({"type":"integer","enum":[1,2.0,2.5,"3"]})", "enum(1,2.0)"},
      {R"({"type":"number","minimum":1.5,"enum":[1,2,1.5]})", "enum(2,1.5)"},
      {R"({"exclusiveMaximum":2,"enum":[1,2,"2"]})", R"(enum(1,"2"))"},
      {R"({"minLength":2,"enum":["é","éé",1]})", R"(enum("éé",1))"},
      {R"({"maxItems":1,"enum":[[1,2],[1],"ab"]})", R"(enum([1],"ab"))"},
      {R"({"required":["a"],"enum":[{"a":1},{"b":1},3]})", R"(enum({"a":1},3))"},
  });
  expect_refused({
      {R"({"type":"string","enum":[1,2]})", "/enum", "enum"},
      {R"({"type":"string","const":1})", "/const", "const"},
      {R"({"const":2,"enum":[1]})", "/enum", "enum"},
      {R"({"minimum":5,"const":4})", "/const", "const"},
      {R"({"enum":[[1]],"items":{"type":"null"}})", "/enum", "enum"},
      {R"({"enum":[{"a":1}],"properties":{"a":{"type":"null"}}})", "/enum", "enum"},
      {R"({"enum":[{"a":1}],"additionalProperties":false})", "/enum", "enum"},
  });
}

TEST(JsonSchema, IgnoresAnnotationsAndKeywordsOfOtherTypes) {
  expect_accepted({
      {R"({"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"x","id":"y",
           "$comment":"c","title":"t","description":"d","default":{"any":[1]},"examples":[1],
           "deprecated":true,"readOnly":false,"writeOnly":true,"x-order":[3],
           "$defs":{"a":{"pattern":"x"}},"definitions":{},"type":"null"})",
       "null"},
      {R"({"type":"null","minLength":3,"minimum":7,"required":["x"],"items":{"pattern":"a"}})",
       "null"},
  });
  expect_accepted({
      {R"({"type":"null","title":1})", "null"},
      {R"({"type":"null","links":[],"_format":"x"})", "null"},
  });
  expect_refused({
      {R"({"type":"null","minLength":-3})", "/minLength", "minLength"},
  });
}

TEST(JsonSchema, RefusesEveryUnsupportedKeywordAtItsPointer) {
  int refused = 0;
  for (const Keyword& keyword : keywords()) {
    if (keyword.use != KeywordUse::Refused) continue;
    ++refused;
    const std::string name(keyword.name);
    // Under anyOf even unevaluatedProperties asks for something; contains goes with its counts.
    const std::string schema = R"({"type":"object","properties":{"a":{"anyOf":[{}],)" +
                               std::string(name == "contains" ? "" : R"("contains":true,)") + "\"" +
                               name + R"(":false}}})";
    try {
      parse_schema(schema);
      ADD_FAILURE() << schema;
    } catch (const SchemaError& error) {
      if (error.keyword() == "contains" && name != "contains") continue;  // refused before
      EXPECT_EQ(error.pointer(), "/properties/a/" + name);
      EXPECT_EQ(error.keyword(), name);
      EXPECT_NE(error.reason().find("not supported"), std::string::npos) << error.reason();
      EXPECT_EQ(error.what(), error.pointer() + ": " + name + ": " + error.reason());
    }
  }
  EXPECT_GT(refused, 5);
}

TEST(JsonSchema, ListsInTheReadmeExactlyTheKeywordsThatAreTaken) {
  std::ifstream file(PICOLM_SOURCE_DIR "/schemas/README.md");
  const std::string readme((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
  const std::size_t start = readme.find("| keyword |");
  ASSERT_NE(start, std::string::npos);
  const std::string table = readme.substr(start, readme.find("\n\n", start) - start);
  for (const Keyword& keyword : keywords()) {
    const bool listed = table.find("`" + std::string(keyword.name) + "`") != std::string::npos;
    EXPECT_EQ(listed, keyword.use != KeywordUse::Refused) << keyword.name;
  }
}

TEST(JsonSchema, RefusesUnknownKeywordsAndNamesTheNearest) {
  expect_refused({
      {R"({"type":"string","maxlength":3})", "/maxlength", "maxlength"},
      {R"({"type":"string","additonalProperties":3})", "/additonalProperties",
       "additonalProperties"},
      {R"({"type":"object","properties":{"a":{"type":"string","Minlength":3}}})",
       "/properties/a/Minlength", "Minlength"},
  });
  try {
    parse_schema(R"({"type":"string","maxlenght":3})");
    FAIL();
  } catch (const SchemaError& error) {
    EXPECT_NE(error.reason().find(R"("maxLength")"), std::string::npos) << error.reason();
  }
}

TEST(JsonSchema, RefusesTextThatIsNotStrictJson) {
  expect_refused({
      {"", "", "json"},
      {"{", "", "json"},
      {R"({"type":"null","type":"null"})", "", "json"},
      {R"({"type":"object","properties":{"a":{"type":"null"},"a":{"type":"null"}}})", "/properties",
       "json"},
      {"{\"type\":\"\xFF\"}", "/type", "json"},
      {R"({"enum":["\ud800"]})", "/enum", "json"},
      {R"({"type":"number","maximum":1e400})", "/maximum", "json"},
  });
}

// {"type":"array","items":{"type":"array", ... {"type":"null"}}}, `levels` schemas deep.
std::string nested_arrays(std::size_t levels) {
  std::string schema = R"({"type":"null"})";
  for (std::size_t i = 1; i < levels; ++i) {
    schema = R"({"type":"array","items":)" + schema + "}";
  }
  return schema;
}

TEST(JsonSchema, HoldsTheLimitsOfNestingAndSize) {
  EXPECT_NO_THROW(parse_schema(nested_arrays(Limits::schema_depth_max)));
  EXPECT_THROW(parse_schema(nested_arrays(Limits::schema_depth_max + 1)), SchemaError);

  const std::string padding(Limits::schema_bytes_max - 15, ' ');
  EXPECT_NO_THROW(parse_schema(R"({"type":"null"})" + padding));
  EXPECT_THROW(parse_schema(R"({"type":"null"})" + padding + " "), SchemaError);

  EXPECT_THROW(parse_schema(std::string(1000000, '[')), SchemaError);
}

TEST(JsonSchema, RefusesASchemaWhoseShortestDocumentIsHuge) {
  std::string schema = R"({"type":"null"})";
  for (int i = 0; i < 4; ++i) {
    schema = R"({"type":"array","minItems":1000,"items":)" + schema + "}";
  }
  expect_refused({{schema.c_str(), "", "size"}});
  EXPECT_NO_THROW(parse_schema(R"({"type":"string","minLength":65000})"));
}

TEST(JsonSchema, LoadsFilesAndNamesThemInErrors) {
  const test_support::TempDir dir;
  const std::string good = dir.write("good.json", R"({"type":"boolean"})");
  EXPECT_EQ(text_of(load_schema(good)), "bool");
  const auto reason_of = [](const std::string& path) {
    try {
      load_schema(path);
    } catch (const SchemaError& error) {
      return error.reason();
    }
    return std::string("none");
  };
  for (const std::string& path :
       {dir.write("bad.json", R"({"type":"any"})"), dir.file("absent.json"), dir.path().string(),
        dir.write("large.json", std::string(Limits::schema_bytes_max + 1, ' '))}) {
    EXPECT_NE(reason_of(path).find(path), std::string::npos) << reason_of(path);
  }
}

}  // namespace
}  // namespace schemas
