#pragma once

// A token's number in its vocabulary.
// Thread safety: plain value.

#include <cstdint>

namespace inference {

using TokenId = std::uint32_t;

}  // namespace inference
