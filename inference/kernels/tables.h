#pragma once

// The tables of functions, one a source file. A table's functions run only on a CPU that has its
// instructions; dispatch.cc decides.
// Thread safety: constants.

#include "inference/kernels/kernels.h"

namespace inference {

extern const Kernels kScalarKernels;
#if defined(__x86_64__)
extern const Kernels kSsse3Kernels;       // SSSE3
extern const Kernels kAvx2Kernels;        // AVX2 and F16C
extern const Kernels kAvx512VnniKernels;  // AVX2, F16C, AVX-512 F, BW, DQ, VL and VNNI
#endif
#if defined(__aarch64__)
extern const Kernels kNeonKernels;         // the baseline of AArch64
extern const Kernels kNeonDotprodKernels;  // SDOT
#endif

}  // namespace inference
