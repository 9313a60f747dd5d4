#include "bench/ab.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "bench/speed_report.h"
#include "engine/core/error.h"

namespace tidemark {
namespace {

constexpr int kCalibration = 5;  // calls whose median says how many fill the time

using Clock = std::chrono::steady_clock;

bool IsSet(const std::atomic<bool>* flag) { return flag != nullptr && flag->load(); }

// "matmul/naive/q8_0/m:1" with another backend in the place of `from`; empty: the name has no such part.
std::string Replaced(const std::string& name, const std::string& from, const std::string& to) {
  const size_t at = name.find("/" + from + "/");
  return at == std::string::npos ? "" : name.substr(0, at + 1) + to + name.substr(at + 1 + from.size());
}

double SecondsOf(const std::function<void()>& body, int64_t calls) {
  const auto begin = Clock::now();
  for (int64_t i = 0; i < calls; ++i) body();
  return std::chrono::duration<double>(Clock::now() - begin).count() / static_cast<double>(calls);
}

AbRow Compare(const Benchmark& a, const Benchmark& b, const AbOptions& options) {
  AbRow row;
  row.name = Replaced(a.name, options.a, options.a + ":" + options.b);
  try {
    const std::function<void()> run_a = a.setup(), run_b = b.setup();  // both checked against the oracle here
    const double per_side = options.min_seconds / 2 / options.pairs;
    const auto calls = [&](const std::function<void()>& run) {
      double samples[kCalibration];
      for (double& s : samples) s = SecondsOf(run, 1);
      std::nth_element(samples, samples + kCalibration / 2, samples + kCalibration);
      return std::max<int64_t>(1, static_cast<int64_t>(per_side / std::max(samples[kCalibration / 2], 1e-9)));
    };
    const int64_t calls_a = calls(run_a), calls_b = calls(run_b);
    std::vector<double> times_a, times_b;
    for (int pair = 0; pair < options.pairs && !IsSet(options.cancel); ++pair) {
      // Who comes second finds the caches and the clock as the first left them: both do, in turn.
      if (pair % 2 == 0) times_a.push_back(SecondsOf(run_a, calls_a));
      times_b.push_back(SecondsOf(run_b, calls_b));
      if (pair % 2 != 0) times_a.push_back(SecondsOf(run_a, calls_a));
    }
    if (times_a.empty()) return row;
    row.a_seconds = MedianInterval(times_a).value;
    row.b_seconds = MedianInterval(times_b).value;
    row.speedup = PairedRatio(times_b, times_a);
  } catch (const std::exception& e) {
    row.failure = e.what();
  }
  return row;
}

}  // namespace

std::vector<AbRow> CompareBackends(const BenchContext& context, const AbOptions& options) {
  if (options.a == options.b) throw Error("--ab", options.a + "," + options.b, "two different backends");
  const BenchList list = MatchingBenchmarks(context, options.filter);
  std::map<std::string, const Benchmark*> by_name;
  for (const Benchmark& b : list) by_name[b.name] = &b;
  std::vector<AbRow> rows;
  bool any = false;
  for (const Benchmark& a : list) {
    const auto twin = by_name.find(Replaced(a.name, options.a, options.b));
    if (twin == by_name.end()) continue;
    any = true;
    if (IsSet(options.cancel)) break;
    rows.push_back(Compare(a, *twin->second, options));
    if (rows.back().failure.empty() && rows.back().speedup.n == 0) rows.pop_back();  // cancelled before its first pair
  }
  if (!any) {
    throw Error("--ab", fmt::format("{},{} with --filter {}", options.a, options.b, options.filter),
                "benchmarks that both backends have", "`bench --list` prints their names");
  }
  return rows;
}

std::string AbMarkdown(const std::vector<AbRow>& rows, const AbOptions& options) {
  std::vector<std::vector<std::string>> cells;
  for (const AbRow& row : rows) {
    if (!row.failure.empty()) {
      cells.push_back({row.name, "", "", row.failure, ""});
      continue;
    }
    cells.push_back(
        {row.name, fmt::format("{:.4g}", 1e6 * row.a_seconds), fmt::format("{:.4g}", 1e6 * row.b_seconds),
         fmt::format("{:.3g}x ({:.3g} - {:.3g})", row.speedup.value, row.speedup.interval.low, row.speedup.interval.high),
         fmt::format("{}, {:.1f} %", row.speedup.n, 100 * row.speedup.coverage)});
  }
  std::string text = MarkdownTable({"benchmark", options.a + " us", options.b + " us",
                                    fmt::format("speed of {} over {}", options.b, options.a), "pairs, coverage"},
                                   cells);
  return text + "Medians of pairs measured in turn; in brackets the interval from ranks, which covers as the last column says.\n";
}

nlohmann::ordered_json AbJson(const std::vector<AbRow>& rows, const AbOptions& options) {
  nlohmann::ordered_json json = {{"a", options.a}, {"b", options.b}};
  json["rows"] = nlohmann::ordered_json::array();
  for (const AbRow& row : rows) {
    nlohmann::ordered_json entry = {{"name", row.name}};
    if (!row.failure.empty()) {
      entry["error"] = row.failure;
    } else {
      entry["a_seconds"] = row.a_seconds;
      entry["b_seconds"] = row.b_seconds;
      entry["speed_of_b_over_a"] = RankIntervalJson(row.speedup);
    }
    json["rows"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace tidemark
