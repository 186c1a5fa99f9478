// Which tables this CPU runs, best last. On x86 the CPU must have the instructions and the
// operating system must save the wide registers (XGETBV); on AArch64 NEON is always there, and the
// kernel tells of more (HWCAP). Other CPUs run the scalar table.

#include <array>

#include "inference/check.h"
#include "inference/kernels/activation_row.h"
#include "inference/kernels/tables.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace inference {
namespace {

#if defined(__x86_64__)

// XCR0, the register state the operating system saves. REQUIRES: OSXSAVE.
std::uint64_t saved_state() {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<std::uint64_t>(high) << 32) | low;
}

bool cpu_runs_ssse3() {
  constexpr unsigned kSsse3 = 1u << 9;  // leaf 1, ecx
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & kSsse3) != 0;
}

bool cpu_runs_avx2() {
  constexpr unsigned kOsxsave = 1u << 27;  // leaf 1, ecx
  constexpr unsigned kAvx = 1u << 28;      // leaf 1, ecx
  constexpr unsigned kF16c = 1u << 29;     // leaf 1, ecx
  constexpr unsigned kAvx2 = 1u << 5;      // leaf 7, ebx
  constexpr std::uint64_t kXmmAndYmm = 0x6;
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0) return false;
  constexpr unsigned kNeeded = kOsxsave | kAvx | kF16c;
  if ((ecx & kNeeded) != kNeeded) return false;
  if ((saved_state() & kXmmAndYmm) != kXmmAndYmm) return false;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
  return (ebx & kAvx2) != 0;
}

// Called where AVX2 is known to run.
bool cpu_runs_avx512_vnni() {
  constexpr unsigned kFoundation = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;  // F DQ BW VL, ebx
  constexpr unsigned kVnni = 1u << 11;                                         // leaf 7, ecx
  constexpr std::uint64_t kAllVectorState = 0xe6;  // XMM, YMM, masks, ZMM
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  if ((saved_state() & kAllVectorState) != kAllVectorState) return false;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
  return (ebx & kFoundation) == kFoundation && (ecx & kVnni) != 0;
}

#endif

}  // namespace

std::vector<const Kernels*> runnable_kernels() {
  std::vector<const Kernels*> tables{&kScalarKernels};
#if defined(__x86_64__)
  if (cpu_runs_ssse3()) tables.push_back(&kSsse3Kernels);
  if (cpu_runs_avx2()) {
    tables.push_back(&kAvx2Kernels);
    if (cpu_runs_avx512_vnni()) tables.push_back(&kAvx512VnniKernels);
  }
#endif
#if defined(__aarch64__)
  tables.push_back(&kNeonKernels);
  if ((getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0) tables.push_back(&kNeonDotprodKernels);
#endif
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
