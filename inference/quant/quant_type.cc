#include "inference/quant/quant_type.h"

#include <array>

#include "inference/check.h"

namespace inference {
namespace {

struct Entry {
  QuantType type;
  QuantGeometry geometry;
};

// Sizes are those of the block structs in blocks.h, which asserts them.
constexpr std::array<Entry, 11> kTypes{{
    {QuantType::F32, {"f32", 1, 4}},
    {QuantType::F16, {"f16", 1, 2}},
    {QuantType::BF16, {"bf16", 1, 2}},
    {QuantType::Q4_0, {"q4_0", 32, 18}},
    {QuantType::Q4_1, {"q4_1", 32, 20}},
    {QuantType::Q5_0, {"q5_0", 32, 22}},
    {QuantType::Q5_1, {"q5_1", 32, 24}},
    {QuantType::Q8_0, {"q8_0", 32, 34}},
    {QuantType::Q4_K, {"q4_k", 256, 144}},
    {QuantType::Q5_K, {"q5_k", 256, 176}},
    {QuantType::Q6_K, {"q6_k", 256, 210}},
}};

}  // namespace

const QuantGeometry& geometry(QuantType type) {
  for (const Entry& entry : kTypes) {
    if (entry.type == type) return entry.geometry;
  }
  PICOLM_CHECK(false);
}

std::optional<QuantType> quant_type_from_gguf(std::uint32_t number) {
  for (const Entry& entry : kTypes) {
    if (static_cast<std::uint32_t>(entry.type) == number) return entry.type;
  }
  return std::nullopt;
}

}  // namespace inference
