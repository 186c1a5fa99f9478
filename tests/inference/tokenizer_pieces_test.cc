// The hand-written scanners against the regular expressions they stand for, run by a small
// backtracking matcher that knows nothing of them.

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "inference/text/pretokenizer.h"
#include "tests/inference/tokenizer_testing.h"

namespace inference {
namespace {

using Set = std::function<bool(char32_t)>;

// One element of a sequence: a set of characters, greedily `min` to `max` times, or a negative
// look-ahead.
struct Element {
  Set set;
  std::size_t min = 1;
  std::size_t max = 1;
  bool not_ahead = false;
};
using Sequence = std::vector<Element>;
using Expression = std::vector<Sequence>;  // alternatives in order

constexpr std::size_t kMany = 1U << 30;

struct Text {
  std::vector<char32_t> codes;
  std::vector<std::size_t> offsets;  // [codes + 1], bytes
};

Text decode(std::string_view bytes) {
  Text text;
  for (std::size_t at = 0; at < bytes.size();) {
    const Utf8Char c = decode_utf8(bytes, at);
    text.codes.push_back(c.code);
    text.offsets.push_back(at);
    at += c.size_bytes;
  }
  text.offsets.push_back(bytes.size());
  return text;
}

// End of the match of `sequence` from element `i` at `at`, or nothing; first match in Perl order.
std::optional<std::size_t> match(const Sequence& sequence, std::size_t i,
                                 const std::vector<char32_t>& text, std::size_t at) {
  if (i == sequence.size()) return at;
  const Element& element = sequence[i];
  if (element.not_ahead) {
    if (at < text.size() && element.set(text[at])) return std::nullopt;
    return match(sequence, i + 1, text, at);
  }
  std::size_t count = 0;
  while (count < element.max && at + count < text.size() && element.set(text[at + count])) ++count;
  for (std::size_t taken = count + 1; taken-- > element.min;) {
    if (const auto end = match(sequence, i + 1, text, at + taken)) return end;
  }
  return std::nullopt;
}

// Matches one after the other; characters that nothing matches stand alone, as with a splitter.
std::vector<std::size_t> cut(const Expression& expression, const std::vector<char32_t>& text) {
  std::vector<std::size_t> ends;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    for (const Sequence& sequence : expression) {
      const auto found = match(sequence, 0, text, at);
      if (found && *found > at) {
        end = *found;
        break;
      }
    }
    ends.push_back(at = end);
  }
  return ends;
}

bool is(char32_t c, CharClass kind) { return char_class(c) == kind; }
bool letter(char32_t c) { return is(c, CharClass::Letter); }
bool number(char32_t c) { return is(c, CharClass::Number); }
bool space(char32_t c) { return is(c, CharClass::Space); }
bool not_space(char32_t c) { return !space(c); }
bool other(char32_t c) { return !space(c) && !letter(c) && !number(c); }
bool line_break(char32_t c) { return c == '\r' || c == '\n'; }
bool blank(char32_t c) { return c == ' '; }
bool before_word(char32_t c) { return !line_break(c) && !letter(c) && !number(c); }

Sequence word(std::string_view spelling, bool any_case) {
  Sequence sequence;
  for (const char c : spelling) {
    const auto upper = static_cast<char32_t>(c >= 'a' && c <= 'z' && any_case ? c - 32 : c);
    const auto lower = static_cast<char32_t>(c);
    sequence.push_back({[=](char32_t code) { return code == lower || code == upper; }});
  }
  return sequence;
}

Expression contractions(bool any_case) {
  Expression expression;
  for (const char* spelling : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"}) {
    expression.push_back(word(spelling, any_case));
  }
  return expression;
}

Expression gpt2() {
  Expression expression = contractions(false);
  for (const auto kind : {letter, number, other}) {
    expression.push_back({{blank, 0, 1}, {kind, 1, kMany}});
  }
  expression.push_back({{space, 1, kMany}, {not_space, 1, 1, true}});
  expression.push_back({{space, 1, kMany}});
  return expression;
}

Expression llama3(std::size_t digits) {
  Expression expression = contractions(true);
  expression.push_back({{before_word, 0, 1}, {letter, 1, kMany}});
  expression.push_back({{number, 1, digits}});
  expression.push_back({{blank, 0, 1}, {other, 1, kMany}, {line_break, 0, kMany}});
  expression.push_back({{space, 0, kMany}, {line_break, 1, kMany}});
  expression.push_back({{space, 1, kMany}, {not_space, 1, 1, true}});
  expression.push_back({{space, 1, kMany}});
  return expression;
}

// Byte offsets of the ends of all pieces.
std::vector<std::size_t> reference(std::string_view name, std::string_view bytes) {
  static const Expression kGpt2 = gpt2();
  static const Expression kLlama3 = llama3(3);
  static const Expression kQwen2 = llama3(1);
  static const Expression kDigit = {{{number}}};
  const Text text = decode(bytes);
  std::vector<std::size_t> ends;
  if (name == "smollm") {
    // First every number alone, then the expression in each stretch between.
    std::vector<char32_t> stretch;
    std::size_t begin = 0;
    const auto flush = [&](std::size_t next) {
      for (const std::size_t end : cut(kGpt2, stretch)) ends.push_back(text.offsets[begin + end]);
      stretch.clear();
      begin = next;
    };
    for (std::size_t i = 0; i < text.codes.size(); ++i) {
      if (number(text.codes[i])) {
        flush(i);
        stretch = {text.codes[i]};
        flush(i + 1);
      } else {
        stretch.push_back(text.codes[i]);
      }
    }
    flush(0);
    return ends;
  }
  const Expression& expression = name == "gpt-2" ? kGpt2 : name == "qwen2" ? kQwen2 : kLlama3;
  for (const std::size_t end : cut(expression, text.codes)) ends.push_back(text.offsets[end]);
  return ends;
}

std::vector<std::size_t> scanned(std::string_view name, std::string_view bytes) {
  PieceScanner scanner(find_pre_tokenizer(name).value(), bytes);
  std::vector<std::size_t> ends;
  std::size_t end = 0;
  while (true) {
    const std::string_view piece = scanner.next();
    if (piece.empty()) return ends;
    ends.push_back(end += piece.size());
  }
}

class Scanner : public testing::TestWithParam<const char*> {};

TEST_P(Scanner, CutsEveryShortTextAsTheExpressionDoes) {
  const std::string_view alphabet[] = {" ", "\n", "\r", "\t", "\u00a0", "a",      "s",   "L",
                                       "e", "r",  "5",  "!",  "'",      "\u00e9", "\xff"};
  constexpr std::size_t kLengthMax = 4;
  std::vector<std::size_t> digits;
  for (std::size_t length = 1; length <= kLengthMax; ++length) {
    digits.assign(length, 0);
    for (bool more = true; more;) {
      std::string text;
      for (const std::size_t digit : digits) text += alphabet[digit];
      ASSERT_EQ(scanned(GetParam(), text), reference(GetParam(), text))
          << testing::PrintToString(text);
      std::size_t i = 0;
      while (i < length && ++digits[i] == std::size(alphabet)) digits[i++] = 0;
      more = i < length;
    }
  }
}

TEST_P(Scanner, CutsLongRandomTextsAsTheExpressionDoes) {
  test_support::Random random(11);
  for (int round = 0; round < 3000; ++round) {
    const std::string text = tokenizer_testing::random_text(random, 1 + random.below(30));
    ASSERT_EQ(scanned(GetParam(), text), reference(GetParam(), text))
        << testing::PrintToString(text);
  }
}

INSTANTIATE_TEST_SUITE_P(Rules, Scanner, testing::Values("gpt-2", "smollm", "llama-bpe", "qwen2"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(PreTokenizers, AllNamedInTheMessageAreKnownAndNoOther) {
  std::string names(pre_tokenizer_names());
  std::size_t count = 0;
  for (std::size_t begin = 0; begin <= names.size(); ++count) {
    const std::size_t end = std::min(names.find(", ", begin), names.size());
    const std::string name = names.substr(begin, end - begin);
    const auto rules = find_pre_tokenizer(name);
    ASSERT_TRUE(rules.has_value()) << name;
    EXPECT_EQ(rules->name, name);
    begin = end + 2;
  }
  EXPECT_GT(count, 4U);
  EXPECT_FALSE(find_pre_tokenizer("default").has_value());
  EXPECT_FALSE(find_pre_tokenizer("").has_value());
  EXPECT_FALSE(find_pre_tokenizer("gpt-20").has_value());
}

}  // namespace
}  // namespace inference
