// Flags of commands whose runs survive an interruption, and how to tell the user to go on.
#ifndef TIDEMARK_CLI_RESUME_H_
#define TIDEMARK_CLI_RESUME_H_

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "evals/runner.h"

namespace tidemark::cli {

struct ResumeFlags {
  bool overwrite = false, resume = false, retry_failed = false;
};
void AddResumeFlags(CLI::App& command, ResumeFlags& flags);

// Sets options.resume and options.retry_failed. out: the value of --out. Throws Error: --resume without --out.
void ApplyResumeFlags(const ResumeFlags& flags, const std::string& out, RunOptions& options);

// The words of a command line with --resume in place of --overwrite, and --out DIRECTORY if it had none; quoted for a shell.
std::string ResumeCommand(const std::vector<std::string>& words, const std::filesystem::path& out);

// On stderr, after an interrupted run.
void ShowResumeCommand(const std::filesystem::path& out);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_RESUME_H_
