// Goal: which part of a schema is a finite choice, and what is left when the choice is made.

#include "inference/decide/closed_fields.h"

#include <gtest/gtest.h>

#include "inference/decide/json_text.h"
#include "inference/decide/prompt.h"

namespace inference {
namespace {

using schemas::SchemaSpec;

// {"action": "start"|"stop", "level": 0..9, "note": string, "at": {"x/y": true|false}, "opt"?:
// null}
SchemaSpec sample() {
  SchemaSpec spec;
  spec.nodes = {schemas::ObjectNode{{{"action", 1, true},
                                     {"level", 2, true},
                                     {"note", 3, true},
                                     {"at", 4, true},
                                     {"opt", 6, false}}},
                schemas::EnumNode{{"\"start\"", "\"stop\""}},
                schemas::IntegerNode{0, 9},
                schemas::StringNode{0, 20},
                schemas::ObjectNode{{{"x/y", 5, true}}},
                schemas::BooleanNode{},
                schemas::NullNode{}};
  return spec;
}

TEST(ClosedFields, AreRequiredAndFinite) {
  const auto fields = find_closed_fields(sample());
  ASSERT_EQ(fields.size(), 3u);
  EXPECT_EQ(fields[0].pointer, "/action");
  EXPECT_EQ(fields[0].branch, "{\"action\":");
  EXPECT_EQ(fields[1].pointer, "/level");
  EXPECT_EQ(fields[1].options.size(), 10u);
  EXPECT_EQ(fields[2].pointer, "/at/x~1y");
  EXPECT_EQ(fields[2].branch, "{\"at\":{\"x/y\":");
  EXPECT_EQ(fields[2].options, (std::vector<std::string>{"true", "false"}));
}

TEST(ClosedFields, LeaveLargeRangesOpen) {
  SchemaSpec spec;
  for (const auto& [low, high, expected] :
       {std::tuple<std::int64_t, std::int64_t, std::size_t>{0, 31, 32},
        {0, 32, 0},
        {-5, -5, 1},
        {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(), 0},
        {std::numeric_limits<std::int64_t>::max() - 3, std::numeric_limits<std::int64_t>::max(),
         4}}) {
    spec.nodes = {schemas::IntegerNode{low, high}};
    const auto fields = find_closed_fields(spec);
    EXPECT_EQ(fields.empty() ? 0 : fields[0].options.size(), expected) << low << " to " << high;
  }
}

TEST(ClosedFields, NarrowingToEveryChoiceLeavesOneDocument) {
  SchemaSpec spec;
  spec.nodes = {schemas::ObjectNode{{{"a\"b", 1, true}, {"c", 2, true}}},
                schemas::EnumNode{{"1", "[1,2]"}}, schemas::ObjectNode{{{"d", 3, true}}},
                schemas::BooleanNode{}};
  EXPECT_FALSE(only_document(spec));
  const auto fields = find_closed_fields(spec);
  ASSERT_EQ(fields.size(), 2u);
  const std::vector<Choice> choices = {{fields[0].node, "[1,2]"}, {fields[1].node, "false"}};
  EXPECT_EQ(only_document(narrow(spec, choices)), "{\"a\\\"b\":[1,2],\"c\":{\"d\":false}}");
}

TEST(ClosedFields, AnOpenOrOptionalPartIsNotOneDocument) {
  const SchemaSpec spec = sample();
  std::vector<Choice> choices;
  for (const auto& field : find_closed_fields(spec))
    choices.push_back({field.node, field.options[0]});
  EXPECT_FALSE(only_document(narrow(spec, choices)));
}

TEST(Prompt, NamesFieldsAndOptions) {
  EXPECT_EQ(
      make_system_text("Press line.", sample()),
      "Press line. Answer with JSON. action: \"start\", \"stop\"; level: an integer from 0 to 9; "
      "note: a text; at.x/y: true, false; opt: null.");
}

TEST(JsonText, QuotesEveryByteBelowSpace) {
  EXPECT_EQ(json_quote(std::string("a\"\\\n\x01 é", 8)), "\"a\\\"\\\\\\u000a\\u0001 é\"");
  EXPECT_EQ(json_words("\"press_2\""), "press_2");
  EXPECT_EQ(json_words("\"a\\u0041b\\\"c\""), "a b\"c");
  EXPECT_EQ(json_words("12"), "12");
}

}  // namespace
}  // namespace inference
