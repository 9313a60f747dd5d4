// Runs the built program as a user does: arguments in, exit code and both output streams back.
#ifndef TIDEMARK_TESTS_CLI_PROGRAM_H_
#define TIDEMARK_TESTS_CLI_PROGRAM_H_

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/paths.h"

namespace tidemark::test {

inline std::string ReadText(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

inline void WriteText(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

inline size_t CountLines(const std::string& text) { return static_cast<size_t>(std::count(text.begin(), text.end(), '\n')); }

struct ProgramResult {
  int exit_code = -1;  // -1: ended by a signal
  std::string out, err;
};

// One child process. Its stdout and stderr go to files, so that no pipe can fill up.
class Program {
 public:
  // out: where stdout goes instead of into the result ("/dev/full").
  explicit Program(const std::vector<std::string>& arguments, const std::string& out = {}) {
    out_ = out.empty() ? (files_.path() / "out").string() : out;
    err_ = (files_.path() / "err").string();
    std::string program = std::string(TIDEMARK_BINARY_DIR) + "/cli/tidemark";
    std::vector<std::string> words = {program};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const int flags = O_WRONLY | O_CREAT | O_TRUNC;
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out_.c_str(), flags, 0600);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err_.c_str(), flags, 0600);
    const int failed = posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) throw std::runtime_error("cannot start " + program);
  }
  ~Program() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void Interrupt() const { Send(SIGINT); }
  void Send(int signal) const { kill(pid_, signal); }

  ProgramResult Wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = 0;
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, out_.starts_with("/dev/") ? "" : ReadText(out_), ReadText(err_)};
  }

 private:
  TemporaryDirectory files_;
  std::string out_, err_;
  pid_t pid_ = 0;
};

inline ProgramResult RunProgram(const std::vector<std::string>& arguments, const std::string& out = {}) {
  return Program(arguments, out).Wait();
}

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_CLI_PROGRAM_H_
