// tidemark run: a suite in one go, one report. The suite `quick` needs nothing
// but the program.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <sstream>

#include "cli/bench_setup.h"
#include "cli/command.h"
#include "cli/default_model.h"
#include "cli/eval_setup.h"
#include "cli/messages.h"
#include "cli/progress.h"
#include "cli/resume.h"
#include "cli/summary.h"
#include "engine/core/error.h"
#include "evals/models/engine_model.h"
#include "evals/runner.h"
#include "reports/environment.h"

namespace tidemark::cli {
namespace {

// A suite is data: which tasks on their embedded rows, and which benchmarks.
struct Suite {
  std::string_view name, summary;
  std::vector<std::string_view> tasks;
  int max_new_tokens;
  std::vector<int64_t> rows, depths;
  double min_seconds;  // per benchmark
};

const std::vector<Suite>& AllSuites() {
  static const std::vector<Suite> suites = {{"quick",
                                             "embedded rows of every task and a short benchmark of matmul, routing and "
                                             "attention",
                                             {"ifeval", "math500", "omniscience"},
                                             160,
                                             {1, 32},
                                             {512},
                                             0.05}};
  return suites;
}

const Suite& FindSuite(const std::string& name) {
  std::string known;
  for (const Suite& suite : AllSuites()) {
    if (suite.name == name) return suite;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", suite.name);
  }
  throw Error("suite", name, known);
}

struct Flags {
  std::string suite = "quick", out, protocol = "greedy";
  EngineFlags engine;
  GenerateFlags generate;
  ResumeFlags resume;
  bool json = false;
};

nlohmann::ordered_json RunSuiteBenchmarks(const Suite& suite, const EngineModel& model, const EngineFlags& flags,
                                          const Cpu& cpu) {
  ThreadPool pool(ThreadCount(flags, cpu));
  BenchContext context = MakeBenchContext(*model.loaded().store, "all", cpu, pool);
  context.rows = suite.rows;
  context.depths = suite.depths;
  context.cold_bytes = int64_t{64} << 20;  // a first look: half a gigabyte of copies would take longer than the rest
  BenchRunOptions options;
  options.filter = "^(matmul|routing|attention)/";
  options.min_seconds = suite.min_seconds;
  options.cancel = &CancelFlag();
  std::ostringstream table;  // the report has every row; a first run need not scroll through them
  return RunBenchmarks(context, options, table);
}

// Names wrong results and an early end in the report. Returns how many results were wrong.
size_t CheckBenchmarks(Report& report) {
  size_t wrong = 0;
  for (const auto& row : (*report.benchmarks)["benchmarks"]) {
    if (!row.value("error_occurred", false)) continue;
    report.warnings.push_back(fmt::format("benchmark {}: {}", row.value("name", ""), row.value("error_message", "")));
    ++wrong;
  }
  if (CancelFlag()) {
    report.interrupted = true;
    report.warnings.push_back("the benchmarks were interrupted; those that had not run are missing");
  }
  return wrong;
}

int Run(const Flags& flags, const CLI::App& command) {
  const auto begin = std::chrono::steady_clock::now();
  const Suite& suite = FindSuite(flags.suite);
  const GenerateOptions given = MakeGenerateOptions(flags.generate);
  RunOptions options;
  ApplyResumeFlags(flags.resume, flags.out, options);
  const std::filesystem::path out = flags.out.empty() ? DefaultOutput("run") : std::filesystem::path(flags.out);
  // Before the model is loaded; the results of an earlier run go when it works.
  CheckOutput(out, flags.resume.overwrite || options.resume);
  const Cpu cpu = UsableCpu(flags.engine);
  const Protocol protocol = FindProtocol(flags.protocol);
  std::vector<EvalJob> jobs;
  for (const std::string_view name : suite.tasks) {
    jobs.push_back(MakeJob(command, protocol, FindTask(name), "", flags.engine.model, given, 0));
    ApplyPrompts({}, jobs.back());
    if (command.count("--protocol") > 0 || command.count("--max-new-tokens") > 0) continue;
    jobs.back().generate.max_new_tokens = suite.max_new_tokens;  // a suite is a quick look
    jobs.back().protocol.changed.push_back("max_new_tokens");
  }
  EngineFlags engine = flags.engine;
  engine.ctx = ContextFor(jobs, command.count("--ctx") > 0 ? engine.ctx : 0);
  const ModelOptions model_options = MakeModelOptions(engine, cpu);
  EngineModel model(model_options.resolve(engine.model), model_options);
  ShowContext(model, engine);
  Report report;
  report.command = CommandLine();
  report.settings = EngineSettings(engine, cpu);
  report.environment = CollectEnvironment(cpu);
  report.settings["suite"] = suite.name;
  options.out = out;
  options.cancel = &CancelFlag();
  options.progress = ShowEvalProgress;
  report = RunEvals(model, jobs, options, flags.resume.overwrite, std::move(report));
  ClearProgress();
  size_t wrong = 0;
  if (!report.interrupted) {
    ShowProgress("benchmarks on this model's shapes");
    report.benchmarks = RunSuiteBenchmarks(suite, model, flags.engine, cpu);
    ClearProgress();
    wrong = CheckBenchmarks(report);
    Say("{} kernel benchmarks measured\n", (*report.benchmarks)["benchmarks"].size() - wrong);
  }
  FinishReport(report, &model, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  WriteReport(out / "report.json", report);
  const int code = ShowReport(report, out / "report.json", flags.json);
  if (report.interrupted) ShowResumeCommand(out);
  return wrong > 0 ? kFailure : code;
}

}  // namespace

void AddRun(CLI::App& app, int& exit_code) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand("run", "Run a suite and write one report");
  command->add_option("suite", flags->suite, "quick: embedded rows of every task and a short benchmark")->capture_default_str();
  command
      ->add_option("--protocol", flags->protocol,
                   "a name of `list protocols`, or a JSON file; given: its budgets instead of the suite's")
      ->capture_default_str();
  AddEngineFlags(*command, flags->engine, /*model_required=*/false);
  AddGenerateFlags(*command, flags->generate);
  command->get_option("--max-new-tokens")->default_str("the suite's");
  command->add_option("--out", flags->out, "folder for the results; absent: out/run-TIME");
  AddResumeFlags(*command, flags->resume);
  command->add_flag("--json", flags->json, "print the report instead of a table");
  command->footer("Example: tidemark run --threads 2 --out first-run");
  command->callback([flags, command, &exit_code] { exit_code = Run(*flags, *command); });
}

}  // namespace tidemark::cli
