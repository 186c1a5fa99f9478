#pragma once

#include <cstdint>

namespace inference {

using TokenId = std::uint32_t;

}  // namespace inference
