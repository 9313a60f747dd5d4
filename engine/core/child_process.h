// Child processes: started with standard streams where the caller wants them, and waited for.
#ifndef TIDEMARK_ENGINE_CORE_CHILD_PROCESS_H_
#define TIDEMARK_ENGINE_CORE_CHILD_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace tidemark {

struct ChildStreams {
  int out = -1, err = -1;  // file descriptors of ours that become the child's stdout and stderr; -1: it shares ours
};

// Starts the program with these arguments, the first of which is its own name; SIGPIPE ends it, even if we ignore that.
// own_group: in a process group of its own, so that Ctrl-C at the terminal does not reach it. Throws Error if it cannot be
// started.
pid_t StartProcess(const std::string& program, const std::vector<std::string>& arguments, const ChildStreams& streams,
                   bool own_group = false);

// Waits for its end. Returns its exit code; -1: ended by a signal. Throws Error if that cannot be known (SIGCHLD is ignored, so
// that the kernel keeps no exit codes; no child of ours).
int WaitForProcess(pid_t pid);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_CORE_CHILD_PROCESS_H_
