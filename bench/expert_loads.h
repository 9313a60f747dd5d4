// How unevenly the rows of a step fall on the experts: made up in known ways, or as recorded.
#ifndef TIDEMARK_BENCH_EXPERT_LOADS_H_
#define TIDEMARK_BENCH_EXPERT_LOADS_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "bench/benchmarks.h"

namespace tidemark {

struct ExpertLoad {
  std::string_view name;       // "uniform", "zipf", "worst", "recorded"
  std::vector<double> shares;  // [num_experts], how likely each is to be drawn
};

// uniform; zipf: the i-th expert as 1/i; worst: every row chooses the same ones; recorded, if the context has a recording of as
// many experts.
std::vector<ExpertLoad> ExpertLoads(const BenchContext& context);

// [rows, k] experts, distinct within a row, each drawn by its share among those not drawn yet. The same for the same seed.
std::vector<int32_t> DrawExperts(const ExpertLoad& load, int64_t rows, int64_t k, uint64_t seed);

}  // namespace tidemark

#endif  // TIDEMARK_BENCH_EXPERT_LOADS_H_
