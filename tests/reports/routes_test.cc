// Recorded routes: counted, written, read again, and refused when they are not what they say.
#include "reports/routes.h"

#include <string>

#include "tests/support/catch.h"
#include "tests/support/complaint.h"

namespace tidemark {
namespace {

using test::Complaint;
using test::Contains;

RouteCounts Small() {
  RouteCounts routes;
  routes.num_experts = 4;
  routes.num_experts_per_tok = 2;
  routes.Add(2, std::vector<int32_t>{0, 3, 0, 1});
  routes.Add(5, std::vector<int32_t>{2, 3});
  routes.Add(2, std::vector<int32_t>{0, 1});
  return routes;
}

TEST_CASE("routes are counted by layer and read again as written") {
  const RouteCounts routes = Small();
  CHECK(routes.layers.at(2) == std::vector<int64_t>{3, 2, 0, 1});
  CHECK(routes.layers.at(5) == std::vector<int64_t>{0, 0, 1, 1});
  const RouteCounts again = ParseRoutes(RoutesJson(routes).dump(), "file");
  CHECK(again.layers == routes.layers);
  CHECK(again.num_experts_per_tok == 2);
  // Each layer sorted by itself, then averaged: (3/6 + 1/2) / 2, (2/6 + 1/2) / 2, ...
  const std::vector<double> shares = routes.SortedShares();
  CHECK(shares[0] == Approx(0.5));
  CHECK(shares[1] == Approx(5.0 / 12));
  CHECK(shares[2] == Approx(1.0 / 12));
  CHECK(shares[3] == 0);
}

TEST_CASE("what is not a recording is refused with the place") {
  const auto complaint = [](const std::string& from, const std::string& to) {
    std::string text = RoutesJson(Small()).dump();
    const size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
    return Complaint([&] { ParseRoutes(text, "file"); });
  };
  CHECK_THAT(Complaint([] { ParseRoutes("", "file"); }), Contains("file"));
  CHECK_THAT(Complaint([] { ParseRoutes("[]", "file"); }), Contains("schema"));
  CHECK_THAT(complaint("tidemark-routes", "other"), Contains("tidemark-routes"));
  CHECK_THAT(complaint("\"schema_version\":1", "\"schema_version\":2"), Contains("schema_version"));
  CHECK_THAT(complaint("\"num_experts\":4", "\"num_experts\":-4"), Contains("num_experts"));
  CHECK_THAT(complaint("\"num_experts\":4", "\"num_experts\":5"), Contains("one per expert"));
  CHECK_THAT(complaint("\"num_experts\":4", "\"num_experts\":99999999999"), Contains("num_experts"));
  CHECK_THAT(complaint("\"num_experts_per_tok\":2", "\"num_experts_per_tok\":5"), Contains("num_experts_per_tok"));
  CHECK_THAT(complaint("\"layer\":5", "\"layer\":2"), Contains("twice"));
  CHECK_THAT(complaint("[0,0,1,1]", "[0,0,0,0]"), Contains("no choice"));
  CHECK_THAT(complaint("[0,0,1,1]", "[0,0,-1,1]"), Contains("layer 5"));
  CHECK_THAT(complaint("[0,0,1,1]", "[0,0,1.5,1]"), Contains("layer 5"));
  CHECK_THAT(complaint("[0,0,1,1]", "[0,0,18446744073709551615,1]"), Contains("layer 5"));
}

}  // namespace
}  // namespace tidemark
