#pragma once

// Cuts text into the pieces that BPE merges work inside of, as the regular expression of the
// model's pre-tokeniser would. Hand-written scanners: no backtracking, one pass, exact.
// Thread safety: a PieceScanner belongs to one call.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "inference/text/unicode.h"

namespace inference {

enum class PieceRule : std::uint8_t { Gpt2, Llama3 };

struct PreTokenizer {
  std::string_view name;  // value of tokenizer.ggml.pre
  PieceRule rule = PieceRule::Gpt2;
  bool digits_apart = false;     // every number character is first cut out as a piece of its own
  std::uint32_t digits_max = 0;  // of one piece; 0: any number
  bool ignore_merges = false;    // a piece that is a token is taken whole
  bool add_bos = false;          // what the model expects if the file does not say
};

// Nothing if `name` is not supported.
std::optional<PreTokenizer> find_pre_tokenizer(std::string_view name);

// The supported names, for messages: "gpt-2, phi-2, …".
std::string_view pre_tokenizer_names();

class PieceScanner {
 public:
  // `text` must outlive the scanner.
  PieceScanner(const PreTokenizer& rules, std::string_view text);

  // The next piece, never empty; the pieces are the whole text. Empty at the end.
  std::string_view next();

 private:
  struct At {
    CharClass kind;
    char32_t code;
    std::size_t end;
  };

  At look(std::size_t at) const;
  std::size_t run(CharClass kind, std::size_t from) const;
  std::size_t contraction(std::size_t at, bool any_case) const;
  std::size_t spaces(std::size_t at) const;
  std::size_t gpt2_end(std::size_t at) const;
  std::size_t llama3_end(std::size_t at) const;
  void find_segment();

  PreTokenizer rules_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t limit_ = 0;  // end of the segment that the rule may see
};

}  // namespace inference
