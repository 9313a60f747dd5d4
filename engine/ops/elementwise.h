// Elementwise operations on activations: SwiGLU (Shazeer: "GLU Variants Improve Transformer", 2020), residual and bias.
#ifndef TIDEMARK_ENGINE_OPS_ELEMENTWISE_H_
#define TIDEMARK_ENGINE_OPS_ELEMENTWISE_H_

#include <cmath>
#include <span>

#include "engine/core/tensor.h"
#include "engine/core/thread_pool.h"
#include "engine/ops/op_kernels.h"

namespace tidemark {

// 1 / (1 + e^-x)
inline float Sigmoid(float x) { return 1.0f / (1.0f + std::exp(-x)); }

// x * sigmoid(x)
inline float Silu(float x) { return x / (1.0f + std::exp(-x)); }

// gate[r, j] <- silu(gate[r, j]) * up[r, j]. Same shape, not overlapping.
void SwiGlu(Matrix gate, ConstMatrix up, ThreadPool& pool, const OpKernels& ops = BestOpKernels());

// y[r, j] += x[r, j]. Same shape.
void Add(ConstMatrix x, Matrix y, ThreadPool& pool, const OpKernels& ops = BestOpKernels());

// y[r, j] += bias[j]. An empty bias changes nothing.
void AddBias(std::span<const float> bias, Matrix y, ThreadPool& pool, const OpKernels& ops = BestOpKernels());

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_OPS_ELEMENTWISE_H_
