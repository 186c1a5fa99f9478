#pragma once

// A text as a sparse vector: character 2- to 4-grams within words (a space on either side counts as
// part of the word) and word 1- to 2-grams, each of the two blocks of Euclidean length 1. So the
// product of a text with itself is 2, and with a text that shares nothing 0.
// Thread safety: free functions without state.

#include <cstdint>
#include <string_view>
#include <vector>

namespace inference {

struct Gram {
  std::uint64_t hash = 0;
  float weight = 0;
};
using GramVector = std::vector<Gram>;  // sorted by hash, each once

enum class Digits : std::uint8_t {
  Kept,
  Masked,  // a run of digits is one sign: serial numbers and times are all alike
};

// `text` is UTF-8; bytes that are not count as one character each. Of longer texts the first
// kGramCharactersMax characters count.
inline constexpr std::size_t kGramCharactersMax = 4096;
GramVector text_grams(std::string_view text, Digits digits);

double dot(const GramVector& a, const GramVector& b);

// The words of `text` as hashes, in order; those of two and more letters or digits.
std::vector<std::uint64_t> word_hashes(std::string_view text, Digits digits);

}  // namespace inference
