// The Markdown of a speed run.
#include <algorithm>
#include <cmath>

#include "bench/speed_report.h"
#include "engine/core/error.h"

namespace tidemark {
namespace {

template <typename Rate>
RankInterval RateOf(const SpeedRow& row, Rate rate) {
  std::vector<double> rates;
  for (const SpeedSample& s : row.samples) {
    if (rate(s) > 0) rates.push_back(rate(s));
  }
  return rates.empty() ? RankInterval{} : MedianInterval(rates);
}

double MainRate(const SpeedTest& test, const SpeedSample& s) {
  return test.kind == SpeedKind::kPrefill ? s.PrefillRate() : s.DecodeRate();
}

std::string Gib(int64_t bytes) {
  return bytes >= int64_t{1} << 27 ? fmt::format("{:.2f} GiB", static_cast<double>(bytes) / (1 << 30))
                                   : fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
}

// Four digits, without an exponent.
std::string Rate(double value) { return value >= 1000 ? fmt::format("{:.0f}", value) : fmt::format("{:.4g}", value); }

std::string RateCell(const RankInterval& r) {
  if (r.n == 0) return "";
  return r.n == 1 ? Rate(r.value) : fmt::format("{} ({} - {})", Rate(r.value), Rate(r.interval.low), Rate(r.interval.high));
}

std::string RatioCell(const RankInterval& r) {
  if (r.n == 0) return "";
  if (r.n == 1) return fmt::format("{:.3g}x", r.value);  // one pair has no interval
  return fmt::format("{:.3g}x ({:.3g} - {:.3g})", r.value, r.interval.low, r.interval.high);
}

std::string StepCell(const SpeedRow& row) {
  std::vector<double> steps;
  for (const SpeedSample& s : row.samples) steps.insert(steps.end(), s.step_seconds.begin(), s.step_seconds.end());
  if (steps.empty()) return "";
  const Percentiles p = ComputePercentiles(std::move(steps));
  return fmt::format("{:.4g} / {:.4g} / {:.4g}", 1e3 * p.p50, 1e3 * p.p95, 1e3 * p.p99);
}

std::string FirstTokenCell(const SpeedRow& row) {
  const RankInterval r = RateOf(row, [](const SpeedSample& s) { return s.time_to_first_token_seconds; });
  return r.n == 0 ? "" : fmt::format("{:.4g}", r.value);
}

const MachinePeaks* PeaksOf(const SpeedResult& result, const SpeedVariant& variant) {
  for (const MachinePeaks& peaks : result.peaks) {
    if (peaks.threads == variant.threads && peaks.isa == variant.isa) return &peaks;
  }
  return nullptr;
}

std::string LimitCell(const SpeedResult& result, const std::vector<SpeedVariant>& variants, const SpeedRow& row) {
  const double share = ShareOfLimit(result, variants, row);
  if (share <= 0) return "";
  const SpeedLimit limit = LimitOf(result, variants, row);
  return fmt::format("{:.0f} % of {} ({})", 100 * share, limit.of, limit.peak.isa);
}

std::string LimitsText(const SpeedResult& result) {
  std::string text;
  const auto giga = [](const Peak& p) {
    return p.per_second > 0 ? fmt::format("{:.4g} ({})", 1e-9 * p.per_second, p.isa) : std::string("none");
  };
  for (const MachinePeaks& p : result.peaks) {
    text += fmt::format(
        "Limits on {} thread{}{}, measured in this process: reading {} GB/s, f32 {}, bf16 {} GFLOP/s, int8 {} Gop/s.\n",
        p.threads, p.threads == 1 ? "" : "s", p.isa.empty() ? "" : " up to " + p.isa, giga(p.read_bytes), giga(p.f32_flops),
        giga(p.bf16_flops), giga(p.int8_ops));
  }
  if (text.empty()) return text;
  return text + "In brackets the unit that reached the limit: the fastest there is, whichever one a backend uses.\n\n";
}

std::string RowsText(const SpeedResult& result, const std::vector<SpeedVariant>& variants) {
  const bool several = variants.size() > 1;
  std::vector<std::string> header = {
      "test", "variant", "prefill tok/s", "decode tok/s", "first token s", "between tokens ms, p50 / p95 / p99", "of the limit"};
  if (several) header.push_back("ratio to the first");
  std::vector<std::vector<std::string>> rows;
  for (const SpeedRow& row : result.rows) {
    std::vector<std::string> cells = {row.test.Name(),
                                      variants[row.variant].label,
                                      RateCell(PrefillRate(row)),
                                      RateCell(DecodeRate(row)),
                                      FirstTokenCell(row),
                                      StepCell(row),
                                      LimitCell(result, variants, row)};
    if (several) cells.push_back(RatioCell(RatioToFirst(result, row)));
    rows.push_back(std::move(cells));
  }
  return rows.empty() ? "" : MarkdownTable(header, rows) + "\n";
}

std::string LoadText(const SpeedResult& result, const std::vector<SpeedVariant>& variants) {
  std::vector<std::vector<std::string>> rows;
  for (size_t v = 0; v < result.loaded.size(); ++v) {
    const SpeedLoaded& loaded = result.loaded[v];
    const auto median = [&](auto field) {
      std::vector<double> values;
      for (const SpeedLoad& load : loaded.loads) values.push_back(field(load));
      return values.empty() ? std::string("as above") : fmt::format("{:.3g}", MedianInterval(values).value);
    };
    std::string backends;
    int64_t packed = 0;
    for (const BackendShare& s : loaded.shares) {
      backends +=
          fmt::format("{}{} {} ({})", backends.empty() ? "" : ", ", Gib(s.stored_bytes), s.backend, PrecisionName(s.precision));
      packed += s.packed_bytes;
    }
    const int64_t least = result.file_bytes + loaded.kv_bytes;
    rows.push_back({variants[v].label, median([](const SpeedLoad& l) { return l.open_seconds; }),
                    median([](const SpeedLoad& l) { return l.pack_seconds; }),
                    median([](const SpeedLoad& l) { return l.first_token_seconds; }),
                    median([](const SpeedLoad& l) { return l.Total(); }),
                    median([](const SpeedLoad& l) { return l.deferred_pack_seconds; }), Gib(packed), Gib(loaded.kv_bytes),
                    fmt::format("{} ({:+.0f} %)", Gib(loaded.peak_bytes),
                                100 * (static_cast<double>(loaded.peak_bytes) / static_cast<double>(least) - 1)),
                    backends});
  }
  return MarkdownTable({"variant", "open s", "pack s", "first token s", "load to first token s", "packing after it s", "packed",
                        "KV, largest test", "peak memory (against file + KV)", "weights"},
                       rows) +
         "\n";
}

std::string SustainedText(const SpeedResult& result, const std::vector<SpeedVariant>& variants) {
  std::vector<std::vector<std::string>> rows;
  for (const SustainedRate& s : result.sustained) {
    rows.push_back({variants[s.variant].label, fmt::format("{}", s.batch), fmt::format("{}", s.depth),
                    fmt::format("{:.1f}", s.window_seconds), fmt::format("{:.4g}", fmt::join(s.tok_per_s, " ")),
                    fmt::format("{:.3f}", s.tok_per_s.back() / s.tok_per_s.front())});
  }
  if (rows.empty()) return "";
  return MarkdownTable({"sustained", "batch", "depth", "window s", "tok/s by window", "last to first"}, rows) + "\n";
}

std::string LedgerText(const Ledger& ledger, const std::vector<SpeedVariant>& variants) {
  std::vector<std::vector<std::string>> rows;
  const LedgerSums sums = SumLedger(ledger);
  const bool measured = sums.any_micro;
  const auto row = [&](const std::string& name, const std::string& calls, double run_seconds, double micro_seconds) {
    std::vector<std::string> cells = {name, calls, fmt::format("{:.1f}", 1e6 * run_seconds),
                                      fmt::format("{:.1f} %", 100 * run_seconds / ledger.token_seconds)};
    if (measured) cells.push_back(micro_seconds >= 0 ? fmt::format("{:.1f}", 1e6 * micro_seconds) : "not measured alone");
    rows.push_back(std::move(cells));
  };
  std::vector<LedgerLine> lines = ledger.lines;
  std::stable_sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.run_seconds > b.run_seconds; });
  for (const LedgerLine& line : lines) {
    row(line.name, fmt::format("{}", line.calls), line.run_seconds, line.micro_seconds);
  }
  row("sum", "", sums.run, measured ? sums.micro : -1);
  row("token", "", ledger.token_seconds, measured ? ledger.token_seconds : -1);
  row("remainder", "", ledger.token_seconds - sums.run, -1);
  if (measured) {
    rows.back().back() = fmt::format("{:.1f} ({:+.1f} %)", 1e6 * (ledger.token_seconds - sums.micro),
                                     100 * (1 - sums.micro / ledger.token_seconds));
    row("of it not measured alone", "", sums.not_alone, -1);
    rows.back().back() = fmt::format("{:.1f}", 1e6 * sums.not_alone);
    row("sum of absolute differences", "", sums.differences, -1);
    rows.back().back().clear();
  }
  const double joining = ledger.forks * ledger.fork_seconds;
  row("fork and join, in the lines above", fmt::format("{:.0f}", ledger.forks), joining, joining);
  std::vector<std::string> header = {"ledger", "calls", "us per token in the run", "share"};
  if (measured) header.push_back("us per token measured alone");
  return fmt::format(
      "Where a token goes: {}, one sequence at depth {}\n\n{}Forks and joins of the thread pool: their number times {:.2f} us, "
      "what one costs without work.\n\n",
      variants[ledger.variant].label, ledger.depth, MarkdownTable(header, rows), 1e6 * ledger.fork_seconds);
}

}  // namespace

RankInterval PrefillRate(const SpeedRow& row) {
  return RateOf(row, [](const SpeedSample& s) { return s.PrefillRate(); });
}
RankInterval DecodeRate(const SpeedRow& row) {
  return RateOf(row, [](const SpeedSample& s) { return s.DecodeRate(); });
}

RankInterval RatioToFirst(const SpeedResult& result, const SpeedRow& row) {
  if (row.variant == 0) return {};
  for (const SpeedRow& first : result.rows) {
    if (first.variant != 0 || first.test != row.test) continue;
    std::vector<double> baseline, candidate;
    for (size_t i = 0; i < std::min(first.samples.size(), row.samples.size()); ++i) {
      baseline.push_back(MainRate(row.test, first.samples[i]));
      candidate.push_back(MainRate(row.test, row.samples[i]));
    }
    return baseline.empty() ? RankInterval{} : PairedRatio(baseline, candidate);
  }
  return {};
}

LedgerSums SumLedger(const Ledger& ledger) {
  LedgerSums sums;
  for (const LedgerLine& line : ledger.lines) {
    sums.run += line.run_seconds;
    if (line.micro_seconds < 0) {
      sums.not_alone += line.run_seconds;
      continue;
    }
    sums.any_micro = true;
    sums.micro += line.micro_seconds;
    sums.differences += std::abs(line.run_seconds - line.micro_seconds);
  }
  return sums;
}

Precision MainPrecision(const std::vector<BackendShare>& shares) {
  const auto most = std::max_element(
      shares.begin(), shares.end(), [](const BackendShare& a, const BackendShare& b) { return a.stored_bytes < b.stored_bytes; });
  return most == shares.end() ? Precision::kExact : most->precision;
}

SpeedLimit LimitOf(const SpeedResult& result, const std::vector<SpeedVariant>& variants, const SpeedRow& row) {
  const MachinePeaks* peaks = PeaksOf(result, variants[row.variant]);
  if (peaks == nullptr || row.test.kind == SpeedKind::kMixed) return {};
  SpeedLimit limit{"reading", peaks->read_bytes};
  if (row.test.kind == SpeedKind::kPrefill) {
    const Peak& peak = ArithmeticPeak(*peaks, MainPrecision(result.loaded[row.variant].shares));
    limit = {&peak == &peaks->int8_ops     ? "int8 arithmetic"
             : &peak == &peaks->bf16_flops ? "bf16 arithmetic"
                                           : "f32 arithmetic",
             peak};
  }
  return limit.peak.per_second > 0 ? limit : SpeedLimit{};
}

double ShareOfLimit(const SpeedResult& result, const std::vector<SpeedVariant>& variants, const SpeedRow& row) {
  const SpeedLimit limit = LimitOf(result, variants, row);
  if (limit.of.empty() || row.samples.empty()) return 0;
  if (row.test.kind == SpeedKind::kPrefill) return row.flops_per_token * PrefillRate(row).value / limit.peak.per_second;
  return row.bytes_per_step * DecodeRate(row).value / static_cast<double>(row.test.batch) / limit.peak.per_second;
}

std::string MarkdownTable(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const std::string& cell : header) widths.push_back(cell.size());
  for (const auto& row : rows) {
    TM_CHECK(row.size() == header.size(), "{} cells for {} columns", row.size(), header.size());
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  const auto line = [&](const std::vector<std::string>& cells) {
    for (size_t i = 0; i < cells.size(); ++i) text += fmt::format("| {:<{}} ", cells[i], widths[i]);
    text += "|\n";
  };
  line(header);
  for (const size_t width : widths) text += "|" + std::string(width + 2, '-');
  text += "|\n";
  for (const auto& row : rows) line(row);
  return text;
}

std::string SpeedMarkdown(const SpeedResult& result, const std::vector<SpeedVariant>& variants, const std::string& model_name) {
  std::string text = fmt::format(
      "## {}: {}, {}, {:.3g} G parameters ({:.3g} G active)\n\n", model_name, result.model.value("container", ""),
      Gib(result.file_bytes), 1e-9 * result.model.value("parameters", 0.0), 1e-9 * result.model.value("active_parameters", 0.0));
  text += LimitsText(result) + RowsText(result, variants);
  if (!result.loaded.empty()) text += LoadText(result, variants);
  text += SustainedText(result, variants);
  for (const Ledger& ledger : result.ledgers) text += LedgerText(ledger, variants);
  if (!result.rows.empty()) {
    const RankInterval r =
        result.rows.front().test.kind == SpeedKind::kPrefill ? PrefillRate(result.rows.front()) : DecodeRate(result.rows.front());
    text += fmt::format("Medians of {} repetitions{}; in brackets the interval of the median from ranks ({:.1f} % coverage).\n",
                        r.n, result.fresh ? ", each in a process of its own" : "", 100 * r.coverage);
    if (variants.size() > 1) text += "Variants were measured in turn; ratios are medians over neighbouring pairs.\n";
    if (variants.size() > 1 && !result.fresh)
      text += "Peak memory is of one process that holds all variants (--fresh: of each alone).\n";
  }
  for (const std::string& note : result.notes) text += "Note: " + note + "\n";
  return text;
}

}  // namespace tidemark
