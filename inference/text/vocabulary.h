#pragma once

// The vocabulary of a GGUF file in compact form: one arena with the bytes of all tokens, and two
// indexes that are never mixed. The text index knows normal tokens only, so whatever text is
// looked up there, no control, user-defined, unknown, unused or byte token can come out. The
// special index knows the spellings of control and user-defined tokens.
// Thread safety: constant after construction.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inference/text/flat_index.h"
#include "inference/text/merge.h"
#include "inference/text/pretokenizer.h"
#include "inference/text/tokenizer.h"

namespace inference {

// Caps beyond those of the GGUF reader. The longest token of known vocabularies has 512 bytes.
inline constexpr std::size_t kTokenCountMax = 512 * 1024;
inline constexpr std::size_t kTokenBytesMax = 4096;
inline constexpr std::size_t kVocabularyBytesMax = 64 * 1024 * 1024;
static_assert(kTokenCountMax <= FlatIndex::kNumberMax);

enum class VocabularyModel : std::uint8_t { Spm, Bpe };

class Vocabulary {
 public:
  // Throws LoadError: missing, inconsistent or oversized parts, named by key.
  Vocabulary(const gguf::File& file, VocabularyModel model);

  std::uint32_t count() const { return static_cast<std::uint32_t>(kinds_.size()); }
  TokenKind kind(TokenId id) const { return kinds_[id]; }

  // Normal and byte tokens: the bytes they stand for. Others: their spelling.
  std::string_view text(TokenId id) const {
    return std::string_view(arena_).substr(offsets_[id], offsets_[id + 1] - offsets_[id]);
  }

  // The normal token that stands for exactly `bytes`.
  std::optional<TokenId> find_text(std::string_view bytes) const;
  // The control or user-defined token spelled `spelling`.
  std::optional<TokenId> find_special(std::string_view spelling) const;
  // The longest special token spelled at `at`; `*size_bytes` is the length of its spelling.
  std::optional<TokenId> special_at(std::string_view text, std::size_t at,
                                    std::size_t* size_bytes) const;

  // The token for a single byte that no longer token covers, or kNone.
  TokenId byte_token(std::uint8_t byte) const { return byte_tokens_[byte]; }

  std::size_t longest_text_bytes() const { return longest_text_bytes_; }
  std::size_t memory_bytes() const;

  std::optional<TokenId> bos, eos;
  // Only if its kind is Unknown: the only such token that text may give.
  std::optional<TokenId> unknown;
  bool add_bos = false;
  std::string chat_template;

 private:
  void read_kinds(const gguf::File& file, std::size_t count);
  void read_tokens(const gguf::File& file, const std::vector<std::string>& tokens);
  void append_token(const gguf::File& file, TokenId id, std::string_view spelling);
  void index_token(const gguf::File& file, FlatIndex& index, TokenId id);
  void index_tokens(const gguf::File& file);
  std::optional<TokenId> special_id(const gguf::File& file, std::string_view key) const;

  VocabularyModel model_;
  std::string arena_;
  std::vector<std::uint32_t> offsets_;  // [count + 1], into arena_
  std::vector<TokenKind> kinds_;        // [count]
  std::vector<bool> reachable_;         // while loading: normal tokens that text can give
  FlatIndex text_index_;
  FlatIndex special_index_;
  std::vector<std::uint32_t> special_sizes_;  // distinct lengths of special spellings, falling
  std::array<bool, 256> special_starts_{};    // first bytes of special spellings
  std::array<TokenId, 256> byte_tokens_{};
  std::size_t longest_text_bytes_ = 0;
};

// Byte-level BPE writes each byte as one printable character. Appends the bytes that `spelling`
// stands for; false, with `out` unchanged, if it holds any other character.
bool append_byte_level(std::string_view spelling, std::string& out);

}  // namespace inference
