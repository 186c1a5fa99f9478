// The file is hostile here: every length is compared with the length it must agree with, every
// number with its range, before anything is built from it. Sizes are size_t until they are known
// to fit their 32-bit field.
#include "inference/text/vocabulary.h"

#include <algorithm>

#include "inference/gguf/file.h"

namespace inference {
namespace {

constexpr std::string_view kTokensKey = "tokenizer.ggml.tokens";
constexpr std::string_view kKindsKey = "tokenizer.ggml.token_type";
constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581, SPM's visible space

// GPT-2's table: printable Latin-1 bytes stand for themselves, the other 68 for U+0100 and up, in
// byte order. Index: code point; value: the byte + 1, 0 for characters that stand for none.
constexpr std::array<std::uint16_t, 324> make_byte_level_table() {
  std::array<std::uint16_t, 324> table{};
  std::size_t next = 256;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173);
    table[printable ? byte : next++] = static_cast<std::uint16_t>(byte + 1);
  }
  return table;
}
constexpr auto kByteLevel = make_byte_level_table();

void append_spm(std::string_view spelling, std::string& out) {
  for (std::size_t at = 0; at < spelling.size();) {
    if (spelling.substr(at, kSpaceMark.size()) == kSpaceMark) {
      out.push_back(' ');
      at += kSpaceMark.size();
    } else {
      out.push_back(spelling[at++]);
    }
  }
}

// "<0x1F>" gives 0x1F.
std::optional<std::uint8_t> parse_byte_token(std::string_view spelling) {
  if (spelling.size() != 6 || spelling.substr(0, 3) != "<0x" || spelling[5] != '>') return {};
  unsigned value = 0;
  for (const char c : spelling.substr(3, 2)) {
    const char digit = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
    if (digit >= '0' && digit <= '9') {
      value = value * 16 + static_cast<unsigned>(digit - '0');
    } else if (digit >= 'A' && digit <= 'F') {
      value = value * 16 + static_cast<unsigned>(digit - 'A' + 10);
    } else {
      return {};
    }
  }
  return static_cast<std::uint8_t>(value);
}

std::string element(std::string_view key, std::size_t index) {
  return std::string(key) + "[" + std::to_string(index) + "]";
}

}  // namespace

bool append_byte_level(std::string_view spelling, std::string& out) {
  const std::size_t size_before = out.size();
  for (std::size_t at = 0; at < spelling.size();) {
    const Utf8Char c = decode_utf8(spelling, at);
    if (c.code >= kByteLevel.size() || kByteLevel[c.code] == 0) {
      out.resize(size_before);
      return false;
    }
    out.push_back(static_cast<char>(kByteLevel[c.code] - 1));
    at += c.size_bytes;
  }
  return true;
}

Vocabulary::Vocabulary(const gguf::File& file, VocabularyModel model) : model_(model) {
  const std::vector<std::string> tokens = file.strings(kTokensKey);
  if (tokens.empty() || tokens.size() > kTokenCountMax) {
    file.refuse(kTokensKey, std::to_string(tokens.size()) + " tokens",
                "1 to " + std::to_string(kTokenCountMax));
  }
  read_kinds(file, tokens.size());
  read_tokens(file, tokens);
  index_tokens(file);

  bos = special_id(file, "tokenizer.ggml.bos_token_id");
  eos = special_id(file, "tokenizer.ggml.eos_token_id");
  unknown = special_id(file, "tokenizer.ggml.unknown_token_id");
  if (unknown && kind(*unknown) != TokenKind::Unknown) unknown.reset();
  if (model == VocabularyModel::Spm) {
    if (!bos) bos = find_special("<s>");
    if (!eos) eos = find_special("</s>");
  }
  chat_template = file.string_or("tokenizer.chat_template", "");
}

void Vocabulary::read_kinds(const gguf::File& file, std::size_t count) {
  // Without kinds nothing tells `<|im_end|>` from text, so a file without them is refused.
  const std::vector<std::int32_t> numbers = file.i32s(kKindsKey);
  if (numbers.size() != count) {
    file.refuse(kKindsKey, std::to_string(numbers.size()) + " kinds",
                std::to_string(count) + ", one for each token");
  }
  static constexpr TokenKind kKinds[] = {TokenKind::Normal,  TokenKind::Unknown,
                                         TokenKind::Control, TokenKind::UserDefined,
                                         TokenKind::Unused,  TokenKind::Byte};
  kinds_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (numbers[i] < 1 || numbers[i] > 6) {
      file.refuse(element(kKindsKey, i), std::to_string(numbers[i]), "1 to 6");
    }
    kinds_.push_back(kKinds[numbers[i] - 1]);
  }
}

void Vocabulary::read_tokens(const gguf::File& file, const std::vector<std::string>& tokens) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::size_t size = tokens[i].size();
    if (size > kTokenBytesMax) {
      file.refuse(element(kTokensKey, i), std::to_string(size) + " bytes",
                  "at most " + std::to_string(kTokenBytesMax));
    }
    bytes += size;  // at most 512 Ki times 4 KiB: no overflow even in 32 bits
    if (bytes > kVocabularyBytesMax) {
      file.refuse(kTokensKey, "more than " + std::to_string(kVocabularyBytesMax) + " bytes of text",
                  "at most that");
    }
  }
  arena_.reserve(bytes);
  offsets_.reserve(tokens.size() + 1);
  offsets_.push_back(0);
  reachable_.assign(tokens.size(), false);
  byte_tokens_.fill(kNone);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    append_token(file, static_cast<TokenId>(i), tokens[i]);
    offsets_.push_back(static_cast<std::uint32_t>(arena_.size()));
  }
  arena_.shrink_to_fit();
}

void Vocabulary::append_token(const gguf::File& file, TokenId id, std::string_view spelling) {
  if (kinds_[id] == TokenKind::Byte) {
    const std::optional<std::uint8_t> byte = parse_byte_token(spelling);
    if (!byte) {
      file.refuse(
          element(kTokensKey, id),
          "a byte token of " + std::to_string(spelling.size()) + " bytes that does not read <0xXX>",
          "<0x00> to <0xFF>");
    }
    arena_.push_back(static_cast<char>(*byte));
    byte_tokens_[*byte] = id;
  } else if (kinds_[id] != TokenKind::Normal) {
    arena_.append(spelling);
  } else if (model_ == VocabularyModel::Spm) {
    append_spm(spelling, arena_);
    reachable_[id] = !spelling.empty();
  } else if (append_byte_level(spelling, arena_)) {
    reachable_[id] = !spelling.empty();
  } else {
    arena_.append(spelling);  // stands for itself; no text is ever spelled so, it is only decoded
  }
}

// Of equal tokens the last is found, as llama.cpp does.
void Vocabulary::index_token(const gguf::File& file, FlatIndex& index, TokenId id) {
  std::uint32_t existing = 0;
  const auto equals = [&](std::uint32_t other) { return text(other) == text(id); };
  const auto inserted = index.insert(hash_bytes(text(id)), id, equals, &existing);
  if (inserted == FlatIndex::Inserted::TooManyProbes) {
    file.refuse(kTokensKey, "tokens made to collide", "a vocabulary that can be indexed");
  }
}

void Vocabulary::index_tokens(const gguf::File& file) {
  std::size_t normal_count = 0;
  std::size_t special_count = 0;
  for (TokenId id = 0; id < count(); ++id) {
    normal_count += reachable_[id] ? 1 : 0;
    special_count += kinds_[id] == TokenKind::Control || kinds_[id] == TokenKind::UserDefined;
  }
  text_index_ = FlatIndex(normal_count);
  special_index_ = FlatIndex(special_count);
  for (TokenId id = count(); id-- > 0;) {
    const std::string_view bytes = text(id);
    if (bytes.empty()) continue;
    if (reachable_[id]) {
      index_token(file, text_index_, id);
      longest_text_bytes_ = std::max(longest_text_bytes_, bytes.size());
    } else if (kinds_[id] == TokenKind::Control || kinds_[id] == TokenKind::UserDefined) {
      index_token(file, special_index_, id);
      special_sizes_.push_back(static_cast<std::uint32_t>(bytes.size()));
      special_starts_[static_cast<unsigned char>(bytes[0])] = true;
    }
  }
  std::sort(special_sizes_.rbegin(), special_sizes_.rend());
  special_sizes_.erase(std::unique(special_sizes_.begin(), special_sizes_.end()),
                       special_sizes_.end());
  reachable_ = {};
  if (model_ == VocabularyModel::Spm) return;
  for (unsigned byte = 0; byte < byte_tokens_.size(); ++byte) {
    const char c = static_cast<char>(byte);
    byte_tokens_[byte] = find_text({&c, 1}).value_or(byte_tokens_[byte]);
  }
}

std::optional<TokenId> Vocabulary::special_id(const gguf::File& file, std::string_view key) const {
  if (!file.has(key)) return std::nullopt;
  const std::uint32_t id = file.u32(key);
  if (id >= count()) {
    file.refuse(key, std::to_string(id), "an id below " + std::to_string(count()));
  }
  return id;
}

std::optional<TokenId> Vocabulary::find_text(std::string_view bytes) const {
  if (bytes.size() > longest_text_bytes_) return std::nullopt;
  return text_index_.find(hash_bytes(bytes), [&](std::uint32_t id) { return text(id) == bytes; });
}

std::optional<TokenId> Vocabulary::find_special(std::string_view spelling) const {
  return special_index_.find(hash_bytes(spelling),
                             [&](std::uint32_t id) { return text(id) == spelling; });
}

std::optional<TokenId> Vocabulary::special_at(std::string_view text, std::size_t at,
                                              std::size_t* size_bytes) const {
  if (!special_starts_[static_cast<unsigned char>(text[at])]) return std::nullopt;
  for (const std::uint32_t size : special_sizes_) {
    if (size > text.size() - at) continue;
    if (const auto id = find_special(text.substr(at, size))) {
      *size_bytes = size;
      return id;
    }
  }
  return std::nullopt;
}

std::size_t Vocabulary::memory_bytes() const {
  return arena_.capacity() + offsets_.capacity() * sizeof(offsets_[0]) +
         kinds_.capacity() * sizeof(kinds_[0]) + text_index_.memory_bytes() +
         special_index_.memory_bytes() + chat_template.capacity() + sizeof(*this);
}

}  // namespace inference
