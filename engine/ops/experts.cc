#include "engine/ops/experts.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/ops/reduce.h"

namespace tidemark {

ExpertPlan PlanExperts(std::span<const int32_t> experts, std::span<const float> weights, int64_t k, int64_t num_experts) {
  const int64_t slots = static_cast<int64_t>(experts.size());
  TM_CHECK(k > 0 && slots % k == 0 && weights.size() == experts.size(), "{} choices, k = {}", slots, k);
  // Counting sort: next[e] is the next free slot of expert e.
  std::vector<int64_t> next(static_cast<size_t>(num_experts), 0);
  for (const int32_t e : experts) ++next[static_cast<size_t>(e)];
  ExpertPlan plan;
  for (int64_t e = 0, first = 0; e < num_experts; ++e) {
    const int64_t count = next[static_cast<size_t>(e)];
    next[static_cast<size_t>(e)] = first;
    if (count > 0) plan.ranges.push_back({e, first, count});
    first += count;
  }
  plan.slot_token.resize(static_cast<size_t>(slots));
  plan.token_slots.resize(static_cast<size_t>(slots));
  plan.token_weights.resize(static_cast<size_t>(slots));
  std::vector<int32_t> order(static_cast<size_t>(k));  // a token's choices by ascending expert
  for (int64_t t = 0; t < slots / k; ++t) {
    const int32_t* chosen = experts.data() + t * k;
    for (int64_t i = 0; i < k; ++i) order[static_cast<size_t>(i)] = static_cast<int32_t>(i);
    std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return chosen[a] < chosen[b]; });
    for (int64_t i = 0; i < k; ++i) {
      const int32_t choice = order[static_cast<size_t>(i)];
      const int64_t slot = next[static_cast<size_t>(chosen[choice])]++;
      plan.slot_token[static_cast<size_t>(slot)] = static_cast<int32_t>(t);
      plan.token_slots[static_cast<size_t>(t * k + i)] = static_cast<int32_t>(slot);
      plan.token_weights[static_cast<size_t>(t * k + i)] = weights[static_cast<size_t>(t * k + choice)];
    }
  }
  return plan;
}

void ScatterAddRows(ConstMatrix x, const ExpertPlan& plan, Matrix y, ThreadPool& pool, const OpKernels& ops) {
  TM_CHECK(x.cols == y.cols && y.rows > 0 && x.rows == static_cast<int64_t>(plan.token_slots.size()) && x.rows % y.rows == 0,
           "x [{}, {}], y [{}, {}]", x.rows, x.cols, y.rows, y.cols);
  const int64_t k = x.rows / y.rows;
  pool.RunRanges(y.rows, RowGrain(y.cols * k), [&](int64_t begin, int64_t end, int) {
    std::vector<const float*> rows(static_cast<size_t>(k));
    for (int64_t t = begin; t < end; ++t) {
      for (int64_t i = 0; i < k; ++i) {
        rows[static_cast<size_t>(i)] = x.Row(plan.token_slots[static_cast<size_t>(t * k + i)]).data();
      }
      ops.add_weighted(rows.data(), plan.token_weights.data() + t * k, k, y.cols, y.Row(t).data());
    }
  });
}

}  // namespace tidemark
