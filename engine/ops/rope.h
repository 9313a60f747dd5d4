// Rotary position embedding (Su et al.: "RoFormer", 2021) in the half-split pairing of GPT-NeoX: element j of a head turns
// together with element j + d/2.
//
// Angles follow Hugging Face to the bit where the result depends on it: inverse frequencies are float32, and the angle is the
// float32 product of position and inverse frequency. At long contexts that rounding is larger than anything else here.
#ifndef TIDEMARK_ENGINE_OPS_ROPE_H_
#define TIDEMARK_ENGINE_OPS_ROPE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/tensor.h"
#include "engine/core/thread_pool.h"
#include "engine/ops/op_kernels.h"

namespace tidemark {

// inv_freq[j] = theta^(-2j / d), j in [0, d/2), d even.
std::vector<float> RopeInverseFrequencies(int64_t head_dim, double theta);

// Row r of rotation: cos of the d/2 angles positions[r] * inv_freq[j], then their sin. rotation: [positions, d].
void RopeRotation(std::span<const int32_t> positions, std::span<const float> inv_freq, Matrix rotation, ThreadPool& pool);

// Turns every head of every row in place: with (c, s) of row r and pair j
//   x[j] <- x[j] c - x[j + d/2] s,   x[j + d/2] <- x[j + d/2] c + x[j] s.
// x: [rows, heads * d]; rotation: [rows, d].
void Rope(Matrix x, ConstMatrix rotation, ThreadPool& pool, const OpKernels& ops = BestOpKernels());

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_OPS_ROPE_H_
