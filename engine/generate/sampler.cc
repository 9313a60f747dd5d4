#include "engine/generate/sampler.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>

#include "engine/core/error.h"
#include "engine/ops/op_kernels.h"

namespace tidemark {
namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

// The largest value of every kMaxBlock logits, and what it tells.
struct Maxima {
  explicit Maxima(std::span<const float> logits)
      : of_blocks((logits.size() + static_cast<size_t>(kMaxBlock) - 1) / static_cast<size_t>(kMaxBlock)) {
    broken = BestOpKernels().block_max(logits.data(), static_cast<int64_t>(logits.size()), of_blocks.data());
    for (const float value : of_blocks) largest = std::max(largest, value);
  }

  std::vector<float> of_blocks;
  float largest = kMinusInfinity;
  bool broken = false;  // a NaN or +inf somewhere
};

bool Better(const Candidate& a, const Candidate& b) { return a.logit != b.logit ? a.logit > b.logit : a.id < b.id; }

// How the probability lies below the best logit. Says how many candidates a draw can reach, so that not all of them have to be
// made and ranked; and the sum of all numerators, which the others still count in.
class Profile {
 public:
  Profile(std::span<const float> logits, float best) : best_(best) {
    std::array<double, kChunk> numerators;
    for (size_t first = 0; first < logits.size(); first += kChunk) {
      const std::span<const float> chunk = logits.subspan(first, std::min(kChunk, logits.size() - first));
      BestOpKernels().exp_below(chunk.data(), static_cast<int64_t>(chunk.size()), best, numerators.data());
      for (size_t i = 0; i < chunk.size(); ++i) {
        // The comparison catches -inf before it becomes an integer; `best` is finite.
        const float steps = std::min((best - chunk[i]) * kStepsPerUnit, static_cast<float>(kSteps - 1));
        mass_[static_cast<size_t>(static_cast<int>(steps))] += numerators[i];
      }
    }
    for (const double m : mass_) total_ += m;
  }

  double total() const { return total_; }

  // A logit such that more than this share of the probability lies at or above it. The margins cover rounding, here and where
  // the ranks are added up.
  float Reaching(double share) const {
    double sum = 0;
    for (size_t step = 0; step + 1 < kSteps; ++step) {
      sum += mass_[step];
      if (sum > (share + 1e-9) * total_) return best_ - (static_cast<float>(step + 1) + 0.01f) / kStepsPerUnit;
    }
    return kMinusInfinity;
  }

  // A logit such that all above it together have less than this share.
  float StaysBelow(double share) const {
    double sum = 0;
    size_t step = 0;
    while (step + 1 < kSteps && sum + mass_[step] < (share - 1e-9) * total_) sum += mass_[step++];
    return step == 0 ? std::numeric_limits<float>::infinity() : best_ - (static_cast<float>(step) - 0.01f) / kStepsPerUnit;
  }

 private:
  static constexpr size_t kChunk = 512, kSteps = 320;
  static constexpr float kStepsPerUnit = 8;  // of the logit

  float best_;
  double total_ = 0;
  std::array<double, kSteps> mass_ = {};
};

// What is left to draw from. Only the front is in descending order: a draw looks at a few dozen of 128,000 candidates, and
// sorting all of them would cost as much as a decode step.
struct Pool {
  std::vector<Candidate> all;
  size_t sorted = 0;  // the best, in order
  double total = 0;   // the numerators of all candidates, where `all` is only the best of them; 0: it has them all
  float surely_kept = std::numeric_limits<float>::infinity();  // by top_p: logits above this

  // The candidate of that rank.
  const Candidate& At(size_t rank) {
    while (rank >= sorted) {
      const size_t next = std::min(all.size(), std::max<size_t>(64, 4 * sorted));
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(sorted), end = all.begin() + static_cast<std::ptrdiff_t>(next);
      if (next < all.size()) std::nth_element(begin, end, all.end(), Better);
      std::sort(begin, end, Better);
      sorted = next;
    }
    return all[rank];
  }

  void Keep(size_t count) {
    all.resize(count);
    sorted = std::min(sorted, count);
  }

  // Sets every probability to exp(logit - best) and returns the sum over all candidates, in double so that 128,000 small terms
  // add up.
  double SetNumerators() {
    const float best = At(0).logit;
    double sum = 0;
    for (Candidate& c : all) sum += c.probability = std::exp(static_cast<double>(c.logit) - best);
    return total > 0 ? total : sum;
  }
};

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

// The shortest prefix whose probability reaches p. transformers removes what has at most 1 - p from its rank to the end,
// llama.cpp stops once the sum from the top is at least p; they differ only by rounding at the boundary.
void KeepTopP(Pool& pool, double p, SamplerOrder order) {
  if (p >= 1.0) return;
  const double total = pool.SetNumerators();
  pool.total = 0;
  // Only around the boundary does the order matter.
  const auto begin = pool.all.begin(), end = pool.all.end();
  const auto rest = std::partition(begin, end, [&](const Candidate& c) { return c.logit > pool.surely_kept; });
  std::sort(rest, end, Better);
  pool.sorted = rest == begin ? pool.all.size() : 0;
  double sum = 0;  // of the ranks above
  for (auto c = begin; c != rest; ++c) sum += c->probability;
  for (auto c = rest; c != end; ++c) {
    if (c != begin && (order == SamplerOrder::kHf ? total - sum <= (1.0 - p) * total : sum >= p * total)) {
      pool.Keep(static_cast<size_t>(c - begin));
      return;
    }
    sum += c->probability;
  }
}

// Drops what is less likely than min_p times the best. On logits this reads l < l_max + ln(min_p): the same test for both
// orders, but transformers applies it after the temperature and llama.cpp before.
void KeepMinP(Pool& pool, double min_p) {
  if (min_p <= 0.0) return;
  const double threshold = pool.At(0).logit + std::log(min_p);
  const auto rest = pool.all.begin() + static_cast<std::ptrdiff_t>(pool.sorted);
  const auto likely = [&](const Candidate& c) { return !(c.logit < threshold); };
  const auto front = std::find_if_not(pool.all.begin() + 1, rest, likely);
  const auto end = front == rest ? std::partition(rest, pool.all.end(), likely) : front;
  pool.Keep(static_cast<size_t>(end - pool.all.begin()));
}

void ApplyTemperature(std::vector<Candidate>& candidates, double temperature) {
  const auto t = static_cast<float>(temperature);
  for (Candidate& c : candidates) c.logit /= t;
}
void ApplyTemperature(std::span<float> logits, double temperature) {
  const auto t = static_cast<float>(temperature);
  for (float& logit : logits) logit /= t;
}

}  // namespace

std::optional<TokenId> Argmax(std::span<const float> logits) {
  if (logits.empty()) return std::nullopt;
  const Maxima maxima(logits);
  if (maxima.broken || maxima.largest == kMinusInfinity) return std::nullopt;
  // The first block that has the largest value, the first place in it.
  const auto block = std::find(maxima.of_blocks.begin(), maxima.of_blocks.end(), maxima.largest) - maxima.of_blocks.begin();
  return static_cast<TokenId>(std::find(logits.begin() + block * kMaxBlock, logits.end(), maxima.largest) - logits.begin());
}

void ApplyRepetitionPenalty(std::span<float> logits, std::span<const TokenId> history, double penalty, int window) {
  if (penalty == 1.0 || window == 0) return;
  const size_t last = window < 0 ? history.size() : std::min(history.size(), static_cast<size_t>(window));
  const auto p = static_cast<float>(penalty);
  std::vector<bool> seen(logits.size());
  for (const TokenId id : history.last(last)) {
    if (id < 0 || static_cast<size_t>(id) >= logits.size() || seen[static_cast<size_t>(id)]) continue;
    seen[static_cast<size_t>(id)] = true;
    float& logit = logits[static_cast<size_t>(id)];
    logit = logit < 0 ? logit * p : logit / p;
  }
}

namespace {

// No logit below this survives the filters, so that 128,000 candidates need not be made to keep 80; -inf: nothing is known.
float LeastUseful(const Maxima& maxima, size_t count, const SamplingOptions& options) {
  const size_t k = static_cast<size_t>(options.top_k);
  double least = kMinusInfinity;
  if (options.top_k > 0 && k < count && k <= maxima.of_blocks.size()) {
    // The k-th largest of the blocks' maxima: so many logits at least are not below it.
    std::vector<float> values = maxima.of_blocks;
    std::nth_element(values.begin(), values.begin() + (options.top_k - 1), values.end(), std::greater<>());
    least = static_cast<double>(values[k - 1]);
  } else if (options.top_k == 0 && options.top_p >= 1.0 && options.min_p > 0.0) {
    const double t = options.order == SamplerOrder::kHf ? options.temperature : 1.0;
    least = static_cast<double>(maxima.largest) + t * std::log(options.min_p);
  }
  // The filters compare logits divided by the temperature and rounded: nearly equal ones can become equal there.
  return static_cast<float>(least - 1e-5 * (std::fabs(least) + std::fabs(static_cast<double>(maxima.largest))) - 1e-20);
}

// The candidates at or above a bound, with their blocks' maxima at hand.
std::vector<Candidate> CandidatesFrom(float least, std::span<const float> logits, const Maxima& maxima) {
  std::vector<Candidate> candidates;
  for (size_t block = 0; block < maxima.of_blocks.size(); ++block) {
    if (maxima.of_blocks[block] < least || maxima.of_blocks[block] == kMinusInfinity) continue;
    const size_t begin = block * static_cast<size_t>(kMaxBlock),
                 end = std::min(logits.size(), begin + static_cast<size_t>(kMaxBlock));
    for (size_t i = begin; i < end; ++i) {
      if (logits[i] >= least && logits[i] != kMinusInfinity) candidates.push_back({static_cast<TokenId>(i), logits[i], 0});
    }
  }
  return candidates;
}

// What penalty and filters leave; empty: logits that are not finite, before or after them. Without a filter only the best are
// made that hold `share` of the probability, see Pool::total.
Pool FilteredPool(std::span<float> logits, std::span<const TokenId> history, const SamplingOptions& options, double share) {
  Pool pool;
  if (!Argmax(logits)) return pool;
  ApplyRepetitionPenalty(logits, history, options.repetition_penalty, options.penalty_window);
  const bool hf = options.order == SamplerOrder::kHf, filters = options.top_k > 0 || options.top_p < 1 || options.min_p > 0;
  const bool nucleus = options.top_k == 0 && options.top_p < 1, partly = nucleus || (!filters && share < 1);
  // Without filters the order of the steps does not matter.
  const bool tempered = partly && (hf || !filters);
  if (tempered) ApplyTemperature(logits, options.temperature);
  const Maxima maxima(logits);
  // Penalty or temperature can make infinities of finite logits.
  if (maxima.broken || maxima.largest == kMinusInfinity) return pool;
  float least = LeastUseful(maxima, logits.size(), options);
  if (partly) {
    const Profile profile(logits, maxima.largest);
    pool.total = profile.total();
    least = profile.Reaching(nucleus ? options.top_p : share);
    if (nucleus) pool.surely_kept = profile.StaysBelow(options.top_p);
  }
  pool.all = CandidatesFrom(least, logits, maxima);
  if (pool.all.empty()) return pool;
  if (hf && !tempered) ApplyTemperature(pool.all, options.temperature);
  KeepTopK(pool.all, options.top_k, hf);
  KeepTopP(pool, options.top_p, options.order);
  KeepMinP(pool, options.min_p);
  if (!hf && !tempered) ApplyTemperature(pool.all, options.temperature);
  if (!std::isfinite(pool.At(0).logit)) pool.all.clear();
  return pool;
}

}  // namespace

std::vector<Candidate> Candidates(std::span<float> logits, std::span<const TokenId> history, const SamplingOptions& options) {
  Pool pool = FilteredPool(logits, history, options, 1);
  if (pool.all.empty()) return {};
  const double total = pool.SetNumerators();
  for (Candidate& c : pool.all) c.probability /= total;
  pool.At(pool.all.size() - 1);
  return std::move(pool.all);
}

std::optional<TokenId> SampleToken(std::span<float> logits, std::span<const TokenId> history, const SamplingOptions& options,
                                   double uniform) {
  if (options.temperature == 0.0) {
    const std::optional<TokenId> best = Argmax(logits);
    if (!best || options.repetition_penalty == 1.0) return best;
    ApplyRepetitionPenalty(logits, history, options.repetition_penalty, options.penalty_window);
    return Argmax(logits);
  }
  Pool pool = FilteredPool(logits, history, options, uniform);
  if (pool.all.empty()) return std::nullopt;
  const double total = pool.SetNumerators();
  double sum = 0;
  for (size_t rank = 0; rank < pool.all.size(); ++rank) {
    sum += pool.At(rank).probability / total;
    if (uniform < sum) return pool.all[rank].id;
  }
  return pool.all.back().id;  // the sum fell short of 1 by rounding
}

void ValidateSampling(const SamplingOptions& options) {
  const auto require = [](bool ok, const char* flag, double value, const char* expected) {
    if (!ok) throw Error(flag, fmt::format("{}", value), expected);
  };
  // Logits are float32: a smaller divisor would turn them into infinities and the draw into nonsense.
  require(options.temperature == 0 || (options.temperature >= 1e-6 && options.temperature <= 1e6), "--temperature",
          options.temperature, "0 (greedy) or 1e-6 to 1e6");
  require(options.top_k >= 0, "--top-k", options.top_k, "an integer >= 0 (0: off)");
  require(options.top_p > 0 && options.top_p <= 1, "--top-p", options.top_p, "a number in (0, 1] (1: off)");
  require(options.min_p >= 0 && options.min_p <= 1, "--min-p", options.min_p, "a number in [0, 1] (0: off)");
  require(options.repetition_penalty >= 1e-3 && options.repetition_penalty <= 1e3, "--repetition-penalty",
          options.repetition_penalty, "1e-3 to 1e3 (1: off)");
  require(options.penalty_window >= -1, "--penalty-window", options.penalty_window,
          "an integer >= -1 (-1: whole sequence, 0: off)");
}

}  // namespace tidemark
