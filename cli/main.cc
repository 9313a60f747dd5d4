// Entry point: parses the command line, runs one subcommand, turns errors into
// one line on stderr and an exit code.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>

#include "cli/command.h"
#include "cli/messages.h"
#include "engine/core/error.h"
#include "reports/environment.h"

namespace tidemark::cli {
namespace {

constexpr AddCommand kCommands[] = {AddRun,       AddEval,    AddScore,      AddMerge,    AddJudge,
                                    AddAgreement, AddCompare, AddClaims,     AddGenerate, AddInspect,
                                    AddBench,     AddSpeed,   AddDivergence, AddDatasets, AddList};

std::atomic<bool> cancelled{false};

void OnSignal(int signal) {
  if (cancelled.exchange(true)) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
    return;
  }
  constexpr char kNote[] = "\ninterrupted: keeping what has finished; once more ends at once\n";
  [[maybe_unused]] const auto written = write(STDERR_FILENO, kNote, sizeof kNote - 1);  // what a handler may call
}

// CLI11 reports what is missing before what is wrong: "tidemark evla" would be told that a subcommand is required.
std::string Complaint(const CLI::App& app, const CLI::ParseError& e) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  const std::vector<std::string> unknown = at->remaining();
  if (e.get_name() != "RequiredError" || unknown.empty()) return e.what();
  std::string commands;
  for (const CLI::App* sub : at->get_subcommands([](const CLI::App*) { return true; })) {
    commands += (commands.empty() ? "" : ", ") + sub->get_name();
  }
  return Error(at->get_name(), "\"" + Printable(unknown.front()) + "\"", commands.empty() ? "a known flag" : "one of " + commands)
      .what();
}

// A closed stream would give its number to the next file that is opened, and messages would land among a run's answers.
// stdout is held open for reading alone, so that writing a result there is still an error.
void HoldStandardStreams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    const bool closed = fcntl(fd, F_GETFD) < 0 && errno == EBADF;
    if (closed && open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY) < 0) std::abort();
  }
}

int Main(int argc, char** argv) {
  int exit_code = kOk;
  CLI::App app(
      "Tidemark measures small language models on the machine they "
      "will run on.",
      "tidemark");
  app.require_subcommand(1);
  const BuildInfo build = GetBuildInfo();
  app.set_version_flag("--version",
                       fmt::format("tidemark {} ({}{})", build.version, build.git_commit, build.git_dirty ? ", modified" : ""));
  app.footer(
      "Exit codes: 0 fine, 1 error or regression, 2 inconclusive "
      "(interrupted, or too many failed samples).\n"
      "Results go to stdout, messages and progress to stderr. `tidemark "
      "COMMAND --help` shows an example each.");
  for (const AddCommand add : kCommands) add(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);  // --help, --version
    Say("error: {}\n", Complaint(app, e));
    const auto chosen = app.get_subcommands();
    Say("`tidemark {}--help` lists what there is\n", chosen.empty() ? "" : chosen.front()->get_name() + " ");
    return kFailure;
  }
  return exit_code;
}

}  // namespace

const std::atomic<bool>& CancelFlag() {
  [[maybe_unused]] static const bool installed = [] {
    std::signal(SIGINT, OnSignal);
    std::signal(SIGTERM, OnSignal);
    std::signal(SIGPIPE, SIG_IGN);  // whoever read the messages is gone; the run goes on
    return true;
  }();
  return cancelled;
}

}  // namespace tidemark::cli

int main(int argc, char** argv) {
  tidemark::cli::HoldStandardStreams();
  try {
    const int code = tidemark::cli::Main(argc, argv);
    if (std::fflush(stdout) != 0 || std::ferror(stdout)) {
      tidemark::cli::Say("error: stdout: cannot write the result\n");
      return tidemark::cli::kFailure;
    }
    return code;
  } catch (const tidemark::Error& e) {
    tidemark::cli::Say("error: {}\n", e.what());
  } catch (const std::bad_alloc&) {
    tidemark::cli::Say("error: out of memory\n");
  } catch (const std::exception& e) {
    tidemark::cli::Say("error: {}\n", e.what());
  }
  return tidemark::cli::kFailure;
}
