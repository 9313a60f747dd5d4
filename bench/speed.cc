#include "bench/speed.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "bench/ledger.h"
#include "bench/speed_session.h"
#include "engine/core/checked.h"
#include "engine/core/error.h"
#include "reports/environment.h"

namespace tidemark {
namespace {

constexpr int64_t kLedgerTokens = 32;

bool Cancelled(const SpeedOptions& options) { return options.cancel != nullptr && options.cancel->load(); }

// Bytes and operations that the rows are compared with.
void Account(const SpeedSession& session, const SpeedResult& result, SpeedRow& row) {
  const ModelConfig& config = session.model(row.variant).store->Config();
  const ActiveWeights& w = session.active();
  if (row.test.kind == SpeedKind::kPrefill) {
    row.flops_per_token = w.flops_per_token + w.head_flops_per_token / static_cast<double>(row.test.prompt);
  } else if (row.test.kind == SpeedKind::kDecode) {
    if (row.experts_per_layer == 0) row.experts_per_layer = ExpectedExperts(config, row.test.batch);
    const double history = static_cast<double>(row.test.depth) + static_cast<double>(row.test.generate) / 2;
    row.bytes_per_step = BytesPerStep(w, row.experts_per_layer) +
                         static_cast<double>(row.test.batch * result.loaded[row.variant].kv_bytes_per_token) * history;
  }
}

void AddNote(const std::string& note, SpeedResult& result) {
  if (std::find(result.notes.begin(), result.notes.end(), note) == result.notes.end()) result.notes.push_back(note);
}

// All variants in turn, repetition by repetition. What was measured before a cancel stays.
void MeasureTest(SpeedSession& session, const SpeedTest& test, size_t variants, const SpeedOptions& options, int done, int total,
                 SpeedResult& result) {
  std::vector<SpeedRow> rows(variants);
  for (size_t v = 0; v < variants; ++v) {
    rows[v].test = test;
    rows[v].variant = v;
    if (options.warm_up && !Cancelled(options)) rows[v].experts_per_layer = session.WarmUp(v, test);
    if (test.kind == SpeedKind::kDecode && rows[v].experts_per_layer == 0 && session.model(v).store->Config().num_experts > 0) {
      AddNote("no warm-up, so no recorded routes: the bytes of a decode step assume a router that chooses uniformly", result);
    }
    Account(session, result, rows[v]);
  }
  for (int r = 0; r < options.repetitions; ++r) {
    for (size_t v = 0; v < variants && !Cancelled(options); ++v) {
      if (options.progress) {
        options.progress(fmt::format("test {} of {}: {}, repetition {} of {}{}", done + 1, total, test.Name(), r + 1,
                                     options.repetitions,
                                     variants > 1 ? fmt::format(", variant {} of {}", v + 1, variants) : ""));
      }
      if (auto sample = session.Measure(v, test)) rows[v].samples.push_back(std::move(*sample));
    }
  }
  for (SpeedRow& row : rows) {
    result.loaded[row.variant].peak_bytes = PeakResidentBytes();
    if (!row.samples.empty()) result.rows.push_back(std::move(row));
  }
}

void MeasureLedgers(SpeedSession& session, const std::vector<SpeedVariant>& variants, const SpeedOptions& options,
                    SpeedResult& result) {
  for (size_t v = 0; v < variants.size() && options.ledger && !Cancelled(options); ++v) {
    if (options.progress) options.progress("ledger: where the time of a token goes");
    std::optional<Ledger> ledger = session.MeasureLedger(v, kLedgerTokens);
    if (!ledger) continue;
    AddMicroBenchmarks(session.model(v), variants[v], options, session.pool(v), *ledger);
    result.ledgers.push_back(std::move(*ledger));
  }
}

// The limits need a large buffer, which must not count as the model's. false: the kernel does not allow it.
bool ForgetPeakMemory() {
  std::ofstream clear("/proc/self/clear_refs");
  return static_cast<bool>(clear << 5 << std::flush);
}

// Runnable threads of the whole machine, averaged over the last minute; 0: unknown.
double LoadAverage() {
  std::ifstream in("/proc/loadavg");
  double load = 0;
  in >> load;
  return load;
}

// Bytes of each format, as in the report of an evaluation.
nlohmann::ordered_json FormatMix(const WeightStore& store) {
  std::map<std::string_view, int64_t> bytes;
  for (const TensorInfo& tensor : store.Tensors()) bytes[tensor.format->name] += tensor.bytes;
  nlohmann::ordered_json mix = nlohmann::ordered_json::array();
  for (const auto& [name, count] : bytes) mix.push_back({{"format", name}, {"bytes", count}});
  return mix;
}

void DescribeModel(const LoadedModel& model, const std::vector<SpeedVariant>& variants, const SpeedOptions& options,
                   SpeedResult& result) {
  const ParameterCount parameters = CountParameters(*model.store);
  result.model = {{"architecture", model.store->Config().architecture},
                  {"container", model.store->Container()},
                  {"parameters", parameters.total},
                  {"active_parameters", parameters.active}};
  for (const MetadataEntry& entry : model.store->Metadata()) {
    if (entry.key == "general.name" && entry.type == "string" && !entry.value.empty()) result.model["general_name"] = entry.value;
  }
  result.model["formats"] = FormatMix(*model.store);
  result.file_bytes = model.store->FileBytes();
  result.chunk = options.chunk;
  const int64_t batch = *std::ranges::max_element(options.batches), depth = *std::ranges::max_element(options.depths);
  for (size_t v = 0; v < variants.size(); ++v) {
    SpeedLoaded& loaded = result.loaded[v];
    loaded.kv_bytes_per_token = KvBytesPerToken(model.store->Config(), *variants[v].kv_format);
    loaded.kv_bytes = loaded.kv_bytes_per_token * batch * (depth + options.generate);
  }
}

void AddNotes(const SpeedOptions& options, const std::vector<SpeedVariant>& variants, SpeedResult& result) {
  const Cpu& cpu = variants.front().load.cpu;
  for (const SpeedVariant& v : variants) {
    if (cpu.logical_cpus > 0 && v.threads > cpu.logical_cpus)
      AddNote(fmt::format("{} threads on {} CPUs: they wait for each other", v.threads, cpu.logical_cpus), result);
  }
  if (result.file_bytes < 4 * cpu.l3_bytes)
    result.notes.push_back("the weights fit into a few last-level caches: the share of the read bandwidth says little");
  if (options.cold) {
    for (const SpeedLoaded& loaded : result.loaded) {
      if (loaded.cached_share <= 0.01) continue;
      result.notes.push_back(
          fmt::format("asked for a cold start, but {:.0f} % of the file stayed in the page cache (pages in use "
                      "by another process, or a file that lives in memory)",
                      100 * loaded.cached_share));
      break;
    }
  }
  for (const int64_t depth : options.depths) {
    if (depth > 0 && (options.fill == DepthFill::kSynthetic || (options.fill == DepthFill::kAuto && depth > kLongestPrefillFill)))
      result.notes.push_back(fmt::format("the history of {} positions is synthetic (random keys and values)", depth));
  }
  if (result.interrupted) result.notes.push_back("interrupted: what had not been measured is missing");
}

}  // namespace

std::string_view SpeedKindName(SpeedKind kind) {
  return kind == SpeedKind::kPrefill ? "prefill" : kind == SpeedKind::kDecode ? "decode" : "mixed";
}

std::string SpeedTest::Name() const {
  std::string name(SpeedKindName(kind));
  if (kind == SpeedKind::kPrefill) name += fmt::format(" {}", prompt);
  if (kind == SpeedKind::kDecode) name += fmt::format(" {}{}", generate, batch > 1 ? fmt::format(" x {}", batch) : "");
  if (kind == SpeedKind::kMixed) name += fmt::format(" {} + {}", prompt, batch);
  return depth > 0 ? fmt::format("{} at {}", name, depth) : name;
}

std::vector<SpeedTest> PlanTests(const SpeedOptions& options) {
  std::vector<SpeedTest> tests;
  for (const int64_t depth : options.depths) {
    for (const int64_t prompt : options.prompts) {
      if (prompt > 0) tests.push_back({SpeedKind::kPrefill, prompt, 0, depth, 1});
    }
    for (const int64_t batch : options.batches) {
      if (options.generate > 0) tests.push_back({SpeedKind::kDecode, 0, options.generate, depth, batch});
    }
    const int64_t prompt = options.prompts.empty() ? 0 : options.prompts.front();
    for (const int64_t batch : options.batches) {
      if (options.mixed && prompt > 0 && options.generate > 0) tests.push_back({SpeedKind::kMixed, prompt, 0, depth, batch});
    }
  }
  return tests;
}

int64_t KvBytesPerToken(const ModelConfig& config, const Format& kv_format) {
  const auto layers = std::count(config.layer_types.begin(), config.layer_types.end(), LayerType::kFullAttention);
  return 2 * layers * kv_format.Bytes(config.num_key_value_heads * config.head_dim);
}

void RefuseWhatDoesNotFit(const ModelConfig& config, const SpeedOptions& options, const std::vector<SpeedVariant>& variants,
                          int64_t available_bytes) {
  if (available_bytes <= 0) return;
  const int64_t depth = *std::ranges::max_element(options.depths), batch = *std::ranges::max_element(options.batches);
  const int64_t prompt = options.prompts.empty() ? 0 : *std::ranges::max_element(options.prompts);
  // Every variant keeps one history, the first of a batch; one of them at a time decodes with copies, beside a prompt in mixed
  // tests.
  double histories = 0, batches = 0;
  for (const SpeedVariant& v : variants) {
    const auto token = static_cast<double>(KvBytesPerToken(config, *v.kv_format));
    histories += token * static_cast<double>(depth + std::max(options.generate, prompt));
    const double positions = static_cast<double>(batch - 1) * static_cast<double>(depth + options.generate);
    const double beside = options.mixed ? static_cast<double>(depth + prompt) : 0.0;
    batches = std::max(batches, token * (positions + beside));
  }
  const double logits = 4.0 * static_cast<double>(batch) * static_cast<double>(config.vocab_size);
  const double needed = histories + batches + logits;
  if (needed <= static_cast<double>(available_bytes)) return;
  throw Error(fmt::format("{} sequences of {} positions", batch, depth + options.generate),
              fmt::format("{:.1f} GiB of keys, values and logits", Gibibytes(needed)),
              fmt::format("at most {:.1f} GiB, the memory available", Gibibytes(static_cast<double>(available_bytes))),
              "a smaller --batch or --depth, or a smaller --kv-type");
}

void MeasureLimits(const std::vector<SpeedVariant>& variants, const SpeedOptions& options, SpeedResult& result) {
  if (!options.limits) return;
  std::set<std::pair<int, std::string>> done;
  for (const SpeedVariant& v : variants) {
    if (!done.insert({v.threads, v.isa}).second || Cancelled(options)) continue;
    if (options.progress) {
      options.progress(fmt::format("limits of the machine, threads: {}{}", v.threads, v.isa.empty() ? "" : ", up to " + v.isa));
    }
    ThreadPool pool(v.threads);
    result.peaks.push_back(MeasurePeaks(v.load.cpu, pool, options.peaks));
    result.peaks.back().isa = v.isa;
  }
}

SpeedResult MeasureSpeed(const std::filesystem::path& path, const std::vector<SpeedVariant>& variants,
                         const SpeedOptions& options) {
  TM_CHECK(!variants.empty() && !options.depths.empty() && !options.batches.empty(), "nothing to measure");
  RefuseWhatDoesNotFit(WeightStore::Open(path)->Config(), options, variants, AvailableMemoryBytes());
  SpeedResult result;
  if (const double load = LoadAverage(); load > 0.5)
    result.notes.push_back(fmt::format("others were computing: load average {:.1f} at the start", load));
  MeasureLimits(variants, options, result);
  if (options.limits && !ForgetPeakMemory())
    result.notes.push_back("the peak memory contains the buffer of the streaming read (--no-limits: does not)");
  SpeedSession session(path, variants, options, result);
  DescribeModel(session.model(0), variants, options, result);
  const std::vector<SpeedTest> tests = PlanTests(options);
  int done = 0;
  for (const int64_t depth : options.depths) {
    if (Cancelled(options)) break;
    session.Fill(depth);
    for (const SpeedTest& test : tests) {
      if (test.depth != depth || Cancelled(options)) continue;
      MeasureTest(session, test, variants.size(), options, done++, static_cast<int>(tests.size()), result);
    }
    MeasureLedgers(session, variants, options, result);
    for (size_t v = 0; v < variants.size() && options.sustained_seconds > 0 && !Cancelled(options); ++v) {
      if (options.progress) options.progress(fmt::format("sustained rate over {:.0f} s", options.sustained_seconds));
      if (auto rate = session.MeasureSustained(v, options.batches.front(), options.sustained_seconds))
        result.sustained.push_back(std::move(*rate));
    }
  }
  result.interrupted = Cancelled(options);
  AddNotes(options, variants, result);
  return result;
}

void MergeRepetition(const SpeedResult& one, size_t variant, SpeedResult& all) {
  for (const SpeedRow& row : one.rows) {
    const auto same = std::find_if(all.rows.begin(), all.rows.end(),
                                   [&](const SpeedRow& r) { return r.variant == variant && r.test == row.test; });
    if (same != all.rows.end()) {
      same->samples.insert(same->samples.end(), row.samples.begin(), row.samples.end());
      continue;
    }
    // Rows stay in the order of tests, variants within.
    const auto after = std::find_if(all.rows.rbegin(), all.rows.rend(), [&](const SpeedRow& r) { return r.test == row.test; });
    SpeedRow& added = *all.rows.insert(after == all.rows.rend() ? all.rows.end() : after.base(), row);
    added.variant = variant;
  }
  if (all.loaded.size() <= variant) all.loaded.resize(variant + 1);
  SpeedLoaded& into = all.loaded[variant];
  std::vector<SpeedLoad> loads = std::move(into.loads);
  const int64_t peak = into.peak_bytes;
  TM_CHECK(one.loaded.size() == 1, "{} variants in one repetition", one.loaded.size());
  into = one.loaded.front();
  loads.insert(loads.end(), into.loads.begin(), into.loads.end());
  into.loads = std::move(loads);
  into.peak_bytes = std::max(into.peak_bytes, peak);
  all.model = one.model;
  all.file_bytes = one.file_bytes;
  for (const std::string& note : one.notes) {
    if (std::find(all.notes.begin(), all.notes.end(), note) == all.notes.end()) all.notes.push_back(note);
  }
}

}  // namespace tidemark
