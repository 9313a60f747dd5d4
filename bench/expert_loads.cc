#include "bench/expert_loads.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/core/random.h"

namespace tidemark {

std::vector<ExpertLoad> ExpertLoads(const BenchContext& context) {
  const auto experts = static_cast<size_t>(context.config.num_experts);
  std::vector<double> uniform(experts, 1.0 / static_cast<double>(experts)), zipf(experts), worst(experts, 0.0);
  for (size_t e = 0; e < experts; ++e) zipf[e] = 1.0 / static_cast<double>(e + 1);
  for (int64_t e = 0; e < context.config.num_experts_per_tok; ++e) worst[static_cast<size_t>(e)] = 1;
  std::vector<ExpertLoad> loads = {{"uniform", uniform}, {"zipf", zipf}, {"worst", worst}};
  if (context.routes && context.routes->num_experts == context.config.num_experts)
    loads.push_back({"recorded", context.routes->SortedShares()});
  return loads;
}

std::vector<int32_t> DrawExperts(const ExpertLoad& load, int64_t rows, int64_t k, uint64_t seed) {
  // The k largest of log(u) / share are a draw without replacement (Efraimidis, Spirakis 2006). An expert of share 0 comes last.
  std::vector<int32_t> chosen;
  std::vector<double> keys(load.shares.size());
  std::vector<int32_t> order(load.shares.size());
  for (int64_t r = 0; r < rows; ++r) {
    for (size_t e = 0; e < keys.size(); ++e) {
      const double u = 1 - UniformAt(seed, static_cast<uint64_t>(r), e);
      keys[e] = load.shares[e] > 0 ? std::log(u) / load.shares[e] : -1e300 * (1 + static_cast<double>(e));
    }
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(order.begin(), order.begin() + k, order.end(), [&](int32_t a, int32_t b) {
      return keys[static_cast<size_t>(a)] != keys[static_cast<size_t>(b)]
                 ? keys[static_cast<size_t>(a)] > keys[static_cast<size_t>(b)]
                 : a < b;
    });
    chosen.insert(chosen.end(), order.begin(), order.begin() + k);
  }
  return chosen;
}

}  // namespace tidemark
