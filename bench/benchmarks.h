// Micro-benchmarks: families of kernels on the shapes of a real model, measured by Google Benchmark.
//
// To add a family: one file that defines `void AddFoo(const BenchContext&, BenchList&)` and one row in benchmarks.cc.
#ifndef TIDEMARK_BENCH_BENCHMARKS_H_
#define TIDEMARK_BENCH_BENCHMARKS_H_

#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/peaks.h"
#include "engine/core/matmul.h"
#include "engine/core/op_timer.h"
#include "engine/core/thread_pool.h"
#include "engine/model/config.h"
#include "engine/tokenizer/tokenizer.h"
#include "reports/routes.h"

namespace tidemark {

// A matrix of the model as one token meets it.
struct MatmulShape {
  std::string role;  // "conv_in", "attention_q", "expert_gate", "head", ...
  int64_t n = 0, k = 0;
  int64_t uses_per_token = 0;      // over all layers; routed experts count num_experts_per_tok each
  const Format* format = nullptr;  // as stored
};

// What a family may look at. Everything outlives the run.
struct BenchContext {
  ModelConfig config;
  std::vector<MatmulShape> shapes;
  std::vector<const Format*> matmul_formats;  // block formats of the matmul family; empty: as stored
  std::vector<const MatmulBackend*> backends;
  Cpu cpu;
  ThreadPool* pool = nullptr;
  std::vector<int64_t> rows;                // m of the matmul family
  std::vector<int64_t> depths;              // history lengths of the attention family
  std::vector<const Format*> kv_formats;    // of the attention family; empty: all that keys and values can have
  bool cold = true;                         // weights come from memory: rotate over copies of them
  bool warm = false;                        // and also (or only) a few that stay in the cache
  int64_t cold_bytes = int64_t{512} << 20;  // copies together, at least; the last-level cache where that is larger
  MachinePeaks peaks;                       // threads = 0: not measured, no shares
  std::optional<RouteCounts> routes;        // recorded expert loads
  const Tokenizer* tokenizer = nullptr;     // of the tokenizer family
  std::filesystem::path model_path;         // of the load family; empty: left out
  uint64_t seed = 0;
};

// What a decoded token spends on a benchmark's body: an operation of the ledger, and how often.
struct OpUse {
  Op op;
  double times;
};

// A named benchmark. setup runs once, before the first timing: it makes data, checks the result against the oracle, and returns
// the body of one iteration; it throws Error to report a failure as a row.
struct Benchmark {
  std::string name;  // "matmul/naive/q8_0/m:1/n:256/k:256/threads:2/cold"
  std::function<std::function<void()>()> setup;
  double flops = 0;                         // per iteration; 0: not a counter of this benchmark
  double bytes = 0;                         // read or written per iteration, as the algorithm needs
  double items = 0;                         // tokens or rows per iteration
  std::string label;                        // "88 x expert_gate, 88 x expert_up per token"
  double uses_per_token = 0;                // of a decoded token, over all layers and roles; 0: not a counter of this benchmark
  Precision precision = Precision::kExact;  // whose arithmetic peak flops is compared with
  std::vector<OpUse> uses = {};             // of decoding one sequence
};
using BenchList = std::vector<Benchmark>;

struct BenchFamily {
  std::string_view name, summary;
  void (*add)(const BenchContext&, BenchList&);
};
std::span<const BenchFamily> AllBenchmarks();

// The matrices of a model with one shape each per role, and how often a token uses them. format_of gives the stored format of a
// canonical tensor such as "blk.3.attn_q.weight" [n, k] (of one expert where the name ends in "_exps.weight").
using FormatOf = std::function<const Format*(const std::string& tensor, int64_t n, int64_t k)>;
std::vector<MatmulShape> ModelShapes(const ModelConfig& config, const FormatOf& format_of);

// The matrices of the matmul family: context.shapes, or each role in each of context.matmul_formats whose blocks divide its rows.
std::vector<MatmulShape> MatmulShapes(const BenchContext& context);

// The operation of the ledger that a role of ModelShapes is part of.
Op OpOfRole(const std::string& role);

struct BenchRunOptions {
  std::string filter = ".*";  // regular expression on names (ECMAScript)
  double min_seconds = 0.5;   // per benchmark
  int repetitions = 1;
  const std::atomic<bool>* cancel = nullptr;  // becomes true: end after the benchmark under way
};

// What a filter leaves, in order. Throws Error if it is not a regular expression or matches nothing.
BenchList MatchingBenchmarks(const BenchContext& context, const std::string& filter);

// Runs what matches, prints a table to `table`, and returns Google Benchmark's own JSON ({"context", "benchmarks"}).
// When cancelled, the rows so far. Throws Error as MatchingBenchmarks does.
nlohmann::ordered_json RunBenchmarks(const BenchContext& context, const BenchRunOptions& options, std::ostream& table);

// Names only, in order.
std::vector<std::string> ListBenchmarks(const BenchContext& context, const std::string& filter);

// Seconds per call of body: calls in batches until min_seconds have passed, the median batch.
double TimeBody(const std::function<void()>& body, double min_seconds);

// The families.
void AddMatmulBenchmarks(const BenchContext& context, BenchList& list);
void AddExpertsBenchmarks(const BenchContext& context, BenchList& list);
void AddRoutingBenchmarks(const BenchContext& context, BenchList& list);
void AddAttentionBenchmarks(const BenchContext& context, BenchList& list);
void AddShortConvBenchmarks(const BenchContext& context, BenchList& list);
void AddNormBenchmarks(const BenchContext& context, BenchList& list);
void AddRopeBenchmarks(const BenchContext& context, BenchList& list);
void AddElementwiseBenchmarks(const BenchContext& context, BenchList& list);
void AddDequantizeBenchmarks(const BenchContext& context, BenchList& list);
void AddSamplerBenchmarks(const BenchContext& context, BenchList& list);
void AddTokenizerBenchmarks(const BenchContext& context, BenchList& list);
void AddLoadBenchmarks(const BenchContext& context, BenchList& list);

}  // namespace tidemark

#endif  // TIDEMARK_BENCH_BENCHMARKS_H_
