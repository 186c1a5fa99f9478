#pragma once

// The regular part of ECMA-262 patterns as a tree. Characters are code points.
// Thread safety: values and free functions without state.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace schemas {

struct CodeRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0;  // belongs to it
};

// Sorted, without overlaps.
using CodeSet = std::vector<CodeRange>;

struct Regex {
  enum class Kind : std::uint8_t { Set, Concat, Alternate, Repeat, Begin, End };
  static constexpr std::uint32_t kUnbounded = 0xFFFFFFFF;

  Kind kind = Kind::Concat;  // of no parts: the empty text
  CodeSet set;               // Set
  std::vector<Regex> parts;  // Concat, Alternate; Repeat has one
  std::uint32_t minimum = 0;
  std::uint32_t maximum = 0;
};

// A look-ahead at the very beginning of a pattern, `^(?!…)`: a condition of its own.
struct RegexCondition {
  bool negated = false;
  Regex regex;
};

struct RegexParse {
  bool ok = false;
  Regex regex;
  std::vector<RegexCondition> conditions;
  std::string reason;  // if not ok: what is not supported, and at which byte
};

// Bounded in nesting. Back references, word boundaries, look-behind, look-ahead elsewhere and
// Unicode properties are not regular or not supported.
[[nodiscard]] RegexParse parse_regex(std::string_view pattern);

// The code points of well-formed UTF-8.
[[nodiscard]] std::vector<std::uint32_t> decode_utf8(std::string_view text);

// Does `regex` match somewhere in `text`? Sets of positions, no automaton: this is the validator's
// own way.
[[nodiscard]] bool regex_finds(const Regex& regex, const std::vector<std::uint32_t>& text);
[[nodiscard]] bool pattern_finds(const RegexParse& pattern, std::string_view text);

}  // namespace schemas
