#pragma once

// Overlap of a message with the words of an option: the share of the option's character 3- to
// 5-grams (words padded with one space, lower case, punctuation as spaces) that occur in the
// message. In small models' decisions it is worth more than the model's own scores.
// Thread safety: constant after construction.

#include <cstdint>
#include <string_view>
#include <vector>

namespace inference {

// The set of character n-grams of one text, as sorted hashes. Collisions of 64-bit hashes are
// accepted: they could only add a match.
class NgramSet {
 public:
  // `text` is UTF-8; bytes that are not count as one character each.
  explicit NgramSet(std::string_view text);

  // Those of a word's first `characters`, whatever follows them: of "inform" those of " inform".
  static NgramSet beginning(std::string_view word, std::size_t characters);

  std::size_t size() const { return hashes_.size(); }

  // Share of this set's n-grams that `other` holds too, in [0, 1]; 0 for an empty set.
  double share_in(const NgramSet& other) const;

 private:
  NgramSet() = default;
  void sort();

  std::vector<std::uint64_t> hashes_;  // sorted, unique
};

// What an option is called: its value, and the phrases of what its schema says about it. People
// write synonyms as a list ("halt, shut down") or as sentences; so the text is cut where
// punctuation separates, and the phrase that the message holds most of counts.
class Wording {
 public:
  // `value` is the option itself, `words` what else it is called, or empty.
  explicit Wording(std::string_view value, std::string_view words = {});

  // The largest share of one phrase that `message` holds, in [0, 1].
  double share_in(const NgramSet& message) const;

  static constexpr std::size_t kPhrasesMax = 32;  // of one option; later ones do not count

 private:
  std::vector<NgramSet> phrases_;  // the first is the value
};

}  // namespace inference
