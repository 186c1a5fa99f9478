// Goal: messages become the fields and n-grams that the headers promise, whatever bytes they are.

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "inference/learn/features.h"
#include "inference/learn/gram_index.h"
#include "tests/support/random.h"

namespace inference {
namespace {

using Kind = MessageField::Kind;

std::string described(std::string_view message) {
  const auto fields = read_message_fields(message);
  if (!fields) return "text";
  std::string out;
  for (const MessageField& f : *fields) {
    out += f.pointer + "=" + std::string(1, "NFTZ"[static_cast<int>(f.kind)]) + f.text + ";";
  }
  return out;
}

TEST(MessageFields, ReadsScalarsOfObjectsListsAndNumbers) {
  EXPECT_EQ(described(R"({"a":1.5,"b":{"c":true},"d":[null,"x\"y"]})"),
            "/a=N1.5;/b/c=Ftrue;/d/0=Znull;/d/1=Tx\"y;");
  EXPECT_EQ(described(" -3e2 "), "=N-3e2;");
  EXPECT_EQ(described(R"({"oil_temp":31.5 °C,"ok":false})"), "/oil_temp=N31.5;/ok=Ffalse;");
  EXPECT_EQ(described(R"([{"a/b":1},{"a/b":2}])"), "/0/a~1b=N1;/1/a~1b=N2;");
}

TEST(MessageFields, EverythingElseIsText) {
  for (const std::string_view text :
       {"", "turn on the light", "2 lamps on, please", "\"quoted\"", "true", "{}", "[]", "{\"a\":}",
        "{\"a\":1", "{\"a\":1}x", "{\"a\":\"b", "{\"a\":1,}", "{\"a\":1e999}", "{'a':1}", "\xff"}) {
    EXPECT_EQ(described(text), "text") << text;
  }
  EXPECT_EQ(described(std::string(100, '[') + "1" + std::string(100, ']')), "text");
  std::string wide = "[0";
  for (std::size_t i = 0; i < kMessageFieldsMax; ++i) wide += ",0";
  EXPECT_EQ(described(wide + "]"), "text");
}

TEST(MessageFields, AnyBytesAreRead) {
  test_support::Random random(23);
  const std::string signs = "{}[]\",:\\0123.eE+- tfn\xc3\xa4";
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (std::uint64_t k = random.below(24); k > 0; --k) text += signs[random.below(signs.size())];
    const auto fields = read_message_fields(text);
    if (!fields) continue;
    EXPECT_FALSE(fields->empty());
    for (const MessageField& field : *fields) EXPECT_TRUE(std::isfinite(field.number));
  }
}

TEST(Ngrams, BlocksHaveLengthOneAndForeignTextsShareNothing) {
  const GramVector text = text_grams("turn the lamp on", Digits::Kept);
  EXPECT_NEAR(dot(text, text), 2, 1e-6);
  EXPECT_EQ(dot(text, text_grams("zzz qqqq", Digits::Kept)), 0);
  EXPECT_TRUE(text_grams("", Digits::Kept).empty());
  EXPECT_NEAR(dot(text, text_grams("Turn THE lamp  on", Digits::Kept)), 2, 1e-6);
}

// 2- to 4-grams of one padded word, counted by hand.
TEST(Ngrams, CharactersAreThoseOfTheDefinition) {
  const GramVector ab = text_grams("a", Digits::Kept);  // " a", "a ", " a "; no word of two letters
  EXPECT_EQ(ab.size(), 3u);
  const GramVector same = text_grams("aa", Digits::Kept);
  // 2: " a" "aa" "a "; 3: " aa" "aa "; 4: " aa "; and the word
  EXPECT_EQ(same.size(), 7u);
}

TEST(Ngrams, MaskedDigitsAreAllAlike) {
  const auto masked = [](std::string_view text) { return text_grams(text, Digits::Masked); };
  EXPECT_NEAR(dot(masked("node 17 failed"), masked("node 230 failed")), 2, 1e-6);
  EXPECT_LT(
      dot(text_grams("node 17 failed", Digits::Kept), text_grams("node 230 failed", Digits::Kept)),
      1.9);
}

TEST(Ngrams, AnIndexGivesTheProductsOfItsTexts) {
  test_support::Random random(29);
  std::vector<GramVector> texts;
  const auto sentence = [&] {
    static constexpr std::string_view kWords[] = {"turn", "lamp", "on", "off", "stop", "press"};
    std::string out;
    for (std::uint64_t k = random.below(6); k > 0; --k)
      out += std::string(kWords[random.below(6)]) + " ";
    return text_grams(out, Digits::Kept);
  };
  for (int i = 0; i < 20; ++i) texts.push_back(sentence());
  std::vector<const GramVector*> views;
  for (const GramVector& text : texts) views.push_back(&text);
  const GramIndex index(views);
  for (int i = 0; i < 20; ++i) {
    const GramVector text = sentence();
    std::vector<double> products(texts.size());
    index.add_products(text, products);
    for (std::size_t k = 0; k < texts.size(); ++k)
      EXPECT_NEAR(products[k], dot(text, texts[k]), 1e-9);
  }
}

// Twenty readings: a temperature, a counter, a time, a mode of two values, a serial number.
std::vector<std::string> readings() {
  std::vector<std::string> out;
  test_support::Random random(31);
  for (int i = 0; i < 20; ++i) {
    out.push_back("{\"t\":" + std::to_string(20 + random.below(10)) +
                  ",\"seq\":" + std::to_string(i * 3) +
                  ",\"ts\":" + std::to_string(1700000000 + random.below(1000)) + ",\"mode\":\"" +
                  (random.below(2) == 0 ? "auto" : "hand") +
                  "\",\"on\":" + (random.below(2) == 0 ? "true" : "false") + ",\"id\":\"x" +
                  std::to_string(i * 7) + "\",\"p\":" + std::to_string(random.uniform()) + "}");
  }
  return out;
}

TEST(FeatureSpace, KnowsNumbersCategoriesCountersAndTimes) {
  const std::vector<std::string> texts = readings();
  const FeatureSpace space(std::vector<std::string_view>(texts.begin(), texts.end()));
  ASSERT_EQ(space.numbers().size(), 2u);
  EXPECT_EQ(space.numbers()[0].pointer, "/t");
  EXPECT_EQ(space.numbers()[1].pointer, "/p");
  EXPECT_TRUE(space.numbers()[0].always);
  EXPECT_TRUE(space.has_text()) << "the serial number";
  const Features features = space.features(texts[4]);
  EXPECT_EQ(features.readings.size(), 2u);
  EXPECT_EQ(features.levels.size(), 4u) << "two numbers, their sum and their difference";
  EXPECT_EQ(features.categories.size(), 2u);
  EXPECT_EQ(space.features(R"({"mode":"sleep"})").categories, (std::vector<std::uint32_t>{0, 0}));
}

TEST(FeatureSpace, SentencesAreText) {
  const FeatureSpace space(std::vector<std::string_view>{"turn on", "turn off", "1 lamp"});
  EXPECT_FALSE(space.has_fields());
  EXPECT_TRUE(space.has_text());
}

// Every matrix of similarities has no negative eigenvalue: x' K x >= 0 for any x.
TEST(FeatureSpace, SimilaritiesArePositiveSemidefinite) {
  const std::vector<std::string> texts = readings();
  const FeatureSpace space(std::vector<std::string_view>(texts.begin(), texts.end()));
  std::vector<Features> all;
  for (const std::string& text : texts) all.push_back(space.features(text));
  test_support::Random random(37);
  for (const auto numbers :
       {Recipe::Numbers::Linear, Recipe::Numbers::Pairs, Recipe::Numbers::Oblique}) {
    const Recipe recipe{numbers, Recipe::Text::Masked};
    for (int trial = 0; trial < 100; ++trial) {
      std::vector<double> x(all.size());
      for (double& v : x) v = static_cast<double>(random.normal());
      double sum = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        for (std::size_t j = 0; j < x.size(); ++j)
          sum += x[i] * x[j] * similarity(recipe, all[i], all[j]);
      }
      EXPECT_GE(sum, -1e-9);
    }
  }
}

TEST(FeatureSpace, PairsAreThoseOfTheDefinition) {
  const std::vector<std::string_view> texts{R"({"a":0,"b":5})", R"({"a":1,"b":3.5})",
                                            R"({"a":3,"b":4})"};
  const FeatureSpace space(texts);
  const Features x = space.features(texts[0]);
  const Features y = space.features(texts[2]);
  const double ka = std::exp(-std::abs(x.readings[0] - y.readings[0]));
  const double kb = std::exp(-std::abs(x.readings[1] - y.readings[1]));
  EXPECT_NEAR(number_similarity(Recipe::Numbers::Pairs, x, y), (ka + kb + ka * kb) / 2, 1e-12);
}

}  // namespace
}  // namespace inference
