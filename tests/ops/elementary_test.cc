// Reductions, RMS norm, RoPE, SwiGLU, residual and bias against their formulas in double precision.
#include "engine/ops/elementwise.h"
#include "engine/ops/reduce.h"
#include "engine/ops/rms_norm.h"
#include "engine/ops/rope.h"
#include "tests/ops/reference.h"
#include "tests/support/catch.h"

namespace tidemark::test {
namespace {

TEST_CASE("dot and sum equal the exact value within their bound, and follow the documented order") {
  for (const int64_t n : {0, 1, 15, 16, 17, 64, 100, 2048}) {
    const std::vector<float> a = RandomValues(n, 1), b = RandomValues(n, 2);
    double dot = 0, dot_scale = 0, sum = 0, sum_scale = 0;
    float partial[16] = {}, total[16] = {};
    for (int64_t i = 0; i < n; ++i) {
      const size_t p = static_cast<size_t>(i);
      const double product = static_cast<double>(a[p]) * static_cast<double>(b[p]);
      dot += product;
      dot_scale += std::abs(product);
      sum += static_cast<double>(a[p]);
      sum_scale += std::abs(static_cast<double>(a[p]));
      partial[i % 16] += a[p] * b[p];
      total[i % 16] += a[p];
    }
    const double ulps = static_cast<double>(n) / 16 + 5;  // n/16 additions in each partial, four levels of the tree, one product
    CHECK(Near(Dot(a.data(), b.data(), n), dot, dot_scale, ulps));
    CHECK(Near(Sum(a.data(), n), sum, sum_scale, ulps));
    for (int width = 8; width > 0; width /= 2) {
      for (int i = 0; i < width; ++i) {
        partial[i] += partial[i + width];
        total[i] += total[i + width];
      }
    }
    CHECK(Dot(a.data(), b.data(), n) == partial[0]);
    CHECK(Sum(a.data(), n) == total[0]);
  }
}

TEST_CASE("rms norm") {
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads);
    for (const auto& [rows, cols] : {std::pair<int64_t, int64_t>{1, 1}, {1, 64}, {5, 100}, {300, 2048}}) {
      const OwnedMatrix x = RandomMatrix(rows, cols, 3, 2.0f, cols + 3);
      const std::vector<float> weight = RandomValues(cols, 4);
      OwnedMatrix y(rows, cols, cols + 1), in_place = x;
      RmsNorm(x, weight, 1e-5f, y, pool);
      RmsNorm(in_place, weight, 1e-5f, in_place, pool);
      bool near = true, same = true;
      for (int64_t r = 0; r < rows; ++r) {
        double squares = 0;
        for (int64_t j = 0; j < cols; ++j) squares += static_cast<double>(x(r, j)) * static_cast<double>(x(r, j));
        const double scale = 1 / std::sqrt(squares / static_cast<double>(cols) + 1e-5f);
        for (int64_t j = 0; j < cols; ++j) {
          const double exact = static_cast<double>(weight[static_cast<size_t>(j)]) * static_cast<double>(x(r, j)) * scale;
          near = near && Near(y(r, j), exact, std::abs(exact), static_cast<double>(cols) / 32 + 8);
          same = same && y(r, j) == in_place(r, j);
        }
        for (int64_t j = cols; j < x.stride; ++j) same = same && in_place(r, j) == x(r, j);
      }
      INFO(rows << " x " << cols);
      CHECK(near);
      CHECK(same);
    }
  }
}

TEST_CASE("rope turns pairs half a head apart, by float32 angles") {
  ThreadPool pool(2);
  const int64_t d = 8, heads = 3;
  const std::vector<float> inv_freq = RopeInverseFrequencies(d, 10000.0);
  REQUIRE(inv_freq.size() == 4);
  for (size_t j = 0; j < 4; ++j) CHECK(Near(inv_freq[j], std::pow(10000.0, -2.0 * static_cast<double>(j) / 8), inv_freq[j], 3));

  const std::vector<int32_t> positions = {0, 1, 17, 127999};
  OwnedMatrix rotation(4, d);
  RopeRotation(positions, inv_freq, rotation, pool);
  const OwnedMatrix x = RandomMatrix(4, heads * d, 5);
  OwnedMatrix y = x;
  Rope(y, rotation, pool);
  for (int64_t r = 0; r < 4; ++r) {
    for (int64_t h = 0; h < heads; ++h) {
      for (int64_t j = 0; j < d / 2; ++j) {
        const double angle =
            static_cast<double>(static_cast<float>(positions[static_cast<size_t>(r)]) * inv_freq[static_cast<size_t>(j)]);
        const double a = static_cast<double>(x(r, h * d + j)), b = static_cast<double>(x(r, h * d + j + d / 2));
        CHECK(Near(y(r, h * d + j), a * std::cos(angle) - b * std::sin(angle), std::abs(a) + std::abs(b), 4));
        CHECK(Near(y(r, h * d + j + d / 2), b * std::cos(angle) + a * std::sin(angle), std::abs(a) + std::abs(b), 4));
      }
    }
  }
  for (int64_t j = 0; j < heads * d; ++j) CHECK(y(0, j) == x(0, j));  // position 0 is not turned
}

TEST_CASE("swiglu, add and bias") {
  for (const int threads : {1, 4}) {
    ThreadPool pool(threads);
    for (const auto& [rows, cols] : {std::pair<int64_t, int64_t>{1, 7}, {3, 64}, {40, 1000}}) {
      const OwnedMatrix gate = RandomMatrix(rows, cols, 6, 3.0f, cols + 2), up = RandomMatrix(rows, cols, 7);
      const std::vector<float> bias = RandomValues(cols, 8);
      OwnedMatrix y = gate, sum = gate, biased = gate;
      SwiGlu(y, up, pool);
      Add(up, sum, pool);
      AddBias(bias, biased, pool);
      bool near = true, exact = true;
      for (int64_t r = 0; r < rows; ++r) {
        for (int64_t j = 0; j < cols; ++j) {
          const double g = static_cast<double>(gate(r, j)), u = static_cast<double>(up(r, j));
          near = near && Near(y(r, j), g / (1 + std::exp(-g)) * u, std::abs(g * u), 6);
          exact = exact && sum(r, j) == gate(r, j) + up(r, j) && biased(r, j) == gate(r, j) + bias[static_cast<size_t>(j)];
        }
      }
      CHECK(near);
      CHECK(exact);
    }
  }
  CHECK(Silu(0.0f) == 0.0f);
  CHECK(Silu(-200.0f) == 0.0f);
  CHECK(Silu(200.0f) == 200.0f);
  CHECK(Sigmoid(-200.0f) == 0.0f);
  CHECK(Sigmoid(0.0f) == 0.5f);
}

}  // namespace
}  // namespace tidemark::test
