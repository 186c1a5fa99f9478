// Goal: a value that is to be copied stands in the message, whatever the model says, and where the
// message holds none that fits there is no decision.

#include "inference/decide/copies.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "inference/engine.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace inference {
namespace {

using schemas::SchemaSpec;
using Texts = std::vector<std::string>;

TEST(NumbersIn, AreReadAsTheyAreMeant) {
  const std::pair<const char*, Texts> cases[] = {
      {"", {}},
      {"no number", {}},
      {"set it to 21.5, not 30.", {"21.5", "30"}},
      {"-5 to 5 and 5 again", {"-5", "5"}},
      {"press-2 at (-3)", {"2", "-3"}},
      {"007 -0 0.50 .25", {"7", "0", "0.5", "0.25"}},
      {"21,5", {"21.5", "21", "5"}},
      {"1,500", {"1500", "1.5", "1", "500"}},
      {"1,234.5", {"1234.5", "1", "234.5"}},
      {"[1,2,3]", {"1", "2", "3"}},
      {"10.0.0.7", {"10", "0", "7"}},
      {"22C 40% $5", {"22", "40", "5"}},
      {"1e5 2E-3 4", {"4"}},
      {"2015-02-09", {"2015", "2", "9"}},
      {"12345678901234567890123456789 1", {"1"}},
  };
  for (const auto& [message, wanted] : cases) EXPECT_EQ(numbers_in(message), wanted) << message;
}

TEST(TextsIn, BeginAndEndWhereWordsDo) {
  EXPECT_EQ(texts_in("to C++, \"New York\"", 1000),
            (Texts{"to", "C", "\"New", "New", "York", "to C", "C++,", "\"New York", "New York",
                   "York\"", "to C++,", "C++, \"New", "\"New York\"", "New York\"", "to C++, \"New",
                   "C++, \"New York", "to C++, \"New York", "C++, \"New York\"",
                   "to C++, \"New York\""}));
}

TEST(TextsIn, AreBoundedAndPartsOfTheMessage) {
  test_support::Random random(7);
  for (int round = 0; round < 200; ++round) {
    std::string message;
    for (auto n = random.below(300); n > 0; --n) {
      message += static_cast<char>(random.below(8) == 0 ? ' ' : random.below(256));
    }
    std::size_t bytes = 0;
    for (const std::string& text : texts_in(message, 500)) {
      EXPECT_NE(message.find(text), std::string::npos);
      EXPECT_FALSE(text.empty());
      bytes += text.size();
    }
    EXPECT_LE(bytes, 500u);
    EXPECT_LE(numbers_in(message).size(), kCopyNumbersMax + 8);
  }
}

// {"to": a number from -40 to 90, "name": a text of at most 12, "level"?: an integer}
SchemaSpec schema() {
  schemas::NumberNode to{schemas::DecimalBound{"-40", false}, schemas::DecimalBound{"90", false}};
  to.copy = true;
  schemas::StringNode name{1, 12};
  name.copy = true;
  schemas::IntegerNode level;
  level.copy = true;
  SchemaSpec spec;
  spec.nodes = {schemas::ObjectNode{{{"to", 1, true}, {"name", 2, true}, {"level", 3, false}}}, to,
                name, level};
  return spec;
}

const Texts& values(const Copies& copies, schemas::NodeId id) {
  return std::get<schemas::EnumNode>(copies.spec.nodes[id]).values;
}

TEST(Copies, AreWhatTheMessageHoldsAndTheNodeAllows) {
  const Copies copies = copy_from(schema(), "oven 2 to 85.5 not 120");
  EXPECT_EQ(copies.missing, std::nullopt);
  EXPECT_EQ(values(copies, 1), (Texts{"2", "85.5"}));
  EXPECT_EQ(values(copies, 3), (Texts{"2", "120"}));
  const Texts& names = values(copies, 2);
  EXPECT_NE(std::find(names.begin(), names.end(), "\"oven 2\""), names.end());
  for (const std::string& name : names) EXPECT_LE(name.size(), 14u);
}

TEST(Copies, NameTheRequiredFieldThatFindsNothing) {
  EXPECT_EQ(copy_from(schema(), "oven to 120").missing, "/to");
  EXPECT_EQ(copy_from(schema(), "").missing, "/to");
  const Copies without_level = copy_from(schema(), "oven to 85.5");
  EXPECT_EQ(without_level.missing, std::nullopt);
  EXPECT_TRUE(std::holds_alternative<schemas::NeverNode>(without_level.spec.nodes[3]));
}

TEST(Copies, OfAListThatIsTooLongHaveNoField) {
  schemas::IntegerNode number;
  number.copy = true;
  SchemaSpec spec;
  spec.nodes = {schemas::ArrayNode{1, 2, 4}, number};
  EXPECT_EQ(copy_from(spec, "none").missing, "");
  EXPECT_EQ(copy_from(spec, "1 or so").missing, std::nullopt);
}

class CopyTest : public testing::Test {
 protected:
  test_support::TempDir dir_;
};

// The model is random: what it would say is anything.
TEST_F(CopyTest, NoSetPointIsInvented) {
  EngineOptions options;
  options.model_path = dir_.file("model.gguf");
  test_support::tiny_model({}).write(options.model_path);
  options.threads = 2;
  options.context_tokens_max = 512;
  Engine engine(options);
  const auto route = engine.open_route({schema(), "Decide.", {}});
  for (const std::string message : {"heat oven 2 to 85.5", "b \\ \"c\" 3", "ofen auf 21,5 grad"}) {
    const Request request{route.get(), message};
    const Decision decision = engine.decide({&request, 1}).front();
    ASSERT_EQ(decision.status, DecideStatus::Decided);
    EXPECT_EQ(decision.doubt, Doubt::None);
    EXPECT_GT(decision.confidence, 0);
    const std::string to = decision.json.substr(6, decision.json.find(',') - 6);
    const Texts numbers = numbers_in(message);
    EXPECT_NE(std::find(numbers.begin(), numbers.end(), to), numbers.end()) << decision.json;
  }
  const std::string nothing = "heat the oven";
  const Request request{route.get(), nothing};
  const Decision decision = engine.decide({&request, 1}).front();
  EXPECT_EQ(decision.doubt, Doubt::NotInMessage);
  EXPECT_EQ(decision.doubt_pointer, "/to");
  EXPECT_EQ(decision.rung, Rung::Abstain);
  EXPECT_EQ(decision.confidence, 0);
  EXPECT_EQ(decision.json.front(), '{');
}

}  // namespace
}  // namespace inference
