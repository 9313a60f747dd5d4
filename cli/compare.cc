// tidemark compare: what changed between two runs, and whether it is more than chance.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "cli/command.h"
#include "cli/compare_speed.h"
#include "cli/flags.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "evals/stored_run.h"
#include "reports/claims.h"
#include "reports/json_text.h"
#include "reports/speed_comparison.h"

namespace tidemark::cli {
namespace {

using Json = nlohmann::ordered_json;
constexpr auto kReplace = Json::error_handler_t::replace;
constexpr size_t kShownFlips = 10;
constexpr double kMargin = 1;

struct CompareFlags {
  std::string baseline, candidate, out;
  std::vector<std::string> metrics, tasks;
  std::optional<double> margin;  // percent: of the metric's range; of two speeds of their ratio
  std::optional<uint64_t> seed;
  bool allow_different = false, json = false;
};

std::string FlipList(const MetricComparison& m, bool lost) {
  std::string text;
  size_t count = 0;
  for (const Flip& f : m.flips) {
    if (((f.candidate < f.baseline) != m.lower_is_better) != lost) continue;
    if (++count > kShownFlips) continue;
    text += " " + Printable(f.id.is_string() ? f.id.get<std::string>() : f.id.dump(), 40);
    if (f.repeat > 0) text += fmt::format("#{}", f.repeat);
  }
  if (count > kShownFlips) text += fmt::format(" and {} more", count - kShownFlips);
  return fmt::format("{} {}{}", count, lost ? "lost" : "gained", count > 0 ? ":" + text : "");
}

void Print(const MetricComparison& m) {
  const bool fraction = m.low == 0 && m.high == 1;
  const double scale = fraction ? 100 : 1;
  const char* unit = fraction ? " %" : "";
  fmt::print("  {:<22} {:6.2f} to {:6.2f}{}   {:+.2f}, 95 % interval {:+.2f} to {:+.2f}   {}{}\n", m.name, scale * m.baseline,
             scale * m.candidate, unit, scale * m.difference, scale * m.interval.low, scale * m.interval.high,
             VerdictName(m.verdict), m.diagnostic ? " (does not count in the verdict)" : "");
  fmt::print("    {} samples; p = {:.4g} ({}), {:.4g} after Holm; a loss of {:g}{} is {}excluded", m.samples, m.p,
             m.test == "mcnemar_exact" ? "exact McNemar" : "randomisation test", m.p_holm, scale * m.margin, unit,
             m.non_inferior ? "" : "not ");
  if (m.minimum_effect) fmt::print("; detectable at 80 % power: {:.2f}{}", scale * *m.minimum_effect, unit);
  fmt::print("\n");
  if (m.unscored > 0) {
    fmt::print(
        "    {:.2f} % of the answers are scored in one run alone: {:+.2f} to {:+.2f}{} if they were all lost or all gained\n",
        100 * m.unscored, scale * m.bounds.low, scale * m.bounds.high, unit);
  }
  if (m.samples_to_decide) fmt::print("    about {} samples would decide, if the difference stays\n", *m.samples_to_decide);
  if (!m.flips.empty()) fmt::print("    {}\n    {}\n", FlipList(m, true), FlipList(m, false));
}

void Print(const TaskComparison& t) {
  fmt::print("{}: {} answers in common", t.task, t.common);
  const auto add = [](int64_t count, const char* what) {
    if (count > 0) fmt::print(", {} {}", count, what);
  };
  add(t.only_baseline, "only in the baseline");
  add(t.only_candidate, "only in the candidate");
  add(t.failed_baseline, "not scored in the baseline");
  add(t.failed_candidate, "not scored in the candidate");
  add(t.failed_both, "scored in neither");
  fmt::print("\n");
  for (const MetricComparison& metric : t.metrics) Print(metric);
  if (t.metrics.empty()) fmt::print("  nothing to compare: the task failed or is missing in one run\n");
  for (const std::string& name : t.left_out) {
    fmt::print("  {:<22} left out: nothing is counted in it for a sample that both runs scored\n", Printable(name));
  }
}

// --task and --metric name what the baseline has; a slip must not leave a comparison of less than was asked for.
void Select(const CompareFlags& flags, StoredRun& baseline, StoredRun& candidate) {
  for (const std::string& name : flags.tasks) {
    const auto is_it = [&](const StoredTask& task) { return task.name == name; };
    if (std::none_of(baseline.tasks.begin(), baseline.tasks.end(), is_it)) {
      throw Error("--task", Printable(name), "tasks of the baseline");
    }
  }
  for (StoredRun* run : {&baseline, &candidate}) {
    std::erase_if(run->tasks, [&](const StoredTask& task) {
      return !flags.tasks.empty() && std::find(flags.tasks.begin(), flags.tasks.end(), task.name) == flags.tasks.end();
    });
  }
  std::string known;
  std::vector<std::string> names;
  for (const TaskPair& pair : PairTasks(baseline, candidate, {})) {
    for (const ComparedMetric& metric : pair.metrics) {
      if (std::find(names.begin(), names.end(), metric.name) != names.end()) continue;
      names.push_back(metric.name);
      known += (known.empty() ? "" : ", ") + metric.name;
    }
  }
  for (const std::string& name : flags.metrics) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      throw Error("--metric", Printable(name), "headline metrics of the tasks: " + Printable(known, 400));
    }
  }
}

std::vector<std::string> OnlyIn(const StoredRun& a, const StoredRun& b, const char* which) {
  std::vector<std::string> notes;
  for (const StoredTask& task : a.tasks) {
    bool found = false;
    for (const StoredTask& other : b.tasks) found = found || other.name == task.name;
    if (!found) notes.push_back(fmt::format("{}: only in the {}", Printable(task.name), which));
  }
  return notes;
}

// The report of `speed` in a file; nothing: a folder, or a report of another kind, which LoadRun judges.
std::optional<Json> SpeedReportIn(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return std::nullopt;
  Json json = ParseJsonText(ReadFile(path), path);
  return IsSpeedReport(json) ? std::optional<Json>(std::move(json)) : std::nullopt;
}

// Of two speeds, if that is what was named; nothing: neither is one.
std::optional<int> CompareAsSpeeds(const CompareFlags& flags) {
  const std::optional<Json> baseline = SpeedReportIn(flags.baseline), candidate = SpeedReportIn(flags.candidate);
  if (!baseline && !candidate) return std::nullopt;
  if (!baseline || !candidate) {
    const std::string& other = baseline ? flags.candidate : flags.baseline;
    if (std::error_code error; !std::filesystem::exists(other, error)) throw Error(other, "no such file", "a report of `speed`");
    throw Error(baseline ? flags.candidate : flags.baseline, "no report of `speed`",
                "one, as " + (baseline ? flags.baseline : flags.candidate) + " is",
                "name two speed reports, or two runs of tasks");
  }
  const std::pair<const char*, bool> unfit[] = {{"--metric", !flags.metrics.empty()},
                                                {"--task", !flags.tasks.empty()},
                                                {"--allow-different", flags.allow_different},
                                                {"--seed", flags.seed.has_value()}};
  for (const auto& [flag, given] : unfit) {
    if (given) throw Error(flag, "two speed reports", "two runs of tasks", "what differs between speed reports is always shown");
  }
  return CompareSpeedReports({flags.baseline, &*baseline}, {flags.candidate, &*candidate}, flags.margin.value_or(kSpeedMargin),
                             flags.out, flags.json);
}

int Compare(const CompareFlags& flags) {
  if (const std::optional<int> exit_code = CompareAsSpeeds(flags)) return *exit_code;
  const double margin = flags.margin.value_or(kMargin);
  StoredRun baseline = LoadRun(flags.baseline), candidate = LoadRun(flags.candidate);
  Select(flags, baseline, candidate);
  std::vector<std::string> differences;
  for (const StoredTask& a : baseline.tasks) {
    for (const StoredTask& b : candidate.tasks) {
      if (a.name != b.name) continue;
      for (std::string& reason : WhyNotComparable(a, b)) differences.push_back(std::move(reason));
    }
  }
  if (!differences.empty() && !flags.allow_different) {
    std::string all;
    for (const std::string& difference : differences) all += (all.empty() ? "" : "; ") + difference;
    throw Error("compare", all, "runs of the same rows, rules and protocol", "--allow-different compares them all the same");
  }
  const std::vector<TaskPair> pairs = PairTasks(baseline, candidate, flags.metrics);
  CompareOptions options;
  options.margin = margin / 100;
  options.seed = flags.seed.value_or(0);
  const std::vector<TaskComparison> tasks = CompareRuns(pairs, options);
  bool any = false;
  for (const TaskComparison& task : tasks) any = any || !task.metrics.empty() || task.failed_baseline + task.failed_candidate > 0;
  if (!any) {
    throw Error("compare", "no metric that both runs hold for a common sample", "two runs of the same task",
                flags.metrics.empty() ? "" : "--metric names headline metrics, as in the report");
  }
  std::vector<std::string> notes = OnlyIn(baseline, candidate, "baseline");
  for (std::string& note : OnlyIn(candidate, baseline, "candidate")) notes.push_back(std::move(note));

  Json json = {{"baseline", baseline.report_path.string()},
               {"candidate", candidate.report_path.string()},
               {"margin_percent", margin},
               {"seed", options.seed},
               {"differences", differences},
               {"notes", notes}};
  json.update(ToJson(tasks));
  const std::string text = json.dump(2, ' ', false, kReplace) + "\n";
  if (!flags.out.empty()) WriteFileAtomically(flags.out, text);
  const CompareVerdict verdict = Overall(tasks);
  if (flags.json) {
    fmt::print("{}", text);
  } else {
    for (const std::string& difference : differences) fmt::print("DIFFERENT {}\n", difference);
    for (const TaskComparison& task : tasks) Print(task);
    for (const std::string& note : notes) fmt::print("{}\n", note);
    fmt::print("verdict: {}\n", VerdictName(verdict));
  }
  return verdict == CompareVerdict::kWorse ? kFailure : verdict == CompareVerdict::kCannotTell ? kInconclusive : kOk;
}

}  // namespace

void AddCompare(CLI::App& app, int& exit_code) {
  const auto flags = std::make_shared<CompareFlags>();
  CLI::App* command = app.add_subcommand("compare", "What changed between two runs, and whether it is more than chance");
  command
      ->add_option("baseline", flags->baseline, "folder of the first run (report.json, scores.jsonl), or a file of `speed --out`")
      ->required();
  command->add_option("candidate", flags->candidate, "the run, or speed, that is judged")->required();
  command->add_option("--metric", flags->metrics, "compare only these headline metrics, a comma list")->delimiter(',');
  command->add_option("--task", flags->tasks, "compare only these tasks, a comma list")->delimiter(',');
  command
      ->add_option("--margin", flags->margin,
                   fmt::format("a difference that does not matter, in percent: of the metric's range ({:g}), or of speed ({:g})",
                               kMargin, kSpeedMargin))
      ->check(RealRange(0, 100));
  command->add_option("--seed", flags->seed, "seed of the bootstrap and of the randomisation test (0)");
  command->add_flag("--allow-different", flags->allow_different, "compare other rows, task versions or protocols, and say so");
  command->add_option("--out", flags->out, "also write the comparison to this JSON file");
  command->add_flag("--json", flags->json, "print the comparison as JSON, with every flip");
  command->footer(
      "Exit codes: 0 no metric is worse and all could be told; 1 a metric is worse (or wrong input); 2 one cannot be told, or a "
      "task\nof the baseline failed or is missing in the candidate. Of speeds: 0 no rate is slower; 1 one is; 2 one cannot be "
      "told or is\nmissing, or the model is another. A rate is slower or faster if its whole interval lies beyond the margin, "
      "the "
      "same if all\nof it lies within.\n" +
      std::string(SpeedComparisonMethod()) +
      "Example: tidemark compare out/before out/after --margin 2\n"
      "         tidemark compare old.json new.json --margin 3    # of `tidemark speed --out`");
  command->callback([flags, &exit_code] { exit_code = Compare(*flags); });
}

}  // namespace tidemark::cli
