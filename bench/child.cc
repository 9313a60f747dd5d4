#include "bench/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/core/error.h"

namespace tidemark {
namespace {

// In a process group of its own, so that Ctrl-C at the terminal reaches it through us alone: a second signal would end it at
// once.
pid_t Start(const std::vector<std::string>& arguments, int out) {
  std::vector<std::string> words = {"tidemark"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t pid = 0;
  const int failed = posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw Error("/proc/self/exe", std::strerror(failed), "a process of its own for each repetition");
  return pid;
}

}  // namespace

ChildResult RunSelf(const std::vector<std::string>& arguments, const std::atomic<bool>* cancel) {
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) throw Error("pipe", std::strerror(errno), "a pipe");
  pid_t pid = 0;
  try {
    pid = Start(arguments, pipe_ends[1]);
  } catch (...) {
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    throw;
  }
  close(pipe_ends[1]);
  ChildResult result;
  for (bool told = false;;) {
    if (!told && cancel != nullptr && cancel->load()) {
      kill(pid, SIGINT);
      told = true;
    }
    pollfd wait{pipe_ends[0], POLLIN, 0};
    if (poll(&wait, 1, 100) <= 0) continue;  // time over, or a signal: look at cancel again
    char buffer[1 << 16];
    const ssize_t n = read(pipe_ends[0], buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    result.out.append(buffer, static_cast<size_t>(n));
  }
  close(pipe_ends[0]);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

}  // namespace tidemark
