#pragma once

// How a quantised activation row lies in memory. Parts of one kind are kept together, so that a
// vector instruction loads eight scales or 32 integers at once, aligned:
//
//   Q8   | int8 values [n] | float scales [B] | float scaled_sums [B] |   B = blocks of 32,
//   Q8K  | int8 values [n] | int16 sums [n / 16] | float scales [B] |     of 256, rounded up to 8
//
// scaled_sums[b] = scales[b] * float(sum of the integers of block b). Entries past the last block
// are zeros, which a multiply-add into a lane does not feel.
//
// These helpers are always inlined: files compiled for a newer instruction set include this header,
// and the linker must not find a shared copy made there.
// Thread safety: pure functions.

#include <cstddef>
#include <cstdint>

namespace inference {

[[gnu::always_inline]] inline std::size_t round_up_to_8(std::size_t count) {
  return (count + 7) / 8 * 8;
}

struct Q8Row {
  const std::int8_t* values;
  const float* scales;
  const float* scaled_sums;
};

[[gnu::always_inline]] inline Q8Row q8_row(const std::byte* row, std::size_t n) {
  const std::byte* scales = row + n;
  const std::byte* sums = scales + round_up_to_8(n / 32) * sizeof(float);
  return {reinterpret_cast<const std::int8_t*>(row), reinterpret_cast<const float*>(scales),
          reinterpret_cast<const float*>(sums)};
}

struct Q8KRow {
  const std::int8_t* values;
  const std::int16_t* sums;  // of 16 values each
  const float* scales;
};

[[gnu::always_inline]] inline Q8KRow q8k_row(const std::byte* row, std::size_t n) {
  const std::byte* sums = row + n;
  const std::byte* scales = sums + n / 16 * sizeof(std::int16_t);
  return {reinterpret_cast<const std::int8_t*>(row), reinterpret_cast<const std::int16_t*>(sums),
          reinterpret_cast<const float*>(scales)};
}

}  // namespace inference
