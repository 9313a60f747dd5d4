// Random inputs and a bound for the tests of engine/ops: each operation is compared with its formula in double precision.
#ifndef TIDEMARK_TESTS_OPS_REFERENCE_H_
#define TIDEMARK_TESTS_OPS_REFERENCE_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "engine/core/tensor.h"

namespace tidemark::test {

// A float32 matrix that owns its values; stride > cols leaves a gap that operations must not touch.
struct OwnedMatrix {
  OwnedMatrix(int64_t r, int64_t c, int64_t s = 0)
      : rows(r), cols(c), stride(s == 0 ? c : s), values(static_cast<size_t>(rows * stride), 0.0f) {}

  operator Matrix() { return {values.data(), rows, cols, stride}; }
  operator ConstMatrix() const { return {values.data(), rows, cols, stride}; }
  std::span<const float> Span(int64_t r) const { return {values.data() + r * stride, static_cast<size_t>(cols)}; }
  float& operator()(int64_t r, int64_t c) { return values[static_cast<size_t>(r * stride + c)]; }
  float operator()(int64_t r, int64_t c) const { return values[static_cast<size_t>(r * stride + c)]; }

  int64_t rows, cols, stride;
  std::vector<float> values;
};

inline std::vector<float> RandomValues(int64_t count, uint32_t seed, float scale = 1.0f) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0f, scale);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& v : values) v = normal(random);
  return values;
}

inline OwnedMatrix RandomMatrix(int64_t rows, int64_t cols, uint32_t seed, float scale = 1.0f, int64_t stride = 0) {
  OwnedMatrix m(rows, cols, stride);
  m.values = RandomValues(m.rows * m.stride, seed, scale);
  return m;
}

// |ours - exact| <= ulps * 2^-24 * scale, scale being the size of the terms that were added up.
inline bool Near(float ours, double exact, double scale, double ulps) {
  return std::abs(static_cast<double>(ours) - exact) <= ulps * 0x1p-24 * std::max(scale, 1e-30);
}

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_OPS_REFERENCE_H_
