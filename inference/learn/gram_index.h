#pragma once

// Texts of examples by n-gram, so that a new text meets only those examples that share something
// with it: an inverted index. Eight bytes for each n-gram of each example.
// Thread safety: constant after construction.

#include <cstdint>
#include <span>
#include <vector>

#include "inference/learn/ngrams.h"

namespace inference {

class GramIndex {
 public:
  GramIndex() = default;
  explicit GramIndex(std::span<const GramVector* const> texts);

  // Adds to `out` ([texts]) the product of `text` with each text.
  void add_products(const GramVector& text, std::span<double> out) const;

  std::size_t memory_bytes() const {
    return hashes_.size() * sizeof hashes_[0] + begins_.size() * sizeof begins_[0] +
           entries_.size() * sizeof entries_[0];
  }

 private:
  struct Entry {
    std::uint32_t text = 0;
    float weight = 0;
  };
  std::vector<std::uint64_t> hashes_;  // sorted, each once
  std::vector<std::uint32_t> begins_;  // [hashes + 1] where a hash's entries begin
  std::vector<Entry> entries_;
};

}  // namespace inference
