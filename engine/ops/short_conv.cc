#include "engine/ops/short_conv.h"

#include <algorithm>
#include <vector>

#include "engine/core/error.h"

namespace tidemark {
namespace {

constexpr int64_t kChannels = 256;  // least channels of a task; they are independent, so the split cannot show in the result

// Channels [begin, end) of one step.
void RunChannels(Matrix bcx, const ShortConvStep& step, std::span<const float> kernel, std::span<const float> bias, Matrix y,
                 int64_t begin, int64_t end, const OpKernels& ops) {
  const int64_t hidden = y.cols, taps = static_cast<int64_t>(kernel.size()) / hidden;
  const auto row = [&](int64_t t) { return bcx.data + (step.first_row + t) * bcx.stride; };
  // Gated input of token t of this step; negative t: of the tokens before.
  const auto gated = [&](int64_t t) { return t < 0 ? step.window.data() + (taps - 1 + t) * hidden : row(t) + 2 * hidden; };

  std::vector<const float*> tap, past(static_cast<size_t>(taps));
  for (int64_t i = 0; i < taps; ++i) tap.push_back(kernel.data() + i * hidden + begin);
  for (int64_t t = 0; t < step.rows; ++t) {
    for (int64_t i = 0; i < taps; ++i) past[static_cast<size_t>(i)] = gated(t - (taps - 1) + i) + begin;
    ops.conv(row(t) + begin, row(t) + hidden + begin, bias.empty() ? nullptr : bias.data() + begin, tap.data(), past.data(), taps,
             end - begin, row(t) + 2 * hidden + begin, y.Row(step.first_row + t).data() + begin);
  }
  // Ascending: a window row is only ever replaced by a later one, so a step shorter than the window shifts in place.
  for (int64_t i = 0; i < taps - 1; ++i) {
    const float* newest = gated(step.rows - (taps - 1) + i);
    std::copy(newest + begin, newest + end, step.window.data() + i * hidden + begin);
  }
}

}  // namespace

void ShortConv(Matrix bcx, std::span<const ShortConvStep> steps, std::span<const float> kernel, std::span<const float> bias,
               Matrix y, ThreadPool& pool, const OpKernels& ops) {
  // As wide as the threads allow: rows lie far apart, so narrow strips touch many pages.
  const int64_t hidden = y.cols;
  const int64_t channels = std::max(kChannels, (hidden / (pool.size() == 1 ? 1 : 2 * pool.size()) + 15) / 16 * 16);
  const int64_t blocks = (hidden + channels - 1) / channels;
  TM_CHECK(bcx.cols == 3 * hidden && bcx.rows == y.rows && kernel.size() % static_cast<size_t>(hidden) == 0,
           "bcx [{}, {}], y [{}, {}]", bcx.rows, bcx.cols, y.rows, y.cols);
  pool.RunRanges(static_cast<int64_t>(steps.size()) * blocks, bcx.rows >= 16 ? 1 : std::max<int64_t>(1, 4096 / channels),
                 [&](int64_t first, int64_t last, int) {
                   for (int64_t task = first; task < last; ++task) {
                     const int64_t begin = task % blocks * channels;
                     RunChannels(bcx, steps[static_cast<size_t>(task / blocks)], kernel, bias, y, begin,
                                 std::min(hidden, begin + channels), ops);
                   }
                 });
}

}  // namespace tidemark
