#pragma once

// Text to token ids and back, from the vocabulary of a GGUF file: SPM ("llama") and byte-level
// BPE ("gpt2") with the pre-tokenisers gpt-2, smollm, llama-bpe and qwen2. Any other is refused by
// name. Reads only the vocabulary, whatever the architecture.
// Template text may name special tokens; payload text never can: they are two different calls.
// Thread safety: constant after construction.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inference/text/token.h"

namespace inference {

namespace gguf {
class File;
}
class Vocabulary;

enum class TokenKind : std::uint8_t { Normal, Unknown, Control, UserDefined, Unused, Byte };

// A stretch of template text: either a special token or text between special tokens.
struct TemplatePiece {
  std::optional<TokenId> special;
  std::string_view text;  // the spelling, or the text
};

class Tokenizer {
 public:
  virtual ~Tokenizer();
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  // Throws LoadError: missing or inconsistent vocabulary, unknown model or pre-tokeniser.
  static std::unique_ptr<Tokenizer> load(const gguf::File& file);

  // Where a piece of text stands decides whether SPM puts a space before it: at the start of a
  // prompt and after a special token (Start), not after other text (Continuation). BPE ignores it.
  enum class Position : std::uint8_t { Start, Continuation };

  // Text from outside: the special tokens' spellings are plain text here. No BOS, no EOS.
  // Any bytes are accepted; invalid UTF-8 becomes byte tokens, or the unknown token, or nothing
  // where the vocabulary has neither. Only normal, byte and unknown tokens come out. SPM cannot
  // tell U+2581 from a space. Takes O(n log n) steps; parts of 1 MiB are encoded one by one.
  virtual std::vector<TokenId> encode_text(std::string_view text,
                                           Position position = Position::Start) const = 0;

  // Text of ours: control and user-defined tokens are recognised by their spelling, leftmost
  // first, the longest of those that start at the same byte. What lies between is encoded as text
  // at Position::Start.
  std::vector<TokenId> encode_template(std::string_view text) const;
  std::vector<TemplatePiece> split_template(std::string_view text) const;

  // Length n of a prefix of `text` that stands alone whatever follows: for every t,
  //   encode_text(text + t, p) == encode_text(prefix, p) + encode_text(rest + t, Continuation).
  // As long as can be told cheaply; 0 is always right.
  virtual std::size_t stable_prefix(std::string_view text) const = 0;

  std::uint32_t vocabulary_count() const;
  TokenKind kind(TokenId id) const;  // REQUIRES: id < vocabulary_count(), here and below

  // The bytes `id` stands for in the output ("▁a" gives " a", "<0x0A>" gives a newline,
  // "Ġa" gives " a"); empty for control, unknown and unused tokens.
  std::string_view bytes(TokenId id) const;

  // The bytes of all, one after the other. The space that SPM puts before a text stays.
  std::string decode(const std::vector<TokenId>& ids) const;

  std::optional<TokenId> bos() const;
  std::optional<TokenId> eos() const;
  std::optional<TokenId> find_special(std::string_view spelling) const;
  bool add_bos() const;                      // whether the model expects BOS at the start
  const std::string& chat_template() const;  // text of the file; never executed

  virtual std::size_t memory_bytes() const;  // held by this object

 protected:
  explicit Tokenizer(std::unique_ptr<const Vocabulary> vocabulary);
  const Vocabulary& vocabulary() const { return *vocabulary_; }

  // The only way text becomes ids: appends `id`, or what stands for `bytes` if it is kNone.
  void append_text_token(TokenId id, std::string_view bytes, std::vector<TokenId>& ids) const;

 private:
  std::unique_ptr<const Vocabulary> vocabulary_;
};

}  // namespace inference
