// What one comparison may use: one second as a whole, and 64 MiB for any one table that grows with the input (not for their sum:
// that is bounded by what is read, 32 KiB and 100 levels per formula (latex_parser.h), 1 MiB per response, and by the size of
// numbers, 2^18 bits before they stop being folded (algebra_node.h)). Everything in evals/math that could run long or grow asks
// here first; when the budget is spent it stops with BudgetSpent, which the graders turn into a recorded verdict ("too
// expensive"), never into a guess.
#ifndef TIDEMARK_EVALS_MATH_BUDGET_H_
#define TIDEMARK_EVALS_MATH_BUDGET_H_

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace tidemark::math {

struct BudgetSpent : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Budget {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Budget(std::chrono::milliseconds time = std::chrono::milliseconds(1000), int64_t bytes = int64_t{64} << 20)
      : deadline_(Clock::now() + time), bytes_(bytes) {}

  // Throws BudgetSpent once the time is over. Cheap enough for every node and every library call.
  void CheckTime() const {
    if (Clock::now() > deadline_) throw BudgetSpent("the time of one comparison is spent");
  }
  // Before an operation whose result or intermediate values need about this many bytes at once.
  void CheckBytes(int64_t bytes) const {
    if (bytes > bytes_) throw BudgetSpent("the memory of one comparison is spent");
  }

 private:
  Clock::time_point deadline_;
  int64_t bytes_;
};

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_BUDGET_H_
