#include "cli/resume.h"

#include <fmt/format.h>

#include "cli/eval_setup.h"
#include "cli/messages.h"
#include "engine/core/error.h"

namespace tidemark::cli {
namespace {

// As a POSIX shell reads it back.
std::string Quoted(const std::string& word) {
  constexpr const char* kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

void AddResumeFlags(CLI::App& command, ResumeFlags& flags) {
  CLI::Option* overwrite = command.add_flag("--overwrite", flags.overwrite, "replace results that are already in --out");
  CLI::Option* resume = command.add_flag(
      "--resume", flags.resume, "go on with an interrupted run in --out, with the same flags; starts it if nothing is there");
  command.add_flag("--retry-failed", flags.retry_failed, "with --resume: ask samples again that failed")->needs(resume);
  resume->excludes(overwrite);
}

void ApplyResumeFlags(const ResumeFlags& flags, const std::string& out, RunOptions& options) {
  if (flags.resume && out.empty()) throw Error("--resume", "no --out", "the folder of the run to go on with");
  options.resume = flags.resume;
  options.retry_failed = flags.retry_failed;
}

std::string ResumeCommand(const std::vector<std::string>& words, const std::filesystem::path& out) {
  std::string command;
  bool has_out = false;
  for (const std::string& word : words) {
    if (word == "--overwrite" || word == "--resume" || word == "--retry-failed") continue;
    has_out = has_out || word == "--out" || word.starts_with("--out=");
    command += Quoted(word) + " ";
  }
  if (!has_out) command += "--out " + Quoted(out.string()) + " ";
  return command + "--resume";
}

void ShowResumeCommand(const std::filesystem::path& out) { Say("to go on: {}\n", ResumeCommand(CommandLine(), out)); }

}  // namespace tidemark::cli
