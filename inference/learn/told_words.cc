#include "inference/learn/told_words.h"

#include <algorithm>
#include <iterator>

#include "inference/check.h"
#include "inference/learn/calibration.h"
#include "inference/learn/characters.h"

namespace inference {
namespace {

constexpr std::size_t kWordsMax = 16;      // of one option
constexpr std::size_t kWordLengthMin = 4;  // characters; shorter ones are mostly grammar
constexpr std::size_t kBeginning = 4;      // characters that tell a word whatever its ending

// What stands between an option and its explanation.
constexpr std::string_view kExplains[] = {"for",  "if",    "when", "while", "means",
                                          "für",  "wenn",  "bei",  "falls", "si",
                                          "pour", "quand", "se",   "cuando"};
// Grammar of four and more letters.
constexpr std::string_view kGrammar[] = {"else", "than", "that",  "with", "from", "when",
                                         "this", "they", "their", "have", "been", "oder",
                                         "eine", "sind", "wird",  "dass", "sonst"};

template <std::size_t N>
bool is_one_of(const std::string_view (&list)[N], std::string_view word) {
  return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

// Words in lower case, and "." for what ends a sentence.
std::vector<std::string> tokens_of(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  for (std::size_t i = 0; i <= text.size();) {
    const std::size_t begin = i;
    const char32_t c = i == text.size() ? U'.' : next_character(text, i);
    if (begin < text.size() && (is_word_character(to_lower(c)) || c == U'_')) {
      // Beyond ASCII letters keep their case, which the n-grams do not see.
      for (const char byte : text.substr(begin, i - begin)) {
        word += byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte;
      }
      continue;
    }
    if (!word.empty()) out.push_back(std::move(word));
    word.clear();
    if (c == U'.' || c == U';' || c == U'\n') out.emplace_back(".");
    if (begin == text.size()) break;
  }
  return out;
}

std::size_t character_count(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++count) next_character(text, i);
  return count;
}

}  // namespace

std::vector<std::vector<std::string>> told_words(std::string_view instructions,
                                                 std::span<const std::string> options) {
  std::vector<std::vector<std::string>> out(options.size());
  std::vector<std::string> names;
  for (const std::string& option : options) {
    const std::vector<std::string> tokens = tokens_of(option);
    names.push_back(tokens.size() == 2 ? tokens[0] : std::string());  // a word and the end
  }
  const std::vector<std::string> tokens = tokens_of(instructions);
  std::vector<std::string>* told = nullptr;  // of the option that is being explained
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string& word = tokens[i];
    const auto option = word == "." ? names.end() : std::find(names.begin(), names.end(), word);
    if (option != names.end()) {
      const bool explained = i + 1 < tokens.size() && is_one_of(kExplains, tokens[i + 1]);
      told = explained ? &out[static_cast<std::size_t>(option - names.begin())] : nullptr;
    } else if (word == ".") {
      told = nullptr;
    } else if (told != nullptr && told->size() < kWordsMax && !is_one_of(kGrammar, word) &&
               !is_one_of(kExplains, word) && character_count(word) >= kWordLengthMin) {
      told->push_back(word);
    }
  }
  return out;
}

ToldWords::ToldWords(const std::vector<std::vector<std::string>>& words) {
  for (const auto& option : words) {
    words_.emplace_back();
    means_.emplace_back(option.size(), 0.0);
    for (const std::string& word : option) {
      words_.back().push_back(NgramSet::beginning(word, kBeginning));
    }
  }
}

bool ToldWords::any() const {
  return std::any_of(words_.begin(), words_.end(),
                     [](const auto& words) { return !words.empty(); });
}

ToldWords::Shares ToldWords::shares_in(const NgramSet& message) const {
  Shares out;
  for (const auto& option : words_) {
    out.emplace_back();
    for (const NgramSet& word : option) out.back().push_back(word.share_in(message));
  }
  return out;
}

void ToldWords::observe(const Shares& shares) {
  PICOLM_CHECK(shares.size() == means_.size());
  count_ = std::min(count_ + 1, Calibration::kMemoryMessages);
  for (std::size_t o = 0; o < shares.size(); ++o) {
    for (std::size_t w = 0; w < shares[o].size(); ++w) {
      means_[o][w] += (shares[o][w] - means_[o][w]) / count_;
    }
  }
}

std::vector<double> ToldWords::overlap(const Shares& shares) const {
  PICOLM_CHECK(shares.size() == means_.size());
  std::vector<double> out(shares.size());
  for (std::size_t o = 0; o < shares.size(); ++o) {
    for (std::size_t w = 0; w < shares[o].size(); ++w) {
      out[o] = std::max(out[o], shares[o][w] * (1 - means_[o][w]));
    }
  }
  return out;
}

}  // namespace inference
