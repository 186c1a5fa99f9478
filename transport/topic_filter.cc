// Filters are compared level by level. The one subtle question is overlap: two filters share a
// topic exactly when their levels can be paired up so that each pair shares a level string:
// equal texts, or a '+' and anything, until one side is '#' (any rest, including none) or both
// end. Level strings can be chosen freely wherever a '+' stands, so no search is needed. The only
// exception is the first level: a wildcard there never stands for a text that begins with '$'.

#include "transport/topic_filter.h"

#include <algorithm>

#include "transport/client.h"

namespace transport {
namespace {

constexpr std::string_view kShare = "$share/";

std::vector<std::string_view> levels_of(std::string_view text) {
  std::vector<std::string_view> levels;
  while (true) {
    const std::size_t slash = text.find('/');
    levels.push_back(text.substr(0, slash));
    if (slash == std::string_view::npos) return levels;
    text.remove_prefix(slash + 1);
  }
}

bool is_wildcard(std::string_view level) { return level == "+" || level == "#"; }

// Length in bytes of the UTF-8 character at the front of `text`, 0 when it is malformed.
// U+0000 counts as malformed here: MQTT forbids it in every string.
std::size_t character_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
  const unsigned lead = byte(0);
  if (lead == 0) return 0;
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;  // longer than needed
    if (lead == 0xED && byte(1) > 0x9F) return 0;  // surrogates
    return continues(1) && continues(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (lead == 0xF0 && byte(1) < 0x90) return 0;  // longer than needed
    if (lead == 0xF4 && byte(1) > 0x8F) return 0;  // beyond U+10FFFF
    return continues(1) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

const char* plain_filter_error(std::string_view filter) {
  if (filter.empty()) return "filter is empty";
  const std::vector<std::string_view> levels = levels_of(filter);
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const bool has_wildcard = levels[i].find_first_of("+#") != std::string_view::npos;
    if (has_wildcard && levels[i].size() > 1) return "a wildcard must fill its level";
    if (levels[i] == "#" && i + 1 < levels.size()) return "'#' must be the last level";
  }
  return nullptr;
}

// Whether two levels at the same place can be the same text; neither is '#'.
bool levels_meet(std::string_view a, std::string_view b, bool first) {
  if (a == "+" && b == "+") return true;
  if (a == "+") return !(first && b.starts_with('$'));
  if (b == "+") return !(first && a.starts_with('$'));
  return a == b;
}

bool is_name(std::string_view text) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  if (text.empty() || !letter(text.front())) return false;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw TransportError("topic \"" + std::string(text) + "\": " + std::string(why));
}

const std::string* find(const Captures& values, std::string_view name) {
  for (const auto& [key, value] : values) {
    if (key == name) return &value;
  }
  return nullptr;
}

}  // namespace

const char* string_error(std::string_view text) {
  if (text.size() > kTopicBytesMax) return "longer than 65535 bytes";
  while (!text.empty()) {
    if (text.front() == '\0') return "contains U+0000";
    const std::size_t bytes = character_bytes(text);
    if (bytes == 0) return "not valid UTF-8";
    text.remove_prefix(bytes);
  }
  return nullptr;
}

const char* topic_error(std::string_view topic) {
  if (topic.empty()) return "topic is empty";
  if (topic.find_first_of("+#") != std::string_view::npos) return "topic contains a wildcard";
  return string_error(topic);
}

bool is_shared(std::string_view filter) { return filter.starts_with(kShare); }

std::string_view without_share(std::string_view filter) {
  if (!is_shared(filter)) return filter;
  const std::size_t slash = filter.find('/', kShare.size());
  return slash == std::string_view::npos ? std::string_view{} : filter.substr(slash + 1);
}

const char* filter_error(std::string_view filter) {
  if (const char* error = string_error(filter)) return error;
  if (filter == "$share") return "\"$share\" needs a group and a filter";
  if (is_shared(filter)) {
    const std::size_t slash = filter.find('/', kShare.size());
    if (slash == std::string_view::npos) return "\"$share\" needs a group and a filter";
    const std::string_view group = filter.substr(kShare.size(), slash - kShare.size());
    if (group.empty()) return "the share group is empty";
    if (group.find_first_of("+#") != std::string_view::npos) {
      return "the share group contains a wildcard";
    }
  }
  return plain_filter_error(without_share(filter));
}

bool filter_matches(std::string_view filter, std::string_view topic) {
  if (filter_error(filter) != nullptr || topic_error(topic) != nullptr) return false;
  const std::vector<std::string_view> wanted = levels_of(without_share(filter));
  const std::vector<std::string_view> found = levels_of(topic);
  if (topic.starts_with('$') && is_wildcard(wanted[0])) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == "#") return true;  // also when found.size() == i: the parent level
    if (i == found.size()) return false;
    if (wanted[i] != "+" && wanted[i] != found[i]) return false;
  }
  return wanted.size() == found.size();
}

bool filters_overlap(std::string_view a, std::string_view b) {
  if (filter_error(a) != nullptr || filter_error(b) != nullptr) return false;
  const std::vector<std::string_view> left = levels_of(without_share(a));
  const std::vector<std::string_view> right = levels_of(without_share(b));
  for (std::size_t i = 0;; ++i) {
    const bool left_ended = i == left.size();
    const bool right_ended = i == right.size();
    if (left_ended || right_ended) {
      if (left_ended && right_ended) return true;
      if ((left_ended ? right[i] : left[i]) != "#") return false;
      // "+" and "/#" would meet in the empty topic, which does not exist.
      return i > 1 || (!left[0].empty() && !right[0].empty());
    }
    if (left[i] == "#" || right[i] == "#") {
      const std::string_view other = left[i] == "#" ? right[i] : left[i];
      return !(i == 0 && other.starts_with('$'));
    }
    if (!levels_meet(left[i], right[i], i == 0)) return false;
  }
}

TopicPattern::TopicPattern(std::string_view text) {
  const std::string_view plain = without_share(text);
  filter_ = std::string(text.substr(0, text.size() - plain.size()));
  const std::vector<std::string_view> levels = levels_of(plain);
  for (std::size_t i = 0; i < levels.size(); ++i) {
    std::string_view level = levels[i];
    if (level.find_first_of("{}") != std::string_view::npos) {
      if (level.size() < 2 || level.front() != '{' || level.back() != '}') {
        refuse(text, "a named level must fill its level, as in \"plant/{area}/temperature\"");
      }
      level = level.substr(1, level.size() - 2);
      if (!is_name(level)) refuse(text, "a level's name must be letters, digits and '_'");
      if (std::find(names_.begin(), names_.end(), level) != names_.end()) {
        refuse(text, "the name \"" + std::string(level) + "\" is used twice");
      }
      names_.emplace_back(level);
      name_levels_.push_back(i);
      level = "+";
    }
    if (i > 0) filter_ += '/';
    filter_ += level;
  }
  if (const char* error = filter_error(filter_)) refuse(text, error);
}

std::optional<Captures> TopicPattern::match(std::string_view topic) const {
  if (!filter_matches(filter_, topic)) return std::nullopt;
  const std::vector<std::string_view> levels = levels_of(topic);
  Captures captures;
  captures.reserve(names_.size());
  for (std::size_t i = 0; i < names_.size(); ++i) {
    captures.emplace_back(names_[i], std::string(levels[name_levels_[i]]));
  }
  return captures;
}

TopicTemplate::TopicTemplate(std::string_view text) : texts_(1) {
  // "$share/group/a" would be a subscription to "a" where it is taken as a filter.
  if (text.starts_with('$')) refuse(text, "topics that begin with '$' belong to the broker");
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t brace = rest.find_first_of("{}");
    texts_.back() += rest.substr(0, brace);
    if (brace == std::string_view::npos) break;
    const std::size_t end = rest.find('}', brace);
    if (rest[brace] == '}' || end == std::string_view::npos) refuse(text, "unbalanced brace");
    const std::string_view name = rest.substr(brace + 1, end - brace - 1);
    if (!is_name(name)) refuse(text, "a placeholder's name must be letters, digits and '_'");
    names_.emplace_back(name);
    texts_.emplace_back();
    rest.remove_prefix(end + 1);
  }
  // 'x' stands in for the values: the fixed text alone must already make a topic.
  std::string sample;
  for (std::size_t i = 0; i < texts_.size(); ++i) sample += (i > 0 ? "x" : "") + texts_[i];
  if (const char* error = topic_error(sample)) refuse(text, error);

  std::string_view levels = text;
  for (std::string_view level : levels_of(levels)) {
    if (!filter_.empty() || level.data() != text.data()) filter_ += '/';
    filter_ += level.find('{') == std::string_view::npos ? level : std::string_view("+");
  }
}

std::optional<std::string> TopicTemplate::expand(const Captures& values) const {
  std::string topic = texts_[0];
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const std::string* value = find(values, names_[i]);
    if (value == nullptr || string_error(*value) != nullptr) return std::nullopt;
    if (value->find_first_of("/+#") != std::string::npos) return std::nullopt;
    topic += *value;
    topic += texts_[i + 1];
  }
  if (topic_error(topic) != nullptr) return std::nullopt;
  if (topic.front() == '$') return std::nullopt;
  return topic;
}

}  // namespace transport
