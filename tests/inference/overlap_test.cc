// Goal: overlap of n-grams as the definition says, computed here by a second, slower program.

#include "inference/learn/overlap.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace inference {
namespace {

// The definition for ASCII text, written with sets of strings.
std::set<std::string> naive_grams(const std::string& text) {
  std::string spaced;
  for (const char c : text) {
    const bool word = std::isalnum(static_cast<unsigned char>(c)) != 0;
    spaced += word ? static_cast<char>(std::tolower(static_cast<unsigned char>(c))) : ' ';
  }
  std::set<std::string> out;
  for (std::size_t i = 0; i < spaced.size();) {
    if (spaced[i] == ' ') {
      ++i;
      continue;
    }
    const std::size_t end = std::min(spaced.find(' ', i), spaced.size());
    const std::string word = " " + spaced.substr(i, end - i) + " ";
    for (std::size_t n = 3; n <= 5; ++n) {
      for (std::size_t k = 0; k + n <= word.size(); ++k) out.insert(word.substr(k, n));
    }
    i = end;
  }
  return out;
}

double naive_share(const std::string& option, const std::string& message) {
  const auto wanted = naive_grams(option);
  const auto held = naive_grams(message);
  std::size_t shared = 0;
  for (const auto& gram : wanted) shared += held.count(gram);
  return wanted.empty() ? 0 : static_cast<double>(shared) / static_cast<double>(wanted.size());
}

TEST(NgramSet, AgreesWithTheDefinition) {
  const std::vector<std::string> texts = {"",
                                          "a",
                                          "Turn on machine A.",
                                          "press-2",
                                          "press_2",
                                          "coffee_machine",
                                          "make me a COFFEE",
                                          "{\"t1\": 31.5}",
                                          "  spaces   between  ",
                                          "stop",
                                          "stopped",
                                          "unstoppable",
                                          "all of it, now!",
                                          "no-gap_at/all"};
  for (const auto& option : texts) {
    for (const auto& message : texts) {
      EXPECT_DOUBLE_EQ(NgramSet(option).share_in(NgramSet(message)), naive_share(option, message))
          << option << " in " << message;
    }
  }
}

TEST(NgramSet, IgnoresCaseInOtherAlphabets) {
  const std::pair<const char*, const char*> same[] = {
      {"ÖFFNEN", "öffnen"}, {"Žádost", "žádost"}, {"СТОП", "стоп"}, {"ΑΝΟΙΓΜΑ", "ανοιγμα"}};
  for (const auto& [upper, lower] : same) {
    EXPECT_DOUBLE_EQ(NgramSet(upper).share_in(NgramSet(lower)), 1.0) << upper;
  }
}

TEST(NgramSet, TakesBytesThatAreNotUtf8) {
  const std::string broken = "\xFF\xC3 \xE2\x82 stop \xF0\x9F\x98";
  EXPECT_GT(NgramSet(broken).size(), 0u);
  EXPECT_DOUBLE_EQ(NgramSet("stop").share_in(NgramSet(broken)), 1.0);
}

TEST(Wording, IsTheBestOfTheValueAndEachPhrase) {
  const Wording stop("stop", "halt, shut down.\nto bring to rest");
  for (const std::string phrase : {"stop", "halt", "shut down", "to bring to rest"}) {
    EXPECT_DOUBLE_EQ(stop.share_in(NgramSet("now " + phrase + " the press")), 1.0) << phrase;
  }
  const std::string message = "bring the press down";
  EXPECT_DOUBLE_EQ(
      stop.share_in(NgramSet(message)),
      std::max(naive_share("shut down", message), naive_share("to bring to rest", message)));
}

TEST(Wording, WithoutWordsIsTheOverlapOfTheValue) {
  for (const std::string words : {"", " , ;;.\n"}) {
    EXPECT_DOUBLE_EQ(Wording("stop_all", words).share_in(NgramSet("stop it")),
                     naive_share("stop_all", "stop it"));
  }
}

TEST(Wording, TakesSoManyPhrases) {
  std::string words;
  for (std::size_t i = 0; i < Wording::kPhrasesMax; ++i) words += "w" + std::to_string(i) + ",";
  EXPECT_DOUBLE_EQ(Wording("stop", words + "halt").share_in(NgramSet("halt")), 0.0);
}

}  // namespace
}  // namespace inference
