// What eval, score and run share: options merged from task and flags, settings
// for the report, the command line.
#ifndef TIDEMARK_CLI_EVAL_SETUP_H_
#define TIDEMARK_CLI_EVAL_SETUP_H_

#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "cli/flags.h"
#include "evals/models/models.h"
#include "evals/protocol.h"
#include "evals/runner.h"

namespace tidemark::cli {

// The task's defaults, with every flag the user really gave in place of them.
GenerateOptions MergeOptions(const CLI::App& command, const GenerateOptions& task, const GenerateOptions& given);

// Settings that differ between what a protocol says and what is used, by their names in reports; the seed is no part of a
// protocol.
std::vector<std::string> ChangedSettings(const GenerateOptions& protocol, const GenerateOptions& used);

// The task as the protocol runs it, with the flags that the user really gave in place of its settings. repeats: 0 if --repeats
// was not given; model: as after --model, since embedded rows may fit one. Throws Error: the protocol does not cover the task.
EvalJob MakeJob(const CLI::App& command, const Protocol& protocol, const Task& task, const std::string& dataset,
                const std::string& model, const GenerateOptions& given, int repeats);

// Positions that a sequence needs: the largest budget of the jobs and room for a prompt. ctx: the flag's value, 0 if it was not
// given. Throws Error if it was given and the budget does not fit.
int64_t ContextFor(std::span<const EvalJob> jobs, int64_t ctx);

// On stderr, if the budget raised the context beyond the usual: what that may cost. Models elsewhere have no context of ours.
void ShowContext(const TextModel& model, const EngineFlags& flags);

// What --prompts and --prompt say, put into a protocol; where neither it nor they choose a prompt, the rows' own form. Throws
// Error: no such file or prompt.
struct PromptFlags {
  std::string file, name;
};
void AddPromptFlags(CLI::App& command, PromptFlags& flags);
void ApplyPrompts(const PromptFlags& flags, EvalJob& job);

ModelOptions MakeModelOptions(const EngineFlags& flags, const Cpu& cpu);
// The flags that hold for a run; of an endpoint only its name, since its own flags stand in what the model tells of itself.
nlohmann::ordered_json EngineSettings(const EngineFlags& flags, const Cpu& cpu);

// The program's arguments as the kernel has them (/proc/self/cmdline).
std::vector<std::string> CommandLine();

// "out/eval-20260131T120000Z", not yet existing.
std::filesystem::path DefaultOutput(const std::string& command);

void ShowEvalProgress(const Progress& progress);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_EVAL_SETUP_H_
