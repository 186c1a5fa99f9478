#include "inference/learn/recent.h"

#include <algorithm>

namespace inference {

std::uint64_t text_hash(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325ull;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
  return hash;
}

bool RecentTexts::is_new(std::uint64_t hash) {
  const auto end = hashes_.begin() + static_cast<std::ptrdiff_t>(size_);
  if (std::find(hashes_.begin(), end, hash) != end) return false;
  hashes_[next_] = hash;
  next_ = (next_ + 1) % kCount;
  size_ = std::min(size_ + 1, kCount);
  return true;
}

}  // namespace inference
