// Throughput of a model file: prefill, decode, batches that mix both, at depth, with what a person waits for (time to first
// token, between tokens, loading), what it costs in memory, and how far it is from the limits of the machine.
//
// Variants (backends, thread counts, KV formats) are measured in turn, A B A B, so that what drifts hits all of them; ratios are
// of neighbours. Every number is a median over repetitions and comes with its spread.
#ifndef TIDEMARK_BENCH_SPEED_H_
#define TIDEMARK_BENCH_SPEED_H_

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bench/peaks.h"
#include "engine/model/model.h"

namespace tidemark {

enum class SpeedKind { kPrefill, kDecode, kMixed };
std::string_view SpeedKindName(SpeedKind kind);  // "prefill", "decode", "mixed"

// One thing to measure. kPrefill: `prompt` tokens appended to a history of `depth`. kDecode: `batch` sequences of that depth,
// `generate` tokens each. kMixed: a prompt prefills in chunks beside `batch` sequences that decode.
struct SpeedTest {
  SpeedKind kind = SpeedKind::kPrefill;
  int64_t prompt = 0, generate = 0, depth = 0, batch = 1;

  std::string Name() const;  // "prefill 512", "decode 128 x 8 at 4096", "mixed 512 + 8 at 4096"
  bool operator==(const SpeedTest&) const = default;
};

// One way to run the model.
struct SpeedVariant {
  std::string label;                    // distinguishes it from the others: "avx512_int8, 2 threads"
  std::string backend, precision, isa;  // as typed
  LoadOptions load;
  int threads = 1;
  const Format* kv_format = nullptr;
};

enum class DepthFill { kAuto, kPrefill, kSynthetic };
inline constexpr int64_t kLongestPrefillFill = 4096;  // kAuto: prefill up to this depth, synthetic beyond

struct SpeedOptions {
  std::vector<int64_t> prompts = {512}, depths = {0}, batches = {1};  // a prompt of 0 or generate = 0: not measured
  int64_t generate = 128;
  bool mixed = true;
  int repetitions = 5;
  int64_t chunk = 512;        // most prompt tokens of one step
  int64_t mixed_chunk = 128;  // the same beside decoding sequences
  DepthFill fill = DepthFill::kAuto;
  double sustained_seconds = 0;  // 0: not measured
  bool cold = false;             // drop the file from the page cache before loading
  bool warm_up = true;           // one unmeasured run of each test and variant
  bool ledger = false;
  bool limits = true;  // measure the machine's limits first
  PeakOptions peaks{};
  uint64_t seed = 0;
  const std::atomic<bool>* cancel = nullptr;           // becomes true: end with what has been measured
  std::function<void(const std::string&)> progress{};  // one line; may be empty
};

std::vector<SpeedTest> PlanTests(const SpeedOptions& options);

// One repetition.
struct SpeedSample {
  double seconds = 0;
  int64_t prefill_tokens = 0, decode_tokens = 0;  // in that time
  double time_to_first_token_seconds = 0;         // prefill and mixed: until the first token of the prompt's answer is drawn
  std::vector<double> step_seconds;               // decode and mixed: between tokens of one sequence

  double PrefillRate() const { return seconds > 0 ? static_cast<double>(prefill_tokens) / seconds : 0; }
  double DecodeRate() const { return seconds > 0 ? static_cast<double>(decode_tokens) / seconds : 0; }
};

struct SpeedRow {
  SpeedTest test;
  size_t variant = 0;
  std::vector<SpeedSample> samples;
  double experts_per_layer = 0;  // decode: distinct experts that a step touched, mean over layers and steps
  double bytes_per_step = 0;     // decode: stored bytes that a step must read, weights and history
  double flops_per_token = 0;    // prefill: of the matrix products
};

// What loading took and what it left in memory.
struct SpeedLoad {
  double open_seconds = 0, pack_seconds = 0, first_token_seconds = 0;  // the last: a prompt of one token
  double deferred_pack_seconds = 0;                                    // packing that the first token did not wait for
  double Total() const { return open_seconds + pack_seconds + first_token_seconds; }
};
struct SpeedLoaded {
  std::vector<SpeedLoad> loads;  // one per process
  std::vector<BackendShare> shares;
  int64_t peak_bytes = 0;    // VmHWM of the process after this variant's tests; one process: of all variants together
  double cached_share = -1;  // of the file in the page cache before loading; -1: unknown
  int64_t kv_bytes_per_token = 0, kv_bytes = 0;  // the latter: the largest batch at the largest depth
};

struct SustainedRate {
  size_t variant = 0;
  double window_seconds = 0;
  int64_t batch = 1, depth = 0;
  std::vector<double> tok_per_s;  // by window
};

inline constexpr std::string_view kSamplingLine = "sampling";  // of the ledger, besides the names of operations
struct LedgerLine {
  std::string name;
  double run_seconds = 0;     // per token, measured inside the run
  int64_t calls = 0;          // per token
  double micro_seconds = -1;  // per token, from the kernels measured alone; -1: not among them
};
struct Ledger {
  size_t variant = 0;
  int64_t depth = 0;
  double token_seconds = 0;  // decode of one sequence, drawing included, mean as all of these
  std::vector<LedgerLine> lines;
  double forks = 0, fork_seconds = 0;  // per token; an empty fork and join
};

struct SpeedResult {
  std::vector<SpeedRow> rows;       // test by test, variants in order within each
  std::vector<SpeedLoaded> loaded;  // by variant
  std::vector<MachinePeaks> peaks;  // one per thread count and bound of instruction sets of the variants; empty: not measured
  std::vector<SustainedRate> sustained;
  std::vector<Ledger> ledgers;
  int64_t file_bytes = 0, chunk = 0;  // stored; most prompt tokens of one step
  nlohmann::ordered_json model;       // architecture, container, parameters
  std::vector<std::string> notes;
  bool interrupted = false;
  bool fresh = false;  // each repetition in a process of its own
};

inline double Gibibytes(double bytes) { return bytes / static_cast<double>(int64_t{1} << 30); }

// KV bytes of one position in all attention layers.
int64_t KvBytesPerToken(const ModelConfig& config, const Format& kv_format);

// Throws Error if the histories of the largest test would not fit into the memory available: nothing has been allocated yet.
void RefuseWhatDoesNotFit(const ModelConfig& config, const SpeedOptions& options, const std::vector<SpeedVariant>& variants,
                          int64_t available_bytes);

// The machine's limits, once per thread count and bound of instruction sets, as far as the options ask for them.
void MeasureLimits(const std::vector<SpeedVariant>& variants, const SpeedOptions& options, SpeedResult& result);

// Loads the file once per distinct way of packing, then measures everything. Throws Error.
SpeedResult MeasureSpeed(const std::filesystem::path& path, const std::vector<SpeedVariant>& variants,
                         const SpeedOptions& options);

// Adds what another process measured of one variant: samples, loads, peak memory.
void MergeRepetition(const SpeedResult& one, size_t variant, SpeedResult& all);

}  // namespace tidemark

#endif  // TIDEMARK_BENCH_SPEED_H_
