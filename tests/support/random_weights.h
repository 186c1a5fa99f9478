#pragma once

// Random weights drawn directly as quantised blocks, so that files of any size are made at the
// speed of the disk. Every block has sane scales: values of mean 0 and the wanted deviation.
// Thread safety: free functions without state.

#include <cstddef>
#include <cstdint>
#include <span>

#include "inference/quant/quant_type.h"
#include "tests/support/random.h"

namespace test_support {

// Fills one row of `type` with random blocks whose values have a standard deviation of about
// `deviation`. REQUIRES: out.size() is a multiple of the block's bytes.
void fill_row(inference::QuantType type, float deviation, Random& random, std::span<std::byte> out);

// IEEE binary16 and bfloat16 bits of `value`, round to nearest even.
std::uint16_t half_bits(float value);
std::uint16_t bfloat_bits(float value);

}  // namespace test_support
