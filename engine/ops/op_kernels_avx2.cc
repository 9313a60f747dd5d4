// The loops of op_loops.h compiled for AVX2.
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
TM_REGION_AVX2
namespace {

constexpr int kVectorBytes = 32;
#include "engine/ops/op_loops.h"

constexpr OpKernels kKernels = MakeOpKernels("avx2");

}  // namespace
TM_REGION_END

const OpKernels* Avx2OpKernels() { return &kKernels; }

#else

const OpKernels* Avx2OpKernels() { return nullptr; }

#endif  // TM_HAVE_X86

}  // namespace tidemark
