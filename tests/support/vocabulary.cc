// Words are built up from the left: for "stop" the tokens "st", "sto", "stop" are added, each the
// merge of the one before and one more character. Words with a space before them come first, so
// that the merge with the space has a better rank than merges inside the word.

#include "tests/support/vocabulary.h"

#include <array>
#include <cstdio>
#include <stdexcept>
#include <string_view>
#include <unordered_set>

#include "tests/support/random.h"

namespace test_support {
namespace {

constexpr std::int32_t kNormal = 1;
constexpr std::int32_t kUnknown = 2;
constexpr std::int32_t kControl = 3;
constexpr std::int32_t kUserDefined = 4;
constexpr std::int32_t kByte = 6;

constexpr std::string_view kSpmSpace = "\u2581";
constexpr std::size_t kFillerBytesMax = 10;

constexpr std::array<std::string_view, 72> kWords{
    "the",       "a",        "to",          "of",       "and",         "is",     "on",
    "in",        "machine",  "press",       "line",     "pump",        "valve",  "motor",
    "conveyor",  "robot",    "start",       "stop",     "hold",        "reset",  "open",
    "close",     "turn",     "off",         "please",   "now",         "slow",   "fast",
    "speed",     "pressure", "temperature", "level",    "status",      "ok",     "error",
    "warning",   "alarm",    "normal",      "high",     "low",         "action", "target",
    "none",      "reason",   "confidence",  "message",  "decision",    "answer", "only",
    "with",      "json",     "one",         "operator", "maintenance", "oil",    "leak",
    "bearing",   "check",    "schedule",    "sensor",   "value",       "system", "user",
    "assistant", "You",      "are",         "Turn",     "Stop",        "Start",  "true",
    "false",     "null"};

constexpr std::array<std::string_view, 12> kMarks{"{\"", "\":\"", "\":", "\",\"", "\"}", "},",
                                                  ": ",  ", ",    ". ",  "\n\n",  "=\"", "--"};

std::string utf8(std::uint32_t code_point) {
  if (code_point < 0x80) return {static_cast<char>(code_point)};
  return {static_cast<char>(0xc0 | (code_point >> 6)),
          static_cast<char>(0x80 | (code_point & 0x3f))};  // below U+0800 only
}

class Maker {
 public:
  explicit Maker(VocabularyKind kind) : kind_(kind) {}

  std::uint32_t add(const std::string& token, std::int32_t token_kind) {
    known_.insert(token);
    vocabulary_.tokens.push_back(token);
    vocabulary_.kinds.push_back(token_kind);
    if (kind_ == VocabularyKind::Spm) {
      // The later, the worse: merges that were added first win.
      vocabulary_.scores.push_back(token_kind == kNormal ? -static_cast<float>(normal_count_++)
                                                         : 0);
    }
    return static_cast<std::uint32_t>(vocabulary_.tokens.size() - 1);
  }

  bool merge(const std::string& left, const std::string& right) {
    if (known_.contains(left + right)) return false;
    add(left + right, kNormal);
    if (kind_ == VocabularyKind::Bpe) vocabulary_.merges.push_back(left + ' ' + right);
    return true;
  }

  // A character of text as the vocabulary spells it.
  std::string symbol(char character) const {
    if (kind_ == VocabularyKind::Bpe)
      return byte_level_character(static_cast<std::uint8_t>(character));
    return character == ' ' ? std::string(kSpmSpace) : std::string(1, character);
  }

  void add_text(std::string_view text) {
    std::string token = symbol(text[0]);
    for (const char character : text.substr(1)) {
      const std::string next = symbol(character);
      merge(token, next);
      token += next;
    }
  }

  Vocabulary& vocabulary() { return vocabulary_; }

 private:
  VocabularyKind kind_;
  Vocabulary vocabulary_;
  std::uint32_t normal_count_ = 0;
  std::unordered_set<std::string> known_;
};

void add_bpe_specials(Maker& maker, ChatMarker chat) {
  Vocabulary& vocabulary = maker.vocabulary();
  vocabulary.pre = "smollm";
  if (chat == ChatMarker::Llama3) {
    vocabulary.pre = "llama-bpe";
    vocabulary.add_bos = true;
    vocabulary.bos = maker.add("<|begin_of_text|>", kControl);
    for (const char* token : {"<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>"}) {
      maker.add(token, kControl);
    }
    vocabulary.eos = maker.add("<|eot_id|>", kControl);
  } else {
    vocabulary.bos = vocabulary.eos = maker.add("<|endoftext|>", kControl);
    if (chat == ChatMarker::ChatMl) {
      vocabulary.bos = maker.add("<|im_start|>", kControl);
      vocabulary.eos = maker.add("<|im_end|>", kControl);
    }
    if (chat == ChatMarker::Zephyr) vocabulary.eos = maker.add("</s>", kControl);
  }
  maker.add("<|tool|>", kUserDefined);
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    maker.add(byte_level_character(static_cast<std::uint8_t>(byte)), kNormal);
  }
}

void add_spm_specials(Maker& maker, ChatMarker chat) {
  Vocabulary& vocabulary = maker.vocabulary();
  vocabulary.add_bos = true;
  vocabulary.unknown = maker.add("<unk>", kUnknown);
  vocabulary.bos = maker.add("<s>", kControl);
  vocabulary.eos = maker.add("</s>", kControl);
  for (unsigned byte = 0; byte < 256; ++byte) {
    char name[8];
    std::snprintf(name, sizeof name, "<0x%02X>", byte);
    maker.add(name, kByte);
  }
  if (chat == ChatMarker::ChatMl) {
    maker.add("<|im_start|>", kControl);
    vocabulary.eos = maker.add("<|im_end|>", kControl);
  } else if (chat == ChatMarker::Llama3) {
    for (const char* token : {"<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>"}) {
      maker.add(token, kControl);
    }
    vocabulary.eos = maker.add("<|eot_id|>", kControl);
  }
  maker.add("<|tool|>", kUserDefined);
  maker.add(std::string(kSpmSpace), kNormal);
  for (char character = '!'; character <= '~'; ++character) {
    maker.add(std::string(1, character), kNormal);
  }
  for (const char* character : {"\u00b0", "\u00e9", "\u00fc", "\u00df", "\u4f60", "\u597d"}) {
    maker.add(character, kNormal);
  }
}

std::string chat_template(ChatMarker chat) {
  switch (chat) {
    case ChatMarker::None:
      return {};
    case ChatMarker::ChatMl:
      return "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n"
             "{% endfor %}<|im_start|>assistant\n";
    case ChatMarker::Zephyr:
      return "{% for m in messages %}{% if m.role == 'user' %}<|user|>\n{% elif m.role == 'system' "
             "%}<|system|>\n{% else %}<|assistant|>\n{% endif %}{{ m.content }}{{ eos_token }}\n"
             "{% endfor %}<|assistant|>\n";
    case ChatMarker::Llama3:
      return "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m.role "
             "}}<|end_header_id|>\n\n{{ m.content }}<|eot_id|>{% endfor %}"
             "<|start_header_id|>assistant<|end_header_id|>\n\n";
  }
  return {};
}

// Random syllables until there are `count` tokens.
void fill_up(Maker& maker, std::uint32_t count, std::uint64_t seed) {
  std::vector<std::string> pool;
  for (char letter = 'a'; letter <= 'z'; ++letter) pool.emplace_back(1, letter);
  for (const std::string_view word : kWords) pool.emplace_back(1, word[0]);
  Random random(seed);
  while (maker.vocabulary().tokens.size() < count) {
    const std::string& left = pool[static_cast<std::size_t>(random.below(pool.size()))];
    const std::string& right = pool[static_cast<std::size_t>(random.below(pool.size()))];
    if (left.size() + right.size() > kFillerBytesMax) continue;
    const std::string both = left + right;
    if (maker.merge(left, right)) pool.push_back(both);
  }
}

}  // namespace

std::string byte_level_character(std::uint8_t byte) {
  // Printable bytes of Latin-1 stand for themselves; the others, in order, follow from U+0100.
  const auto printable = [](std::uint32_t b) {
    return (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
  };
  if (printable(byte)) return utf8(byte);
  std::uint32_t code_point = 0x100;
  for (std::uint32_t b = 0; b < byte; ++b) code_point += printable(b) ? 0 : 1;
  return utf8(code_point);
}

Vocabulary make_vocabulary(VocabularyKind kind, ChatMarker chat, std::uint32_t count,
                           std::uint64_t seed) {
  Maker maker(kind);
  if (kind == VocabularyKind::Bpe) {
    add_bpe_specials(maker, chat);
  } else {
    add_spm_specials(maker, chat);
  }
  for (const std::string_view word : kWords) maker.add_text(std::string(1, ' ').append(word));
  for (const std::string_view word : kWords) maker.add_text(word);
  for (const std::string_view mark : kMarks) {
    if (kind == VocabularyKind::Bpe || mark.find('\n') == std::string_view::npos) {
      maker.add_text(mark);
    }
  }
  const std::size_t natural_count = maker.vocabulary().tokens.size();
  if (count != 0 && count < natural_count) {
    throw std::invalid_argument("vocabulary of " + std::to_string(count) + " tokens, wanted 0 or " +
                                std::to_string(natural_count) + " or more");
  }
  fill_up(maker, count, seed);
  maker.vocabulary().chat_template = chat_template(chat);
  return std::move(maker.vocabulary());
}

void write_vocabulary(const Vocabulary& vocabulary, VocabularyKind kind, GgufWriter& writer) {
  const bool spm = kind == VocabularyKind::Spm;
  writer.string("tokenizer.ggml.model", spm ? "llama" : "gpt2");
  if (!spm) writer.string("tokenizer.ggml.pre", vocabulary.pre);
  writer.strings("tokenizer.ggml.tokens", vocabulary.tokens);
  if (spm) writer.f32s("tokenizer.ggml.scores", vocabulary.scores);
  writer.i32s("tokenizer.ggml.token_type", vocabulary.kinds);
  if (!spm) writer.strings("tokenizer.ggml.merges", vocabulary.merges);
  writer.u32("tokenizer.ggml.bos_token_id", vocabulary.bos);
  writer.u32("tokenizer.ggml.eos_token_id", vocabulary.eos);
  if (spm) writer.u32("tokenizer.ggml.unknown_token_id", vocabulary.unknown);
  writer.boolean("tokenizer.ggml.add_bos_token", vocabulary.add_bos);
  writer.boolean("tokenizer.ggml.add_space_prefix", spm);
  if (!vocabulary.chat_template.empty()) {
    writer.string("tokenizer.chat_template", vocabulary.chat_template);
  }
}

}  // namespace test_support
