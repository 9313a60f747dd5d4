// The one program: each subcommand is one file that defines one Add function
// and one row in main.cc.
#ifndef TIDEMARK_CLI_COMMAND_H_
#define TIDEMARK_CLI_COMMAND_H_

#include <CLI/CLI.hpp>
#include <atomic>

namespace tidemark::cli {

// Exit codes, also printed by --help.
inline constexpr int kOk = 0;            // done
inline constexpr int kFailure = 1;       // wrong input or a regression
inline constexpr int kInconclusive = 2;  // finished, but interrupted or with too many failed samples to trust

// Registers a subcommand whose callback stores the exit code. Errors leave it
// as exceptions.
using AddCommand = void (*)(CLI::App& app, int& exit_code);

void AddRun(CLI::App& app, int& exit_code);
void AddEval(CLI::App& app, int& exit_code);
void AddScore(CLI::App& app, int& exit_code);
void AddMerge(CLI::App& app, int& exit_code);
void AddJudge(CLI::App& app, int& exit_code);
void AddAgreement(CLI::App& app, int& exit_code);
void AddCompare(CLI::App& app, int& exit_code);
void AddClaims(CLI::App& app, int& exit_code);
void AddGenerate(CLI::App& app, int& exit_code);
void AddInspect(CLI::App& app, int& exit_code);
void AddBench(CLI::App& app, int& exit_code);
void AddSpeed(CLI::App& app, int& exit_code);
void AddDivergence(CLI::App& app, int& exit_code);
void AddDatasets(CLI::App& app, int& exit_code);
void AddList(CLI::App& app, int& exit_code);

// Becomes true at the first Ctrl-C (SIGINT) or SIGTERM, for commands that can
// end early and keep what they have; the second one ends the program at once.
// Installed on the first call; from then on a closed pipe is an error of writing and not the end.
const std::atomic<bool>& CancelFlag();

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_COMMAND_H_
