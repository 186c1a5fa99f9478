#include "inference/paging/block_check.h"

#include <array>
#include <cstring>

namespace inference {
namespace {

constexpr std::uint64_t kMultiplier = 0x9E3779B97F4A7C15ull;
constexpr std::size_t kLanes = 4;

std::uint64_t mix(std::uint64_t state, std::uint64_t word) {
  state = (state ^ word) * kMultiplier;
  return state ^ (state >> 29);
}

std::uint64_t word_at(const std::byte* data) {
  std::uint64_t word;
  std::memcpy(&word, data, sizeof word);
  return word;
}

}  // namespace

std::uint64_t checksum(std::span<const std::byte> bytes) {
  constexpr std::size_t kStep = kLanes * sizeof(std::uint64_t);
  std::array<std::uint64_t, kLanes> lanes = {1, 2, 3, 4};
  std::size_t at = 0;
  for (; at + kStep <= bytes.size(); at += kStep) {
    for (std::size_t i = 0; i < kLanes; ++i) {
      lanes[i] = mix(lanes[i], word_at(bytes.data() + at + i * sizeof(std::uint64_t)));
    }
  }
  std::uint64_t sum = bytes.size();
  for (; at < bytes.size(); ++at) sum = mix(sum, static_cast<std::uint64_t>(bytes[at]));
  for (const std::uint64_t lane : lanes) sum = mix(sum, lane);
  return sum;
}

bool BlockCheck::accept(BlockId id, std::span<const std::byte> bytes, std::uint32_t generation) {
  Seen& seen = seen_[id];
  if (seen.known && seen.generation == generation) return true;
  const std::uint64_t sum = checksum(bytes);
  if (!seen.known) {
    // Single rows are not remembered either; a sweep that uses them confirms all other blocks.
    if (generation > 0) return map_.use(map_.block(id).region) == RegionUse::Rows;
    seen = {.sum = sum, .generation = generation, .known = true};
    return true;
  }
  if (sum != seen.sum) return false;
  seen.generation = generation;
  return true;
}

}  // namespace inference
