#pragma once

// The texts a route met lately, by hash, so that a message which repeats counts once: a steady
// stream of one command must not calibrate its own answer away.
// Thread safety: unsafe; owned by the worker thread.

#include <array>
#include <cstdint>
#include <string_view>

namespace inference {

// FNV-1a over the bytes of `text`.
std::uint64_t text_hash(std::string_view text);

class RecentTexts {
 public:
  // Distinct texts that are remembered.
  static constexpr std::size_t kCount = 256;

  // True, and remembered from now on, if `hash` is not among the last kCount distinct ones.
  bool is_new(std::uint64_t hash);

 private:
  std::array<std::uint64_t, kCount> hashes_{};  // a ring
  std::size_t size_ = 0;
  std::size_t next_ = 0;
};

}  // namespace inference
