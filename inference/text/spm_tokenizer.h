#pragma once

// SentencePiece BPE: characters merge into longer tokens, the best score first.
// Thread safety: constant after construction.

#include <memory>
#include <vector>

#include "inference/text/tokenizer.h"
#include "inference/text/vocabulary.h"

namespace inference {

class SpmTokenizer final : public Tokenizer {
 public:
  // Throws LoadError.
  SpmTokenizer(const gguf::File& file, std::unique_ptr<const Vocabulary> vocabulary);

  std::vector<TokenId> encode_text(std::string_view text, Position position) const override;
  std::size_t stable_prefix(std::string_view text) const override;
  std::size_t memory_bytes() const override;

 private:
  bool may_join(std::string_view left, std::string_view right) const;

  std::vector<std::uint32_t> orders_;  // [vocabulary], the lower the earlier
  bool add_space_prefix_;
};

}  // namespace inference
