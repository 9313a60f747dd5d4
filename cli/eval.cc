// tidemark eval and tidemark score: tasks through a model, or over responses
// that are stored already.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/command.h"
#include "cli/default_model.h"
#include "cli/eval_setup.h"
#include "cli/progress.h"
#include "cli/summary.h"
#include "engine/core/error.h"
#include "evals/models/models.h"
#include "evals/runner.h"
#include "reports/environment.h"

namespace tidemark::cli {
namespace {

struct EvalFlags {
  EngineFlags engine;
  GenerateFlags generate;
  std::vector<std::string> tasks;
  std::string dataset, out;
  int64_t limit = 0;
  int repeats = 1;
  bool overwrite = false, json = false;
};

// A replay into the directory that holds its input would replace the input.
void RefuseOwnInput(const std::string& model, const std::filesystem::path& out) {
  const ModelSpec spec = ParseModelSpec(model);
  std::error_code error;
  if (spec.entry->name == "replay" && std::filesystem::equivalent(spec.rest, out / "completions.jsonl", error)) {
    throw Error("--out", out.string(), "another directory than that of the replayed file", "`tidemark score` scores in place");
  }
}

int Eval(const EvalFlags& flags, const CLI::App& command) {
  const GenerateOptions given = MakeGenerateOptions(flags.generate);
  if (!flags.dataset.empty() && flags.tasks.size() > 1) {
    throw Error("--dataset", fmt::format("{} tasks", flags.tasks.size()), "one task when a dataset is named");
  }
  std::vector<EvalJob> jobs;
  for (const std::string& name : flags.tasks) {
    if (std::count(flags.tasks.begin(), flags.tasks.end(), name) > 1) throw Error("--task", name + " twice", "distinct tasks");
    const Task& task = FindTask(name);
    jobs.push_back({&task, LoadDataset(task.name, flags.dataset), MergeOptions(command, task.options, given)});
  }
  RunOptions options;
  options.out = flags.out.empty() ? DefaultOutput("eval") : std::filesystem::path(flags.out);
  options.repeats = flags.repeats;
  options.limit = flags.limit;
  options.progress = ShowEvalProgress;
  CheckOutput(options.out, flags.overwrite);  // before a model of many gigabytes is loaded
  RefuseOwnInput(flags.engine.model, options.out);
  const Cpu cpu = UsableCpu(flags.engine);
  const auto model = OpenTextModel(flags.engine.model, MakeModelOptions(flags.engine, cpu));
  options.cancel = &CancelFlag();  // only now: while the model loads there is nothing to keep, and Ctrl-C should end at once
  Report report;
  report.command = CommandLine();
  report.settings = EngineSettings(flags.engine, cpu);
  report.environment = CollectEnvironment(cpu);
  report = RunEvals(*model, jobs, options, flags.overwrite, std::move(report));
  ClearProgress();
  return ShowReport(report, options.out / "report.json", flags.json);
}

struct ScoreFlags {
  std::string task, dataset, completions, out;
  uint64_t seed = 0;
  int64_t limit = 0;
  bool overwrite = false, json = false, ignore_unmatched = false;
};

int ScoreStored(const ScoreFlags& flags) {
  const Task& task = FindTask(flags.task);
  EvalJob job{&task, LoadDataset(task.name, flags.dataset), task.options};
  job.generate.seed = flags.seed;
  Report report;
  report.command = CommandLine();
  report =
      ScoreFile(job, flags.completions, {flags.out, flags.overwrite, flags.limit, flags.ignore_unmatched}, std::move(report));
  return ShowReport(report, std::filesystem::path(flags.out) / "report.json", flags.json);
}

void AddLimit(CLI::App& command, int64_t& limit) {
  command.add_option("--limit", limit, "the first N rows only; 0: all")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 40))
      ->capture_default_str();
}

}  // namespace

void AddEval(CLI::App& app, int& exit_code) {
  const auto flags = std::make_shared<EvalFlags>();
  CLI::App* command = app.add_subcommand("eval", "Run tasks through a model and write a report");
  AddEngineFlags(*command, flags->engine, /*model_required=*/true);
  AddGenerateFlags(*command, flags->generate);
  command->get_option("--max-new-tokens")->default_str("the task's");
  command->add_option("--task", flags->tasks, "tasks, a comma list; `list tasks` names them")->required()->delimiter(',');
  command->add_option("--dataset", flags->dataset,
                      "JSONL file, or a fetched dataset's name; absent: the "
                      "embedded sample rows");
  AddLimit(*command, flags->limit);
  command->add_option("--repeats", flags->repeats, "completions per row")->check(CLI::Range(1, 1000))->capture_default_str();
  command->add_option("--out", flags->out,
                      "folder for completions.jsonl, scores.jsonl, "
                      "report.json; absent: out/eval-TIME");
  command->add_flag("--overwrite", flags->overwrite, "replace results that are already in --out");
  command->add_flag("--json", flags->json, "print the report instead of a table");
  command->footer(
      "Example: tidemark eval --model LFM2.5-1.2B-Q4_0.gguf --task "
      "ifeval --dataset ifeval --max-new-tokens 1280");
  command->callback([flags, command, &exit_code] { exit_code = Eval(*flags, *command); });
}

void AddScore(CLI::App& app, int& exit_code) {
  const auto flags = std::make_shared<ScoreFlags>();
  CLI::App* command = app.add_subcommand("score", "Score stored responses, without a model");
  command->add_option("--task", flags->task, "task whose rules score")->required();
  command->add_option("--dataset", flags->dataset,
                      "JSONL file, or a fetched dataset's name; absent: the "
                      "embedded sample rows");
  command->add_option("--completions", flags->completions, "completions.jsonl, or rows {\"prompt\" or \"key\", \"response\"}")
      ->required();
  AddLimit(*command, flags->limit);
  command->add_option("--out", flags->out, "folder for scores.jsonl and report.json")->required();
  command->add_option("--seed", flags->seed, "seed of the bootstrap intervals")->capture_default_str();
  command->add_flag("--overwrite", flags->overwrite, "replace results that are already in --out");
  command->add_flag("--ignore-unmatched", flags->ignore_unmatched,
                    "count responses that belong to no row instead of refusing them");
  command->add_flag("--json", flags->json, "print the report instead of a table");
  command->footer(
      "Example: tidemark score --task ifeval --dataset input_data.jsonl "
      "--completions responses.jsonl --out scored");
  command->callback([flags, &exit_code] { exit_code = ScoreStored(*flags); });
}

}  // namespace tidemark::cli
