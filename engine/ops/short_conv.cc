#include "engine/ops/short_conv.h"

#include <algorithm>
#include <vector>

#include "engine/core/error.h"

namespace tidemark {
namespace {

constexpr int64_t kChannels = 256;  // channels per task; they are independent, so the split cannot show in the result

// Channels [begin, end) of one step.
void RunChannels(Matrix bcx, const ShortConvStep& step, std::span<const float> kernel, std::span<const float> bias, Matrix y,
                 int64_t begin, int64_t end) {
  const int64_t hidden = y.cols, taps = static_cast<int64_t>(kernel.size()) / hidden;
  const auto row = [&](int64_t t) { return bcx.data + (step.first_row + t) * bcx.stride; };
  // Gated input of token t of this step; negative t: of the tokens before.
  const auto gated = [&](int64_t t) { return t < 0 ? step.window.data() + (taps - 1 + t) * hidden : row(t) + 2 * hidden; };

  for (int64_t t = 0; t < step.rows; ++t) {
    const float* b = row(t);
    const float* c = b + hidden;
    float* u = row(t) + 2 * hidden;
    float* out = y.Row(step.first_row + t).data();
    for (int64_t j = begin; j < end; ++j) u[j] = b[j] * u[j];
    for (int64_t j = begin; j < end; ++j) out[j] = bias.empty() ? 0.0f : bias[static_cast<size_t>(j)];
    for (int64_t i = 0; i < taps; ++i) {
      const float* tap = kernel.data() + i * hidden;
      const float* past = gated(t - (taps - 1) + i);
      for (int64_t j = begin; j < end; ++j) out[j] += tap[j] * past[j];
    }
    for (int64_t j = begin; j < end; ++j) out[j] *= c[j];
  }
  // Ascending: a window row is only ever replaced by a later one, so a step shorter than the window shifts in place.
  for (int64_t i = 0; i < taps - 1; ++i) {
    const float* newest = gated(step.rows - (taps - 1) + i);
    std::copy(newest + begin, newest + end, step.window.data() + i * hidden + begin);
  }
}

}  // namespace

void ShortConv(Matrix bcx, std::span<const ShortConvStep> steps, std::span<const float> kernel, std::span<const float> bias,
               Matrix y, ThreadPool& pool) {
  const int64_t hidden = y.cols, blocks = (hidden + kChannels - 1) / kChannels;
  TM_CHECK(bcx.cols == 3 * hidden && bcx.rows == y.rows && kernel.size() % static_cast<size_t>(hidden) == 0,
           "bcx [{}, {}], y [{}, {}]", bcx.rows, bcx.cols, y.rows, y.cols);
  pool.RunRanges(static_cast<int64_t>(steps.size()) * blocks, bcx.rows >= 16 ? 1 : 16, [&](int64_t first, int64_t last, int) {
    for (int64_t task = first; task < last; ++task) {
      const int64_t begin = task % blocks * kChannels;
      RunChannels(bcx, steps[static_cast<size_t>(task / blocks)], kernel, bias, y, begin, std::min(hidden, begin + kChannels));
    }
  });
}

}  // namespace tidemark
