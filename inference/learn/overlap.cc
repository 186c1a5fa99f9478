#include "inference/learn/overlap.h"

#include <algorithm>

#include "inference/learn/characters.h"

namespace inference {
namespace {

void add_word(const std::vector<char32_t>& padded, std::vector<std::uint64_t>& out) {
  for (std::size_t n = 3; n <= 5; ++n) {
    for (std::size_t i = 0; i + n <= padded.size(); ++i)
      out.push_back(hash_characters({&padded[i], n}));
  }
}

}  // namespace

NgramSet::NgramSet(std::string_view text) {
  std::vector<char32_t> word{U' '};
  for (std::size_t i = 0; i <= text.size();) {
    const bool at_end = i == text.size();
    const char32_t c = at_end ? U' ' : to_lower(next_character(text, i));
    if (is_word_character(c)) {
      word.push_back(c);
    } else if (word.size() > 1) {
      word.push_back(U' ');
      add_word(word, hashes_);
      word.assign(1, U' ');
    }
    if (at_end) break;
  }
  sort();
}

NgramSet NgramSet::beginning(std::string_view word, std::size_t characters) {
  std::vector<char32_t> padded{U' '};
  for (std::size_t i = 0; i < word.size() && padded.size() <= characters;) {
    padded.push_back(to_lower(next_character(word, i)));
  }
  NgramSet out;
  add_word(padded, out.hashes_);
  out.sort();
  return out;
}

void NgramSet::sort() {
  std::sort(hashes_.begin(), hashes_.end());
  hashes_.erase(std::unique(hashes_.begin(), hashes_.end()), hashes_.end());
}

double NgramSet::share_in(const NgramSet& other) const {
  if (hashes_.empty()) return 0;
  std::size_t shared = 0;
  for (std::size_t i = 0, k = 0; i < hashes_.size() && k < other.hashes_.size();) {
    if (hashes_[i] == other.hashes_[k]) ++shared;
    hashes_[i] <= other.hashes_[k] ? ++i : ++k;
  }
  return static_cast<double>(shared) / static_cast<double>(hashes_.size());
}

Wording::Wording(std::string_view value, std::string_view words) {
  phrases_.emplace_back(value);
  constexpr std::string_view kSeparators = ",;:.|/()[]\n\t!?\"";
  while (!words.empty() && phrases_.size() <= kPhrasesMax) {
    const std::size_t end = std::min(words.find_first_of(kSeparators), words.size());
    NgramSet phrase(words.substr(0, end));
    if (phrase.size() > 0) phrases_.push_back(std::move(phrase));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
}

double Wording::share_in(const NgramSet& message) const {
  double most = 0;
  for (const NgramSet& phrase : phrases_) most = std::max(most, phrase.share_in(message));
  return most;
}

}  // namespace inference
