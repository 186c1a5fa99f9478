#pragma once

// Byte-level BPE: text is cut into pieces, and inside a piece neighbours merge in the order of the
// model's list of merges.
// Thread safety: constant after construction.

#include <memory>
#include <vector>

#include "inference/text/tokenizer.h"
#include "inference/text/vocabulary.h"

namespace inference {

class BpeTokenizer final : public Tokenizer {
 public:
  // Throws LoadError.
  BpeTokenizer(const gguf::File& file, const PreTokenizer& rules,
               std::unique_ptr<const Vocabulary> vocabulary);

  std::vector<TokenId> encode_text(std::string_view text, Position position) const override;
  std::size_t stable_prefix(std::string_view text) const override;
  std::size_t memory_bytes() const override;

 private:
  struct Merge {
    TokenId left, right, result;
  };

  void read_merge(const gguf::File& file, std::size_t rank, std::string_view line,
                  std::string& scratch);
  std::uint32_t find_merge(TokenId left, TokenId right) const;

  PreTokenizer rules_;
  std::vector<Merge> merges_;  // by rank
  FlatIndex merge_index_;
};

}  // namespace inference
