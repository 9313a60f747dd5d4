// Calls with gathered rows and gated units, for every backend that takes them: gathered rows give the bits of copied rows, a
// gated unit is silu(gate) * up of the backend's own plain products, and neither depends on the batch or on the number of
// threads.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "backends/backends.h"
#include "backends/plain_tiles.h"
#include "tests/backends/products.h"
#include "tests/support/catch.h"

namespace tidemark::test {
namespace {

constexpr int64_t kRows = 23;  // rows to choose from

struct Fixture {
  Fixture(const MatmulBackend& backend, const Format& format, int64_t n, int64_t k, std::mt19937& random)
      : up(RandomWeights(format, nullptr, n, k, random)), gate(RandomWeights(format, nullptr, n, k, random)), pool(2) {
    packed_up = backend.Pack(up.view, pool);
    packed_gate = backend.Pack(gate.view, pool);
    values = RandomRows(kRows, k + 1, random);
    x = {values.data(), kRows, k, k + 1};
  }
  std::vector<float> Run(MatmulCall call, int threads) {
    std::vector<float> y(static_cast<size_t>(call.y.rows * up.view.n), std::numeric_limits<float>::quiet_NaN());
    call.y = {y.data(), call.y.rows, up.view.n, up.view.n};
    ThreadPool other(threads);
    packed_up->backend().Run({&call, 1}, other);
    return y;
  }
  // Plain product of copied rows.
  std::vector<float> Plain(const PackedWeights& w, const std::vector<int32_t>& rows) {
    std::vector<float> copied;
    for (const int32_t r : rows) copied.insert(copied.end(), x.Row(r).begin(), x.Row(r).end());
    const int64_t m = static_cast<int64_t>(rows.size());
    return Run({.w = &w, .x = {copied.data(), m, x.cols, x.cols}, .y = {nullptr, m, 0, 0}}, 1);
  }

  StoredWeights up, gate;
  ThreadPool pool;
  std::unique_ptr<PackedWeights> packed_up, packed_gate;
  std::vector<float> values;
  ConstMatrix x;
};

std::vector<const MatmulBackend*> IntegerAndOtherBackends(const Format* format) {
  std::vector<const MatmulBackend*> backends;
  for (const BackendEntry& entry : AllBackends()) {
    if (entry.backend != nullptr && entry.backend->WhyNot({format, 16, format->block_values}, DetectCpu()).empty())
      backends.push_back(entry.backend);
  }
  // The kernels for AMX run everywhere over plain tiles.
  for (const MatmulBackend* plain : {AmxBf16OnPlainTiles(), AmxInt8OnPlainTiles()}) {
    if (plain != nullptr && plain->WhyNot({}, DetectCpu()).empty()) backends.push_back(plain);
  }
  return backends;
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// Row counts up to three tiles; rows repeat and come in no order.
std::vector<int32_t> RandomChoice(int64_t m, std::mt19937& random) {
  std::vector<int32_t> rows(static_cast<size_t>(m));
  for (int32_t& r : rows) r = static_cast<int32_t>(random() % kRows);
  return rows;
}

void CheckFused(Fixture& f, const std::vector<int32_t>& rows) {
  const int64_t m = static_cast<int64_t>(rows.size());
  const std::vector<float> up = f.Plain(*f.packed_up, rows), gate = f.Plain(*f.packed_gate, rows);
  const MatmulCall gathered = {.w = f.packed_up.get(), .x = f.x, .y = {nullptr, m, 0, 0}, .rows = rows.data()};
  CHECK(SameBits(f.Run(gathered, 2), up));
  MatmulCall gated = gathered;
  gated.gate = f.packed_gate.get();
  const std::vector<float> y = f.Run(gated, 2);
  CHECK(SameBits(y, f.Run(gated, 3)));
  double worst = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    const double g = static_cast<double>(gate[i]), exact = g / (1 + std::exp(-g)) * static_cast<double>(up[i]);
    worst = std::max(worst, std::abs(static_cast<double>(y[i]) - exact) / (std::abs(exact) + 1e-30));
  }
  CHECK(worst < 4e-7);
  // The first row alone.
  gated.y.rows = 1;
  const std::vector<float> one = f.Run(gated, 1);
  CHECK(std::memcmp(one.data(), y.data(), one.size() * sizeof(float)) == 0);
}

TEST_CASE("Gathered rows and gated units") {
  std::mt19937 random(11);
  int64_t fused = 0;
  for (const char* name : {"q4_0", "q8_0", "q4_k", "q5_k", "q6_k"}) {
    const Format& format = *FindFormat(name);
    for (const MatmulBackend* backend : IntegerAndOtherBackends(&format)) {
      Fixture f(*backend, format, 53, 1280, random);
      const std::vector<int32_t> some = {3, 1, 3};
      const MatmulCall call = {.w = f.packed_up.get(), .x = f.x, .y = {}, .gate = f.packed_gate.get(), .rows = some.data()};
      if (!backend->RunsFused(call)) continue;
      ++fused;
      for (const int64_t m : {1, 2, 5, 16, 17, 35, 48}) {
        INFO(backend->Name() << ", " << name << ", " << m << " rows");
        CheckFused(f, RandomChoice(m, random));
      }
    }
  }
  if (fused == 0) TM_SKIP("no backend that runs here takes gated or gathered calls");
}

// Lists as a layer of experts makes them: every token is wanted by several calls, some by none; one call reads other rows, one
// gathers nothing, two want the same rows. Whatever the calls share, each gives the bits that it gives alone.
TEST_CASE("Lists of gathered calls") {
  std::mt19937 random(13);
  int64_t fused = 0;
  for (const char* name : {"q4_0", "q8_0", "q4_k", "q6_k"}) {
    const Format& format = *FindFormat(name);
    const int64_t n = 37, k = format.block_values == 32 ? 288 : 768;
    for (const MatmulBackend* backend : IntegerAndOtherBackends(&format)) {
      Fixture f(*backend, format, n, k, random);
      const std::vector<float> other_values = RandomRows(kRows, k, random);
      const ConstMatrix other = {other_values.data(), kRows, k, k};
      std::vector<std::vector<int32_t>> rows = {{7}, {7}};
      for (const int64_t m : {9, 19, 3, 16, 5}) rows.push_back(RandomChoice(m, random));
      if (!backend->RunsFused({.w = f.packed_up.get(), .x = f.x, .y = {}, .gate = nullptr, .rows = rows[0].data()})) continue;
      ++fused;
      std::vector<MatmulCall> calls;
      for (const std::vector<int32_t>& r : rows) {
        calls.push_back(
            {.w = f.packed_up.get(), .x = f.x, .y = {nullptr, static_cast<int64_t>(r.size()), n, n}, .rows = r.data()});
      }
      calls[4].x = other;
      calls.push_back({.w = f.packed_gate.get(), .x = f.x, .y = {nullptr, kRows, n, n}});
      std::vector<std::vector<float>> expected, results;
      for (MatmulCall& call : calls) {
        expected.push_back(f.Run(call, 1));
        call.y.data = results.emplace_back(expected.back().size()).data();
      }
      backend->Run(calls, f.pool);
      for (size_t c = 0; c < calls.size(); ++c) {
        INFO(backend->Name() << ", " << name << ", call " << c);
        CHECK(SameBits(results[c], expected[c]));
      }
    }
  }
  if (fused == 0) TM_SKIP("no backend that runs here takes gathered calls");
}

// A gate with other tiles than the unit it gates is not taken.
TEST_CASE("Gates of another kind are refused") {
  std::mt19937 random(12);
  ThreadPool pool(1);
  const StoredWeights up = RandomWeights(*FindFormat("q4_k"), nullptr, 16, 256, random);
  const StoredWeights gate = RandomWeights(*FindFormat("q8_0"), nullptr, 16, 256, random);
  for (const MatmulBackend* backend : IntegerAndOtherBackends(up.view.format)) {
    if (backend->PrecisionFor({}) != Precision::kInt8) continue;
    const auto packed_up = backend->Pack(up.view, pool), packed_gate = backend->Pack(gate.view, pool);
    CHECK_FALSE(backend->RunsFused({.w = packed_up.get(), .x = {}, .y = {}, .gate = packed_gate.get()}));
  }
}

}  // namespace
}  // namespace tidemark::test
