#pragma once

// Topics and filters of MQTT: validation, matching, overlap, and patterns with named levels such
// as "plant/{area}/press/{press}/telemetry". Pure functions over strings.
// Thread safety: free functions, and types that are constant after construction.
// Rules: MQTT 5.0, sections 1.5.4, 4.7 and 4.8.2.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace transport {

inline constexpr std::size_t kTopicBytesMax = 65535;

// Why `text` is no MQTT string, or nullptr: UTF-8 without U+0000 and surrogates, at most 65535
// bytes.
[[nodiscard]] const char* string_error(std::string_view text);

// Why a message must not travel under `topic`, or nullptr: a string as above, not empty, without
// wildcards. The reasons are fixed texts, so they can be counted and logged.
[[nodiscard]] const char* topic_error(std::string_view topic);

// Why `filter` cannot be subscribed, or nullptr. "$share/group/filter" is checked in full.
[[nodiscard]] const char* filter_error(std::string_view filter);

// "$share/group/filter" -> "filter"; anything else unchanged. Messages of a shared subscription
// arrive under their real topic, so matching is always done without the prefix.
[[nodiscard]] std::string_view without_share(std::string_view filter);
[[nodiscard]] bool is_shared(std::string_view filter);

// Whether `topic` is delivered to `filter`. A leading wildcard does not match a topic that begins
// with '$'; "a/#" also matches "a". A malformed filter or topic matches nothing.
[[nodiscard]] bool filter_matches(std::string_view filter, std::string_view topic);

// Whether at least one topic matches both filters. Exact. Malformed filters overlap nothing.
[[nodiscard]] bool filters_overlap(std::string_view a, std::string_view b);

// What the named levels of a pattern stood for, in the pattern's order.
using Captures = std::vector<std::pair<std::string, std::string>>;

// A subscription with named levels: a level "{name}" is a '+' whose value is kept. Plain '+', '#'
// and a "$share/group/" prefix are allowed too. Names are [A-Za-z_][A-Za-z0-9_]*, each once.
class TopicPattern {
 public:
  // Throws TransportError that says what is wrong with `text`.
  explicit TopicPattern(std::string_view text);

  // The filter to subscribe, each named level a '+'.
  [[nodiscard]] const std::string& filter() const { return filter_; }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

  // The captured levels of a valid `topic`, or nothing when it does not match.
  [[nodiscard]] std::optional<Captures> match(std::string_view topic) const;

 private:
  std::string filter_;
  std::vector<std::string> names_;
  std::vector<std::size_t> name_levels_;  // level of names_[i], counted without $share/group
};

// A topic to publish to, with placeholders: "plant/{area}/press-{press}/decision". A placeholder
// may be a part of a level here; wildcards are refused, and so is a leading '$'.
class TopicTemplate {
 public:
  // Throws TransportError that says what is wrong with `text`.
  explicit TopicTemplate(std::string_view text);

  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

  // Every topic that expand() can give matches this filter: a level with a placeholder is a '+'.
  // For a leading placeholder that includes no '$' topic, since expand() gives none.
  [[nodiscard]] const std::string& filter() const { return filter_; }

  // The topic, or nothing when a name has no value, a value would change the shape of the topic
  // (slash, wildcard, NUL, malformed UTF-8), or the result is empty, too long or begins with a
  // '$'.
  [[nodiscard]] std::optional<std::string> expand(const Captures& values) const;

 private:
  std::vector<std::string> texts_;  // texts_[0] name 0 texts_[1] name 1 ... texts_[n]
  std::vector<std::string> names_;
  std::string filter_;
};

}  // namespace transport
