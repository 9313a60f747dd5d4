// The inner loop of MLX affine dequantisation, in the versions for different instruction sets.
#ifndef TIDEMARK_ENGINE_FORMATS_MLX_AFFINE_H_
#define TIDEMARK_ENGINE_FORMATS_MLX_AFFINE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tidemark {

// dst[g * group + i] = q * scales[g] + biases[g] for `groups` groups of `group` weights (a multiple of 16): product rounded,
// then sum rounded. quants: groups * group * bits / 8 bytes, lowest bits first; not a byte more is read.
using AffineGroups = void (*)(const std::byte* quants, const float* scales, const float* biases, int64_t groups, int group,
                              float* dst);

struct AffineKernel {
  int bits;              // 2, 3, 4, 5, 6 or 8
  std::string_view isa;  // "plain", "avx2", "avx512"
  AffineGroups run;
};

// All that this machine can run; for each width the plain one first, the best last.
std::span<const AffineKernel> RunnableAffineKernels();

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_FORMATS_MLX_AFFINE_H_
