// A recursive descent over the grammar of ECMA-262 patterns, annex B leniencies included where they
// are common (an escaped punctuation mark, a brace that opens no count).

#include "schemas/regex.h"

#include <algorithm>
#include <optional>

namespace schemas {
namespace {

constexpr std::uint32_t kCodeMax = 0x10FFFF;
constexpr std::uint32_t kCountMax = 100'000;
constexpr unsigned kNestingMax = 100;

CodeSet normalised(CodeSet set) {
  std::sort(set.begin(), set.end(),
            [](const CodeRange& a, const CodeRange& b) { return a.first < b.first; });
  CodeSet out;
  for (const CodeRange& range : set) {
    if (!out.empty() && range.first <= out.back().last + 1) {
      out.back().last = std::max(out.back().last, range.last);
    } else {
      out.push_back(range);
    }
  }
  return out;
}

CodeSet complement(const CodeSet& set) {
  CodeSet out;
  std::uint32_t next = 0;
  for (const CodeRange& range : normalised(set)) {
    if (range.first > next) out.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= kCodeMax) out.push_back({next, kCodeMax});
  return out;
}

// \d \w \s and their complements, as ECMA-262 without the flags i and u defines them.
std::optional<CodeSet> class_escape(std::uint32_t letter) {
  static const CodeSet kDigits = {{'0', '9'}};
  static const CodeSet kWord = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
  static const CodeSet kSpace = {
      {9, 13},          {32, 32},         {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
      {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
  switch (letter) {
    case 'd':
      return kDigits;
    case 'D':
      return complement(kDigits);
    case 'w':
      return kWord;
    case 'W':
      return complement(kWord);
    case 's':
      return kSpace;
    case 'S':
      return complement(kSpace);
    default:
      return std::nullopt;
  }
}

Regex set_of(CodeSet set) {
  Regex regex;
  regex.kind = Regex::Kind::Set;
  regex.set = normalised(std::move(set));
  return regex;
}

Regex assertion(Regex::Kind kind) {
  Regex regex;
  regex.kind = kind;
  return regex;
}

bool is_digit(std::uint32_t code) { return code >= '0' && code <= '9'; }

class Parser {
 public:
  explicit Parser(std::vector<std::uint32_t> text) : text_(std::move(text)) {}

  RegexParse run() {
    Regex regex = alternatives(0);
    if (reason_.empty() && at_ < text_.size()) fail("a closing parenthesis without an opening one");
    if (!conditions_.empty() && top_alternatives_ > 1) fail("a look-ahead beside alternatives");
    if (!reason_.empty()) return {false, {}, {}, reason_};
    return {true, std::move(regex), std::move(conditions_), ""};
  }

 private:
  bool done() const { return at_ >= text_.size() || !reason_.empty(); }
  std::uint32_t peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : 0;
  }
  bool take(std::uint32_t code) {
    if (done() || text_[at_] != code) return false;
    ++at_;
    return true;
  }
  void fail(const std::string& what) {
    if (reason_.empty()) reason_ = what + " at character " + std::to_string(at_);
  }

  Regex alternatives(unsigned level) {
    Regex all;
    all.kind = Regex::Kind::Alternate;
    if (level > kNestingMax) fail("nesting too deep");
    do {
      all.parts.push_back(sequence(level));
    } while (take('|'));
    if (level == 0) top_alternatives_ = all.parts.size();
    if (all.parts.size() == 1) return std::move(all.parts.front());
    return all;
  }

  Regex sequence(unsigned level) {
    Regex all;
    while (!done() && peek() != '|' && peek() != ')') {
      if (peek() == '(' && peek(1) == '?' && (peek(2) == '!' || peek(2) == '=')) {
        look_ahead(all, level);
        continue;
      }
      Regex one = atom(level);
      all.parts.push_back(quantified(std::move(one)));
    }
    if (all.parts.size() == 1) return std::move(all.parts.front());
    return all;
  }

  // Only where nothing but `^` and other look-aheads came before.
  void look_ahead(const Regex& before, unsigned level) {
    const bool first =
        level == 0 && before.parts.size() == 1 && before.parts.front().kind == Regex::Kind::Begin;
    if (!first) return fail("a look-ahead that is not at the beginning");
    const bool negated = peek(2) == '!';
    at_ += 3;
    Regex anchored;
    anchored.parts.push_back(assertion(Regex::Kind::Begin));
    anchored.parts.push_back(alternatives(level + 1));
    if (!take(')')) fail("a group without an end");
    conditions_.push_back({negated, std::move(anchored)});
  }

  Regex group(unsigned level) {
    if (take('?')) {
      if (take('<')) {
        if (peek() == '=' || peek() == '!') fail("a look-behind");
        while (!done() && peek() != '>') ++at_;
        if (!take('>')) fail("a group name without an end");
      } else if (!take(':')) {
        fail("a look-ahead that is not at the beginning");
      }
    }
    Regex inner = alternatives(level + 1);
    if (!take(')')) fail("a group without an end");
    return inner;
  }

  Regex atom(unsigned level) {
    const std::uint32_t code = text_[at_++];
    switch (code) {
      case '^':
        return assertion(Regex::Kind::Begin);
      case '$':
        return assertion(Regex::Kind::End);
      case '.':
        return set_of(complement({{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}));
      case '(':
        return group(level);
      case '[':
        return char_class();
      case '\\':
        return escaped_atom();
      case '*':
      case '+':
      case '?':
        fail("nothing to repeat");
        return {};
      default:
        return set_of({{code, code}});
    }
  }

  Regex escaped_atom() {
    if (const auto set = class_escape(peek())) {
      ++at_;
      return set_of(*set);
    }
    if (peek() == 'b' || peek() == 'B') fail("a word boundary");
    if (peek() == 'k' || (peek() >= '1' && peek() <= '9')) fail("a back reference");
    const std::uint32_t code = escaped_code();
    return set_of({{code, code}});
  }

  std::uint32_t hex(unsigned digits) {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < digits; ++i, ++at_) {
      const std::uint32_t c = peek();
      const std::uint32_t lower = c | 32;
      if (is_digit(c)) {
        value = value * 16 + (c - '0');
      } else if (lower >= 'a' && lower <= 'f') {
        value = value * 16 + (lower - 'a' + 10);
      } else {
        fail("an escape that is not hexadecimal");
        return 0;
      }
    }
    return value;
  }

  std::uint32_t unicode_escape() {
    if (take('{')) {
      std::size_t digits = 0;
      while (peek(digits) != '}' && digits < 6 && at_ + digits < text_.size()) ++digits;
      const std::uint32_t value = hex(static_cast<unsigned>(digits));
      if (!take('}') || digits == 0 || value > kCodeMax) fail("an escape that is no code point");
      return value;
    }
    const std::uint32_t high = hex(4);
    if (high >= 0xD800 && high < 0xDC00 && peek() == '\\' && peek(1) == 'u') {
      at_ += 2;
      const std::uint32_t low = hex(4);
      if (low < 0xDC00 || low > 0xDFFF) fail("a lone surrogate");
      return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    }
    return high;
  }

  // After the backslash.
  std::uint32_t escaped_code() {
    if (done()) {
      fail("a backslash at the end");
      return 0;
    }
    const std::uint32_t code = text_[at_++];
    switch (code) {
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'v':
        return '\v';
      case 'f':
        return '\f';
      case '0':
        if (is_digit(peek())) fail("an octal escape");
        return 0;
      case 'x':
        return hex(2);
      case 'u':
        return unicode_escape();
      case 'c': {
        const std::uint32_t letter = peek() | 32;
        if (letter < 'a' || letter > 'z') fail("a control escape without a letter");
        ++at_;
        return letter - 'a' + 1;
      }
      default:
        break;
    }
    const std::uint32_t lower = code | 32;
    if ((lower >= 'a' && lower <= 'z') || is_digit(code)) fail("an unknown escape");
    return code;
  }

  // One member of a class: a set, or a single code.
  CodeSet class_member(bool* single) {
    *single = true;
    const std::uint32_t code = text_[at_++];
    if (code != '\\') return {{code, code}};
    if (const auto set = class_escape(peek())) {
      ++at_;
      *single = false;
      return *set;
    }
    if (take('b')) return {{8, 8}};
    if (take('-')) return {{'-', '-'}};
    const std::uint32_t escaped = escaped_code();
    return {{escaped, escaped}};
  }

  Regex char_class() {
    const bool negated = take('^');
    CodeSet set;
    while (!done() && peek() != ']') {
      bool single = false;
      CodeSet member = class_member(&single);
      if (peek() == '-' && peek(1) != ']' && at_ + 1 < text_.size()) {
        const std::size_t dash = at_++;
        bool last_single = false;
        const CodeSet last = class_member(&last_single);
        if (single && last_single) {
          if (last.front().first < member.front().first) fail("a range that runs backwards");
          member.front().last = last.front().first;
        } else {  // annex B: the dash is itself
          set.push_back({'-', '-'});
          set.insert(set.end(), last.begin(), last.end());
        }
        if (at_ <= dash) fail("a broken range");
      }
      set.insert(set.end(), member.begin(), member.end());
    }
    if (!take(']')) fail("a class without an end");
    return set_of(negated ? complement(set) : std::move(set));
  }

  std::optional<std::uint32_t> number() {
    if (!is_digit(peek())) return std::nullopt;
    std::uint32_t value = 0;
    for (; is_digit(peek()) && at_ < text_.size(); ++at_) {
      value = std::min(value * 10 + (peek() - '0'), kCountMax + 1);
    }
    return value;
  }

  Regex quantified(Regex inner) {
    std::uint32_t minimum = 0;
    std::uint32_t maximum = Regex::kUnbounded;
    const std::size_t before = at_;
    if (take('?')) {
      maximum = 1;
    } else if (take('+')) {
      minimum = 1;
    } else if (take('{')) {
      const auto low = number();
      if (!low) {  // annex B: the brace is itself
        at_ = before;
        return inner;
      }
      minimum = *low;
      maximum = minimum;
      if (take(',')) maximum = number().value_or(Regex::kUnbounded);
      if (!take('}')) fail("a count without an end");
    } else if (!take('*')) {
      return inner;
    }
    take('?');  // lazy or greedy: the same texts
    const bool bounded = maximum != Regex::kUnbounded;
    if (minimum > kCountMax || (bounded && maximum > kCountMax)) fail("a count that is too large");
    if (maximum < minimum) fail("a count that runs backwards");
    Regex regex;
    regex.kind = Regex::Kind::Repeat;
    regex.minimum = minimum;
    regex.maximum = maximum;
    regex.parts.push_back(std::move(inner));
    return quantified_again(std::move(regex));
  }

  Regex quantified_again(Regex regex) {
    const std::uint32_t next = done() ? 0 : peek();
    if (next == '*' || next == '+' || next == '?') fail("nothing to repeat");
    return regex;
  }

  std::vector<std::uint32_t> text_;
  std::size_t at_ = 0;
  std::size_t top_alternatives_ = 0;
  std::vector<RegexCondition> conditions_;
  std::string reason_;
};

}  // namespace

RegexParse parse_regex(std::string_view pattern) { return Parser(decode_utf8(pattern)).run(); }

}  // namespace schemas
