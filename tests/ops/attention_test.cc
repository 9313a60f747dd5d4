#include "engine/ops/attention.h"

#include <cmath>
#include <limits>
#include <vector>

#include "tests/ops/reference.h"
#include "tests/support/catch.h"

namespace tidemark::test {
namespace {

// A sequence of `positions` with random keys and values, whose last `rows` positions are queried.
struct Case {
  Case(const AttentionShape& s, int64_t positions, int64_t query_rows, uint32_t seed)
      : shape(s),
        rows(query_rows),
        k(RandomMatrix(positions, s.kv_heads * s.head_dim, seed)),
        v(RandomMatrix(positions, s.kv_heads * s.head_dim, seed + 1)),
        q(RandomMatrix(rows, s.heads * s.head_dim, seed + 2, 2.0f)) {
    keys.resize(static_cast<size_t>(s.kv_format->Bytes(k.cols) * positions));
    values.resize(keys.size());
    // In two pieces, as prefill and decode would.
    const ConstMatrix kv[] = {k, v};
    std::byte* const stored[] = {keys.data(), values.data()};
    for (int i = 0; i < 2; ++i) {
      const int64_t half = positions / 2;
      StoreKv({kv[i].data, half, kv[i].cols, kv[i].stride}, shape, 0, stored[i]);
      StoreKv({kv[i].data + half * kv[i].stride, positions - half, kv[i].cols, kv[i].stride}, shape, half, stored[i]);
    }
  }

  // One output value: query row r, head h, element i.
  double Exact(int64_t r, int64_t h, int64_t i) const {
    const int64_t d = shape.head_dim, g = h / (shape.heads / shape.kv_heads), seen = k.rows - rows + r + 1;
    std::vector<double> score(static_cast<size_t>(seen), 0.0);
    double sum = 0, out = 0;
    for (int64_t j = 0; j < seen; ++j) {
      for (int64_t c = 0; c < d; ++c) {
        score[static_cast<size_t>(j)] += static_cast<double>(q(r, h * d + c)) * static_cast<double>(k(j, g * d + c));
      }
      score[static_cast<size_t>(j)] /= std::sqrt(static_cast<double>(d));
    }
    const double largest = *std::max_element(score.begin(), score.end());
    for (double& s : score) sum += s = std::exp(s - largest);
    for (int64_t j = 0; j < seen; ++j) out += score[static_cast<size_t>(j)] / sum * static_cast<double>(v(j, g * d + i));
    return out;
  }

  AttentionStep Step(int64_t first_row) const { return {first_row, rows, k.rows - rows, keys.data(), values.data()}; }

  AttentionShape shape;
  int64_t rows;
  OwnedMatrix k, v, q;
  std::vector<std::byte> keys, values;
};

OwnedMatrix Run(const Case& c, ThreadPool& pool, const AttentionKernels* kernels = nullptr) {
  OwnedMatrix out(c.rows, c.q.cols);
  const AttentionStep step = c.Step(0);
  std::vector<float> scratch(static_cast<size_t>(AttentionScratch({&step, 1}, c.shape, pool.size())));
  Attention(c.q, {&step, 1}, c.shape, out, scratch.data(), pool, kernels);
  return out;
}

double WorstDifference(const Case& c, const OwnedMatrix& out) {
  double worst = 0;
  for (int64_t r = 0; r < c.rows; ++r) {
    for (int64_t h = 0; h < c.shape.heads; ++h) {
      for (int64_t i = 0; i < c.shape.head_dim; i += 3) {
        worst = std::max(worst, std::abs(static_cast<double>(out(r, h * c.shape.head_dim + i)) - c.Exact(r, h, i)));
      }
    }
  }
  return worst;
}

TEST_CASE("attention equals its formula, prefill and decode, grouped and single heads") {
  ThreadPool pool(2);
  const struct {
    int64_t heads, kv_heads, head_dim, positions, rows;
  } kCases[] = {{1, 1, 2, 1, 1},    {4, 2, 16, 1, 1},   {4, 1, 64, 65, 65},
                {8, 8, 16, 130, 1}, {6, 2, 32, 200, 9}, {32, 8, 64, 129, 3}};
  for (const auto& c : kCases) {
    const Case input({c.heads, c.kv_heads, c.head_dim, FindFormat("f32")}, c.positions, c.rows, 11);
    INFO(c.heads << "/" << c.kv_heads << " heads of " << c.head_dim << ", " << c.rows << " of " << c.positions);
    // Scores are about 2 with d = 64 terms; values about 1.
    for (const AttentionKernels& kernels : RunnableAttentionKernels()) {
      INFO(kernels.isa);
      CHECK(WorstDifference(input, Run(input, pool, &kernels)) < 3e-6);
    }
  }
}

TEST_CASE("attention over stored halves differs by their rounding alone") {
  ThreadPool pool(1);
  const Case input({4, 2, 16, FindFormat("f16")}, 100, 10, 21);
  const double worst = WorstDifference(input, Run(input, pool));
  CHECK(worst > 1e-6);
  CHECK(worst < 5e-3);
}

// Every version of the inner loops against the plain one, at every length of the last vector.
TEST_CASE("attention kernels of all instruction sets agree") {
  const auto all = RunnableAttentionKernels();
  for (const AttentionKernels& kernels : all.subspan(1)) {
    INFO(kernels.isa);
    for (int64_t n = 1; n <= 70; ++n) {
      const OwnedMatrix query = RandomMatrix(1, n, 1, 2.0f), keys = RandomMatrix(5, n, 2), scores = RandomMatrix(1, n, 3, 30.0f);
      float plain[5], fast[5];
      all.front().score(query.values.data(), keys.values.data(), 5, n, 0.5f, plain);
      kernels.score(query.values.data(), keys.values.data(), 5, n, 0.5f, fast);
      for (int j = 0; j < 5; ++j) CHECK(std::abs(plain[j] - fast[j]) <= 1e-5f * (1 + std::abs(plain[j])));

      std::vector<float> a = scores.values, b = scores.values;
      const float plain_sum = all.front().softmax(a.data(), n), fast_sum = kernels.softmax(b.data(), n);
      CHECK(std::abs(plain_sum - fast_sum) <= 1e-6f * plain_sum);
      for (size_t j = 0; j < a.size(); ++j) CHECK(std::abs(a[j] - b[j]) <= 4e-7f * a[j] + 2e-38f);

      std::vector<float> out_a(query.values), out_b(query.values);
      all.front().add_weighted(plain, keys.values.data(), 5, n, out_a.data());
      kernels.add_weighted(plain, keys.values.data(), 5, n, out_b.data());
      for (size_t i = 0; i < out_a.size(); ++i) CHECK(std::abs(out_a[i] - out_b[i]) <= 2e-5f);
    }
    for (const float far : {-80.0f, -87.5f, -100.0f, -1e4f, -3e38f}) {
      float s[2] = {0, far};
      CHECK(std::abs(kernels.softmax(s, 2) - 1) < 1e-6f);
      CHECK(std::abs(s[1] - std::exp(far)) <= 2e-38f);
    }
    float nan[3] = {1, std::numeric_limits<float>::quiet_NaN(), 2};
    CHECK(std::isnan(kernels.softmax(nan, 3)));
  }
}

TEST_CASE("a row's attention does not depend on its neighbours, the batch or the threads") {
  const AttentionShape shape{6, 2, 16, FindFormat("f32")};
  ThreadPool one(1), five(5);
  const Case whole(shape, 150, 150, 31), other(shape, 70, 5, 41);
  const OwnedMatrix expected = Run(whole, one), other_expected = Run(other, one);
  CHECK(Run(whole, five).values == expected.values);

  // The same rows as single decodes, and as one batch of steps with another sequence in between.
  OwnedMatrix q(2 + 5 + 148, shape.heads * shape.head_dim), out(q.rows, q.cols);
  const auto copy = [&](const OwnedMatrix& from, int64_t first, int64_t count, int64_t to) {
    std::copy_n(from.values.data() + first * from.stride, count * from.cols, q.values.data() + to * q.stride);
  };
  copy(whole.q, 0, 2, 0);
  copy(other.q, 0, 5, 2);
  copy(whole.q, 2, 148, 7);
  const std::vector<AttentionStep> steps = {{0, 1, 0, whole.keys.data(), whole.values.data()},
                                            {1, 1, 1, whole.keys.data(), whole.values.data()},
                                            other.Step(2),
                                            {7, 147, 2, whole.keys.data(), whole.values.data()},
                                            {154, 1, 149, whole.keys.data(), whole.values.data()}};
  std::vector<float> scratch(static_cast<size_t>(AttentionScratch(steps, shape, five.size())));
  Attention(q, steps, shape, out, scratch.data(), five);
  bool same = true;
  for (int64_t j = 0; j < q.cols; ++j) {
    for (int64_t r = 0; r < 2; ++r) same = same && out(r, j) == expected(r, j);
    for (int64_t r = 0; r < 5; ++r) same = same && out(2 + r, j) == other_expected(r, j);
    for (int64_t r = 2; r < 150; ++r) same = same && out(5 + r, j) == expected(r, j);
  }
  CHECK(same);
}

}  // namespace
}  // namespace tidemark::test
