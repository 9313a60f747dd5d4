// Golden logits through the own backends that round: as far from the exact ones as the declared rounding goes, and no further.
//
// Two oracles. The golden logits are exact: what a rounding backend is away from them is bounded by a multiple of what its
// rounding should cost (kCeilings). And DeclaredRounding does in plain C++ what the declaration says: from its logits a backend
// differs by the order of float32 sums alone, so that bound is thousands of times closer and meets errors that the noise of the
// rounding would hide, such as a scale that is wrong by a hundredth.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "engine/formats/half.h"
#include "tests/model/fixture.h"
#include "tests/model/own_backends.h"
#include "tests/support/catch.h"

namespace tidemark::test {
namespace {

// --- The rounding as declared, on double-precision products.

// Groups of values to steps of 1 / 127 of the largest, ties to even.
void RoundToSteps(std::span<float> x, size_t group) {
  for (size_t first = 0; first < x.size(); first += group) {
    const std::span<float> part = x.subspan(first, std::min(group, x.size() - first));
    float largest = 0;
    for (const float v : part) largest = std::max(largest, std::abs(v));
    if (largest == 0) continue;
    const float inverse = 127.0f / largest, step = largest / 127.0f;
    for (float& v : part) v = std::nearbyint(v * inverse) * step;
  }
}

void RoundToBf16(std::span<float> x) {
  for (float& v : x) v = Bf16ToFloat(FloatToBf16(v));
}

double Dot(const float* x, const float* w, int64_t k) {
  double sums[4] = {};
  for (int64_t p = 0; p < k; ++p) sums[p % 4] += double{x[p]} * w[p];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

// bf16: both factors. int8: activations, per 256 values where the format has blocks of 256, else per 32.
class DeclaredRounding final : public MatmulBackend {
 public:
  explicit DeclaredRounding(const BackendList& like) : like_(like) {}

  std::string_view Name() const override { return "declared_rounding"; }
  Precision PrecisionFor(const MatmulProblem& problem) const override {
    for (const MatmulBackend* backend : like_.backends) {
      if (backend->WhyNot(problem, cpu_).empty()) return backend->PrecisionFor(problem);
    }
    return Precision::kExact;
  }
  std::string WhyNot(const MatmulProblem&, const Cpu&) const override { return {}; }
  std::unique_ptr<PackedWeights> Pack(const WeightView& view, ThreadPool&) const override {
    return std::make_unique<PackedWeights>(this, view);
  }
  void Run(std::span<const MatmulCall> calls, ThreadPool&) const override {
    for (const MatmulCall& call : calls) Multiply(call);
  }

 private:
  void Multiply(const MatmulCall& call) const {
    const WeightView& w = call.w->view();
    const Precision precision = PrecisionFor({w.format, w.n, w.k});
    const auto k = static_cast<size_t>(w.k);
    std::vector<float> x(static_cast<size_t>(call.m()) * k), row(k);
    for (int64_t i = 0; i < call.m(); ++i) {
      const std::span<float> to = std::span(x).subspan(static_cast<size_t>(i) * k, k);
      std::copy_n(call.XRow(i), k, to.begin());
      if (precision == Precision::kInt8) RoundToSteps(to, w.format->block_values == 256 ? 256 : 32);
      if (precision == Precision::kBf16) RoundToBf16(to);
    }
    for (int64_t j = 0; j < w.n; ++j) {
      DequantizeRow(w, j, row);
      if (precision == Precision::kBf16) RoundToBf16(row);
      for (int64_t i = 0; i < call.m(); ++i)
        call.y.data[i * call.y.stride + j] = static_cast<float>(Dot(x.data() + i * w.k, row.data(), w.k));
    }
  }

  const BackendList& like_;
  const Cpu cpu_ = DetectCpu();
};

// --- How far logits are apart.

// One position: the length of the difference by that of the reference, both about their means (softmax knows no common offset);
// and KL(softmax(reference) || softmax(tested)) in nats.
struct Position {
  double share = 0, kl = 0;
};
Position Compare(std::span<const float> reference, std::span<const float> tested) {
  const auto size = static_cast<double>(reference.size());
  double mean = 0, mean_tested = 0;
  for (size_t v = 0; v < reference.size(); ++v) {
    mean += reference[v] / size;
    mean_tested += tested[v] / size;
  }
  double squares = 0, off = 0, sum = 0, sum_tested = 0, expected = 0;
  for (size_t v = 0; v < reference.size(); ++v) {
    const double a = reference[v] - mean, b = tested[v] - mean_tested;
    squares += a * a;
    off += (b - a) * (b - a);
    sum += std::exp(a);
    sum_tested += std::exp(b);
    expected += std::exp(a) * (a - b);
  }
  return {std::sqrt(off / squares), std::max(0.0, expected / sum - std::log(sum) + std::log(sum_tested))};
}

struct Distance {
  double median = 0, rms = 0, worst = 0, mean_kl = 0;  // of shares; of KL
};
Distance Compare(std::span<const float> reference, std::span<const float> tested, size_t vocab) {
  std::vector<double> shares;
  Distance d;
  for (size_t first = 0; first < tested.size(); first += vocab) {
    const Position p = Compare(reference.subspan(first, vocab), tested.subspan(first, vocab));
    shares.push_back(p.share);
    d.rms += p.share * p.share;
    d.worst = std::isnan(p.share) ? HUGE_VAL : std::max(d.worst, p.share);
    d.mean_kl += p.kl;
  }
  std::sort(shares.begin(), shares.end());
  const auto count = static_cast<double>(shares.size());
  d.median = d.worst == HUGE_VAL ? HUGE_VAL : shares[shares.size() / 2];
  d.rms = std::sqrt(d.rms / count);
  d.mean_kl /= count;
  return d;
}

// Logits of pieces of four tokens, each a sequence of its own: where two sums that differ in their last bit are rounded to
// different neighbours, the difference stays within a piece.
std::vector<float> InPieces(Loaded& m, std::span<const TokenId> tokens) {
  std::vector<float> logits;
  for (size_t first = 0; first < tokens.size(); first += 4) {
    const std::vector<float> piece = m.Logits(tokens.subspan(first, std::min<size_t>(4, tokens.size() - first)));
    logits.insert(logits.end(), piece.begin(), piece.end());
  }
  return logits;
}

// What rounding costs a product, relative to its own size, if terms have random signs: the root mean square of one rounding.
// bf16: half a step of 2^-7 at the foot of each power of two, 2^-7 / sqrt(12) of that foot, 0.74 of it on average over mantissas;
// of two factors. int8: a step of 1 / 127 of the largest of 256 normal numbers, about 3 of their standard deviations.
double CostOfProduct(Precision precision) {
  if (precision == Precision::kExact) return 0;
  return precision == Precision::kBf16 ? std::sqrt(2.0) * 0.74 * 0x1p-7 / std::sqrt(12.0) : 3.0 / 127 / std::sqrt(12.0);
}

// A branch of a layer multiplies two or three rounded products and passes them through another: about twice the cost of one. The
// golden models add up four to six branches of the size of the residual stream, so logits should be 2 * sqrt(4 to 6) + 1 = 5 to 6
// costs away: 1.4 % for bf16, 4 % for int8. Measured, medians over positions: at most 1.13 % and 3.44 %. Ceiling: twice that, ten
// costs. KL is about half the variance of the difference, and a token whose route flips adds to it: measured at most 0.0092 and
// 0.0212 nats on average; the ceilings are two and a half times as high.
constexpr double kMostCosts = 10;
double MostKl(Precision precision) { return precision == Precision::kBf16 ? 0.023 : 0.053; }

// From logits of the declared rounding only the order of float32 sums differs, some 2^-24 each: room for fifty of those.
constexpr double kMostFromDeclared = 3e-6;

// bf16 rounds every matrix; int8 those that have panels, and the files with floats alone stay exact.
Precision CoarsestOf(const Loaded& m) {
  Precision coarsest = Precision::kExact;
  for (const BackendShare& share : m.model->Backends()) coarsest = std::max(coarsest, share.precision);
  return coarsest;
}

void CheckRounding(const std::filesystem::path& path, const BackendList& list, std::span<const TokenId> all,
                   std::span<const float> exact) {
  const DeclaredRounding declared(list);
  Loaded tested(path, 2, list.backends), rounded(path, 2, std::vector<const MatmulBackend*>{&declared});
  const Precision precision = CoarsestOf(tested);
  const Distance from_exact = Compare(exact, tested.Logits(list.plain ? all.first(60) : all), tested.vocab);
  INFO("from exact: median " << from_exact.median << ", rms " << from_exact.rms << ", mean KL " << from_exact.mean_kl);
  if (precision == Precision::kExact) {
    CHECK(from_exact.worst <= 1e-4);
  } else {
    CHECK(from_exact.median <= kMostCosts * CostOfProduct(precision));
    CHECK(from_exact.mean_kl <= MostKl(precision));
    CHECK(from_exact.median > 1e-5);  // it does round
  }
  const auto some = all.first(60);
  const Distance from_declared = Compare(InPieces(rounded, some), InPieces(tested, some), tested.vocab);
  INFO("from declared: median " << from_declared.median << ", rms " << from_declared.rms);
  CHECK(from_declared.median <= kMostFromDeclared);
}

TEST_CASE("own backends that round: golden logits within what the declared rounding costs") {
  size_t compared = 0;
  for (const nlohmann::json& golden : GoldenCases()) {
    const auto tokens = golden.at("tokens").get<std::vector<TokenId>>();
    const std::vector<float> exact = ReadFloats(Golden("model/" + golden.at("logits").get<std::string>()));
    for (const nlohmann::json& file : golden.at("files")) {
      for (const BackendList& list : OwnBackendLists()) {
        if (list.precision == Precision::kExact) continue;
        INFO(file << ", " << list.name);
        CheckRounding(Golden("model/" + file.get<std::string>()), list, tokens, exact);
        ++compared;
      }
    }
  }
  if (compared == 0) TM_SKIP("no own backend that rounds runs on this machine");
}

}  // namespace
}  // namespace tidemark::test
