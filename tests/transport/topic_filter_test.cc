// Every small filter is tried with every small topic against definitions written the slow way:
// a filter is a pattern over levels, and overlap means that a topic exists.

#include "transport/topic_filter.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "transport/client.h"

namespace transport {
namespace {

// All texts of one to `levels` levels, each from `choices`, joined by '/'.
std::vector<std::string> all_texts(const std::vector<std::string>& choices, int levels) {
  std::vector<std::string> all;
  std::vector<std::string> last = {""};
  for (int level = 0; level < levels; ++level) {
    std::vector<std::string> longer;
    for (const std::string& text : last) {
      for (const std::string& choice : choices) {
        longer.push_back(level == 0 ? choice : text + "/" + choice);
      }
    }
    all.insert(all.end(), longer.begin(), longer.end());
    last = longer;
  }
  return all;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> levels = {""};
  for (const char c : text) {
    if (c == '/') {
      levels.emplace_back();
    } else {
      levels.back() += c;
    }
  }
  return levels;
}

// Section 4.7 of MQTT 5.0, read literally and recursively.
bool naive_match(const std::vector<std::string>& filter, std::size_t f,
                 const std::vector<std::string>& topic, std::size_t t) {
  if (f == filter.size()) return t == topic.size();
  if (filter[f] == "#") return true;
  if (t == topic.size()) return false;
  const bool hidden = t == 0 && topic[0].starts_with("$");
  if (filter[f] == "+" ? hidden : filter[f] != topic[t]) return false;
  return naive_match(filter, f + 1, topic, t + 1);
}

bool naive_match(const std::string& filter, const std::string& topic) {
  if (topic.starts_with("$") && (filter[0] == '#' || filter[0] == '+')) return false;
  const std::vector<std::string> levels = split(topic);
  std::vector<std::string> wanted = split(filter);
  // "a/#" includes "a": try the filter without its last level too.
  if (naive_match(wanted, 0, levels, 0)) return true;
  if (wanted.back() != "#" || wanted.size() == 1) return false;
  wanted.pop_back();
  return naive_match(wanted, 0, levels, 0);
}

const std::vector<std::string> kTopicLevels = {"a", "b", "", "$s"};

std::vector<std::string> valid_filters(int levels) {
  std::vector<std::string> valid;
  for (const std::string& text : all_texts({"a", "b", "", "$s", "+", "#"}, levels)) {
    if (filter_error(text) == nullptr) valid.push_back(text);
  }
  return valid;
}

std::vector<std::string> valid_topics(int levels) {
  std::vector<std::string> valid;
  for (const std::string& text : all_texts(kTopicLevels, levels)) {
    if (topic_error(text) == nullptr) valid.push_back(text);
  }
  return valid;
}

TEST(TopicFilter, MatchesLikeTheDefinitionForAllSmallFiltersAndTopics) {
  std::size_t matches = 0;
  const std::vector<std::string> topics = valid_topics(4);
  for (const std::string& filter : valid_filters(3)) {
    for (const std::string& topic : topics) {
      const bool expected = naive_match(filter, topic);
      ASSERT_EQ(filter_matches(filter, topic), expected) << filter << " on " << topic;
      ASSERT_EQ(filter_matches("$share/g/" + filter, topic), expected) << filter;
      matches += expected;
    }
  }
  EXPECT_GT(matches, 1000u);
}

// A shared topic, if there is one, can be found over the filters' own level texts plus one that
// appears in neither, with at most one level more than the longer filter.
TEST(TopicFilter, OverlapsExactlyWhenSomeTopicMatchesBoth) {
  const std::vector<std::string> filters = valid_filters(3);
  std::vector<std::string> topics;
  for (const std::string& topic : all_texts({"a", "b", "", "$s", "z"}, 3)) {
    if (topic_error(topic) == nullptr) topics.push_back(topic);
  }
  std::vector<std::vector<bool>> matched;  // [filter][topic]
  for (const std::string& filter : filters) {
    std::vector<bool> row;
    for (const std::string& topic : topics) row.push_back(naive_match(filter, topic));
    matched.push_back(row);
  }
  std::size_t overlaps = 0;
  for (std::size_t a = 0; a < filters.size(); ++a) {
    for (std::size_t b = 0; b < filters.size(); ++b) {
      bool expected = false;
      for (std::size_t t = 0; t < topics.size() && !expected; ++t) {
        expected = matched[a][t] && matched[b][t];
      }
      ASSERT_EQ(filters_overlap(filters[a], filters[b]), expected)
          << filters[a] << " and " << filters[b];
      overlaps += expected;
    }
  }
  EXPECT_GT(overlaps, 1000u);
  EXPECT_TRUE(filters_overlap("$share/g/a/+", "a/b"));
  EXPECT_FALSE(filters_overlap("a/#/b", "a/b"));
}

TEST(TopicFilter, RefusesMalformedFilters) {
  for (const char* filter : {"", "a#", "#a", "a/#/b", "a/b+", "+a", "$share", "$share/", "$share/g",
                             "$share/g/", "$share//a", "$share/+/a", "$share/g#/a", "a/\xff"}) {
    EXPECT_NE(filter_error(filter), nullptr) << filter;
    EXPECT_FALSE(filter_matches(filter, "a/b"));
  }
  for (const char* filter : {"#", "+", "/", "a/", "/a", "+/+", "+/#", "a/+/b", "$share/g/#",
                             "$SYS/#", "$shared/x", "\xc3\xa9/+"}) {
    EXPECT_EQ(filter_error(filter), nullptr) << filter;
  }
  EXPECT_EQ(filter_error(std::string(kTopicBytesMax, 'a')), nullptr);
  EXPECT_NE(filter_error(std::string(kTopicBytesMax + 1, 'a')), nullptr);
}

TEST(TopicFilter, RefusesTopicsThatNobodyMayPublish) {
  for (const std::string& topic :
       {std::string(), std::string("a/+"), std::string("#"), std::string("a\0b", 3),
        std::string("\xc0\x80"), std::string("\xed\xa0\x80"), std::string("\xf4\x90\x80\x80"),
        std::string("\xe2\x82"), std::string(kTopicBytesMax + 1, 'x')}) {
    EXPECT_NE(topic_error(topic), nullptr) << testing::PrintToString(topic);
  }
  for (const char* topic : {"a", "/", "a//b", "$SYS/x", "\xe2\x82\xac", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(topic_error(topic), nullptr) << topic;
  }
}

// Decodes by arithmetic and asks whether encoding the result again would give the same bytes.
bool naive_utf8(const std::string& text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t more = lead < 0x80   ? 0
                             : lead < 0xC0 ? 9
                             : lead < 0xE0 ? 1
                             : lead < 0xF0 ? 2
                             : lead < 0xF8 ? 3
                                           : 9;
    if (more == 9 || i + more >= text.size()) return false;
    unsigned code = more == 0 ? lead : lead & (0x3Fu >> more);
    for (std::size_t k = 1; k <= more; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xC0) != 0x80) return false;
      code = code << 6 | (next & 0x3F);
    }
    const unsigned least[] = {1, 0x80, 0x800, 0x10000};
    if (code < least[more] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
    i += more + 1;
  }
  return true;
}

TEST(TopicFilter, ChecksUtf8LikeADecoderForAllShortByteStrings) {
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = 0; b < 256; ++b) {
      const std::string two = {static_cast<char>(a), static_cast<char>(b)};
      ASSERT_EQ(string_error(two) == nullptr, naive_utf8(two)) << a << " " << b;
      for (unsigned c : {0x00u, 0x41u, 0x7Fu, 0x80u, 0xBFu, 0xC0u, 0xFFu}) {
        const std::string three = two + static_cast<char>(c);
        ASSERT_EQ(string_error(three) == nullptr, naive_utf8(three)) << a << " " << b << " " << c;
        for (unsigned d : {0x41u, 0x80u, 0xBFu, 0xC0u}) {
          const std::string four = three + static_cast<char>(d);
          ASSERT_EQ(string_error(four) == nullptr, naive_utf8(four)) << a << " " << b << " " << c;
        }
      }
    }
  }
}

TEST(TopicPattern, CapturesNamedLevels) {
  const TopicPattern pattern("plant/{area}/press/{press}/telemetry");
  EXPECT_EQ(pattern.filter(), "plant/+/press/+/telemetry");
  const auto captures = pattern.match("plant/north/press/7/telemetry");
  ASSERT_TRUE(captures.has_value());
  EXPECT_EQ(*captures, (Captures{{"area", "north"}, {"press", "7"}}));
  EXPECT_FALSE(pattern.match("plant/north/press/7").has_value());
  EXPECT_FALSE(pattern.match("plant/north/press/7/telemetry/x").has_value());
}

TEST(TopicPattern, AllowsPlainWildcardsAndShareGroups) {
  const TopicPattern pattern("$share/workers/{site}/+/{cell}/#");
  EXPECT_EQ(pattern.filter(), "$share/workers/+/+/+/#");
  const auto captures = pattern.match("acme/x/c4/deep/er");
  ASSERT_TRUE(captures.has_value());
  EXPECT_EQ(*captures, (Captures{{"site", "acme"}, {"cell", "c4"}}));
}

TEST(TopicPattern, RefusesWhatCannotWork) {
  for (const char* text : {"", "a/{}", "a/{x}y", "a/{x", "a/x}", "{a}/{a}", "a/{1x}", "a/{x-y}",
                           "a/#/b", "a/{x}#", "$share/{g}", "a/{{x}}"}) {
    EXPECT_THROW(TopicPattern{text}, TransportError) << text;
  }
}

TEST(TopicTemplate, GivesBackTheTopicItsPatternCaptured) {
  const std::string text = "{site}/{cell}/x";
  const TopicPattern pattern(text);
  const TopicTemplate out(text);
  std::size_t expanded = 0;
  for (const std::string& topic : valid_topics(3)) {
    const auto captures = pattern.match(topic + "/x");
    if (!captures) continue;
    EXPECT_EQ(out.expand(*captures), topic + "/x");
    ++expanded;
  }
  EXPECT_EQ(expanded, 12u);  // 3 x 4: the first level is never a '$' one
}

TEST(TopicTemplate, MayUsePartsOfALevel) {
  const TopicTemplate out("plant/press-{press}{side}/decision");
  EXPECT_EQ(out.filter(), "plant/+/decision");
  EXPECT_EQ(out.expand({{"side", "L"}, {"press", "7"}}), "plant/press-7L/decision");
  EXPECT_EQ(out.expand({{"press", "7"}}), std::nullopt);
  EXPECT_EQ(TopicTemplate("/a").filter(), "/a");
  EXPECT_EQ(TopicTemplate("/{x}").filter(), "/+");
}

TEST(TopicTemplate, RefusesValuesThatWouldChangeTheTopicsShape) {
  const TopicTemplate out("a/{x}");
  for (const std::string& value :
       {std::string("b/c"), std::string("+"), std::string("#"), std::string("x#"),
        std::string("\0", 1), std::string("\xff"), std::string(kTopicBytesMax, 'x')}) {
    EXPECT_EQ(out.expand({{"x", value}}), std::nullopt);
  }
  EXPECT_EQ(TopicTemplate("{x}").expand({{"x", "$SYS"}}), std::nullopt);
  EXPECT_EQ(TopicTemplate("{x}").expand({{"x", ""}}), std::nullopt);
  EXPECT_EQ(TopicTemplate("a$/$SYS/{x}").expand({{"x", "$a"}}), "a$/$SYS/$a");
  for (const char* text : {"", "a/{", "a/}", "a/+", "a/{x}/#", "{x y}", "a/\xff", "$SYS/a",
                           "$share/group/{x}", "$sha{x}/a"}) {
    EXPECT_THROW(TopicTemplate{text}, TransportError) << text;
  }
}

}  // namespace
}  // namespace transport
