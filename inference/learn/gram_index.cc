#include "inference/learn/gram_index.h"

#include <algorithm>

namespace inference {

GramIndex::GramIndex(std::span<const GramVector* const> texts) {
  struct Triple {
    std::uint64_t hash;
    Entry entry;
  };
  std::vector<Triple> all;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    for (const Gram& gram : *texts[i]) {
      all.push_back({gram.hash, {static_cast<std::uint32_t>(i), gram.weight}});
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Triple& a, const Triple& b) { return a.hash < b.hash; });
  for (const Triple& triple : all) {
    if (hashes_.empty() || hashes_.back() != triple.hash) {
      hashes_.push_back(triple.hash);
      begins_.push_back(static_cast<std::uint32_t>(entries_.size()));
    }
    entries_.push_back(triple.entry);
  }
  begins_.push_back(static_cast<std::uint32_t>(entries_.size()));
  hashes_.shrink_to_fit();
  begins_.shrink_to_fit();
  entries_.shrink_to_fit();
}

void GramIndex::add_products(const GramVector& text, std::span<double> out) const {
  auto from = hashes_.begin();
  for (const Gram& gram : text) {
    from = std::lower_bound(from, hashes_.end(), gram.hash);
    if (from == hashes_.end()) return;
    if (*from != gram.hash) continue;
    const auto place = static_cast<std::size_t>(from - hashes_.begin());
    for (std::uint32_t e = begins_[place]; e < begins_[place + 1]; ++e) {
      out[entries_[e].text] +=
          static_cast<double>(gram.weight) * static_cast<double>(entries_[e].weight);
    }
  }
}

}  // namespace inference
