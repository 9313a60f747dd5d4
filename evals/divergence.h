// How far logits are from reference logits: what rounding in kernels, or the quantisation of weights, costs. The reference is
// usually the same file with exact float32 products.
//
// Per position, with P = softmax(reference) and Q = softmax(tested) over the vocabulary:
//   KL(P || Q) = sum_v P(v) (log P(v) - log Q(v)), in nats (Kullback and Leibler 1951); the same top token; -log P and -log Q of
//   the token that really comes next, whose means give perplexities.
// The perplexity tool of llama.cpp measures the same things (--kl-divergence), so its figures can be set beside ours.
#ifndef TIDEMARK_EVALS_DIVERGENCE_H_
#define TIDEMARK_EVALS_DIVERGENCE_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <vector>

#include "engine/core/token.h"
#include "reports/statistics.h"

namespace tidemark {

struct PositionDivergence {
  double kl = 0;             // nats, at least 0
  bool same_top = false;     // the largest logit is of the same token; ties: the lowest id
  double reference_nll = 0;  // -log P(next)
  double tested_nll = 0;     // -log Q(next)
};

// All finite (TM_CHECK), same size, next within it. Sums in double.
PositionDivergence Diverge(std::span<const float> reference, std::span<const float> tested, TokenId next);

struct DivergenceSummary {
  int64_t blocks = 0, positions = 0;
  double mean_kl = 0;
  // 95 %, Student's t on the linearised ratio (sum of KL / positions) over blocks, cut off at 0: positions of one block share
  // their text. Absent for a single block. KL has a long tail, so with few blocks it covers less than it says.
  std::optional<Interval> mean_kl_interval;
  double median_kl = 0, p99_kl = 0, max_kl = 0;
  double agreement = 0;         // share of positions with the same top token
  Interval agreement_interval;  // 95 %, Wilson's with the number of positions that the blocks are worth (reports/intervals.h)
  double reference_perplexity = 0, tested_perplexity = 0;
};

// Mean KL of one side less that of another; the interval as of mean_kl, without a cut-off.
struct KlDifference {
  double mean = 0;
  std::optional<Interval> interval;
};

// Collects positions block by block (a block: one text, run from its beginning).
class DivergenceTally {
 public:
  void BeginBlock();
  void Add(const PositionDivergence& position);  // to the last block begun (TM_CHECK)
  // At least one position (TM_CHECK); blocks without any are left out.
  DivergenceSummary Summary() const;
  // Of this one's KL and another's of the same blocks and positions (TM_CHECK): paired, so what a text costs both falls out.
  KlDifference Minus(const DivergenceTally& other) const;

 private:
  struct Block {
    double kl = 0;
    int64_t positions = 0, agreed = 0;
  };
  std::vector<Block> blocks_;
  std::vector<double> kl_;
  double reference_nll_ = 0, tested_nll_ = 0;
};

nlohmann::ordered_json ToJson(const DivergenceSummary& summary);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_DIVERGENCE_H_
