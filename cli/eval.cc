// tidemark eval and tidemark score: tasks through a model, or over responses
// that are stored already.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/command.h"
#include "cli/default_model.h"
#include "cli/eval_setup.h"
#include "cli/progress.h"
#include "cli/resume.h"
#include "cli/route_recording.h"
#include "cli/summary.h"
#include "engine/core/error.h"
#include "evals/models/engine_model.h"
#include "evals/models/models.h"
#include "evals/runner.h"
#include "reports/environment.h"

namespace tidemark::cli {
namespace {

struct EvalFlags {
  EngineFlags engine;
  EndpointFlags endpoint;
  GenerateFlags generate;
  PromptFlags prompts;
  std::vector<std::string> tasks;
  std::string dataset, out, protocol = "greedy";
  int64_t limit = 0;
  int repeats = 0;  // 0: the protocol's
  ResumeFlags resume;
  std::string shard, routes;
  double stop_width = 0;
  bool json = false;
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
  const Protocol protocol = FindProtocol(flags.protocol);
  std::vector<EvalJob> jobs;
  for (const std::string& name : flags.tasks) {
    if (std::count(flags.tasks.begin(), flags.tasks.end(), name) > 1) throw Error("--task", name + " twice", "distinct tasks");
    jobs.push_back(MakeJob(command, protocol, FindTask(name), flags.dataset, flags.engine.model, given, flags.repeats));
    ApplyPrompts(flags.prompts, jobs.back());
  }
  EngineFlags engine = flags.engine;
  engine.ctx = ContextFor(jobs, command.count("--ctx") > 0 ? engine.ctx : 0);
  if (!flags.routes.empty()) engine.shared_prompts_mib = 0;  // the choices of every token count
  RunOptions options;
  options.out = flags.out.empty() ? DefaultOutput("eval") : std::filesystem::path(flags.out);
  options.limit = flags.limit;
  options.progress = ShowEvalProgress;
  ApplyResumeFlags(flags.resume, flags.out, options);
  if (!flags.shard.empty()) options.shard = ParseShard(flags.shard);
  options.stop_width = flags.stop_width;
  CheckOutput(options.out, flags.resume.overwrite || options.resume);  // before a model of many gigabytes is loaded
  RefuseOwnInput(engine.model, options.out);
  const Cpu cpu = UsableCpu(engine);
  ModelOptions model_options = MakeModelOptions(engine, cpu);
  model_options.endpoint = MakeEndpointOptions(flags.endpoint);
  const auto model = OpenTextModel(engine.model, model_options);
  const auto* own = dynamic_cast<const EngineModel*>(model.get());
  RouteRecording routes(flags.routes, own == nullptr ? nullptr : own->loaded().model.get());
  ShowContext(*model, engine);
  options.cancel = &CancelFlag();  // only now: while the model loads there is nothing to keep, and Ctrl-C should end at once
  Report report;
  report.command = CommandLine();
  report.settings = EngineSettings(engine, cpu);
  report.environment = CollectEnvironment(cpu);
  report = RunEvals(*model, jobs, options, flags.resume.overwrite, std::move(report));
  ClearProgress();
  routes.Write();
  const int code = ShowReport(report, options.out / "report.json", flags.json);
  if (report.interrupted) ShowResumeCommand(options.out);
  return code;
}

struct ScoreFlags {
  std::string task, dataset, completions, out, protocol = "greedy";
  uint64_t seed = 0;
  int64_t limit = 0;
  bool overwrite = false, json = false, ignore_unmatched = false;
};

int ScoreStored(const ScoreFlags& flags) {
  const Task& task = FindTask(flags.task);
  const ProtocolTask entry = FindProtocol(flags.protocol).For(task.name);
  EvalJob job{&task, LoadDataset(task.name, flags.dataset), entry.generate, entry.choices};
  job.generate.seed = flags.seed;
  Report report;
  report.command = CommandLine();
  report =
      ScoreFile(job, flags.completions, {flags.out, flags.overwrite, flags.limit, flags.ignore_unmatched}, std::move(report));
  return ShowReport(report, std::filesystem::path(flags.out) / "report.json", flags.json);
}

void AddProtocol(CLI::App& command, std::string& protocol) {
  command
      .add_option("--protocol", protocol,
                  "how tasks are run and judged: a name of `list protocols`, or a JSON file; flags of this command override it")
      ->capture_default_str();
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
  AddEndpointFlags(*command, flags->endpoint);
  AddGenerateFlags(*command, flags->generate);
  command->get_option("--model")->description(
      "GGUF file, safetensors file or directory, `default` (embedded), or "
      "ADAPTER:ARGUMENT; `list models` names them");
  command->get_option("--max-new-tokens")->default_str("the protocol's");
  command->get_option("--ctx")->default_str("4096, or as the token budget needs");
  command->add_option("--task", flags->tasks, "tasks, a comma list; `list tasks` names them")->required()->delimiter(',');
  AddProtocol(*command, flags->protocol);
  command->add_option("--dataset", flags->dataset,
                      "JSONL or CSV file, a fetched dataset's name, or sample:NAME for embedded rows; absent: "
                      "embedded rows that fit the model");
  AddPromptFlags(*command, flags->prompts);
  AddLimit(*command, flags->limit);
  command->add_option("--repeats", flags->repeats, "completions per row")
      ->check(CLI::Range(1, 1000))
      ->default_str("the protocol's");
  command->add_option("--out", flags->out,
                      "folder for completions.jsonl, scores.jsonl, "
                      "report.json; absent: out/eval-TIME");
  AddResumeFlags(*command, flags->resume);
  CLI::Option* shard = command->add_option("--shard", flags->shard,
                                           "I/N: every N-th row from row I on, for `merge`; the other parts run elsewhere");
  command
      ->add_option("--stop-when-certain", flags->stop_width,
                   "ask rows in random order until the 95 % interval of the first metric is that wide, as a fraction: 0.05 is "
                   "five points; 0: off")
      ->check(RealRange(0, 1))
      ->excludes(shard);
  AddRouteFlag(*command, flags->routes);
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
  AddProtocol(*command, flags->protocol);
  command->add_option("--dataset", flags->dataset,
                      "JSONL or CSV file, a fetched dataset's name, or sample:NAME; absent: the "
                      "task's first embedded rows");
  command->add_option("--completions", flags->completions, "completions.jsonl, or rows {\"prompt\" or \"key\", \"response\"}")
      ->required();
  AddLimit(*command, flags->limit);
  command->add_option("--out", flags->out, "folder for scores.jsonl and report.json")->required();
  command->add_option("--seed", flags->seed, "noted in the report; scoring and intervals draw nothing")->capture_default_str();
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
