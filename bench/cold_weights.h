// Weights as a running model meets them: between two uses of a matrix the whole model has passed through the caches, so
// benchmarks rotate over copies of it that together exceed the last-level cache.
#ifndef TIDEMARK_BENCH_COLD_WEIGHTS_H_
#define TIDEMARK_BENCH_COLD_WEIGHTS_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "bench/benchmarks.h"

namespace tidemark {

class RotatingWeights {
 public:
  // copies of one random matrix of that shape, packed by backend. What a backend repacks needs the stored bytes once only.
  RotatingWeights(const MatmulBackend& backend, const MatmulShape& shape, int64_t copies, uint64_t seed, ThreadPool& pool);

  const PackedWeights* Next() {
    const PackedWeights* w = packed_[next_].get();
    next_ = (next_ + 1) % packed_.size();
    return w;
  }
  const WeightView& view() const { return packed_.front()->view(); }
  size_t copies() const { return packed_.size(); }

 private:
  std::vector<std::vector<std::byte>> stored_;
  std::vector<std::unique_ptr<PackedWeights>> packed_;
  size_t next_ = 0;
};

// How many copies make `bytes_each` cold: context.cold_bytes or the last-level cache, whichever is larger, in all.
int64_t ColdCopies(const BenchContext& context, int64_t bytes_each);

// Compares about so many columns (w.n: all), in every lane of a register and the last among them, of the first rows and the last
// with a double-precision product within the bound of the declared rounding: a fast kernel that is wrong must not get a time.
// Throws Error.
void CheckProduct(const WeightView& w, ConstMatrix x, ConstMatrix y, Precision precision, int64_t columns_about = 16);

}  // namespace tidemark

#endif  // TIDEMARK_BENCH_COLD_WEIGHTS_H_
