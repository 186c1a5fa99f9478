#pragma once

// A made-up vocabulary that works: every byte has a token, common words of the domain are built up
// by merges, and the rest, where a certain size is wanted, are random syllables.
// Thread safety: free functions without state.

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/gguf_writer.h"
#include "tests/support/tiny_model.h"

namespace test_support {

struct Vocabulary {
  std::vector<std::string> tokens;
  std::vector<std::int32_t> kinds;  // GGUF's token_type
  std::vector<float> scores;        // SPM only
  std::vector<std::string> merges;  // BPE only
  std::uint32_t bos = 0;
  std::uint32_t eos = 0;
  std::uint32_t unknown = 0;
  bool add_bos = false;
  std::string pre;            // BPE only
  std::string chat_template;  // empty: none
};

// `count` 0 means the natural size. Throws std::invalid_argument if `count` is below that.
Vocabulary make_vocabulary(VocabularyKind kind, ChatMarker chat, std::uint32_t count,
                           std::uint64_t seed);

// Adds the tokenizer.* keys.
void write_vocabulary(const Vocabulary& vocabulary, VocabularyKind kind, GgufWriter& writer);

// The character that stands for `byte` in a byte-level BPE vocabulary, in UTF-8.
std::string byte_level_character(std::uint8_t byte);

}  // namespace test_support
