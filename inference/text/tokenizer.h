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

enum class TokenKind : std::uint8_t { Normal, Unknown, Control, UserDefined, Unused, Byte };

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Throws LoadError: missing or inconsistent vocabulary, unknown model or pre-tokeniser.
  static std::unique_ptr<Tokenizer> load(const gguf::File& file);

  // Where a piece of text stands decides whether SPM puts a space before it.
  enum class Position : std::uint8_t { Start, Continuation };

  // Text from outside: the special tokens' spellings are plain text here. No BOS, no EOS.
  // Any bytes are accepted; invalid UTF-8 becomes byte tokens or the unknown token.
  virtual std::vector<TokenId> encode_text(std::string_view text,
                                           Position position = Position::Start) const = 0;

  // Text of ours: control and user-defined tokens are recognised by their spelling.
  std::vector<TokenId> encode_template(std::string_view text) const;

  std::uint32_t vocabulary_count() const;
  TokenKind kind(TokenId id) const;

  // The bytes `id` stands for in the output ("▁a" gives " a", "<0x0A>" gives a newline,
  // "Ġa" gives " a"); empty for control, unknown and unused tokens.
  std::string_view bytes(TokenId id) const;

  std::string decode(const std::vector<TokenId>& ids) const;

  std::optional<TokenId> bos() const;
  std::optional<TokenId> eos() const;
  std::optional<TokenId> find_special(std::string_view spelling) const;
  bool add_bos() const;                      // whether the model expects BOS at the start
  const std::string& chat_template() const;  // text of the file; never executed

 protected:
  Tokenizer() = default;
  struct Vocabulary;
  std::unique_ptr<Vocabulary> vocabulary_;
};

}  // namespace inference
