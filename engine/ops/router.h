// Routing of LFM2-MoE (Hugging Face: Lfm2MoeTopKRouter): independent sigmoid scores per expert; a bias takes part in choosing the
// experts but not in weighing them ("Auxiliary-Loss-Free Load Balancing", Wang et al. 2024).
#ifndef TIDEMARK_ENGINE_OPS_ROUTER_H_
#define TIDEMARK_ENGINE_OPS_ROUTER_H_

#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/tensor.h"
#include "engine/core/thread_pool.h"
#include "engine/ops/op_kernels.h"

namespace tidemark {

struct RouterOptions {
  int64_t num_experts_per_tok = 0;  // k
  bool norm_topk_prob = true;       // divide the k weights by their sum + 1e-6
  float routed_scaling_factor = 1.0f;
};

// scores[r, e] = sigmoid(x[r] . weight[e]). x: [rows, H]; weight: [E, H]; scores: [rows, E]. float32, never the backend's
// precision.
// The sum is Dot of reduce.h: 16 partial sums over ascending elements, no fused operations, then a tree; so scores and the
// experts they choose are the same on every instruction set.
void RouterScores(ConstMatrix x, ConstMatrix weight, Matrix scores, ThreadPool& pool, const OpKernels& ops = BestOpKernels());

// The k experts of one row with the largest score + bias, largest first; the lowest index wins a tie. weights are the scores
// without bias, renormalised and scaled as the options say. bias: [E] or empty; experts, weights: [k].
void SelectExperts(std::span<const float> scores, std::span<const float> bias, const RouterOptions& options,
                   std::span<int32_t> experts, std::span<float> weights);

// The same for every row of scores [rows, E]; experts, weights: [rows, k].
void SelectExperts(ConstMatrix scores, std::span<const float> bias, const RouterOptions& options, std::span<int32_t> experts,
                   Matrix weights, ThreadPool& pool);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_OPS_ROUTER_H_
