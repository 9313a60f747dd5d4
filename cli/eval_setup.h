// What eval, score and run share: options merged from task and flags, settings
// for the report, the command line.
#ifndef TIDEMARK_CLI_EVAL_SETUP_H_
#define TIDEMARK_CLI_EVAL_SETUP_H_

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/flags.h"
#include "evals/models/models.h"
#include "evals/runner.h"

namespace tidemark::cli {

// The task's defaults, with every flag the user really gave in place of them.
GenerateOptions MergeOptions(const CLI::App& command, const GenerateOptions& task, const GenerateOptions& given);

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
