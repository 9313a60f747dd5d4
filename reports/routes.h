// Which experts a model really chose: counts by layer, recorded while it ran, so that benchmarks can use the loads of real text
// instead of invented ones.
#ifndef TIDEMARK_REPORTS_ROUTES_H_
#define TIDEMARK_REPORTS_ROUTES_H_

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

inline constexpr int kRoutesSchemaVersion = 1;

struct RouteCounts {
  int64_t num_experts = 0, num_experts_per_tok = 0;
  std::map<int64_t, std::vector<int64_t>> layers;  // layer -> how often each expert was chosen, [num_experts]

  // The choices of some rows in one layer, as Model::SetRouteRecorder hands them over.
  void Add(int64_t layer, std::span<const int32_t> experts);
  // Shares of the experts, most chosen first, averaged over layers: how uneven a typical layer is. [num_experts], sum 1.
  std::vector<double> SortedShares() const;
};

nlohmann::ordered_json RoutesJson(const RouteCounts& routes);

// Throws Error(place, ...): not that JSON, counts that are negative, too large or all zero, lists of another length.
RouteCounts ParseRoutes(std::string_view text, const std::string& place);

}  // namespace tidemark

#endif  // TIDEMARK_REPORTS_ROUTES_H_
