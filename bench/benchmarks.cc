#include "bench/benchmarks.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <ostream>
#include <regex>
#include <sstream>
#include <utility>

#include "engine/core/error.h"

namespace tidemark {
namespace {

constexpr const char* kInterrupted = "interrupted";

bool IsSet(const std::atomic<bool>* flag) { return flag != nullptr && flag->load(); }

constexpr BenchFamily kFamilies[] = {
    {"matmul", "y = x * transpose(w): every backend, the model's stored formats (or --formats) and shapes", AddMatmulBenchmarks},
    {"experts", "all routed experts of a layer under uniform, Zipf, worst-case and recorded loads", AddExpertsBenchmarks},
    {"routing", "router scores and top-k, grouping by expert, gather and scatter", AddRoutingBenchmarks},
    {"attention", "grouped-query attention over a KV cache: prefill and decode at depth", AddAttentionBenchmarks},
    {"short_conv", "the gated short convolution", AddShortConvBenchmarks},
    {"norm", "RMS norms of the residual stream and of heads", AddNormBenchmarks},
    {"rope", "rotary embedding and its sines and cosines", AddRopeBenchmarks},
    {"elementwise", "SwiGLU and additions to the residual stream", AddElementwiseBenchmarks},
    {"dequantize", "rows of each stored format to float32", AddDequantizeBenchmarks},
    {"sampler", "from logits to a token", AddSamplerBenchmarks},
    {"tokenizer", "text to ids and back", AddTokenizerBenchmarks},
    {"load", "opening the model file and packing it", AddLoadBenchmarks},
};

// Prints for people and keeps JSON for the report. Google Benchmark's second ("file") reporter insists on a file name flag.
class TeeReporter : public benchmark::BenchmarkReporter {
 public:
  TeeReporter(std::ostream& table, const std::atomic<bool>* cancel)
      : console_(benchmark::ConsoleReporter::OO_None), cancel_(cancel) {
    console_.SetOutputStream(&table);
    console_.SetErrorStream(&table);
    json_.SetOutputStream(&json_text_);
    json_.SetErrorStream(&table);
  }
  bool ReportContext(const Context& context) override {
    const bool console_ok = console_.ReportContext(context);
    return json_.ReportContext(context) && console_ok;
  }
  void ReportRuns(const std::vector<Run>& runs) override {
    if (!IsSet(cancel_)) console_.ReportRuns(runs);
    json_.ReportRuns(runs);
  }
  void Finalize() override {
    console_.Finalize();
    json_.Finalize();
  }
  std::string JsonText() const { return json_text_.str(); }

 private:
  benchmark::ConsoleReporter console_;
  benchmark::JSONReporter json_;
  const std::atomic<bool>* cancel_;
  std::ostringstream json_text_;
};

// Google Benchmark calls the body several times while it looks for an iteration count; data is made only once, and freed when
// the next benchmark makes its own.
struct Prepared {
  const Benchmark* benchmark;
  std::function<void()> body;
  std::string failure;
  bool ready = false;

  void Prepare(Prepared*& current) {
    if (ready) return;
    // The body before lives until the new one is made: they may share weights, and making those takes longer than measuring.
    const std::function<void()> before = current == nullptr ? std::function<void()>() : std::exchange(current->body, nullptr);
    current = this;
    ready = true;
    try {
      body = benchmark->setup();
    } catch (const std::exception& e) {
      failure = e.what();
    }
  }
};

void RunOne(benchmark::State& state, Prepared& prepared, Prepared*& current, const MachinePeaks& peaks,
            const std::atomic<bool>* cancel) {
  if (IsSet(cancel)) {
    state.SkipWithError(kInterrupted);
    return;
  }
  prepared.Prepare(current);
  if (!prepared.failure.empty()) {
    state.SkipWithError(prepared.failure.c_str());
    return;
  }
  for ([[maybe_unused]] auto _ : state) prepared.body();
  const Benchmark& b = *prepared.benchmark;
  using benchmark::Counter;
  if (b.flops > 0) state.counters["FLOP/s"] = Counter(b.flops, Counter::kIsIterationInvariantRate);
  if (b.bytes > 0) state.counters["bytes/s"] = Counter(b.bytes, Counter::kIsIterationInvariantRate);
  // Shares of the limits measured in this process: a rate divided by the peak rate.
  const double flops_peak = ArithmeticPeak(peaks, b.precision).per_second, read_peak = peaks.read_bytes.per_second;
  if (b.flops > 0 && flops_peak > 0)
    state.counters["of_peak_FLOP/s"] = Counter(b.flops / flops_peak, Counter::kIsIterationInvariantRate);
  if (b.bytes > 0 && read_peak > 0)
    state.counters["of_peak_bytes/s"] = Counter(b.bytes / read_peak, Counter::kIsIterationInvariantRate);
  if (b.items > 0) state.counters["items/s"] = Counter(b.items, Counter::kIsIterationInvariantRate);
  if (b.uses_per_token > 0) state.counters["uses_per_token"] = b.uses_per_token;
  if (!b.label.empty()) state.SetLabel(b.label);
}

}  // namespace

std::span<const BenchFamily> AllBenchmarks() { return kFamilies; }

BenchList MatchingBenchmarks(const BenchContext& context, const std::string& filter) {
  std::regex pattern;
  try {
    pattern = std::regex(filter, std::regex::ECMAScript | std::regex::optimize);
  } catch (const std::regex_error& e) {
    throw Error("--filter", filter, "a regular expression", e.what());
  }
  BenchList all;
  for (const BenchFamily& family : kFamilies) family.add(context, all);
  BenchList matching;
  for (Benchmark& b : all) {
    if (std::regex_search(b.name, pattern)) matching.push_back(std::move(b));
  }
  if (matching.empty())
    throw Error("--filter", filter, "a pattern that matches a benchmark", "`bench --list` prints their names");
  return matching;
}

double TimeBody(const std::function<void()>& body, double min_seconds) {
  using Clock = std::chrono::steady_clock;
  const auto batch_seconds = [&](int64_t calls) {
    const auto begin = Clock::now();
    for (int64_t i = 0; i < calls; ++i) body();
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  constexpr int kBatches = 9;
  const double first = std::max(batch_seconds(1), 1e-9);
  const auto calls = std::max<int64_t>(1, static_cast<int64_t>(min_seconds / kBatches / first));
  std::vector<double> batches;
  double total = 0;
  while (total < min_seconds || batches.size() < 3) {
    const double seconds = batch_seconds(calls);
    total += seconds;
    batches.push_back(seconds / static_cast<double>(calls));
  }
  std::nth_element(batches.begin(), batches.begin() + static_cast<std::ptrdiff_t>(batches.size() / 2), batches.end());
  return batches[batches.size() / 2];
}

std::vector<std::string> ListBenchmarks(const BenchContext& context, const std::string& filter) {
  std::vector<std::string> names;
  for (const Benchmark& b : MatchingBenchmarks(context, filter)) names.push_back(b.name);
  return names;
}

nlohmann::ordered_json RunBenchmarks(const BenchContext& context, const BenchRunOptions& options, std::ostream& table) {
  const BenchList list = MatchingBenchmarks(context, options.filter);
  benchmark::ClearRegisteredBenchmarks();
  std::vector<std::unique_ptr<Prepared>> prepared;
  Prepared* current = nullptr;
  for (const Benchmark& b : list) {
    Prepared* p = prepared.emplace_back(std::make_unique<Prepared>(Prepared{&b, {}, {}, false})).get();
    benchmark::RegisterBenchmark(
        b.name.c_str(),
        [p, &current, &options, &context](benchmark::State& state) { RunOne(state, *p, current, context.peaks, options.cancel); })
        ->MinTime(options.min_seconds)
        ->Repetitions(options.repetitions)
        ->UseRealTime()
        ->Unit(benchmark::kMicrosecond);
  }
  TeeReporter reporter(table, options.cancel);
  benchmark::RunSpecifiedBenchmarks(&reporter);
  benchmark::ClearRegisteredBenchmarks();
  nlohmann::ordered_json result = nlohmann::ordered_json::parse(reporter.JsonText());
  auto& rows = result["benchmarks"];
  const auto skipped = [](const auto& row) { return row.value("error_message", "") == kInterrupted; };
  rows.erase(std::remove_if(rows.begin(), rows.end(), skipped), rows.end());
  return result;
}

}  // namespace tidemark
