#include "engine/generate/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

#include "engine/core/error.h"

namespace tidemark {
namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

bool Better(const Candidate& a, const Candidate& b) { return a.logit != b.logit ? a.logit > b.logit : a.id < b.id; }

// Softmax over candidates sorted by descending logit, in double so that 128000 small terms add up.
void SetProbabilities(std::vector<Candidate>& sorted) {
  double sum = 0;
  for (Candidate& c : sorted) sum += c.probability = std::exp(static_cast<double>(c.logit) - sorted.front().logit);
  for (Candidate& c : sorted) c.probability /= sum;
}

// The k best; with keep_ties also everything equal to the k-th (transformers compares values, llama.cpp counts).
void KeepTopK(std::vector<Candidate>& candidates, int k, bool keep_ties) {
  if (k <= 0 || static_cast<size_t>(k) >= candidates.size()) return;
  std::nth_element(candidates.begin(), candidates.begin() + (k - 1), candidates.end(), Better);
  const float kth = candidates[static_cast<size_t>(k - 1)].logit;
  const auto end =
      keep_ties ? std::partition(candidates.begin() + k, candidates.end(), [&](const Candidate& c) { return c.logit == kth; })
                : candidates.begin() + k;
  candidates.erase(end, candidates.end());
}

// The shortest prefix whose probability reaches p. transformers removes the ascending tail whose cumulative probability is at
// most 1 - p, llama.cpp stops once the descending sum is at least p; they differ only by rounding at the boundary.
void KeepTopP(std::vector<Candidate>& sorted, double p, SamplerOrder order) {
  if (p >= 1.0) return;
  SetProbabilities(sorted);
  if (order == SamplerOrder::kHf) {
    double tail = 0;
    while (sorted.size() > 1 && tail + sorted.back().probability <= 1.0 - p) {
      tail += sorted.back().probability;
      sorted.pop_back();
    }
    return;
  }
  double sum = 0;
  for (size_t i = 0; i < sorted.size(); ++i) {
    sum += sorted[i].probability;
    if (sum >= p) {
      sorted.resize(i + 1);
      return;
    }
  }
}

// Drops what is less likely than min_p times the best. On logits this reads l < l_max + ln(min_p): the same test for both
// orders, but transformers applies it after the temperature and llama.cpp before.
void KeepMinP(std::vector<Candidate>& sorted, double min_p) {
  if (min_p <= 0.0) return;
  const double threshold = sorted.front().logit + std::log(min_p);
  const auto end = std::find_if(sorted.begin() + 1, sorted.end(), [&](const Candidate& c) { return c.logit < threshold; });
  sorted.erase(end, sorted.end());
}

void ApplyTemperature(std::vector<Candidate>& candidates, double temperature) {
  const auto t = static_cast<float>(temperature);
  for (Candidate& c : candidates) c.logit /= t;
}

}  // namespace

std::optional<TokenId> Argmax(std::span<const float> logits) {
  size_t best = 0;
  bool broken = logits.empty();
  for (size_t i = 0; i < logits.size(); ++i) {
    // Written so that NaN makes the first comparison false.
    if (!(logits[i] < std::numeric_limits<float>::infinity())) broken = true;
    if (logits[i] > logits[best]) best = i;
  }
  if (broken || logits[best] == kMinusInfinity) return std::nullopt;
  return static_cast<TokenId>(best);
}

void ApplyRepetitionPenalty(std::span<float> logits, std::span<const TokenId> history, double penalty, int window) {
  if (penalty == 1.0 || window == 0) return;
  const size_t last = window < 0 ? history.size() : std::min(history.size(), static_cast<size_t>(window));
  const auto p = static_cast<float>(penalty);
  std::unordered_set<TokenId> seen;
  for (const TokenId id : history.last(last)) {
    if (id < 0 || static_cast<size_t>(id) >= logits.size() || !seen.insert(id).second) continue;
    float& logit = logits[static_cast<size_t>(id)];
    logit = logit < 0 ? logit * p : logit / p;
  }
}

std::vector<Candidate> Candidates(std::span<float> logits, std::span<const TokenId> history, const SamplingOptions& options) {
  if (!Argmax(logits)) return {};
  ApplyRepetitionPenalty(logits, history, options.repetition_penalty, options.penalty_window);
  std::vector<Candidate> candidates;
  candidates.reserve(logits.size());
  for (size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] != kMinusInfinity) candidates.push_back({static_cast<TokenId>(i), logits[i], 0});
  }
  const bool hf = options.order == SamplerOrder::kHf;
  if (hf) ApplyTemperature(candidates, options.temperature);
  KeepTopK(candidates, options.top_k, hf);
  std::sort(candidates.begin(), candidates.end(), Better);
  KeepTopP(candidates, options.top_p, options.order);
  KeepMinP(candidates, options.min_p);
  if (!hf) ApplyTemperature(candidates, options.temperature);
  SetProbabilities(candidates);
  return candidates;
}

std::optional<TokenId> SampleToken(std::span<float> logits, std::span<const TokenId> history, const SamplingOptions& options,
                                   double uniform) {
  if (options.temperature == 0.0) {
    if (!Argmax(logits)) return std::nullopt;
    ApplyRepetitionPenalty(logits, history, options.repetition_penalty, options.penalty_window);
    return Argmax(logits);
  }
  const std::vector<Candidate> candidates = Candidates(logits, history, options);
  if (candidates.empty()) return std::nullopt;
  double sum = 0;
  for (const Candidate& c : candidates) {
    sum += c.probability;
    if (uniform < sum) return c.id;
  }
  return candidates.back().id;  // the sum fell short of 1 by rounding
}

void ValidateSampling(const SamplingOptions& options) {
  const auto require = [](bool ok, const char* flag, double value, const char* expected) {
    if (!ok) throw Error(flag, fmt::format("{}", value), expected);
  };
  require(options.temperature >= 0 && std::isfinite(options.temperature), "--temperature", options.temperature,
          "a number >= 0 (0: greedy)");
  require(options.top_k >= 0, "--top-k", options.top_k, "an integer >= 0 (0: off)");
  require(options.top_p > 0 && options.top_p <= 1, "--top-p", options.top_p, "a number in (0, 1] (1: off)");
  require(options.min_p >= 0 && options.min_p <= 1, "--min-p", options.min_p, "a number in [0, 1] (0: off)");
  require(options.repetition_penalty > 0 && std::isfinite(options.repetition_penalty), "--repetition-penalty",
          options.repetition_penalty, "a number > 0 (1: off)");
  require(options.penalty_window >= -1, "--penalty-window", options.penalty_window,
          "an integer >= -1 (-1: whole sequence, 0: off)");
}

}  // namespace tidemark
