#include "cli/summary.h"

#include <fmt/format.h>

#include "cli/command.h"
#include "engine/core/error.h"

namespace tidemark::cli {
namespace {

constexpr auto kReplace = nlohmann::ordered_json::error_handler_t::replace;

void PrintTask(const TaskReport& task) {
  const SampleCounts& s = task.samples;
  fmt::print("{}: {} samples, {} scored, {} failed", task.name, s.total, s.scored, s.failed);
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
  }
  if (details > 0) fmt::print("  ({} more metrics, by group, in the report)\n", details);
}

// More than a tenth of failed samples makes the metrics a statement about the
// rest only.
bool Inconclusive(const Report& report) {
  if (report.interrupted) return true;
  for (const TaskReport& task : report.tasks) {
    if (task.samples.total > 0 && 10 * task.samples.failed > task.samples.total) return true;
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
  for (const std::string& warning : report.warnings) fmt::print(stderr, "warning: {}\n", warning);
  if (!report.failures.empty()) {
    const Failure& f = report.failures.front();
    fmt::print(stderr, "first failure: {} {}: {}\n", f.task, Printable(f.id.dump(-1, ' ', false, kReplace)),
               Printable(f.error, 300));
  }
  if (report.interrupted) fmt::print(stderr, "interrupted: the results cover what had finished\n");
  return Inconclusive(report) ? kInconclusive : kOk;
}

}  // namespace tidemark::cli
