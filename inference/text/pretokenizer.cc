// The four families come down to two regular expressions, in the notation of PCRE:
//
//   Gpt2     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//   Llama3   (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}
//            | ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+         ((?i:) over ASCII only)
//
// qwen2 is Llama3 with single digits; smollm is Gpt2 inside the segments between single digits,
// where the end of a segment counts as the end of the text for `(?!\S)`.
//
// The alternatives are tried in order at each position, and the first characters decide which can
// match, so no backtracking is needed except for white space, which is resolved by hand:
// `\s+(?!\S)` takes a run of white space but leaves its last character to the word that follows,
// unless the text ends there; `\s*[\r\n]+` takes a run up to its last line break.
#include "inference/text/pretokenizer.h"

namespace inference {
namespace {

constexpr PreTokenizer kPreTokenizers[] = {
    {.name = "gpt-2"},
    {.name = "phi-2"},
    {.name = "olmo"},
    {.name = "granite-docling"},
    {.name = "smollm", .digits_apart = true},
    {.name = "starcoder", .digits_apart = true},
    {.name = "refact", .digits_apart = true},
    {.name = "command-r", .digits_apart = true},
    {"llama-bpe", PieceRule::Llama3, false, 3, true, true},
    {"llama3", PieceRule::Llama3, false, 3, true, true},
    {"llama-v3", PieceRule::Llama3, false, 3, true, true},
    {"lfm2", PieceRule::Llama3, false, 3, true, true},
    {"falcon3", PieceRule::Llama3, false, 3, true, true},
    {"pixtral", PieceRule::Llama3, false, 3, true, true},
    {"dbrx", PieceRule::Llama3, false, 3, false, false},
    {"smaug-bpe", PieceRule::Llama3, false, 3, false, false},
    {"qwen2", PieceRule::Llama3, false, 1, false, false},
    {"deepseek-r1-qwen", PieceRule::Llama3, false, 1, false, false},
};

}  // namespace

std::optional<PreTokenizer> find_pre_tokenizer(std::string_view name) {
  for (const PreTokenizer& known : kPreTokenizers) {
    if (known.name == name) return known;
  }
  return std::nullopt;
}

std::string_view pre_tokenizer_names() {
  return "gpt-2, phi-2, olmo, granite-docling, smollm, starcoder, refact, command-r, llama-bpe, "
         "llama3, llama-v3, lfm2, falcon3, pixtral, dbrx, smaug-bpe, qwen2, deepseek-r1-qwen";
}

PieceScanner::PieceScanner(const PreTokenizer& rules, std::string_view text)
    : rules_(rules), text_(text) {}

std::string_view PieceScanner::next() {
  if (at_ == text_.size()) return {};
  if (at_ == limit_) find_segment();
  const std::size_t begin = at_;
  at_ = rules_.rule == PieceRule::Gpt2 ? gpt2_end(begin) : llama3_end(begin);
  return text_.substr(begin, at_ - begin);
}

// Every character is looked at once here and, inside its segment, a bounded number of times by
// the rule: the scan is linear.
void PieceScanner::find_segment() {
  limit_ = text_.size();
  if (!rules_.digits_apart) return;
  const At first = look(at_);
  if (first.kind == CharClass::Number) {
    limit_ = first.end;
    return;
  }
  std::size_t end = first.end;
  while (end < text_.size()) {
    const At here = look(end);
    if (here.kind == CharClass::Number) break;
    end = here.end;
  }
  limit_ = end;
}

PieceScanner::At PieceScanner::look(std::size_t at) const {
  const Utf8Char c = decode_utf8(text_, at);
  return {char_class(c.code), c.code, at + c.size_bytes};
}

// End of the run of `kind` that starts at `from`; `from` itself if there is none.
std::size_t PieceScanner::run(CharClass kind, std::size_t from) const {
  while (from < limit_) {
    const At here = look(from);
    if (here.kind != kind) break;
    from = here.end;
  }
  return from;
}

// End of 's 't 'm 'd 're 've 'll at `at`, or `at`.
std::size_t PieceScanner::contraction(std::size_t at, bool any_case) const {
  const auto letter = [&](std::size_t index) {
    if (index >= limit_) return '\0';
    const char c = text_[index];
    return any_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  };
  if (text_[at] != '\'') return at;
  const char first = letter(at + 1);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return at + 2;
  const char second = letter(at + 2);
  const bool two = (first == 'r' && second == 'e') || (first == 'v' && second == 'e') ||
                   (first == 'l' && second == 'l');
  return two ? at + 3 : at;
}

// \s+(?!\S)|\s+ . REQUIRES: white space at `at`.
std::size_t PieceScanner::spaces(std::size_t at) const {
  std::size_t last = at;
  std::size_t end = at;
  while (end < limit_) {
    const At here = look(end);
    if (here.kind != CharClass::Space) break;
    last = end;
    end = here.end;
  }
  return end == limit_ || last == at ? end : last;
}

std::size_t PieceScanner::gpt2_end(std::size_t at) const {
  if (const std::size_t end = contraction(at, false); end != at) return end;
  const std::size_t word = text_[at] == ' ' ? at + 1 : at;
  if (word < limit_) {
    const At first = look(word);
    if (first.kind != CharClass::Space) return run(first.kind, first.end);
  }
  return spaces(at);
}

std::size_t PieceScanner::llama3_end(std::size_t at) const {
  if (const std::size_t end = contraction(at, true); end != at) return end;
  const At first = look(at);
  if (first.kind == CharClass::Letter) return run(CharClass::Letter, first.end);
  if (first.kind == CharClass::Number) {
    std::size_t end = first.end;
    for (std::uint32_t count = 1; count != rules_.digits_max && end < limit_; ++count) {
      const At here = look(end);
      if (here.kind != CharClass::Number) break;
      end = here.end;
    }
    return end;
  }
  const auto line_break = [](char32_t code) { return code == '\r' || code == '\n'; };
  if (!line_break(first.code)) {
    if (const std::size_t end = run(CharClass::Letter, first.end); end != first.end) return end;
  }
  const std::size_t mark = first.code == ' ' ? first.end : at;
  if (std::size_t end = run(CharClass::Other, mark); end != mark) {
    while (end < limit_ && line_break(static_cast<unsigned char>(text_[end]))) ++end;
    return end;
  }
  std::size_t after_break = at;
  for (std::size_t end = at; end < limit_;) {
    const At here = look(end);
    if (here.kind != CharClass::Space) break;
    end = here.end;
    if (line_break(here.code)) after_break = end;
  }
  return after_break != at ? after_break : spaces(at);
}

}  // namespace inference
