#include "inference/quant/quant_type.h"

#include <array>

#include "inference/check.h"
#include "inference/quant/blocks.h"

namespace inference {
namespace {

struct Entry {
  QuantType type;
  QuantGeometry geometry;
};

constexpr std::array<Entry, 11> kTypes{{
    {QuantType::F32, {"f32", 1, 4}},
    {QuantType::F16, {"f16", 1, 2}},
    {QuantType::BF16, {"bf16", 1, 2}},
    {QuantType::Q4_0, {"q4_0", kBlockValues, sizeof(BlockQ4_0)}},
    {QuantType::Q4_1, {"q4_1", kBlockValues, sizeof(BlockQ4_1)}},
    {QuantType::Q5_0, {"q5_0", kBlockValues, sizeof(BlockQ5_0)}},
    {QuantType::Q5_1, {"q5_1", kBlockValues, sizeof(BlockQ5_1)}},
    {QuantType::Q8_0, {"q8_0", kBlockValues, sizeof(BlockQ8_0)}},
    {QuantType::Q4_K, {"q4_k", kSuperBlockValues, sizeof(BlockQ4_K)}},
    {QuantType::Q5_K, {"q5_k", kSuperBlockValues, sizeof(BlockQ5_K)}},
    {QuantType::Q6_K, {"q6_k", kSuperBlockValues, sizeof(BlockQ6_K)}},
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
