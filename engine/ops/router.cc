#include "engine/ops/router.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/reduce.h"

namespace tidemark {

void RouterScores(ConstMatrix x, ConstMatrix weight, Matrix scores, ThreadPool& pool) {
  TM_CHECK(x.cols == weight.cols && scores.rows == x.rows && scores.cols == weight.rows,
           "x [{}, {}], weight [{}, {}], scores [{}, {}]", x.rows, x.cols, weight.rows, weight.cols, scores.rows, scores.cols);
  // Over (row, expert), so that a single decoded token is shared out as well.
  pool.RunRanges(x.rows * weight.rows, RowGrain(x.cols), [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t r = i / weight.rows, e = i % weight.rows;
      scores.data[r * scores.stride + e] = Sigmoid(Dot(x.data + r * x.stride, weight.data + e * weight.stride, x.cols));
    }
  });
}

void SelectExperts(std::span<const float> scores, std::span<const float> bias, const RouterOptions& options,
                   std::span<int32_t> experts, std::span<float> weights) {
  const size_t k = static_cast<size_t>(options.num_experts_per_tok);
  TM_CHECK(k <= scores.size() && experts.size() == k && weights.size() == k, "k = {}, E = {}", k, scores.size());
  const auto key = [&](size_t e) { return bias.empty() ? scores[e] : scores[e] + bias[e]; };
  for (size_t i = 0; i < k; ++i) {
    const auto chosen = [&](size_t e) {
      return std::find(experts.begin(), experts.begin() + i, static_cast<int32_t>(e)) != experts.begin() + i;
    };
    size_t best = scores.size();
    for (size_t e = 0; e < scores.size(); ++e) {
      // A NaN never compares greater; the first expert left stands in, so that broken weights give NaN logits and no crash.
      if (!chosen(e) && (best == scores.size() || key(e) > key(best))) best = e;
    }
    experts[i] = static_cast<int32_t>(best);
    weights[i] = scores[best];
  }
  if (options.norm_topk_prob) {
    float sum = 0.0f;
    for (const float w : weights) sum += w;
    for (float& w : weights) w /= sum + 1e-6f;
  }
  for (float& w : weights) w *= options.routed_scaling_factor;
}

}  // namespace tidemark
