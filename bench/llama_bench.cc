#include "bench/llama_bench.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "bench/speed_report.h"
#include "engine/core/error.h"
#include "reports/environment.h"
#include "reports/json_text.h"
#include "reports/ratios.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kMostTokens = int64_t{1} << 40;
constexpr size_t kMostEntries = 100'000, kMostSamples = 100'000;

int64_t Count(const Json& entry, const char* name, const std::string& place, bool required) {
  const auto it = entry.find(name);
  if (it == entry.end()) {
    if (!required) return 0;
    throw Error(place, fmt::format("no \"{}\"", name), "the fields of llama-bench -o json");
  }
  const bool number = it->is_number_integer() || it->is_number_unsigned();
  const int64_t value = number ? it->get<int64_t>() : -1;
  if (value < 0 || value > kMostTokens || (it->is_number_unsigned() && it->get<uint64_t>() > uint64_t{kMostTokens})) {
    throw Error(fmt::format("{}, {}", place, name), Printable(it->dump(-1, ' ', true, Json::error_handler_t::replace)),
                "a count");
  }
  return value;
}

std::string Text(const Json& entry, const char* name) {
  const auto it = entry.find(name);
  return it != entry.end() && it->is_string() ? Printable(it->get_ref<const std::string&>(), 200) : "";
}

double Rate(const Json& value, const std::string& place) {
  const double rate = value.is_number() ? value.get<double>() : -1;
  // The bounds keep ratios of two rates finite; nothing that decodes tokens comes near them.
  if (!(rate >= 1e-9 && rate <= 1e12)) {
    throw Error(place, Printable(value.dump(-1, ' ', true, Json::error_handler_t::replace)),
                "tokens per second above 0 (1e-9 to 1e12)");
  }
  return rate;
}

LlamaBenchEntry ParseEntry(const Json& json, const std::string& place) {
  if (!json.is_object()) throw Error(place, json.type_name(), "an object of llama-bench -o json");
  LlamaBenchEntry entry;
  entry.build = Text(json, "build_commit");
  entry.backends = Text(json, "backends");
  entry.model_type = Text(json, "model_type");
  entry.type_k = Text(json, "type_k");
  entry.model_size = Count(json, "model_size", place, false);
  entry.threads = Count(json, "n_threads", place, false);
  entry.prompt = Count(json, "n_prompt", place, true);
  entry.generate = Count(json, "n_gen", place, true);
  entry.depth = Count(json, "n_depth", place, false);  // absent before 2025
  if (json.contains("n_seq")) entry.sequences = Count(json, "n_seq", place, true);
  if (entry.sequences == 0) throw Error(place + ", n_seq", "0", "at least one sequence");
  if (entry.prompt + entry.generate == 0) throw Error(place, "n_prompt and n_gen are 0", "a test of at least one token");
  if (const auto samples = json.find("samples_ts"); samples != json.end()) {
    if (!samples->is_array() || samples->empty() || samples->size() > kMostSamples) {
      throw Error(place + ", samples_ts", samples->type_name(), "an array of rates");
    }
    for (const Json& sample : *samples) entry.tok_per_s.push_back(Rate(sample, place + ", samples_ts"));
  } else {
    if (!json.contains("avg_ts")) throw Error(place, "neither \"samples_ts\" nor \"avg_ts\"", "a rate");
    entry.tok_per_s.push_back(Rate(json["avg_ts"], place + ", avg_ts"));
  }
  return entry;
}

// The value that llama-bench writes beside its samples.
std::pair<double, double> MeanAndDeviation(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  double mean = 0, squares = 0;
  for (const double v : values) mean += v / n;
  for (const double v : values) squares += (v - mean) * (v - mean);
  return {mean, values.size() > 1 ? std::sqrt(squares / (n - 1)) : 0};
}

// Of one sequence and without mixing: what llama-bench can express.
bool Expressible(const SpeedTest& test) { return test.kind != SpeedKind::kMixed && test.batch == 1; }

bool SameTest(const SpeedTest& test, const LlamaBenchEntry& entry) {
  return test.kind != SpeedKind::kMixed && test.batch == entry.sequences && test.prompt == entry.prompt &&
         test.generate == entry.generate && test.depth == entry.depth;
}

std::vector<double> Rates(const SpeedRow& row) {
  std::vector<double> rates;
  for (const SpeedSample& s : row.samples)
    rates.push_back(row.test.kind == SpeedKind::kPrefill ? s.PrefillRate() : s.DecodeRate());
  return rates;
}

void ForEachPair(const SpeedResult& result, const std::vector<LlamaBenchEntry>& entries,
                 const std::function<void(const SpeedRow&, const LlamaBenchEntry&)>& fn) {
  for (const SpeedRow& row : result.rows) {
    for (const LlamaBenchEntry& entry : entries) {
      if (SameTest(row.test, entry)) fn(row, entry);
    }
  }
}

// What the two runs did not share besides the program; empty: nothing that we know of.
std::string Differences(const SpeedVariant& ours, const LlamaBenchEntry& theirs) {
  std::string text;
  if (theirs.threads > 0 && theirs.threads != ours.threads) text = fmt::format("threads {} / {}", ours.threads, theirs.threads);
  if (!theirs.type_k.empty() && theirs.type_k != ours.kv_format->name)
    text += fmt::format("{}KV {} / {}", text.empty() ? "" : ", ", ours.kv_format->name, theirs.type_k);
  return text;
}

std::string Theirs(const LlamaBenchEntry& entry) {
  return fmt::format("{} {}, {} thread{}, KV {}", entry.backends.empty() ? "llama.cpp" : entry.backends, entry.build,
                     entry.threads, entry.threads == 1 ? "" : "s", entry.type_k);
}

}  // namespace

std::vector<LlamaBenchEntry> ParseLlamaBench(std::string_view text, const std::string& place) {
  Json all = Json::array();
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '[') {
    all = ParseJsonText(text, place);
  } else {
    int line = 1;
    for (size_t at = 0; at < text.size(); ++line) {
      const size_t end = std::min(text.find('\n', at), text.size());
      const std::string_view one = text.substr(at, end - at);
      at = end + 1;
      if (one.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      if (all.size() >= kMostEntries) throw Error(place, "more entries", fmt::format("at most {}", kMostEntries));
      all.push_back(ParseJsonText(one, fmt::format("{}, line {}", place, line)));
    }
  }
  if (all.empty() || all.size() > kMostEntries) {
    throw Error(place, fmt::format("{} entries", all.size()), fmt::format("1 to {} entries of llama-bench", kMostEntries));
  }
  std::vector<LlamaBenchEntry> entries;
  for (size_t i = 0; i < all.size(); ++i) entries.push_back(ParseEntry(all[i], fmt::format("{}, entry {}", place, i)));
  return entries;
}

Json LlamaBenchJson(const SpeedResult& result, const std::vector<SpeedVariant>& variants, const std::string& model_name,
                    const Cpu& cpu) {
  Json all = Json::array();
  const BuildInfo build = GetBuildInfo();
  for (const SpeedRow& row : result.rows) {
    if (!Expressible(row.test)) continue;
    const SpeedVariant& v = variants[row.variant];
    std::vector<double> seconds, rates = Rates(row);
    for (const SpeedSample& s : row.samples) seconds.push_back(1e9 * s.seconds);
    const auto [avg_ns, stddev_ns] = MeanAndDeviation(seconds);
    const auto [avg_ts, stddev_ts] = MeanAndDeviation(rates);
    std::vector<int64_t> samples_ns;
    for (const double ns : seconds) samples_ns.push_back(std::llround(ns));
    Json entry;
    entry["build_commit"] = build.git_commit;
    entry["build_number"] = 0;
    entry["cpu_info"] = cpu.brand;
    entry["gpu_info"] = "";
    entry["backends"] = "tidemark " + v.backend;
    entry["model_filename"] = model_name;
    entry["model_type"] =
        fmt::format("{} {:.2f} B", result.model.value("architecture", ""), 1e-9 * result.model.value("parameters", 0.0));
    entry["model_size"] = result.file_bytes;
    entry["model_n_params"] = result.model.value("parameters", int64_t{0});
    entry["n_batch"] = result.chunk;
    entry["n_ubatch"] = result.chunk;
    entry["n_threads"] = v.threads;
    const Json defaults = {{"cpu_mask", "0x0"},
                           {"cpu_strict", false},
                           {"poll", 50},
                           {"type_k", v.kv_format->name},
                           {"type_v", v.kv_format->name},
                           {"n_gpu_layers", 0},
                           {"n_cpu_moe", 0},
                           {"split_mode", "none"},
                           {"main_gpu", 0},
                           {"no_kv_offload", false},
                           {"flash_attn", -1},
                           {"devices", "auto"},
                           {"tensor_split", "0.00"},
                           {"tensor_buft_overrides", "none"},
                           {"use_mmap", true},
                           {"use_direct_io", false},
                           {"embeddings", false},
                           {"no_op_offload", 0},
                           {"no_host", false}};
    entry.update(defaults);
    entry["n_prompt"] = row.test.prompt;
    entry["n_gen"] = row.test.generate;
    entry["n_depth"] = row.test.depth;
    entry["test_time"] = UtcNow();
    entry["avg_ns"] = std::llround(avg_ns);
    entry["stddev_ns"] = std::llround(stddev_ns);
    entry["avg_ts"] = avg_ts;
    entry["stddev_ts"] = stddev_ts;
    entry["samples_ns"] = samples_ns;
    entry["samples_ts"] = rates;
    all.push_back(std::move(entry));
  }
  return all;
}

std::string SideBySide(const SpeedResult& result, const std::vector<SpeedVariant>& variants,
                       const std::vector<LlamaBenchEntry>& entries) {
  std::vector<std::vector<std::string>> rows;
  bool other_size = false;
  ForEachPair(result, entries, [&](const SpeedRow& row, const LlamaBenchEntry& entry) {
    const RankInterval ours = MedianInterval(Rates(row)), theirs = MedianInterval(entry.tok_per_s);
    const RankInterval ratio = UnpairedRatio(entry.tok_per_s, Rates(row));
    rows.push_back({row.test.Name(), variants[row.variant].label, fmt::format("{:.4g}", ours.value), Theirs(entry),
                    fmt::format("{:.4g}", theirs.value),
                    ratio.n == 1 || ratio.coverage == 0
                        ? fmt::format("{:.3g}x", ratio.value)
                        : fmt::format("{:.3g}x ({:.3g} - {:.3g})", ratio.value, ratio.interval.low, ratio.interval.high),
                    Differences(variants[row.variant], entry)});
    const auto size = static_cast<double>(entry.model_size), file = static_cast<double>(result.file_bytes);
    other_size = other_size || (entry.model_size > 0 && std::abs(size - file) > 0.02 * file);
  });
  if (rows.empty()) return "llama-bench: none of its tests is among ours (same prompt, generated tokens, depth and sequences).\n";
  std::string text =
      MarkdownTable({"test", "ours", "tok/s", "theirs", "tok/s", "ratio ours / theirs", "differs, ours / theirs"}, rows) +
      "The two were not measured in turn: the ratios contain whatever changed on the machine in between.\n";
  if (other_size) text += "Note: the weights differ in size by more than 2 %; are they the same file?\n";
  return text;
}

Json SideBySideJson(const SpeedResult& result, const std::vector<SpeedVariant>& variants,
                    const std::vector<LlamaBenchEntry>& entries) {
  Json all = Json::array();
  ForEachPair(result, entries, [&](const SpeedRow& row, const LlamaBenchEntry& entry) {
    all.push_back({{"test", row.test.Name()},
                   {"variant", variants[row.variant].label},
                   {"tok_per_s", RankIntervalJson(MedianInterval(Rates(row)))},
                   {"other", Theirs(entry)},
                   {"other_model_type", entry.model_type},
                   {"differs", Differences(variants[row.variant], entry)},
                   {"other_tok_per_s", RankIntervalJson(MedianInterval(entry.tok_per_s))},
                   {"ratio", RankIntervalJson(UnpairedRatio(entry.tok_per_s, Rates(row)))}});
  });
  return all;
}

}  // namespace tidemark
