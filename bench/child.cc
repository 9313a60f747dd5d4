#include "bench/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/core/child_process.h"
#include "engine/core/error.h"

namespace tidemark {
ChildResult RunSelf(const std::vector<std::string>& arguments, const std::atomic<bool>* cancel) {
  std::vector<std::string> words = {"tidemark"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) throw Error("pipe", std::strerror(errno), "a pipe");
  pid_t pid = 0;
  try {
    // In a group of its own: Ctrl-C at the terminal reaches it through us alone, and a second signal would end it at once.
    pid = StartProcess("/proc/self/exe", words, {.out = pipe_ends[1]}, true);
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
  result.exit_code = WaitForProcess(pid);
  return result;
}

}  // namespace tidemark
