// This program run again in a process of its own: nothing that one repetition leaves behind reaches the next.
#ifndef TIDEMARK_BENCH_CHILD_H_
#define TIDEMARK_BENCH_CHILD_H_

#include <atomic>
#include <string>
#include <vector>

namespace tidemark {

struct ChildResult {
  std::string out;     // stdout
  int exit_code = -1;  // -1: ended by a signal
};

// Runs /proc/self/exe with the arguments and waits; stderr is shared. When cancel becomes true the child gets SIGINT once and is
// waited for. Throws Error if it cannot be started.
ChildResult RunSelf(const std::vector<std::string>& arguments, const std::atomic<bool>* cancel);

}  // namespace tidemark

#endif  // TIDEMARK_BENCH_CHILD_H_
