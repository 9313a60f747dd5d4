#include "engine/ops/attention_kernels.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/core/cpu.h"
#include "engine/ops/reduce.h"

namespace tidemark {
namespace {

void Score(const float* query, const float* keys, int64_t count, int64_t d, float scale, float* scores) {
  for (int64_t j = 0; j < count; ++j) scores[j] = Dot(query, keys + j * d, d) * scale;
}

float Softmax(float* scores, int64_t n) {
  float largest = scores[0];
  for (int64_t j = 1; j < n; ++j) largest = std::max(largest, scores[j]);
  for (int64_t j = 0; j < n; ++j) scores[j] = std::exp(scores[j] - largest);
  return Sum(scores, n);
}

// Four positions per pass save loads of out.
void AddWeighted(const float* e, const float* v, int64_t count, int64_t d, float* out) {
  int64_t j = 0;
  for (; j + 4 <= count; j += 4, v += 4 * d) {
    const float e0 = e[j], e1 = e[j + 1], e2 = e[j + 2], e3 = e[j + 3];
    const float *v0 = v, *v1 = v + d, *v2 = v + 2 * d, *v3 = v + 3 * d;
    for (int64_t i = 0; i < d; ++i) out[i] = (((out[i] + e0 * v0[i]) + e1 * v1[i]) + e2 * v2[i]) + e3 * v3[i];
  }
  for (; j < count; ++j, v += d) {
    for (int64_t i = 0; i < d; ++i) out[i] += e[j] * v[i];
  }
}

std::vector<AttentionKernels> Collect() {
  std::vector<AttentionKernels> kernels = {{"plain", Score, Softmax, AddWeighted}};
  const Cpu cpu = DetectCpu();
  const bool avx2 = cpu.avx2 && cpu.fma && cpu.f16c;
  if (avx2 && Avx2AttentionKernels() != nullptr) kernels.push_back(*Avx2AttentionKernels());
  if (avx2 && cpu.avx512 && Avx512AttentionKernels() != nullptr) kernels.push_back(*Avx512AttentionKernels());
  return kernels;
}

}  // namespace

std::span<const AttentionKernels> RunnableAttentionKernels() {
  static const std::vector<AttentionKernels> kernels = Collect();
  return kernels;
}

}  // namespace tidemark
