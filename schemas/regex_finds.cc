// Matching by sets of positions: where can a part end, if it begins at one of these places? Each
// part of the tree answers for itself, so the cost is the text's length times the tree's size.

#include <algorithm>

#include "schemas/regex.h"

namespace schemas {
namespace {

using Positions = std::vector<bool>;  // [text + 1]

bool any(const Positions& positions) {
  return std::find(positions.begin(), positions.end(), true) != positions.end();
}

bool holds(const CodeSet& set, std::uint32_t code) {
  return std::any_of(set.begin(), set.end(), [&](const CodeRange& range) {
    return code >= range.first && code <= range.last;
  });
}

class Finder {
 public:
  explicit Finder(const std::vector<std::uint32_t>& text) : text_(text) {}

  Positions ends(const Regex& regex, const Positions& begins) const {
    switch (regex.kind) {
      case Regex::Kind::Set: {
        Positions out(begins.size(), false);
        for (std::size_t i = 0; i < text_.size(); ++i) {
          if (begins[i] && holds(regex.set, text_[i])) out[i + 1] = true;
        }
        return out;
      }
      case Regex::Kind::Concat: {
        Positions now = begins;
        for (const Regex& part : regex.parts) now = ends(part, now);
        return now;
      }
      case Regex::Kind::Alternate: {
        Positions out(begins.size(), false);
        for (const Regex& part : regex.parts) add(ends(part, begins), &out);
        return out;
      }
      case Regex::Kind::Repeat:
        return repeated(regex, begins);
      case Regex::Kind::Begin: {
        Positions out(begins.size(), false);
        out.front() = begins.front();
        return out;
      }
      case Regex::Kind::End: {
        Positions out(begins.size(), false);
        out.back() = begins.back();
        return out;
      }
    }
    return {};
  }

 private:
  static bool add(const Positions& more, Positions* all) {
    bool grown = false;
    for (std::size_t i = 0; i < more.size(); ++i) {
      if (!more[i] || (*all)[i]) continue;
      (*all)[i] = true;
      grown = true;
    }
    return grown;
  }

  Positions repeated(const Regex& regex, const Positions& begins) const {
    Positions now = begins;
    for (std::uint32_t i = 0; i < regex.minimum; ++i) {
      Positions next = ends(regex.parts.front(), now);
      if (next == now) break;  // the same for all further rounds
      now = std::move(next);
      if (!any(now)) return now;
    }
    Positions all = now;
    for (std::uint32_t i = regex.minimum; i < regex.maximum; ++i) {
      now = ends(regex.parts.front(), now);
      if (!add(now, &all)) break;
    }
    return all;
  }

  const std::vector<std::uint32_t>& text_;
};

}  // namespace

std::vector<std::uint32_t> decode_utf8(std::string_view text) {
  std::vector<std::uint32_t> codes;
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte < 0x80) {
      codes.push_back(byte);
    } else if (byte < 0xC0) {
      if (!codes.empty()) codes.back() = codes.back() << 6 | (byte & 0x3Fu);
    } else {
      codes.push_back(byte < 0xE0 ? byte & 0x1Fu : byte < 0xF0 ? byte & 0x0Fu : byte & 0x07u);
    }
  }
  return codes;
}

bool regex_finds(const Regex& regex, const std::vector<std::uint32_t>& text) {
  return any(Finder(text).ends(regex, Positions(text.size() + 1, true)));
}

bool pattern_finds(const RegexParse& pattern, std::string_view text) {
  const std::vector<std::uint32_t> codes = decode_utf8(text);
  if (!pattern.ok || !regex_finds(pattern.regex, codes)) return false;
  return std::all_of(pattern.conditions.begin(), pattern.conditions.end(),
                     [&](const RegexCondition& condition) {
                       return regex_finds(condition.regex, codes) != condition.negated;
                     });
}

}  // namespace schemas
