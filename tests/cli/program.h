// Runs the built program as a user does: arguments in, exit code and both output streams back.
#ifndef TIDEMARK_TESTS_CLI_PROGRAM_H_
#define TIDEMARK_TESTS_CLI_PROGRAM_H_

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/child_process.h"
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
    const std::string program = std::string(TIDEMARK_BINARY_DIR) + "/cli/tidemark";
    std::vector<std::string> words = {program};
    words.insert(words.end(), arguments.begin(), arguments.end());
    const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
    const ChildStreams streams = {open(out_.c_str(), flags, 0600), open(err_.c_str(), flags, 0600)};
    if (streams.out >= 0 && streams.err >= 0) pid_ = StartProcess(program, words, streams);
    close(streams.out);
    close(streams.err);
    if (pid_ == 0) throw std::runtime_error("cannot write " + out_ + " or " + err_);
  }
  ~Program() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    WaitForProcess(pid_);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void Interrupt() const { Send(SIGINT); }
  void Send(int signal) const { kill(pid_, signal); }

  ProgramResult Wait() {
    const int exit_code = WaitForProcess(std::exchange(pid_, 0));
    return {exit_code, out_.starts_with("/dev/") ? "" : ReadText(out_), ReadText(err_)};
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
