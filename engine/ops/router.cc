#include "engine/ops/router.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/ops/reduce.h"

namespace tidemark {

void RouterScores(ConstMatrix x, ConstMatrix weight, Matrix scores, ThreadPool& pool, const OpKernels& ops) {
  TM_CHECK(x.cols == weight.cols && scores.rows == x.rows && scores.cols == weight.rows,
           "x [{}, {}], weight [{}, {}], scores [{}, {}]", x.rows, x.cols, weight.rows, weight.cols, scores.rows, scores.cols);
  // Over blocks of (rows, experts), so that a single decoded token is shared out as well.
  constexpr int64_t kRows = 8, kExperts = 8;
  const int64_t across = (weight.rows + kExperts - 1) / kExperts, down = (x.rows + kRows - 1) / kRows;
  pool.RunRanges(across * down, RowGrain(x.cols * kExperts), [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t r = i / across * kRows, rows = std::min(kRows, x.rows - r);
      const int64_t e = i % across * kExperts, experts = std::min(kExperts, weight.rows - e);
      const Matrix out{scores.data + r * scores.stride + e, rows, experts, scores.stride};
      ops.dots(RowRange(x, r, rows), RowRange(weight, e, experts), out);
      for (int64_t j = 0; j < rows; ++j) ops.sigmoid(out.Row(j).data(), experts);
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
      if ((best == scores.size() || key(e) > key(best)) && !chosen(e)) best = e;
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

void SelectExperts(ConstMatrix scores, std::span<const float> bias, const RouterOptions& options, std::span<int32_t> experts,
                   Matrix weights, ThreadPool& pool) {
  const int64_t k = options.num_experts_per_tok;
  TM_CHECK(weights.rows == scores.rows && static_cast<int64_t>(experts.size()) == scores.rows * k, "{} rows, {} choices",
           scores.rows, experts.size());
  pool.RunRanges(scores.rows, RowGrain(scores.cols * k), [&](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) {
      SelectExperts(scores.Row(r), bias, options, experts.subspan(static_cast<size_t>(r * k), static_cast<size_t>(k)),
                    weights.Row(r));
    }
  });
}

}  // namespace tidemark
