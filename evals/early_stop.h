// Stopping when the score is certain enough (--stop-when-certain WIDTH). Samples are asked in a random order that the seed
// fixes, and the interval is one that stays valid however often one looks (reports/anytime.h). What counts is the shortest
// prefix of that order whose interval is narrow enough, so the result depends on the answers alone: not on which of them came
// first, nor on where a run was interrupted.
#ifndef TIDEMARK_EVALS_EARLY_STOP_H_
#define TIDEMARK_EVALS_EARLY_STOP_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "evals/outcome.h"
#include "reports/anytime.h"

namespace tidemark {

// A permutation of 0 .. samples - 1.
std::vector<size_t> AskingOrder(size_t samples, uint64_t seed);

// Follows the first headline metric of a task along the order. The value of a sample is the mean over its scored repeats; one
// whose repeats all failed has none.
class CertaintyWatch {
 public:
  // width: of the interval, as a fraction of the metric's range (0.05: five points of a percentage).
  CertaintyWatch(const Task& task, std::vector<size_t> order, int repeats, double width);

  // Takes in what is answered, in order, up to the first gap or to certainty. True: certain.
  bool Advance(const Answers& answers);

  bool certain() const { return certain_; }
  size_t asked() const { return asked_; }  // samples of the order that were taken in
  const std::vector<size_t>& order() const { return order_; }
  Interval interval() const { return interval_.Current(); }  // as a fraction of the metric's range

 private:
  std::string_view metric_;
  std::vector<size_t> order_;
  size_t repeats_, asked_ = 0;
  double width_;
  bool certain_ = false;
  AnytimeInterval interval_;  // for the expectation over new samples, as all intervals of a report
};

// Puts the end of the run and the anytime-valid interval into an outcome of the watch's samples.
void MarkEarlyStop(const CertaintyWatch& watch, const Task& task, double width, EvalOutcome& outcome);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_EARLY_STOP_H_
