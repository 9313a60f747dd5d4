// Early stopping that may look after every sample: a confidence sequence for the mean of values in [0, 1]. With probability at
// least 95 % *all* its intervals, at whatever time one looks, contain the mean, so stopping when the interval is narrow enough
// does not spoil its coverage. Method: hedged betting capital (Waudby-Smith and Ramdas, "Estimating means of bounded random
// variables by betting", JRSS B 86, 2024; without replacement: section 5 there).
#ifndef TIDEMARK_REPORTS_ANYTIME_H_
#define TIDEMARK_REPORTS_ANYTIME_H_

#include <cstdint>
#include <vector>

#include "reports/statistics.h"

namespace tidemark {

// Values must come in random order (shuffle the samples once, with the run's seed); a sample with repeats is one value, its
// mean. population > 0: the values are drawn without replacement from that many, and the interval is for the mean over that
// fixed list, so it closes as the list is used up. population = 0: independent draws, and the interval is for their
// expectation, which is the question "how would the model do on new samples".
class AnytimeInterval {
 public:
  explicit AnytimeInterval(int64_t population = 0);

  // value in [0, 1]; at most `population` values. Costs some microseconds.
  void Add(double value);

  // 95 %. [0, 1] before the first value; never wider than it was before.
  Interval Current() const { return current_; }
  int64_t count() const { return count_; }

 private:
  struct Candidate {
    double mean = 0;          // a possible mean
    double up = 0, down = 0;  // log capital of the bets that the mean is higher, lower
    bool rejected = false;    // stays so
  };
  // What the next value's expectation would be if the mean were `mean`.
  double NextExpectation(double mean) const;

  int64_t population_ = 0, count_ = 0;
  double sum_ = 0;
  double variance_sum_ = 0.25;  // regularised sum of squared deviations from the running mean: bets are sized by it
  std::vector<Candidate> candidates_;
  Interval current_{0, 1};
};

}  // namespace tidemark

#endif  // TIDEMARK_REPORTS_ANYTIME_H_
