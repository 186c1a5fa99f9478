// Two filters, a topic, a pattern and a template, one a line. Whatever their bytes:
//  - filter_matches says what a naive matcher says, and malformed texts match nothing;
//  - two filters that one topic matches overlap, overlap is symmetric, a filter overlaps itself;
//  - a pattern matches exactly what its filter matches, and its captures spell the topic;
//  - what a template expands to is a topic that its filter matches.

#include <algorithm>
#include <optional>
#include <vector>

#include "tests/fuzz/fuzz.h"
#include "transport/client.h"
#include "transport/topic_filter.h"

namespace {

using Levels = std::vector<std::string_view>;

Levels levels_of(std::string_view text) {
  Levels levels;
  for (std::size_t slash = text.find('/'); slash != std::string_view::npos;
       slash = text.find('/')) {
    levels.push_back(text.substr(0, slash));
    text.remove_prefix(slash + 1);
  }
  levels.push_back(text);
  return levels;
}

// Section 4.7 word by word, for well-formed texts.
bool naive_matches(std::string_view filter, std::string_view topic) {
  const Levels wanted = levels_of(transport::without_share(filter));
  const Levels found = levels_of(topic);
  const bool wild_start = wanted[0] == "#" || wanted[0] == "+";
  if (wild_start && topic.front() == '$') return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == "#") return true;  // also the level above
    if (i == found.size()) return false;
    if (wanted[i] != "+" && wanted[i] != found[i]) return false;
    if (i + 1 == found.size() && i + 2 == wanted.size() && wanted[i + 1] == "#") return true;
  }
  return wanted.size() == found.size();
}

bool is_filter(std::string_view text) { return transport::filter_error(text) == nullptr; }
bool is_topic(std::string_view text) { return transport::topic_error(text) == nullptr; }

void check_filters(std::string_view a, std::string_view b, std::string_view topic) {
  for (const std::string_view filter : {a, b}) {
    const bool expected = is_filter(filter) && is_topic(topic) && naive_matches(filter, topic);
    FUZZ_HOLDS(transport::filter_matches(filter, topic) == expected);
    FUZZ_HOLDS(!is_filter(filter) || transport::filters_overlap(filter, filter));
  }
  const bool overlap = transport::filters_overlap(a, b);
  FUZZ_HOLDS(overlap == transport::filters_overlap(b, a));
  FUZZ_HOLDS(!overlap || (is_filter(a) && is_filter(b)));
  const bool both = transport::filter_matches(a, topic) && transport::filter_matches(b, topic);
  FUZZ_HOLDS(overlap || !both);
}

void check_pattern(std::string_view text, std::string_view topic) {
  std::optional<transport::TopicPattern> pattern;
  try {
    pattern.emplace(text);
  } catch (const transport::TransportError&) {
    return;
  }
  FUZZ_HOLDS(is_filter(pattern->filter()));
  if (!is_topic(topic)) return;
  const auto captures = pattern->match(topic);
  FUZZ_HOLDS(captures.has_value() == transport::filter_matches(pattern->filter(), topic));
  if (!captures) return;
  FUZZ_HOLDS(captures->size() == pattern->names().size());
  const Levels wanted = levels_of(transport::without_share(text));
  const Levels found = levels_of(topic);
  std::size_t next = 0;
  for (std::size_t i = 0; i < wanted.size() && wanted[i] != "#"; ++i) {
    if (!wanted[i].starts_with('{')) continue;
    FUZZ_HOLDS((*captures)[next].first == pattern->names()[next]);
    FUZZ_HOLDS((*captures)[next].second == found[i]);
    ++next;
  }
  FUZZ_HOLDS(next == captures->size());
}

void check_template(std::string_view text, std::string_view values) {
  std::optional<transport::TopicTemplate> shape;
  try {
    shape.emplace(text);
  } catch (const transport::TransportError&) {
    return;
  }
  FUZZ_HOLDS(is_filter(shape->filter()));
  transport::Captures captures;
  for (const std::string& name : shape->names()) {
    const std::size_t length = std::min<std::size_t>(values.size(), 3);
    captures.emplace_back(name, values.substr(0, length));
    values.remove_prefix(length);
  }
  const auto topic = shape->expand(captures);
  if (!topic) return;
  FUZZ_HOLDS(is_topic(*topic));
  FUZZ_HOLDS(transport::filter_matches(shape->filter(), *topic));
  FUZZ_HOLDS(levels_of(*topic).size() == levels_of(text).size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::string_view a = input.line();
  const std::string_view b = input.line();
  const std::string_view topic = input.line();
  check_filters(a, b, topic);
  check_pattern(input.line(), topic);
  const std::string_view shape = input.line();
  check_template(shape, input.rest());
  return 0;
}
