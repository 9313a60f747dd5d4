// The benchmark families on a small configuration: names, shapes, and one real run of each.
#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>
#include <string>

#include "backends/backends.h"
#include "bench/ab.h"
#include "bench/benchmarks.h"
#include "bench/cold_weights.h"
#include "bench/expert_loads.h"
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
                   "attention/decode/kv:f16/heads:4/kv_heads:2/head_dim:16/depth:17/rows:1/threads:2/warm") == 1);
  CHECK(std::count(names.begin(), names.end(), "experts/naive/q8_0/load:zipf/rows:3/experts:8/top:2/n:32/k:64/threads:2") == 1);
  for (const BenchFamily& family : AllBenchmarks()) {
    if (family.name == "tokenizer") continue;  // no model file here
    INFO(family.name);
    const std::string prefix = std::string(family.name) + "/";
    CHECK(std::any_of(names.begin(), names.end(), [&](const std::string& name) { return name.starts_with(prefix); }));
  }
  const std::set<std::string> distinct(names.begin(), names.end());
  CHECK(distinct.size() == names.size());
  CHECK_THROWS_WITH(ListBenchmarks(fixture.context, "no_such_benchmark"), test::Contains("--filter"));
  CHECK_THROWS_WITH(ListBenchmarks(fixture.context, "("), test::Contains("regular expression"));
}

TEST_CASE("matmul in formats that the file does not have, with all uses of a role") {
  Fixture fixture;
  fixture.context.shapes = ModelShapes(fixture.context.config, [](const std::string& tensor, int64_t, int64_t) {
    return FindFormat(tensor.starts_with("blk.2.") ? "f16" : "q8_0");  // mixed: one of two mixture layers
  });
  const size_t others = ListBenchmarks(fixture.context, "^(?!matmul)").size();
  fixture.context.matmul_formats = {FindFormat("q4_0"), FindFormat("bf16"), FindFormat("q4_k")};
  const auto names = ListBenchmarks(fixture.context, "^matmul/");
  CHECK(std::all_of(names.begin(), names.end(), [](const std::string& name) {
    return name.starts_with("matmul/naive/q4_0/") || name.starts_with("matmul/naive/bf16/");  // q4_k: rows are too short
  }));
  CHECK(names.size() == 7 * 2 * 2);  // shapes, formats, row counts
  CHECK(ListBenchmarks(fixture.context, "^(?!matmul)").size() == others);
  const auto gate = MatchingBenchmarks(fixture.context, "^matmul/naive/q4_0/m:3/n:32/k:64/");
  REQUIRE(gate.size() == 1);
  // Gate and up of two layers with two experts each, keys and values of one layer.
  CHECK(gate[0].uses_per_token == 10);
  CHECK_THAT(gate[0].label, test::Contains("4 x expert_gate, 4 x expert_up"));
}

TEST_CASE("weights are cold by default, and both ways if asked") {
  Fixture fixture;
  const size_t warm = ListBenchmarks(fixture.context, "^matmul/.*/warm$").size();
  CHECK(warm > 0);
  CHECK_THROWS(ListBenchmarks(fixture.context, "^matmul/.*/cold$"));
  fixture.context.cold = true;
  CHECK(ListBenchmarks(fixture.context, "^matmul/.*/cold$").size() == warm);
  CHECK_THROWS(ListBenchmarks(fixture.context, "^matmul/.*/warm$"));
  fixture.context.warm = true;
  CHECK(ListBenchmarks(fixture.context, "^matmul/").size() == 2 * warm);
}

TEST_CASE("cold weights fill more than the last-level cache, and rotate") {
  Fixture fixture;
  fixture.context.cold_bytes = 100'000;
  fixture.context.cpu.l3_bytes = 0;
  CHECK(ColdCopies(fixture.context, 30'000) == 4);
  fixture.context.cpu.l3_bytes = 200'000;
  CHECK(ColdCopies(fixture.context, 30'000) == 7);
  CHECK(ColdCopies(fixture.context, 1'000'000) == 2);
  MatmulShape shape{"role", 300, 64, 1, FindFormat("q8_0")};  // more rows than distinct ones
  RotatingWeights weights(*fixture.context.backends.front(), shape, 3, 7, fixture.pool);
  REQUIRE(weights.copies() == 3);
  const PackedWeights* first = weights.Next();
  CHECK(weights.Next() != first);
  weights.Next();
  CHECK(weights.Next() == first);
  const size_t bytes = static_cast<size_t>(shape.format->Bytes(300 * 64));
  const PackedWeights* second = weights.Next();
  CHECK(std::equal(first->view().data, first->view().data + bytes, second->view().data));
}

TEST_CASE("a wrong product is caught before it is timed") {
  const Fixture fixture;
  MatmulShape shape{"role", 32, 64, 1, FindFormat("q8_0")};
  RotatingWeights weights(*fixture.context.backends.front(), shape, 1, 7, *fixture.context.pool);
  const std::vector<float> x = RandomFloats(64, 1.0f, 3);
  std::vector<float> y(32);
  const MatmulCall call{weights.Next(), {x.data(), 1, 64, 64}, {y.data(), 1, 32, 32}};
  fixture.context.backends.front()->Run({&call, 1}, *fixture.context.pool);
  CHECK_NOTHROW(CheckProduct(weights.view(), call.x, call.y, Precision::kExact));
  y[15] += 0.1f;
  CHECK_THROWS_WITH(CheckProduct(weights.view(), call.x, call.y, Precision::kExact), test::Contains("column 15"));
  y[15] -= 0.1f;
  y[16] += 0.1f;
  CHECK_NOTHROW(CheckProduct(weights.view(), call.x, call.y, Precision::kExact));  // between those that are looked at
  CHECK_THROWS_WITH(CheckProduct(weights.view(), call.x, call.y, Precision::kExact, 32), test::Contains("column 16"));
  y[16] -= 0.1f;
  y[31] += 0.1f;
  CHECK_THROWS_WITH(CheckProduct(weights.view(), call.x, call.y, Precision::kExact), test::Contains("column 31"));
}

TEST_CASE("expert loads have the shape they are named after") {
  Fixture fixture;
  RouteCounts recorded;
  recorded.num_experts = 8;
  recorded.num_experts_per_tok = 2;
  recorded.Add(1, std::vector<int32_t>{5, 6, 5, 6, 5, 7});
  fixture.context.routes = recorded;
  const std::vector<ExpertLoad> loads = ExpertLoads(fixture.context);
  REQUIRE(loads.size() == 4);
  for (const ExpertLoad& load : loads) {
    INFO(load.name);
    const std::vector<int32_t> chosen = DrawExperts(load, 1000, 2, 1);
    CHECK(chosen == DrawExperts(load, 1000, 2, 1));
    REQUIRE(chosen.size() == 2000);
    std::vector<double> counts(8, 0.0);
    for (size_t i = 0; i < chosen.size(); i += 2) {
      CHECK(chosen[i] != chosen[i + 1]);
      ++counts[static_cast<size_t>(chosen[i])];
      ++counts[static_cast<size_t>(chosen[i + 1])];
    }
    if (load.name == "uniform") CHECK(*std::min_element(counts.begin(), counts.end()) > 200);
    if (load.name == "zipf") CHECK(counts[0] > 3 * counts[7]);
    if (load.name == "worst") CHECK(counts[0] + counts[1] == 2000);
    if (load.name == "recorded") CHECK(counts[0] > counts[2]);
  }
}

TEST_CASE("two backends are compared pair by pair") {
  Fixture fixture;
  fixture.context.backends = ParseBackendList("naive,auto", fixture.context.cpu);
  const auto other = std::find_if(fixture.context.backends.begin(), fixture.context.backends.end(),
                                  [](const MatmulBackend* b) { return b->Name() != "naive"; });
  if (other == fixture.context.backends.end()) TM_SKIP("no second backend on this machine");
  AbOptions options;
  options.a = "naive";
  options.b = (*other)->Name();
  options.filter = "matmul/.*/m:1/n:32/k:64/";
  options.min_seconds = 0.005;
  const std::vector<AbRow> rows = CompareBackends(fixture.context, options);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].failure.empty());
  CHECK(rows[0].name == "matmul/naive:" + options.b + "/q8_0/m:1/n:32/k:64/threads:2/warm");
  CHECK(rows[0].speedup.n == 15);
  CHECK(rows[0].speedup.interval.low <= rows[0].speedup.value);
  CHECK_THAT(AbMarkdown(rows, options), test::Contains("| 15, 96.5 %"));
  CHECK(AbJson(rows, options)["rows"][0]["speed_of_b_over_a"]["n"] == 15);
  options.filter = "^rope/";
  CHECK_THROWS_WITH(CompareBackends(fixture.context, options), test::Contains("--ab"));
  options.b = "naive";
  CHECK_THROWS_WITH(CompareBackends(fixture.context, options), test::Contains("two different"));
}

TEST_CASE("every operation of a decoded token but drawing has a benchmark") {
  const Fixture fixture;
  std::set<Op> covered;
  for (const Benchmark& b : MatchingBenchmarks(fixture.context, ".*")) {
    for (const OpUse& use : b.uses) covered.insert(use.op);
  }
  Fixture cold;
  cold.context.cold = true;
  for (const Benchmark& b : MatchingBenchmarks(cold.context, ".*")) {
    for (const OpUse& use : b.uses) covered.insert(use.op);
  }
  for (int op = 0; op < static_cast<int>(Op::kCount); ++op) {
    INFO(OpName(static_cast<Op>(op)));
    CHECK(covered.count(static_cast<Op>(op)) == 1);
  }
}

TEST_CASE("a run gives Google Benchmark's JSON with finite counters and no errors") {
  const Fixture fixture;
  BenchRunOptions options;
  options.min_seconds = 0.001;
  std::ostringstream table;
  Fixture measured;
  measured.context.peaks.read_bytes = {"plain", 1e10};
  measured.context.peaks.f32_flops = {"plain", 1e11};
  const auto json = RunBenchmarks(measured.context, options, table);
  REQUIRE(json.contains("context"));
  REQUIRE(json["benchmarks"].size() == ListBenchmarks(fixture.context, ".*").size());
  for (const auto& row : json["benchmarks"]) {
    INFO(row.dump());
    CHECK_FALSE(row.value("error_occurred", false));
    CHECK(row["real_time"].get<double>() > 0);
    const auto name = row["name"].get<std::string>();
    CHECK(row.contains("uses_per_token") == (name.starts_with("matmul/") || name.starts_with("sampler/greedy")));
    const bool counted = row.contains("FLOP/s") || row.contains("bytes/s") || row.contains("items/s");
    CHECK(counted);
    if (row.contains("bytes/s")) CHECK(row["of_peak_bytes/s"].get<double>() == Approx(row["bytes/s"].get<double>() / 1e10));
    if (row.contains("FLOP/s")) CHECK(row["of_peak_FLOP/s"].get<double>() == Approx(row["FLOP/s"].get<double>() / 1e11));
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
