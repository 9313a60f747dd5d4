#include "engine/ops/short_conv.h"

#include "tests/ops/reference.h"
#include "tests/support/catch.h"

namespace tidemark::test {
namespace {

struct Input {
  int64_t rows, hidden, taps;
  OwnedMatrix bcx = RandomMatrix(rows, 3 * hidden, 1);
  std::vector<float> kernel = RandomValues(taps * hidden, 2), bias = RandomValues(hidden, 3);
  std::vector<float> window = RandomValues((taps - 1) * hidden, 4);

  // Gated input of token t; negative: from the window.
  double Gated(int64_t t, int64_t j) const {
    if (t < 0) return static_cast<double>(window[static_cast<size_t>((taps - 1 + t) * hidden + j)]);
    return static_cast<double>(bcx(t, j) * bcx(t, 2 * hidden + j));
  }
  double Exact(int64_t t, int64_t j) const {
    double sum = static_cast<double>(bias[static_cast<size_t>(j)]);
    for (int64_t i = 0; i < taps; ++i)
      sum += static_cast<double>(kernel[static_cast<size_t>(i * hidden + j)]) * Gated(t - (taps - 1) + i, j);
    return static_cast<double>(bcx(t, hidden + j)) * sum;
  }
};

// Runs the rows in steps of `chunk`; window is carried from step to step.
OwnedMatrix Run(const Input& in, int64_t chunk, std::vector<float>& window, ThreadPool& pool) {
  OwnedMatrix y(in.rows, in.hidden), bcx = in.bcx;
  window = in.window;
  for (int64_t first = 0; first < in.rows; first += chunk) {
    const int64_t count = std::min(chunk, in.rows - first);
    const ShortConvStep step{0, count, window};
    const Matrix part{bcx.values.data() + first * bcx.stride, count, bcx.cols, bcx.stride};
    const Matrix out{y.values.data() + first * y.stride, count, y.cols, y.stride};
    ShortConv(part, {&step, 1}, in.kernel, in.bias, out, pool);
  }
  return y;
}

TEST_CASE("short convolution equals its formula for any number of taps and any cut into steps") {
  ThreadPool pool(3);
  for (const int64_t taps : {1, 2, 3, 4}) {
    for (const int64_t hidden : {8, 300}) {
      const Input in{21, hidden, taps};
      std::vector<float> window;
      const OwnedMatrix whole = Run(in, in.rows, window, pool);
      bool near = true;
      for (int64_t t = 0; t < in.rows; ++t) {
        for (int64_t j = 0; j < hidden; ++j) near = near && Near(whole(t, j), in.Exact(t, j), 4 + std::abs(in.Exact(t, j)), 16);
      }
      INFO(taps << " taps, H = " << hidden);
      CHECK(near);
      bool last = true;
      for (int64_t i = 0; i < taps - 1; ++i) {
        for (int64_t j = 0; j < hidden; ++j) {
          last =
              last && static_cast<double>(window[static_cast<size_t>(i * hidden + j)]) == in.Gated(in.rows - (taps - 1) + i, j);
        }
      }
      CHECK(last);
      for (const int64_t chunk : {1, 2, 5}) {
        std::vector<float> chunked;
        CHECK(Run(in, chunk, chunked, pool).values == whole.values);
        CHECK(chunked == window);
      }
    }
  }
}

TEST_CASE("steps of a batch keep to their own windows, and no bias is a bias of zero") {
  ThreadPool pool(2);
  Input first{3, 16, 3}, second{2, 16, 3};
  second.bcx = RandomMatrix(2, 48, 9);
  second.window = RandomValues(32, 10);
  first.bias.assign(16, 0.0f);
  second.bias = first.bias;
  std::vector<float> window_a, window_b, a = first.window, b = second.window;
  const OwnedMatrix alone_a = Run(first, 3, window_a, pool), alone_b = Run(second, 2, window_b, pool);

  OwnedMatrix bcx(5, 48), y(5, 16);
  std::copy(first.bcx.values.begin(), first.bcx.values.end(), bcx.values.begin());
  std::copy(second.bcx.values.begin(), second.bcx.values.end(), bcx.values.begin() + 3 * 48);
  const std::vector<ShortConvStep> steps = {{0, 3, a}, {3, 2, b}};
  ShortConv(bcx, steps, first.kernel, {}, y, pool);
  CHECK(std::equal(alone_a.values.begin(), alone_a.values.end(), y.values.begin()));
  CHECK(std::equal(alone_b.values.begin(), alone_b.values.end(), y.values.begin() + 3 * 16));
  CHECK(a == window_a);
  CHECK(b == window_b);
}

}  // namespace
}  // namespace tidemark::test
