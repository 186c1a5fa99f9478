#pragma once

// Stored weights to floats, one row at a time: embedding rows, small tensors, and the measure of
// right for every kernel.
// Thread safety: pure functions.

#include <cstddef>

#include "inference/quant/quant_type.h"

namespace inference {

// Decodes one row of `n` values of `type` to out[0, n). Any bytes decode to something: codes cover
// all values, and scales that are not finite give results that are not finite.
// REQUIRES: n a multiple of geometry(type).block_values; `row` holds n / block_values blocks.
void decode_row(QuantType type, const std::byte* row, std::size_t n, float* out);

}  // namespace inference
