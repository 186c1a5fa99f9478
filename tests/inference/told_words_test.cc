// Goal: words by which instructions explain an option speak for it, as far as they are rare in the
// stream; other sentences explain nothing.

#include "inference/learn/told_words.h"

#include <gtest/gtest.h>

namespace inference {
namespace {

using Words = std::vector<std::vector<std::string>>;

Words told(std::string_view instructions, std::vector<std::string> options) {
  return told_words(instructions, options);
}

TEST(ToldWords, FollowTheOptionThatTheyExplain) {
  EXPECT_EQ(told("A log line. Status is ok for information, Warning for warnings, error for errors "
                 "and failures; anything else counts.",
                 {"ok", "warning", "error"}),
            (Words{{"information"}, {"warnings"}, {"errors", "failures"}}));
  EXPECT_EQ(told("occupied is true when people are in the room: light is on", {"true", "false"}),
            (Words{{"people", "room", "light"}, {}}));
  EXPECT_EQ(told("stop_all if smoke is seen", {"stop_all"}), (Words{{"smoke", "seen"}}));
}

TEST(ToldWords, AreNoneWhereNothingIsExplained) {
  const Words none = {{}, {}};
  EXPECT_EQ(told("", {"none", "kitchen"}), none);
  EXPECT_EQ(told("location is the room or none", {"none", "kitchen"}), none);
  EXPECT_EQ(told("Use none. For kitchen messages see below.", {"none", "kitchen"}), none);
  EXPECT_EQ(told("nonesuch for cellars", {"none", "kitchen"}), none);
  EXPECT_EQ(told("for if when", {"for", "if"}), none);
  EXPECT_FALSE(ToldWords(none).any());
  EXPECT_FALSE(ToldWords({}).any());
}

TEST(ToldWords, TakeAnyBytes) {
  EXPECT_EQ(told("\xff\xc3 ok for \xf0\x9f\x98 f\xc3\xbcllung\xff", {"ok"})[0].size(), 1u);
  std::string many = "ok for";
  for (int i = 0; i < 1000; ++i) many += " word" + std::to_string(i);
  EXPECT_LE(told(many, {"ok"})[0].size(), 16u);
}

TEST(ToldWords, SpeakForTheirOptionByTheirBeginning) {
  ToldWords words(Words{{"information"}, {"failures", "errors"}});
  ASSERT_TRUE(words.any());
  const auto overlap = [&](std::string_view text) {
    return words.overlap(words.shares_in(NgramSet(text)));
  };
  EXPECT_EQ(overlap("KERNEL INFO cache"), (std::vector<double>{1, 0}));
  EXPECT_EQ(overlap("it failed"), (std::vector<double>{0, 1}));
  EXPECT_LT(overlap("reinform")[0], 1) << "only beginnings of words count in full";
}

TEST(ToldWords, ThatEveryMessageHoldsSayNothing) {
  ToldWords words(Words{{"light"}, {"failures"}});
  for (int i = 0; i < 100; ++i) {
    words.observe(words.shares_in(NgramSet(i % 10 == 0 ? "light_lux failed" : "light_lux")));
  }
  const auto overlap = words.overlap(words.shares_in(NgramSet("light_lux failed")));
  EXPECT_NEAR(overlap[0], 0, 1e-9);
  EXPECT_NEAR(overlap[1], 0.9, 0.01);
  words.forget();
  words.observe(words.shares_in(NgramSet("failed")));
  EXPECT_NEAR(words.overlap(words.shares_in(NgramSet("light failed")))[0], 1, 1e-9);
}

}  // namespace
}  // namespace inference
