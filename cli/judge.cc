// tidemark judge and tidemark agreement: grades for stored answers, and how far two judges agree.
#include "evals/judge.h"

#include <fmt/format.h>

#include <memory>

#include "cli/command.h"
#include "cli/eval_setup.h"
#include "cli/progress.h"
#include "cli/resume.h"
#include "cli/summary.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/sha256.h"
#include "evals/agreement.h"
#include "evals/models/models.h"
#include "evals/omniscience/prompts.h"
#include "evals/runner.h"

namespace tidemark::cli {
namespace {

struct Flags {
  EngineFlags engine;
  GenerateFlags generate;
  EndpointFlags endpoint;
  std::string completions, judge = "match", prompts, dataset, out;
  ResumeFlags resume;
  bool json = false;
};

// What the report says about the judge beside its model.
nlohmann::ordered_json DescribeJudge(const Flags& flags, const JudgedRun& run) {
  nlohmann::ordered_json judge = {
      {"judge", flags.judge}, {"answers", run.completions.string()}, {"answers_sha256", run.answers.sha256()}};
  if (!run.model.is_null()) judge["answers_model"] = run.model;
  if (!run.settings.is_null()) judge["answers_settings"] = run.settings;
  return judge;
}

int JudgeByMatch(const Flags& flags, const JudgedRun& run, Report report) {
  const Task& task = FindTask("omniscience");
  EvalJob job{&task, LoadJudgedRows(run, flags.dataset), task.options};
  job.generate.seed = flags.generate.options.seed;
  job.protocol.strip_reasoning = run.strip_reasoning;
  report.settings["judge"] = DescribeJudge(flags, run);
  report.settings["judge"]["version"] = task.version;
  report = ScoreFile(job, run.completions, {flags.out, flags.resume.overwrite, run.limit}, std::move(report));
  return ShowReport(report, std::filesystem::path(flags.out) / "report.json", flags.json);
}

int JudgeByModel(const Flags& flags, const std::string& spec, const CLI::App& command, JudgedRun run, Report report) {
  EvalJob job{&JudgeTask(), LoadJudgedRows(run, flags.dataset),
              MergeOptions(command, JudgeTask().options, MakeGenerateOptions(flags.generate))};
  job.protocol.name = "judge";
  std::string prompt = omniscience::OwnGraderPrompt();
  if (!flags.prompts.empty()) {
    job.protocol.prompts_text = ReadFile(flags.prompts, uint64_t{1} << 20);
    job.protocol.prompts_sha256 = Sha256Hex(job.protocol.prompts_text);
    prompt = omniscience::ParseGraderPrompt(job.protocol.prompts_text, flags.prompts);
  }
  RunOptions options;
  options.out = flags.out;
  options.repeats = run.repeats;
  options.limit = run.limit;
  options.progress = ShowEvalProgress;
  ApplyResumeFlags(flags.resume, flags.out, options);
  CheckOutput(options.out, flags.resume.overwrite || options.resume);
  const Cpu cpu = UsableCpu(flags.engine);
  const std::vector<Sample> samples = MakeSamples(*job.task, job.dataset, job.protocol, run.limit);
  const nlohmann::ordered_json description = DescribeJudge(flags, run);
  ModelOptions model_options = MakeModelOptions(flags.engine, cpu);
  model_options.endpoint = MakeEndpointOptions(flags.endpoint);
  auto judge = OpenTextModel(spec, model_options);
  JudgeModel model(std::move(judge), std::move(run), samples, prompt);
  options.cancel = &CancelFlag();
  report.settings = EngineSettings(flags.engine, cpu);
  report.settings["model"] = spec;
  report.settings["judge"] = description;
  report.settings["judge"]["prompt"] = flags.prompts.empty() ? "own" : "file";
  report.settings["judge"]["prompt_sha256"] = Sha256Hex(prompt);
  report = RunEvals(model, std::span(&job, 1), options, flags.resume.overwrite, std::move(report));
  ClearProgress();
  const int code = ShowReport(report, options.out / "report.json", flags.json);
  if (report.interrupted) ShowResumeCommand(options.out);
  return code;
}

int Judge(const Flags& flags, const CLI::App& command) {
  constexpr std::string_view kModel = "model:";
  const bool model = flags.judge.substr(0, kModel.size()) == kModel;
  if (!model && flags.judge != "match") throw Error("--judge", "\"" + Printable(flags.judge) + "\"", "match or model:SPEC");
  if (!model && flags.resume.resume)
    throw Error("--resume", "the match judge", "a judge that is asked", "it is done in a moment: --overwrite");
  if (!model && !flags.prompts.empty()) throw Error("--prompts", "the match judge", "a judge that is asked: --judge model:SPEC");
  JudgedRun run = LoadJudgedRun(flags.completions);
  // The answers must survive: a judge run in their folder would replace them.
  std::error_code error;
  if (std::filesystem::equivalent(run.completions.parent_path().empty() ? "." : run.completions.parent_path(), flags.out,
                                  error)) {
    throw Error("--out", flags.out, "another directory than that of the answers");
  }
  Report report;
  report.command = CommandLine();
  return model ? JudgeByModel(flags, flags.judge.substr(kModel.size()), command, std::move(run), std::move(report))
               : JudgeByMatch(flags, run, std::move(report));
}

struct AgreementFlags {
  std::string a, b;
  uint64_t seed = 0;
  size_t show = 20;
  bool json = false;
};

int ShowAgreement(const AgreementFlags& flags) {
  const GradedAnswers a = LoadGrades(flags.a), b = LoadGrades(flags.b);
  const Agreement r = CompareGrades(a, b, flags.seed);
  if (flags.json) {
    fmt::print("{}\n", AgreementToJson(a, b, r).dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    return kOk;
  }
  fmt::print("{} answers graded by both; ungraded: {} by A, {} by B; only in A: {}, only in B: {}\n", r.both, r.ungraded_a,
             r.ungraded_b, r.only_a, r.only_b);
  fmt::print("equal grades   {:6.2f} %   95 % interval {:6.2f} to {:6.2f} %\n", 100 * r.observed, 100 * r.observed_ci.low,
             100 * r.observed_ci.high);
  if (r.kappa) {
    fmt::print("Cohen's kappa  {:6.3f}     95 % interval {:6.3f} to {:6.3f}\n", *r.kappa, r.kappa_ci.low, r.kappa_ci.high);
  } else {
    fmt::print("Cohen's kappa  not defined: both judges give every answer the same grade\n");
  }
  fmt::print("\nrows: A ({}), columns: B ({})\n        A      B      C      D\n", a.name, b.name);
  for (const auto from : omniscience::kGrades) {
    fmt::print("{} ", omniscience::GradeLetter(from));
    for (const auto to : omniscience::kGrades)
      fmt::print(" {:6}", r.confusion[static_cast<size_t>(from)][static_cast<size_t>(to)]);
    fmt::print("\n");
  }
  if (!r.disagreements.empty()) fmt::print("\n{} disagreements\n", r.disagreements.size());
  for (size_t i = 0; i < std::min(flags.show, r.disagreements.size()); ++i) {
    const Disagreement& d = r.disagreements[i];
    fmt::print("  {} repeat {}: {} against {}\n", Printable(d.id), d.repeat, omniscience::GradeLetter(d.a),
               omniscience::GradeLetter(d.b));
  }
  if (r.disagreements.size() > flags.show) fmt::print("  ... (--show N shows more, --json all)\n");
  return kOk;
}

}  // namespace

void AddJudge(CLI::App& app, int& exit_code) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand("judge", "Grade stored answers with rules or a model");
  AddEngineFlags(*command, flags->engine, /*model_required=*/false);
  command->remove_option(command->get_option("--model"));
  AddEndpointFlags(*command, flags->endpoint);
  AddGenerateFlags(*command, flags->generate);
  command->get_option("--max-new-tokens")->default_str("1024");
  command->add_option("--completions", flags->completions, "folder of a run of omniscience, or its completions.jsonl")
      ->required();
  command->add_option("--judge", flags->judge, "match: rules; model:SPEC: any text model, as after eval --model")
      ->capture_default_str();
  command
      ->add_option(
          "--prompts", flags->prompts,
          "JSON file with a text \"grader_prompt\" that has {question}, {target} (the reference answer) and "
          "{predicted_answer} in it; other members (the answer prompts of eval) are ignored; absent: our own wording. The "
          "hash of the file and that of the text go into the report")
      ->check(CLI::ExistingFile);
  command->add_option("--dataset", flags->dataset, "rows that were asked; absent: those the run's report names");
  command->add_option("--out", flags->out, "folder for completions.jsonl (the replies), scores.jsonl, report.json")->required();
  AddResumeFlags(*command, flags->resume);
  command->add_flag("--json", flags->json, "print the report instead of a table");
  command->footer("Example: tidemark judge --completions out/answers --judge model:judge.gguf --out out/judged");
  command->callback([flags, command, &exit_code] { exit_code = Judge(*flags, *command); });
}

void AddAgreement(CLI::App& app, int& exit_code) {
  const auto flags = std::make_shared<AgreementFlags>();
  CLI::App* command = app.add_subcommand("agreement", "Compare the grades of two judges of the same answers");
  command->add_option("a", flags->a, "folder of a judged run, or its scores.jsonl")->required();
  command->add_option("b", flags->b, "the same of the other judge")->required();
  command->add_option("--seed", flags->seed, "seed of the bootstrap interval")->capture_default_str();
  command->add_option("--show", flags->show, "disagreements to list")->capture_default_str();
  command->add_flag("--json", flags->json, "everything as JSON");
  command->footer("Example: tidemark agreement out/judged-match out/judged-model");
  command->callback([flags, &exit_code] { exit_code = ShowAgreement(*flags); });
}

}  // namespace tidemark::cli
