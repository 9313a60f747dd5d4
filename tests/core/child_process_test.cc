// Exit codes of child processes, under the signal settings that a parent may leave us.
#include "engine/core/child_process.h"

#include <csignal>

#include "tests/support/catch.h"
#include "tests/support/complaint.h"

namespace tidemark {
namespace {

int InShell(const std::string& script) { return WaitForProcess(StartProcess("/bin/sh", {"sh", "-c", script}, {})); }

// Ignores a signal while it lives.
class Ignored {
 public:
  explicit Ignored(int signal) : signal_(signal), before_(std::signal(signal, SIG_IGN)) {}
  ~Ignored() { std::signal(signal_, before_); }
  Ignored(const Ignored&) = delete;
  Ignored& operator=(const Ignored&) = delete;

 private:
  int signal_;
  void (*before_)(int);
};

TEST_CASE("a child's end is its exit code, or a signal") {
  CHECK(InShell("exit 0") == 0);
  CHECK(InShell("exit 3") == 3);
  CHECK(InShell("kill -TERM $$") == -1);
  CHECK_THAT(test::Complaint([] { StartProcess("/nowhere/program", {"program"}, {}); }), test::Contains("/nowhere/program"));
}

TEST_CASE("an exit code that nobody kept is an error, not success") {
  const Ignored ignored(SIGCHLD);
  CHECK_THAT(test::Complaint([] { InShell("exit 3"); }), test::Contains("expected its exit code") && test::Contains("SIGCHLD"));
}

TEST_CASE("a child does not ignore the closed pipes that we ignore") {
  for (const bool own_group : {false, true}) {
    const Ignored ignored(SIGPIPE);
    const pid_t pid = StartProcess("/bin/sh", {"sh", "-c", "kill -PIPE $$; exit 0"}, {}, own_group);
    CHECK(WaitForProcess(pid) == -1);
  }
}

}  // namespace
}  // namespace tidemark
