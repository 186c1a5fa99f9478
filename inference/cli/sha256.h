#pragma once

// SHA-256 (FIPS 180-4) of a short text, for orders that anybody can reproduce; what is large or
// secret goes through libcrypto.
// Thread safety: pure functions.

#include <array>
#include <cstdint>
#include <string_view>

namespace picolm {

std::array<std::uint8_t, 32> sha256(std::string_view text);

}  // namespace picolm
