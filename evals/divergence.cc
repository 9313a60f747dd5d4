// Kullback-Leibler divergence and top-1 agreement of logits (definitions in the header).
#include "evals/divergence.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "reports/distributions.h"
#include "reports/intervals.h"

namespace tidemark {
namespace {

struct Softmax {
  size_t top = 0;
  double log_sum = 0;  // log of the sum of exp(logit)
};

Softmax Normalise(std::span<const float> logits) {
  Softmax s;
  for (size_t v = 0; v < logits.size(); ++v) {
    TM_CHECK(std::isfinite(logits[v]), "logit {} is {}", v, logits[v]);
    if (logits[v] > logits[s.top]) s.top = v;
  }
  double sum = 0;
  const double largest = logits[s.top];
  for (const float logit : logits) sum += std::exp(logit - largest);
  s.log_sum = largest + std::log(sum);
  return s;
}

// 95 % for sum of sums / sum of counts over clusters, linearised (Taylor), with Student's quantile; nullopt for one cluster.
std::optional<Interval> RatioInterval(const std::vector<Tally>& clusters) {
  if (clusters.size() < 2) return std::nullopt;
  double sum = 0, count = 0, squares = 0;
  for (const Tally& c : clusters) {
    sum += c.sum;
    count += c.count;
  }
  const double value = sum / count, n = static_cast<double>(clusters.size());
  for (const Tally& c : clusters) squares += (c.sum - value * c.count) * (c.sum - value * c.count);
  const double half = StudentQuantile(0.975, n - 1) * std::sqrt(n / (n - 1) * squares) / count;
  return Interval{value - half, value + half};
}

}  // namespace

PositionDivergence Diverge(std::span<const float> reference, std::span<const float> tested, TokenId next) {
  TM_CHECK(!reference.empty() && reference.size() == tested.size(), "{} and {} logits", reference.size(), tested.size());
  TM_CHECK(next >= 0 && static_cast<size_t>(next) < reference.size(), "token {} of {}", next, reference.size());
  const Softmax p = Normalise(reference), q = Normalise(tested);
  double kl = 0;
  for (size_t v = 0; v < reference.size(); ++v) {
    const double log_p = reference[v] - p.log_sum, log_q = tested[v] - q.log_sum;
    kl += std::exp(log_p) * (log_p - log_q);
  }
  const auto at = static_cast<size_t>(next);
  return {std::max(kl, 0.0), p.top == q.top, p.log_sum - reference[at], q.log_sum - tested[at]};
}

void DivergenceTally::BeginBlock() { blocks_.emplace_back(); }

void DivergenceTally::Add(const PositionDivergence& position) {
  TM_CHECK(!blocks_.empty(), "no block begun");
  Block& block = blocks_.back();
  block.kl += position.kl;
  block.positions += 1;
  block.agreed += position.same_top ? 1 : 0;
  kl_.push_back(position.kl);
  reference_nll_ += position.reference_nll;
  tested_nll_ += position.tested_nll;
}

DivergenceSummary DivergenceTally::Summary() const {
  TM_CHECK(!kl_.empty(), "no positions");
  DivergenceSummary s;
  const auto n = static_cast<double>(kl_.size());
  s.positions = static_cast<int64_t>(kl_.size());
  std::vector<Tally> agreed, kl;
  double total = 0;
  for (const Block& block : blocks_) {
    if (block.positions == 0) continue;
    total += block.kl;
    kl.push_back({block.kl, static_cast<double>(block.positions)});
    agreed.push_back({static_cast<double>(block.agreed), static_cast<double>(block.positions)});
    s.agreement += static_cast<double>(block.agreed) / n;
  }
  s.blocks = static_cast<int64_t>(agreed.size());
  s.mean_kl = total / n;
  s.agreement_interval = ClusterInterval(agreed, 1);
  s.mean_kl_interval = RatioInterval(kl);
  if (s.mean_kl_interval) s.mean_kl_interval->low = std::max(s.mean_kl_interval->low, 0.0);
  std::vector<double> sorted = kl_;
  std::sort(sorted.begin(), sorted.end());
  s.median_kl = Quantile(sorted, 0.5);
  s.p99_kl = Quantile(sorted, 0.99);
  s.max_kl = sorted.back();
  s.reference_perplexity = std::exp(reference_nll_ / n);
  s.tested_perplexity = std::exp(tested_nll_ / n);
  return s;
}

KlDifference DivergenceTally::Minus(const DivergenceTally& other) const {
  TM_CHECK(blocks_.size() == other.blocks_.size() && !kl_.empty(), "{} and {} blocks", blocks_.size(), other.blocks_.size());
  std::vector<Tally> differences;
  double total = 0;
  for (size_t b = 0; b < blocks_.size(); ++b) {
    TM_CHECK(blocks_[b].positions == other.blocks_[b].positions, "other positions in block {}", b);
    if (blocks_[b].positions == 0) continue;
    differences.push_back({blocks_[b].kl - other.blocks_[b].kl, static_cast<double>(blocks_[b].positions)});
    total += differences.back().sum;
  }
  return {total / static_cast<double>(kl_.size()), RatioInterval(differences)};
}

nlohmann::ordered_json ToJson(const DivergenceSummary& s) {
  using Json = nlohmann::ordered_json;
  const auto interval = [](const Interval& i) { return Json::array({i.low, i.high}); };
  return {{"blocks", s.blocks},
          {"positions", s.positions},
          {"kl_nats",
           {{"mean", s.mean_kl},
            {"mean_interval", s.mean_kl_interval ? interval(*s.mean_kl_interval) : Json()},
            {"median", s.median_kl},
            {"p99", s.p99_kl},
            {"max", s.max_kl}}},
          {"top1_agreement", {{"value", s.agreement}, {"interval", interval(s.agreement_interval)}}},
          {"perplexity",
           {{"reference", s.reference_perplexity},
            {"tested", s.tested_perplexity},
            {"ratio", s.tested_perplexity / s.reference_perplexity}}}};
}

}  // namespace tidemark
