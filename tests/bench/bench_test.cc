// The benchmark families on a small configuration: names, shapes, and one real run of each.
#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>

#include "backends/backends.h"
#include "bench/benchmarks.h"
#include "bench/random_data.h"
#include "engine/core/error.h"
#include "tests/support/catch.h"

namespace tidemark {
namespace {

ModelConfig SmallConfig() {
  ModelConfig c;
  c.architecture = "lfm2moe";
  c.hidden_size = 64;
  c.num_hidden_layers = 3;
  c.layer_types = {LayerType::kConv, LayerType::kFullAttention, LayerType::kConv};
  c.num_attention_heads = 4;
  c.num_key_value_heads = 2;
  c.head_dim = 16;
  c.intermediate_size = 96;
  c.num_dense_layers = 1;
  c.num_experts = 8;
  c.num_experts_per_tok = 2;
  c.moe_intermediate_size = 32;
  c.use_expert_bias = true;
  c.vocab_size = 128;
  return c;
}

struct Fixture {
  Fixture() : pool(2) {
    context.config = SmallConfig();
    context.shapes = ModelShapes(context.config, [](const std::string&, int64_t, int64_t) { return FindFormat("q8_0"); });
    context.cpu = DetectCpu();
    context.backends = ParseBackendList("naive", context.cpu);
    context.pool = &pool;
    context.rows = {1, 3};
    context.depths = {0, 17};
    context.cold = false;
  }
  ThreadPool pool;
  BenchContext context;
};

TEST_CASE("a token meets each matrix of the model as often as it should") {
  const Fixture fixture;
  const auto uses = [&](const std::string& role) {
    int64_t total = 0;
    for (const MatmulShape& s : fixture.context.shapes) total += s.role == role ? s.uses_per_token : 0;
    return total;
  };
  CHECK(uses("conv_in") == 2);
  CHECK(uses("attention_q") == 1);
  CHECK(uses("dense_gate") == 1);
  CHECK(uses("expert_gate") == 4);  // two layers, two experts each
  CHECK(uses("expert_down") == 4);
  CHECK(uses("head") == 1);
}

TEST_CASE("names say backend, format, shape, threads and whether weights are cold") {
  const Fixture fixture;
  const auto names = ListBenchmarks(fixture.context, ".*");
  CHECK(std::count(names.begin(), names.end(), "matmul/naive/q8_0/m:1/n:32/k:64/threads:2/warm") == 1);
  CHECK(std::count(names.begin(), names.end(), "routing/select/experts:8/top:2/hidden:64/rows:3/threads:2") == 1);
  CHECK(std::count(names.begin(), names.end(),
                   "attention/decode/kv:f16/heads:4/kv_heads:2/head_dim:16/depth:17/rows:1/threads:2") == 1);
  CHECK_THROWS_WITH(ListBenchmarks(fixture.context, "no_such_benchmark"), test::Contains("--filter"));
  CHECK_THROWS_WITH(ListBenchmarks(fixture.context, "("), test::Contains("regular expression"));
}

TEST_CASE("a run gives Google Benchmark's JSON with finite counters and no errors") {
  const Fixture fixture;
  BenchRunOptions options;
  options.min_seconds = 0.001;
  std::ostringstream table;
  const auto json = RunBenchmarks(fixture.context, options, table);
  REQUIRE(json.contains("context"));
  REQUIRE(json["benchmarks"].size() == ListBenchmarks(fixture.context, ".*").size());
  for (const auto& row : json["benchmarks"]) {
    INFO(row.dump());
    CHECK_FALSE(row.value("error_occurred", false));
    CHECK(row["real_time"].get<double>() > 0);
    const bool counted = row.contains("FLOP/s") || row.contains("bytes/s");
    CHECK(counted);
  }
  CHECK(table.str().find("matmul/naive") != std::string::npos);
}

TEST_CASE("random stored weights are finite in every block format, quantiser or not") {
  for (const Format* format : AllFormats()) {
    if (format->dequantize == nullptr) continue;
    const int64_t values = format->block_values * 8;
    const auto stored = RandomStored(*format, values, 3);
    CHECK(stored == RandomStored(*format, values, 3));
    std::vector<float> x(static_cast<size_t>(values));
    format->dequantize(stored.data(), x);
    INFO(format->name);
    CHECK(std::all_of(x.begin(), x.end(), [](float v) { return std::isfinite(v); }));
  }
}

}  // namespace
}  // namespace tidemark
