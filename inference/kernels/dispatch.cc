// Which tables this CPU runs, best last. On x86 the CPU must have the instructions and the
// operating system must save the wide registers (XGETBV); on AArch64 NEON is always there.

#include <array>

#include "inference/check.h"
#include "inference/kernels/activation_row.h"
#include "inference/kernels/tables.h"

namespace inference {
namespace {}  // namespace

std::vector<const Kernels*> runnable_kernels() {
  std::vector<const Kernels*> tables{&kScalarKernels};
  return tables;
}

const Kernels& best_kernels() { return *runnable_kernels().back(); }

const Kernels* find_kernels(std::string_view name) {
  for (const Kernels* table : runnable_kernels()) {
    if (table->name == name) return table;
  }
  return nullptr;
}

ActivationFormat activation_format(QuantType weights) {
  switch (weights) {
    case QuantType::F32:
    case QuantType::F16:
    case QuantType::BF16:
      return ActivationFormat::F32;
    case QuantType::Q4_0:
    case QuantType::Q4_1:
    case QuantType::Q5_0:
    case QuantType::Q5_1:
    case QuantType::Q8_0:
      return ActivationFormat::Q8;
    case QuantType::Q4_K:
    case QuantType::Q5_K:
    case QuantType::Q6_K:
      return ActivationFormat::Q8K;
  }
  PICOLM_CHECK(false);
}

std::size_t activation_row_bytes(ActivationFormat format, std::size_t n) {
  switch (format) {
    case ActivationFormat::F32:
      return round_up_to_8(n) * sizeof(float);
    case ActivationFormat::Q8:
      return n + 2 * round_up_to_8(n / 32) * sizeof(float);
    case ActivationFormat::Q8K:
      return n + n / 16 * sizeof(std::int16_t) + round_up_to_8(n / 256) * sizeof(float);
  }
  PICOLM_CHECK(false);
}

}  // namespace inference
