#include "engine/ops/rope.h"

#include <cmath>

#include "engine/core/error.h"
#include "engine/ops/reduce.h"

namespace tidemark {

std::vector<float> RopeInverseFrequencies(int64_t head_dim, double theta) {
  TM_CHECK(head_dim > 0 && head_dim % 2 == 0, "head_dim = {}", head_dim);
  std::vector<float> inv_freq(static_cast<size_t>(head_dim / 2));
  for (int64_t j = 0; j < head_dim / 2; ++j) {
    const float exponent = static_cast<float>(2 * j) / static_cast<float>(head_dim);
    inv_freq[static_cast<size_t>(j)] = 1.0f / static_cast<float>(std::pow(theta, static_cast<double>(exponent)));
  }
  return inv_freq;
}

void RopeRotation(std::span<const int32_t> positions, std::span<const float> inv_freq, Matrix rotation, ThreadPool& pool) {
  const int64_t half = static_cast<int64_t>(inv_freq.size());
  TM_CHECK(rotation.cols == 2 * half && rotation.rows == static_cast<int64_t>(positions.size()), "rotation [{}, {}]",
           rotation.rows, rotation.cols);
  pool.RunRanges(rotation.rows, 64, [&](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) {
      float* row = rotation.Row(r).data();
      for (int64_t j = 0; j < half; ++j) {
        const float angle = static_cast<float>(positions[static_cast<size_t>(r)]) * inv_freq[static_cast<size_t>(j)];
        row[j] = static_cast<float>(std::cos(static_cast<double>(angle)));
        row[j + half] = static_cast<float>(std::sin(static_cast<double>(angle)));
      }
    }
  });
}

void Rope(Matrix x, ConstMatrix rotation, ThreadPool& pool, const OpKernels& ops) {
  const int64_t d = rotation.cols, half = d / 2;
  TM_CHECK(x.rows == rotation.rows && d > 0 && x.cols % d == 0, "x [{}, {}], rotation [{}, {}]", x.rows, x.cols, rotation.rows,
           d);
  pool.RunRanges(x.rows, RowGrain(x.cols), [&](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) ops.rope(x.Row(r).data(), x.cols / d, rotation.Row(r).data(), half);
  });
}

}  // namespace tidemark
