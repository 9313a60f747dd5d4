// Rows to experts and back. Each (token, chosen expert) pair is a slot; slots are sorted by expert, then by token, so that the
// slots of one expert lie together and form one matrix product, which gathers its rows (MatmulCall::rows).
#ifndef TIDEMARK_ENGINE_OPS_EXPERTS_H_
#define TIDEMARK_ENGINE_OPS_EXPERTS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/tensor.h"
#include "engine/core/thread_pool.h"
#include "engine/ops/op_kernels.h"

namespace tidemark {

struct ExpertPlan {
  struct Range {
    int64_t expert = 0;
    int64_t first_slot = 0, slots = 0;  // slots > 0
  };
  std::vector<Range> ranges;         // experts with at least one row, ascending
  std::vector<int32_t> slot_token;   // [rows * k] row that fills the slot
  std::vector<int32_t> token_slots;  // [rows, k] slots of a row, by ascending expert
  std::vector<float> token_weights;  // [rows, k] routing weights in the same order
};

// experts, weights: [rows, k] as the router chose them, each expert at most once per row, in [0, num_experts).
ExpertPlan PlanExperts(std::span<const int32_t> experts, std::span<const float> weights, int64_t k, int64_t num_experts);

// y[t] += sum of weight * x[slot] over the slots of row t, in ascending expert order from zero (the order of Hugging Face's
// index_add). x: [rows * k, H]; y: [rows, H].
void ScatterAddRows(ConstMatrix x, const ExpertPlan& plan, Matrix y, ThreadPool& pool, const OpKernels& ops = BestOpKernels());

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_OPS_EXPERTS_H_
