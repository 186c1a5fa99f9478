#pragma once

// The storage types of weights this engine reads, with GGUF's numbers, and their block geometry.
// Thread safety: free functions without state.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace inference {

enum class QuantType : std::uint32_t {
  F32 = 0,
  F16 = 1,
  Q4_0 = 2,
  Q4_1 = 3,
  Q5_0 = 6,
  Q5_1 = 7,
  Q8_0 = 8,
  Q4_K = 12,
  Q5_K = 13,
  Q6_K = 14,
  BF16 = 30,
};

struct QuantGeometry {
  std::string_view name;     // as GGUF writes it: "q4_1"
  std::size_t block_values;  // values a block
  std::size_t block_bytes;   // bytes a block
};

// The geometry of `type`. REQUIRES: a value of the enum.
const QuantGeometry& geometry(QuantType type);

// The type of a GGUF number, or nothing if this engine does not read it.
std::optional<QuantType> quant_type_from_gguf(std::uint32_t number);

}  // namespace inference
