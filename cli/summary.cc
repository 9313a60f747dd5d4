#include "cli/summary.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/command.h"
#include "cli/messages.h"
#include "engine/core/error.h"

namespace tidemark::cli {
namespace {

constexpr auto kReplace = nlohmann::ordered_json::error_handler_t::replace;

void PrintRuns(const Metric& m, double scale, const char* unit) {
  if (!m.runs) return;
  const RunSpread& spread = *m.runs;
  const bool alike = std::all_of(spread.samples.begin(), spread.samples.end(), [&](int64_t n) { return n == spread.samples[0]; });
  std::string runs;
  constexpr size_t kShown = 10;
  for (size_t i = 0; i < spread.runs.size() && i < kShown; ++i) {
    runs += fmt::format(" {:.2f}", scale * spread.runs[i]);
    if (!alike) runs += fmt::format(" (n = {})", spread.samples[i]);
  }
  if (spread.runs.size() > kShown) runs += " ...";
  fmt::print("    runs:{}{}; standard error ", runs, unit);
  if (spread.stderr_sampling && spread.stderr_run_to_run) {
    fmt::print("{:.2f} from the samples, {:.2f} from run to run\n", scale * *spread.stderr_sampling,
               scale * *spread.stderr_run_to_run);
  } else {
    fmt::print("not estimable\n");
  }
}

void PrintBounds(const TruncationBounds& bounds, const Metric& m, double scale, const char* unit) {
  for (const MetricBounds& b : bounds.metrics) {
    if (b.name != m.name || b.lowest == b.highest) continue;
    fmt::print("    {} truncated, {} failed", bounds.truncated, bounds.failed);
    if (bounds.not_run > 0) fmt::print(", {} not run", bounds.not_run);
    if (bounds.ungraded > 0) fmt::print(", {} ungraded", bounds.ungraded);
    fmt::print(": {:.2f} to {:.2f}{} if they all counted 0 or 1", scale * b.lowest, scale * b.highest, unit);
    if (b.completed) fmt::print(", {:.2f}{} without them", scale * *b.completed, unit);
    fmt::print("\n");
  }
}

void PrintTask(const TaskReport& task) {
  const SampleCounts& s = task.samples;
  fmt::print("{}: {} samples, {} scored, {} failed", task.name, s.total, s.scored, s.failed);
  if (s.ungraded > 0) fmt::print(", {} ungraded", s.ungraded);
  if (s.not_run > 0) fmt::print(", {} not run", s.not_run);
  if (s.unclosed_reasoning > 0) fmt::print(", {} with unclosed reasoning", s.unclosed_reasoning);
  fmt::print("\n");
  size_t details = 0;
  for (const Metric& m : task.metrics) {
    if (m.name.find('/') != std::string::npos) {  // per family and per id: in the report
      ++details;
      continue;
    }
    const bool fraction = m.range_low == 0 && m.range_high == 1;
    const double scale = fraction ? 100 : 1;
    const char* unit = fraction ? " %" : "  ";
    fmt::print("  {:<22} {:6.2f}{}   95 % interval {:6.2f} to {:6.2f}{}   n = {}\n", m.name, scale * m.value, unit,
               scale * m.ci95_low, scale * m.ci95_high, unit, m.n);
    PrintRuns(m, scale, unit);
    PrintBounds(task.bounds, m, scale, unit);
  }
  if (details > 0) fmt::print("  ({} more metrics, by group, in the report)\n", details);
}

// More than a tenth of failed or ungraded samples makes the metrics a statement about the rest only.
bool Inconclusive(const Report& report) {
  if (report.interrupted) return true;
  for (const TaskReport& task : report.tasks) {
    if (task.samples.total > 0 && 10 * (task.samples.failed + task.samples.ungraded) > task.samples.total) return true;
  }
  return false;
}

}  // namespace

int ShowReport(const Report& report, const std::filesystem::path& path, bool json) {
  if (json) {
    // Paths and messages may hold bytes that are not UTF-8.
    fmt::print("{}\n", ToJson(report).dump(2, ' ', false, kReplace));
  } else {
    for (const TaskReport& task : report.tasks) PrintTask(task);
    const auto& timings = report.timings.model;
    for (const char* name : {"load_seconds", "prefill_tok_per_s", "decode_tok_per_s"}) {
      if (timings.contains(name) && timings[name].is_number()) fmt::print("{:<24} {:8.2f}\n", name, timings[name].get<double>());
    }
    fmt::print("{:<24} {:8.1f} MiB\n", "peak memory", static_cast<double>(report.peak_rss_bytes) / (1 << 20));
    fmt::print("report: {}\n", path.string());
  }
  for (const std::string& warning : report.warnings) Say("warning: {}\n", warning);
  if (!report.failures.empty()) {
    const Failure& f = report.failures.front();
    Say("first failure: {} {}: {}\n", f.task, Printable(f.id.dump(-1, ' ', false, kReplace)), Printable(f.error, 300));
  }
  if (report.interrupted) Say("interrupted: the results cover what had finished\n");
  return Inconclusive(report) ? kInconclusive : kOk;
}

}  // namespace tidemark::cli
