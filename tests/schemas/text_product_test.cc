// Goal: a product accepts exactly the texts that its parts and its lengths allow, and holds no
// state that leads nowhere. Method: all texts of up to five characters.

#include "schemas/text_product.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "schemas/regex.h"
#include "schemas/text_tables.h"

namespace schemas {
namespace {

const char* const kCharacters[] = {"a", "b", "\xC3\xA4", "\xE2\x82\xAC", "\""};

// Calls visit(text, code points) for every text of at most `most` of them.
template <typename Visit>
void for_all_texts(std::uint32_t most, const Visit& visit, const std::string& text = "",
                   std::uint32_t length = 0) {
  visit(text, length);
  if (length == most) return;
  for (const char* character : kCharacters) {
    for_all_texts(most, visit, text + character, length + 1);
  }
}

// Every state is reached and leads to an accepting one.
void expect_trim(const StringAutomaton& table) {
  const std::uint32_t count = table.state_count();
  std::vector<bool> reached(count, false);
  std::vector<bool> leads(count, false);
  reached[table.start] = true;
  for (std::uint32_t round = 0; round < count; ++round) {
    for (std::uint32_t state = 1; state < count; ++state) {
      leads[state] = leads[state] || table.label[state] != 0;
      for (std::uint32_t c = 0; c < table.class_count; ++c) {
        const std::uint32_t to = table.next[state * table.class_count + c];
        if (to == StringAutomaton::kDead) continue;
        reached[to] = reached[to] || reached[state];
        leads[state] = leads[state] || leads[to];
      }
    }
  }
  for (std::uint32_t state = 1; state < count; ++state) {
    EXPECT_TRUE(reached[state]) << state;
    EXPECT_TRUE(leads[state]) << state;
  }
}

TEST(TextProduct, AcceptsWhatItsPartsAndLengthsAllow) {
  struct Case {
    std::vector<TextCheck> checks;
    std::uint32_t length_min;
    std::optional<std::uint32_t> length_max;
  };
  using Kind = TextCheck::Kind;
  const std::vector<Case> cases = {
      {{}, 2, 4},
      {{{Kind::Pattern, false, "^a"}}, 0, std::nullopt},
      {{{Kind::Pattern, false, "ab"}, {Kind::Pattern, true, "b$"}}, 0, 4},
      {{{Kind::Pattern, true, "^[ab]*$"}}, 1, 3},
      {{{Kind::Value, false, "a\xC3\xA4"}}, 0, std::nullopt},
      {{{Kind::Value, true, "b"}, {Kind::Pattern, false, "^.?$"}}, 0, std::nullopt},
      {{{Kind::Pattern, false, "^(?:\xC3\xA4\xE2\x82\xAC)*$"}}, 3, 4},
  };
  for (const Case& one : cases) {
    TextTables tables;
    const TextTable table = tables.of_checks(one.checks, one.length_min, one.length_max);
    expect_trim(*table);
    for_all_texts(5, [&](const std::string& text, std::uint32_t length) {
      bool wanted = length >= one.length_min && length <= one.length_max.value_or(length);
      for (const TextCheck& check : one.checks) {
        const bool holds = check.kind == Kind::Value ? text == check.text
                                                     : pattern_finds(parse_regex(check.text), text);
        wanted = wanted && holds != check.negated;
      }
      EXPECT_EQ(label_of(*table, text) != 0, wanted) << text;
    });
  }
}

TEST(TextProduct, IsDeadWhereNothingSatisfiesAllParts) {
  TextTables tables;
  using Kind = TextCheck::Kind;
  EXPECT_EQ(tables.of_checks({{Kind::Pattern, false, "^a$"}, {Kind::Pattern, false, "^b$"}}, 0, {})
                ->start,
            StringAutomaton::kDead);
  EXPECT_EQ(tables.of_checks({{Kind::Pattern, false, "^a{3}$"}}, 4, 9)->start,
            StringAutomaton::kDead);
}

TEST(TextProduct, MakesOneTableOnceAndRefusesTooLargeOnes) {
  TextTables tables;
  using Kind = TextCheck::Kind;
  const std::vector<TextCheck> checks = {{Kind::Pattern, false, "^a+$"}};
  EXPECT_EQ(tables.of_checks(checks, 1, 9), tables.of_checks(checks, 1, 9));
  EXPECT_NE(tables.of_checks(checks, 1, 9), tables.of_checks(checks, 1, 8));
  // Which of the last twenty characters were a: 2^20 states.
  EXPECT_THROW(tables.of_checks({{Kind::Pattern, false, "a.{20}$"}}, 0, {}), TextRefused);
  EXPECT_THROW(tables.of_checks({{Kind::Format, false, "phone"}}, 0, {}), TextRefused);
}

}  // namespace
}  // namespace schemas
