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

  std::size_t size() const { return hashes_.size(); }

  // Share of this set's n-grams that `other` holds too, in [0, 1]; 0 for an empty set.
  double share_in(const NgramSet& other) const;

 private:
  std::vector<std::uint64_t> hashes_;  // sorted, unique
};

}  // namespace inference
