#pragma once

// Open-addressing hash index from keys that live elsewhere to their numbers: 4 bytes a slot.
// A slot holds number + 1 in its low 20 bits and 12 bits of the hash above, so a miss hardly ever
// looks at a key. The keys come from a file: no key may stand further than kProbesMax from its
// slot, or insertion fails; a file made of colliding keys is refused, not waited for.
// Thread safety: constant after the last insert.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace inference {

// Mixes all bits; not a secret.
inline std::uint64_t hash_mix(std::uint64_t value) {
  value = (value ^ (value >> 32)) * 0xD6E8FEB86659FD93U;
  value = (value ^ (value >> 32)) * 0xD6E8FEB86659FD93U;
  return value ^ (value >> 32);
}

inline std::uint64_t hash_bytes(std::string_view bytes) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001B3U;
  }
  return hash_mix(hash);
}

class FlatIndex {
 public:
  static constexpr std::uint32_t kNumberMax = (1U << 20) - 2;
  static constexpr std::size_t kProbesMax = 512;

  enum class Inserted : std::uint8_t { New, Existing, TooManyProbes };

  FlatIndex() : FlatIndex(0) {}
  // Room for `count` keys at a load of at most three quarters.
  explicit FlatIndex(std::size_t count) : slots_(std::bit_ceil(count + count / 3 + 4)) {}

  // Stores `number` unless an equal key is there, whose number is then put into `existing`.
  // `equals(n)` compares the new key with the key of number n. REQUIRES: number <= kNumberMax,
  // fewer keys than the constructor was told.
  template <class Equals>
  Inserted insert(std::uint64_t hash, std::uint32_t number, const Equals& equals,
                  std::uint32_t* existing) {
    std::size_t at = static_cast<std::size_t>(hash) & (slots_.size() - 1);
    for (std::size_t probe = 0; probe < kProbesMax; ++probe, at = (at + 1) & (slots_.size() - 1)) {
      std::uint32_t& slot = slots_[at];
      if (slot == 0) {
        slot = tag(hash) | (number + 1);
        return Inserted::New;
      }
      if ((slot & kTagMask) == tag(hash) && equals((slot & kNumberMask) - 1)) {
        *existing = (slot & kNumberMask) - 1;
        return Inserted::Existing;
      }
    }
    return Inserted::TooManyProbes;
  }

  template <class Equals>
  std::optional<std::uint32_t> find(std::uint64_t hash, const Equals& equals) const {
    std::size_t at = static_cast<std::size_t>(hash) & (slots_.size() - 1);
    for (std::size_t probe = 0; probe < kProbesMax; ++probe, at = (at + 1) & (slots_.size() - 1)) {
      const std::uint32_t slot = slots_[at];
      if (slot == 0) return std::nullopt;
      if ((slot & kTagMask) == tag(hash) && equals((slot & kNumberMask) - 1)) {
        return (slot & kNumberMask) - 1;
      }
    }
    return std::nullopt;
  }

  std::size_t memory_bytes() const { return slots_.size() * sizeof(slots_[0]); }

 private:
  static constexpr std::uint32_t kNumberMask = (1U << 20) - 1;
  static constexpr std::uint32_t kTagMask = ~kNumberMask;
  static std::uint32_t tag(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash >> 32) & kTagMask;
  }

  std::vector<std::uint32_t> slots_;  // a power of two; 0 is free
};

}  // namespace inference
