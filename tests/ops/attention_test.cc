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
    keys.resize(static_cast<size_t>(KvBytes(*s.kv_format, k.cols, positions)));
    values.resize(keys.size());
    // In two pieces, as prefill and decode would.
    ThreadPool pool(1);
    const int64_t half = positions / 2;
    const AttentionStep pieces[] = {{0, half, 0, keys.data(), values.data()},
                                    {half, positions - half, half, keys.data(), values.data()}};
    StoreKv(k, v, pieces, shape, pool);
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

  AttentionStep Step(int64_t first_row) { return {first_row, rows, k.rows - rows, keys.data(), values.data()}; }

  AttentionShape shape;
  int64_t rows;
  OwnedMatrix k, v, q;
  std::vector<std::byte> keys, values;
};

OwnedMatrix Run(Case& c, ThreadPool& pool, const AttentionKernels* kernels = nullptr) {
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

std::vector<const AttentionKernels*> Runnable(int64_t d) {
  std::vector<const AttentionKernels*> kernels = RunnableAttentionKernels(DetectCpu());
  std::erase_if(kernels, [d](const AttentionKernels* k) { return d % k->dim_multiple != 0; });
  return kernels;
}

TEST_CASE("attention equals its formula, prefill and decode, grouped and single heads") {
  ThreadPool pool(2);
  const struct {
    int64_t heads, kv_heads, head_dim, positions, rows;
  } kCases[] = {{1, 1, 2, 1, 1},    {4, 2, 16, 1, 1},   {4, 1, 64, 65, 65},
                {8, 8, 16, 130, 1}, {6, 2, 32, 200, 9}, {32, 8, 64, 129, 3}};
  for (const auto& c : kCases) {
    Case input({c.heads, c.kv_heads, c.head_dim, FindFormat("f32")}, c.positions, c.rows, 11);
    INFO(c.heads << "/" << c.kv_heads << " heads of " << c.head_dim << ", " << c.rows << " of " << c.positions);
    // Scores are about 2 with d = 64 terms; values about 1.
    for (const AttentionKernels* kernels : Runnable(c.head_dim)) {
      INFO(kernels->isa);
      CHECK(WorstDifference(input, Run(input, pool, kernels)) < 3e-6);
    }
  }
}

TEST_CASE("attention over rounded keys and values differs by their rounding alone") {
  ThreadPool pool(1);
  const struct {
    const char* format;
    double least, most;
  } kCases[] = {{"f16", 1e-6, 5e-3}, {"bf16", 1e-5, 2e-2}, {"q8_0", 1e-5, 4e-2}};
  for (const auto& c : kCases) {
    Case input({4, 2, 32, FindFormat(c.format)}, 100, 10, 21);
    const double worst = WorstDifference(input, Run(input, pool));
    INFO(c.format << ": " << worst);
    CHECK(worst > c.least);
    CHECK(worst < c.most);
  }
}

TEST_CASE("keys and values that cannot be stored are refused with the reason") {
  CHECK_THROWS_WITH(CheckKvFormat(FindFormat("q4_0"), 64), Contains("f32, f16, bf16, q8_0"));
  CHECK_THROWS_WITH(CheckKvFormat(FindFormat("q8_0"), 80), Contains("80"));
  CheckKvFormat(FindFormat("q8_0"), 64);
  CheckKvFormat(FindFormat("bf16"), 80);
}

// What is stored is what the format's own rounding gives, in the documented places; the kernels of all instruction sets read the
// same numbers from it.
TEST_CASE("stored keys and values read back exactly, on all instruction sets") {
  for (const std::string_view name : kKvTypeNames) {
    const Format& format = *FindFormat(name);
    const KvType type = KvTypeOf(&format);
    for (const int64_t d : {32, 64, 96}) {
      INFO(name << ", d = " << d);
      Case input({4, 2, d, &format}, 70, 1, 61);
      std::vector<std::byte> row(static_cast<size_t>(format.Bytes(d)));
      std::vector<float> expected(static_cast<size_t>(d)), keys(static_cast<size_t>(kKvBlock * d)), values(keys.size());
      for (const AttentionKernels* kernels : Runnable(d)) {
        INFO(kernels->isa);
        for (int64_t p = 0; p < 70; ++p) {
          for (int64_t g = 0; g < 2; ++g) {
            const int64_t piece = (p / kKvBlock * 2 + g) * input.shape.PieceBytes(), j = p % kKvBlock;
            kernels->unpack_keys[type](input.keys.data() + piece, d, keys.data());
            kernels->unpack_values[type](input.values.data() + piece, j + 1, d, values.data());
            bool same = true;
            format.quantize(input.k.Span(p).subspan(static_cast<size_t>(g * d), expected.size()), row.data());
            format.dequantize(row.data(), expected);
            for (int64_t i = 0; i < d; ++i)
              same = same && keys[static_cast<size_t>(i * kKvBlock + j)] == expected[static_cast<size_t>(i)];
            format.quantize(input.v.Span(p).subspan(static_cast<size_t>(g * d), expected.size()), row.data());
            format.dequantize(row.data(), expected);
            for (int64_t i = 0; i < d; ++i)
              same = same && values[static_cast<size_t>(j * d + i)] == expected[static_cast<size_t>(i)];
            if (!same) FAIL_CHECK("position " << p << ", head " << g);
          }
        }
      }
    }
  }
}

// One block, at every number of positions, queries, and every format, against the plain loops.
TEST_CASE("attention kernels of all instruction sets agree with the plain ones") {
  const AttentionKernels& plain = PlainAttentionKernels();
  for (const int64_t d : {32, 64, 96, 128}) {
    const int64_t floats = AttentionStateFloats(d);
    const OwnedMatrix q = RandomMatrix(kQuad, d, 1, 2.0f);
    for (const std::string_view name : kKvTypeNames) {
      const AttentionShape shape{4, 1, d, FindFormat(name)};
      const KvType type = KvTypeOf(shape.kv_format);
      Case input(shape, kKvBlock, 1, 5);
      for (const AttentionKernels* kernels : Runnable(d)) {
        for (int64_t count = 1; count <= kKvBlock; ++count) {
          const int64_t queries = 1 + count % kQuad;
          std::vector<float> a(static_cast<size_t>(kQuad * floats)), b, out_a(static_cast<size_t>(d)), out_b(out_a);
          for (int64_t n = 0; n < kQuad; ++n) StartAttentionState(d, a.data() + n * floats);
          b = a;
          AttentionBlock block{input.keys.data(), input.values.data(), count};
          block.q = q.values.data();
          block.queries = queries;
          float worst = 0;
          for (int twice = 0; twice < 2; ++twice) {  // the second time there are old sums to rescale
            block.states = a.data();
            plain.attend[type](block, d, 0.2f);
            block.states = b.data();
            kernels->attend[type](block, d, 0.2f);
          }
          plain.merge(a.data() + (queries - 1) * floats, d, a.data());
          kernels->merge(b.data() + (queries - 1) * floats, d, b.data());
          for (int64_t n = 0; n < queries; ++n) {
            plain.finish(a.data() + n * floats, d, out_a.data());
            kernels->finish(b.data() + n * floats, d, out_b.data());
            for (size_t i = 0; i < out_a.size(); ++i) worst = std::max(worst, std::abs(out_a[i] - out_b[i]));
          }
          if (!(worst < 4e-6f)) FAIL_CHECK(kernels->isa << " " << name << " d " << d << " count " << count << ": " << worst);
        }
      }
    }
  }
}

TEST_CASE("far scores vanish and a NaN stays one, in every kernel") {
  const int64_t d = 32;
  for (const AttentionKernels* kernels : Runnable(d)) {
    INFO(kernels->isa);
    for (const float far : {-80.0f, -87.5f, -100.0f, -1e4f, -3e38f, std::numeric_limits<float>::quiet_NaN()}) {
      std::vector<float> keys(static_cast<size_t>(kKvBlock * d)), values(keys.size(), 1.0f), state(64), q(static_cast<size_t>(d)),
          out(q);
      q[0] = 1;
      keys[1] = far;                           // element 0 of position 1; all other scores are 0
      values[static_cast<size_t>(d)] = 1e20f;  // element 0 of position 1
      StartAttentionState(d, state.data());
      AttentionBlock block{reinterpret_cast<const std::byte*>(keys.data()), reinterpret_cast<const std::byte*>(values.data()),
                           20};
      block.q = q.data();
      block.queries = 1;
      block.states = state.data();
      kernels->attend[kKvF32](block, d, 1.0f);
      kernels->finish(state.data(), d, out.data());
      if (std::isnan(far)) {
        CHECK(std::isnan(out[1]));
      } else {
        CHECK(std::abs(out[1] - 1) < 1e-6f);
        const float expected = 1 + 1e20f * std::exp(far) / 19;
        CHECK(std::abs(out[0] - expected) <= 1e-5f * expected);
      }
    }
  }
}

TEST_CASE("a row's attention does not depend on its neighbours, the batch or the threads") {
  const int64_t d = GENERATE(8, 32);  // the plain kernels and the fastest
  const AttentionShape shape{6, 2, d, FindFormat(GENERATE("f32", "q8_0", "f16"))};
  if (d % shape.kv_format->block_values != 0) return;
  ThreadPool one(1), five(5);
  Case whole(shape, 150, 150, 31), other(shape, 70, 5, 41);
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

// Over several chunks, some shared out over threads and some not.
TEST_CASE("long histories: decode, prefill and any number of threads give the same bits") {
  const AttentionShape shape{8, 2, 64, FindFormat(GENERATE("f32", "bf16"))};
  ThreadPool one(1), seven(7);
  const int64_t positions = 2 * kAttentionChunk + 100, rows = kAttentionChunk + 120;
  Case whole(shape, positions, rows, 71);
  const OwnedMatrix expected = Run(whole, one);
  CHECK(Run(whole, seven).values == expected.values);
  const OwnedMatrix plain = Run(whole, seven, &PlainAttentionKernels());
  float worst = 0;
  for (size_t i = 0; i < plain.values.size(); ++i) worst = std::max(worst, std::abs(plain.values[i] - expected.values[i]));
  CHECK(worst < 4e-6f);
  for (const int64_t r : {int64_t{0}, rows - 101, rows - 100, rows - 37, rows - 1}) {
    OwnedMatrix q(1, whole.q.cols), out(1, whole.q.cols);
    std::copy_n(whole.q.values.data() + r * q.cols, q.cols, q.values.data());
    for (ThreadPool* pool : {&one, &seven}) {
      const AttentionStep step{0, 1, positions - rows + r, whole.keys.data(), whole.values.data()};
      std::vector<float> scratch(static_cast<size_t>(AttentionScratch({&step, 1}, shape, pool->size())));
      Attention(q, {&step, 1}, shape, out, scratch.data(), *pool);
      CHECK(std::equal(out.values.begin(), out.values.end(), expected.values.begin() + r * q.cols));
    }
  }
}

}  // namespace
}  // namespace tidemark::test
