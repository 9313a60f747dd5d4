// Reductions over contiguous float32 values in one fixed order.
//
// The order is part of the contract: 16 partial results (value i goes to partial i mod 16, each partial in ascending order),
// then a pairwise tree 8-4-2-1. It depends on n alone, never on batch, chunk or thread count, so results repeat bit for bit; 16
// independent partials let the compiler use whatever vector width it has, and make the rounding error about n/16 ulp
// instead of n ulp.
#ifndef TIDEMARK_ENGINE_OPS_REDUCE_H_
#define TIDEMARK_ENGINE_OPS_REDUCE_H_

#include <cstdint>

namespace tidemark {

inline constexpr int kPartials = 16;

namespace internal {

inline float Tree(float (&p)[kPartials]) {
  for (int width = kPartials / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) p[i] += p[i + width];
  }
  return p[0];
}

}  // namespace internal

// sum_i a[i] * b[i], i in [0, n). Product rounded before it is added (no FMA).
inline float Dot(const float* a, const float* b, int64_t n) {
  float p[kPartials] = {};
  const int64_t whole = n - n % kPartials;
  for (int64_t i = 0; i < whole; i += kPartials) {
    for (int j = 0; j < kPartials; ++j) p[j] += a[i + j] * b[i + j];
  }
  for (int64_t i = whole; i < n; ++i) p[i - whole] += a[i] * b[i];
  return internal::Tree(p);
}

// sum_i a[i], i in [0, n).
inline float Sum(const float* a, int64_t n) {
  float p[kPartials] = {};
  const int64_t whole = n - n % kPartials;
  for (int64_t i = 0; i < whole; i += kPartials) {
    for (int j = 0; j < kPartials; ++j) p[j] += a[i + j];
  }
  for (int64_t i = whole; i < n; ++i) p[i - whole] += a[i];
  return internal::Tree(p);
}

// Rows per task of an operation on rows of `cols` values: small batches are not worth waking a thread for.
inline int64_t RowGrain(int64_t cols) {
  constexpr int64_t kValuesPerTask = 16384;
  return cols >= kValuesPerTask ? 1 : (kValuesPerTask + cols - 1) / (cols > 0 ? cols : 1);
}

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_OPS_REDUCE_H_
