// Character n-grams do not cross words, so that the order of words does not make a text foreign;
// pairs of words keep what little order matters. Hashes of 64 bits stand for the n-grams: with some
// thousand of them a collision is not to be expected, and would only add a common feature.

#include "inference/learn/ngrams.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <string>

#include "inference/learn/characters.h"

namespace inference {
namespace {

constexpr char32_t kDigitSign = U'0';
constexpr std::size_t kWordLengthMin = 2;
constexpr std::uint64_t kWordSalt = 0x9E3779B97F4A7C15ull;  // words are no character n-grams

std::u32string characters_of(std::string_view text, Digits digits) {
  std::u32string out;
  for (std::size_t i = 0; i < text.size() && out.size() < kGramCharactersMax;) {
    char32_t c = to_lower(next_character(text, i));
    if (digits == Digits::Masked && c >= '0' && c <= '9') {
      if (!out.empty() && out.back() == kDigitSign) continue;
      c = kDigitSign;
    }
    out.push_back(c);
  }
  return out;
}

// Calls `use` with each longest run of characters that `belongs`.
template <typename Belongs, typename Use>
void for_each_run(const std::u32string& text, Belongs belongs, Use use) {
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin;
    while (end < text.size() && belongs(text[end])) ++end;
    if (end > begin) use(std::u32string_view(text).substr(begin, end - begin));
    begin = std::max(end, begin + 1);
  }
}

std::uint64_t word_hash(std::u32string_view word) {
  return hash_characters({word.data(), word.size()}) ^ kWordSalt;
}

std::vector<std::uint64_t> words_of(const std::u32string& text) {
  std::vector<std::uint64_t> out;
  for_each_run(text, is_word_character, [&](std::u32string_view word) {
    if (word.size() >= kWordLengthMin) out.push_back(word_hash(word));
  });
  return out;
}

void add_character_grams(std::u32string_view word, std::vector<std::uint64_t>& out) {
  const std::u32string padded = U' ' + std::u32string(word) + U' ';
  for (std::size_t n = 2; n <= 4 && n <= padded.size(); ++n) {
    for (std::size_t i = 0; i + n <= padded.size(); ++i) {
      out.push_back(hash_characters({&padded[i], n}));
    }
  }
}

// Counts the hashes and appends them as a block of length 1.
void append_block(std::vector<std::uint64_t>& hashes, GramVector& out) {
  std::sort(hashes.begin(), hashes.end());
  const std::size_t first = out.size();
  double squares = 0;
  for (std::size_t i = 0; i < hashes.size();) {
    std::size_t end = i;
    while (end < hashes.size() && hashes[end] == hashes[i]) ++end;
    const auto count = static_cast<double>(end - i);
    out.push_back({hashes[i], static_cast<float>(count)});
    squares += count * count;
    i = end;
  }
  const double length = std::sqrt(squares);
  for (std::size_t i = first; i < out.size(); ++i) {
    out[i].weight = static_cast<float>(out[i].weight / length);
  }
}

}  // namespace

GramVector text_grams(std::string_view text, Digits digits) {
  const std::u32string characters = characters_of(text, digits);
  std::vector<std::uint64_t> grams;
  for_each_run(
      characters, [](char32_t c) { return !is_space_character(c); },
      [&](std::u32string_view word) { add_character_grams(word, grams); });
  GramVector out;
  append_block(grams, out);
  std::vector<std::uint64_t> words = words_of(characters);
  const std::size_t count = words.size();
  for (std::size_t i = 0; i + 1 < count; ++i) {
    words.push_back((words[i] * 0xD6E8FEB86659FD93ull) ^ words[i + 1]);
  }
  append_block(words, out);
  std::sort(out.begin(), out.end(), [](const Gram& a, const Gram& b) { return a.hash < b.hash; });
  return out;
}

double dot(const GramVector& a, const GramVector& b) {
  double sum = 0;
  for (std::size_t i = 0, k = 0; i < a.size() && k < b.size();) {
    if (a[i].hash == b[k].hash) {
      sum += static_cast<double>(a[i++].weight) * static_cast<double>(b[k++].weight);
    } else if (a[i].hash < b[k].hash) {
      ++i;
    } else {
      ++k;
    }
  }
  return sum;
}

std::vector<std::uint64_t> word_hashes(std::string_view text, Digits digits) {
  return words_of(characters_of(text, digits));
}

}  // namespace inference
