#include "reports/routes.h"

#include <algorithm>
#include <numeric>

#include "engine/core/error.h"
#include "reports/json_text.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kMostExperts = 1 << 16, kMostLayers = 1 << 16, kMostChoices = int64_t{1} << 48;

int64_t Whole(const Json& json, int64_t low, int64_t high, const std::string& place) {
  // A value beyond int64 is unsigned to the parser; get<int64_t> would wrap it round to a negative one.
  const int64_t value = json.is_number_integer() ? json.get<int64_t>() : low - 1;
  if (value < low || value > high) {
    throw Error(place, Printable(json.dump(-1, ' ', true, Json::error_handler_t::replace)),
                fmt::format("a whole number from {} to {}", low, high));
  }
  return value;
}

const Json& Field(const Json& object, const char* name, const std::string& place) {
  if (!object.is_object() || !object.contains(name)) throw Error(place, fmt::format("no \"{}\"", name), "a recording of routes");
  return object[name];
}

}  // namespace

void RouteCounts::Add(int64_t layer, std::span<const int32_t> experts) {
  std::vector<int64_t>& counts = layers[layer];
  counts.resize(static_cast<size_t>(num_experts));
  for (const int32_t expert : experts) ++counts[static_cast<size_t>(expert)];
}

std::vector<double> RouteCounts::SortedShares() const {
  std::vector<double> shares(static_cast<size_t>(num_experts), 0.0);
  for (const auto& [layer, counts] : layers) {
    std::vector<int64_t> sorted = counts;
    std::sort(sorted.rbegin(), sorted.rend());
    const auto total = static_cast<double>(std::accumulate(sorted.begin(), sorted.end(), int64_t{0}));
    for (size_t e = 0; e < sorted.size() && total > 0; ++e) shares[e] += static_cast<double>(sorted[e]) / total;
  }
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double& share : shares) share /= sum > 0 ? sum : 1;
  return shares;
}

Json RoutesJson(const RouteCounts& routes) {
  Json json = {{"schema", "tidemark-routes"},
               {"schema_version", kRoutesSchemaVersion},
               {"num_experts", routes.num_experts},
               {"num_experts_per_tok", routes.num_experts_per_tok}};
  json["layers"] = Json::array();
  for (const auto& [layer, counts] : routes.layers) json["layers"].push_back({{"layer", layer}, {"counts", counts}});
  return json;
}

RouteCounts ParseRoutes(std::string_view text, const std::string& place) {
  const Json json = ParseJsonText(text, place);
  const Json& schema = Field(json, "schema", place);
  if (schema != "tidemark-routes")
    throw Error(place + ", schema", Printable(schema.dump(-1, ' ', true, Json::error_handler_t::replace)), "tidemark-routes");
  Whole(Field(json, "schema_version", place), kRoutesSchemaVersion, kRoutesSchemaVersion, place + ", schema_version");
  RouteCounts routes;
  routes.num_experts = Whole(Field(json, "num_experts", place), 1, kMostExperts, place + ", num_experts");
  routes.num_experts_per_tok =
      Whole(Field(json, "num_experts_per_tok", place), 1, routes.num_experts, place + ", num_experts_per_tok");
  const Json& layers = Field(json, "layers", place);
  if (!layers.is_array() || layers.empty() || layers.size() > static_cast<size_t>(kMostLayers))
    throw Error(place + ", layers", layers.type_name(), "an array of layers");
  for (const Json& layer : layers) {
    const int64_t index = Whole(Field(layer, "layer", place), 0, kMostLayers, place + ", layer");
    const std::string where = fmt::format("{}, layer {}", place, index);
    const Json& counts = Field(layer, "counts", where);
    if (!counts.is_array() || counts.size() != static_cast<size_t>(routes.num_experts))
      throw Error(where + ", counts", fmt::format("{} entries", counts.size()),
                  fmt::format("{}, one per expert", routes.num_experts));
    std::vector<int64_t>& into = routes.layers[index];
    if (!into.empty()) throw Error(where, "the layer twice", "each layer once");
    int64_t sum = 0;
    for (const Json& count : counts) sum += into.emplace_back(Whole(count, 0, kMostChoices / kMostExperts, where));
    if (sum == 0) throw Error(where, "no choice at all", "counts of a run");
  }
  return routes;
}

}  // namespace tidemark
