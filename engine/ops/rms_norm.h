// Root-mean-square normalisation (Zhang, Sennrich: "Root Mean Square Layer Normalization", NeurIPS 2019), without offset.
#ifndef TIDEMARK_ENGINE_OPS_RMS_NORM_H_
#define TIDEMARK_ENGINE_OPS_RMS_NORM_H_

#include <span>

#include "engine/core/tensor.h"
#include "engine/core/thread_pool.h"
#include "engine/ops/op_kernels.h"

namespace tidemark {

// y[r, j] = weight[j] * (x[r, j] / sqrt(mean_j x[r, j]^2 + eps)). x, y: [rows, cols]; weight: [cols]. y may be x.
// Normed value rounded before the weight is applied, as in Lfm2RMSNorm of Hugging Face transformers.
void RmsNorm(ConstMatrix x, std::span<const float> weight, float eps, Matrix y, ThreadPool& pool,
             const OpKernels& ops = BestOpKernels());

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_OPS_RMS_NORM_H_
