// The loops of op_loops.h compiled for AVX-512.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

#include "engine/core/isa_region.h"
#include "engine/core/vector_math.h"
#include "engine/ops/op_kernels.h"
#include "engine/ops/reduce.h"

namespace tidemark {

#if TM_HAVE_X86
TM_REGION_AVX512
namespace {

constexpr int kVectorBytes = 64;
#include "engine/ops/op_loops.h"

constexpr OpKernels kKernels = MakeOpKernels("avx512");

}  // namespace
TM_REGION_END

const OpKernels* Avx512OpKernels() { return &kKernels; }

#else

const OpKernels* Avx512OpKernels() { return nullptr; }

#endif  // TM_HAVE_X86

}  // namespace tidemark
