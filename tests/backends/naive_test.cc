// What the reference promises beyond the common conformance: almost correctly rounded results, and the same bits for a row of x
// whatever else is multiplied with it.
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "backends/backends.h"
#include "tests/backends/products.h"
#include "tests/support/catch.h"

namespace tidemark::test {
namespace {

const MatmulBackend& Naive() { return *ParseBackendList("naive", DetectCpu()).front(); }

std::vector<float> Multiply(const StoredWeights& w, const float* x, int64_t m, ThreadPool& pool) {
  std::vector<float> y(static_cast<size_t>(m * w.view.n));
  const auto packed = Naive().Pack(w.view, pool);
  const MatmulCall call = {packed.get(), {x, m, w.view.k, w.view.k}, {y.data(), m, w.view.n, w.view.n}};
  Naive().Run({&call, 1}, pool);
  return y;
}

TEST_CASE("The naive backend rounds once") {
  std::mt19937 random(1);
  const int64_t n = 37, k = 2048, m = 9;
  const StoredWeights w = RandomWeights(*FindFormat("q4_k"), nullptr, n, k, random);
  const std::vector<float> x = RandomRows(m, k, random);
  ThreadPool pool(2);
  const std::vector<float> y = Multiply(w, x.data(), m, pool);
  std::vector<float> row(static_cast<size_t>(k));
  for (int64_t j = 0; j < n; ++j) {
    DequantizeRow(w.view, j, row);
    for (int64_t i = 0; i < m; ++i) {
      const Element exact = ExactElement(x.data() + i * k, row.data(), k);
      const double allowed = 0x1p-24 * std::abs(exact.value) * 1.001 + static_cast<double>(k) * 0x1p-53 * exact.sum_abs;
      REQUIRE(std::abs(static_cast<double>(y[static_cast<size_t>(i * n + j)]) - exact.value) <= allowed);
    }
  }
}

TEST_CASE("The naive backend gives a row the same bits in every batch") {
  std::mt19937 random(2);
  const int64_t n = 45, k = 512, m = 23;
  for (const char* format : {"f32", "q4_0", "q6_k"}) {
    const StoredWeights w = RandomWeights(*FindFormat(format), nullptr, n, k, random);
    const std::vector<float> x = RandomRows(m, k, random);
    ThreadPool pool(3);
    const std::vector<float> all = Multiply(w, x.data(), m, pool);
    for (const int64_t chunk : {1, 2, 3, 7, 16}) {
      for (int64_t first = 0; first < m; first += chunk) {
        const int64_t rows = std::min(chunk, m - first);
        const std::vector<float> part = Multiply(w, x.data() + first * k, rows, pool);
        REQUIRE(std::memcmp(part.data(), all.data() + first * n, part.size() * sizeof(float)) == 0);
      }
    }
  }
}

}  // namespace
}  // namespace tidemark::test
