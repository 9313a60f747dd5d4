// Every backend this machine can run x every storage format x shapes x thread counts, against the double-precision product of
// the dequantised weights. One list of calls holds all row counts at once, as a layer of experts does.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "backends/backends.h"
#include "tests/backends/products.h"
#include "tests/support/catch.h"

namespace tidemark::test {
namespace {

constexpr float kGuard = 12345.0f;  // outside of every y; must survive

// Those that can multiply this format here.
std::vector<const MatmulBackend*> RunnableBackends(const Format* format) {
  const Cpu cpu = DetectCpu();
  std::vector<const MatmulBackend*> backends;
  for (const BackendEntry& entry : AllBackends()) {
    if (entry.backend != nullptr && entry.backend->WhyNot({format, 1, format->block_values}, cpu).empty()) {
      backends.push_back(entry.backend);
    }
  }
  return backends;
}

// A product's operands: rows of x and y are wider than needed, y starts as NaN (nothing of it may be read) inside guards.
struct Operands {
  Operands(int64_t m, int64_t n, int64_t k, std::mt19937& random)
      : x_values(RandomRows(m, k + 3, random)), y_values(static_cast<size_t>(m * (n + 5)), kGuard) {
    x = {x_values.data(), m, k, k + 3};
    y = {y_values.data(), m, n, n + 5};
    Clear();
  }
  void Clear() {
    for (int64_t i = 0; i < y.rows; ++i) std::fill(y.Row(i).begin(), y.Row(i).end(), std::numeric_limits<float>::quiet_NaN());
  }
  bool GuardsStand() const {
    for (int64_t i = 0; i < y.rows; ++i) {
      const float* end = y.data + i * y.stride + y.cols;
      if (!std::all_of(end, end + 5, [](float v) { return v == kGuard; })) return false;
    }
    return true;
  }
  std::vector<float> x_values, y_values;
  ConstMatrix x;
  Matrix y;
};

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

std::vector<int64_t> RowCounts() {
  std::vector<int64_t> counts;
  for (int64_t m = 1; m <= 17; ++m) counts.push_back(m);
  counts.insert(counts.end(), {33, 64});
  return counts;
}

// Runs all row counts in one list for every thread count; the first result is compared with the exact one, the others with it.
void CheckBackend(const MatmulBackend& backend, const StoredWeights& w, std::vector<Operands>& operands) {
  INFO(backend.Name() << ", " << w.view.name);
  const Precision precision = backend.PrecisionFor({w.view.format, w.view.n, w.view.k});
  std::vector<std::vector<float>> first;
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    const auto packed = backend.Pack(w.view, pool);
    std::vector<MatmulCall> calls;
    for (Operands& o : operands) {
      o.Clear();
      calls.push_back({packed.get(), o.x, o.y});
    }
    backend.Run(calls, pool);
    for (size_t i = 0; i < operands.size(); ++i) {
      INFO("m " << operands[i].x.rows << ", threads " << threads);
      if (threads == 1) {
        CHECK(WorstElement(w.view, operands[i].x, operands[i].y, precision) == "");
        CHECK(operands[i].GuardsStand());
        first.push_back(operands[i].y_values);
      } else {
        CHECK(SameBits(operands[i].y_values, first[i]));
      }
    }
  }
}

struct Shape {
  int64_t n, blocks;  // k = blocks * block_values
};

void CheckFormat(const Format& format, const Format* scale_format, const std::vector<Shape>& shapes,
                 const std::vector<int64_t>& row_counts = RowCounts()) {
  std::mt19937 random(7);
  for (const auto& [n, blocks] : shapes) {
    const int64_t k = blocks * format.block_values;
    const StoredWeights w = RandomWeights(format, scale_format, n, k, random);
    std::vector<Operands> operands;
    for (const int64_t m : row_counts) operands.emplace_back(m, n, k, random);
    for (const MatmulBackend* backend : RunnableBackends(w.view.format)) CheckBackend(*backend, w, operands);
  }
}

// Edges of vectors, tiles and panels (at most 256 rows) in n; short rows in k.
const std::vector<Shape> kEdgeShapes = {{1, 1}, {7, 2}, {16, 1}, {17, 3}, {33, 5}, {263, 1}};

TEST_CASE("Every backend multiplies every format within its bound, whatever the threads") {
  for (const Format* format : AllFormats()) {
    const Format* scale_format = format->dequantize == nullptr ? FindFormat("bf16") : nullptr;
    CheckFormat(*format, scale_format, kEdgeShapes);
    // More than one panel: k near 1024 makes panels of 128 rows.
    CheckFormat(*format, scale_format, {{131, std::max<int64_t>(1, 1024 / format->block_values)}});
  }
}

TEST_CASE("Scales of a split format may be stored in any float format") {
  for (const char* scales : {"f32", "f16", "bf16"}) CheckFormat(*FindFormat("mlx_q4_g64"), FindFormat(scales), {{19, 4}});
}

TEST_CASE("Float formats with odd row lengths") {
  for (const char* name : {"f32", "f16", "bf16"}) {
    CheckFormat(*FindFormat(name), nullptr, {{3, 1}, {5, 3}, {31, 17}, {64, 63}, {65, 65}, {2, 1000}});
  }
}

// LFM2.5-8B-A1B at a quarter of its width: projections, dense and expert feed-forward, router; the head cut short.
TEST_CASE("Shapes of a model at a quarter of its width") {
  for (const char* name : {"q4_0", "bf16"}) {
    const Format& format = *FindFormat(name);
    for (const auto& [n, k] :
         std::vector<std::pair<int64_t, int64_t>>{{1536, 512}, {512, 1792}, {448, 512}, {512, 448}, {32, 512}}) {
      CheckFormat(format, nullptr, {{n, k / format.block_values}}, {1, 4, 17, 64});
    }
  }
}

TEST_CASE("Unaligned stored floats") {
  std::mt19937 random(3);
  for (const char* name : {"f32", "bf16"}) {
    StoredWeights w = RandomWeights(*FindFormat(name), nullptr, 21, 40, random);
    w.data.insert(w.data.begin(), std::byte{0});
    w.view.data = w.data.data() + 1;
    std::vector<Operands> operands;
    for (const int64_t m : {1, 4}) operands.emplace_back(m, 21, 40, random);
    for (const MatmulBackend* backend : RunnableBackends(w.view.format)) CheckBackend(*backend, w, operands);
  }
}

// Experts: calls of different weights and row counts, gate and up on the same rows, in one list.
TEST_CASE("A list gives the bits of its calls one by one") {
  std::mt19937 random(11);
  const Format& format = *FindFormat("q8_0");
  std::vector<StoredWeights> weights;
  std::vector<Operands> gate, up;
  for (const int64_t m : {3, 1, 70, 1, 9, 0, 22}) {
    if (m == 0) continue;  // an expert that nobody was routed to has no call
    weights.push_back(RandomWeights(format, nullptr, 112, 256, random));
    weights.push_back(RandomWeights(format, nullptr, 112, 256, random));
    gate.emplace_back(m, 112, 256, random);
    up.emplace_back(m, 112, 256, random);
    up.back().x = gate.back().x;
  }
  for (const MatmulBackend* backend : RunnableBackends(&format)) {
    INFO(backend->Name());
    ThreadPool pool(3), single(1);
    std::vector<std::unique_ptr<PackedWeights>> packed;
    for (const StoredWeights& w : weights) packed.push_back(backend->Pack(w.view, pool));
    std::vector<MatmulCall> calls;
    for (size_t e = 0; e < gate.size(); ++e) {
      calls.push_back({packed[2 * e].get(), gate[e].x, gate[e].y});
      calls.push_back({packed[2 * e + 1].get(), up[e].x, up[e].y});
    }
    for (const MatmulCall& call : calls) {
      for (int64_t i = 0; i < call.y.rows; ++i) std::fill(call.y.Row(i).begin(), call.y.Row(i).end(), 0.0f);
      backend->Run({&call, 1}, single);
    }
    std::vector<std::vector<float>> alone;
    for (size_t e = 0; e < gate.size(); ++e) alone.insert(alone.end(), {gate[e].y_values, up[e].y_values});
    for (size_t e = 0; e < gate.size(); ++e) {
      gate[e].Clear();
      up[e].Clear();
    }
    backend->Run(calls, pool);
    for (size_t e = 0; e < gate.size(); ++e) {
      CHECK(SameBits(gate[e].y_values, alone[2 * e]));
      CHECK(SameBits(up[e].y_values, alone[2 * e + 1]));
    }
    backend->Run({}, pool);  // nothing to do is fine
  }
}

// More rows than a product takes at once (oneDNN) and, for bfloat16, more rounded activations than are held at once.
TEST_CASE("Very many rows") {
  std::mt19937 random(5);
  for (const auto& [m, k] : std::vector<std::pair<int64_t, int64_t>>{{1100, 96}, {34000, 1024}}) {
    const StoredWeights w = RandomWeights(*FindFormat("f32"), nullptr, 16, k, random);
    Operands o(m, 16, k, random);
    ThreadPool pool(2);
    for (const MatmulBackend* backend : RunnableBackends(w.view.format)) {
      INFO(backend->Name() << ", m " << m);
      o.Clear();
      const auto packed = backend->Pack(w.view, pool);
      const MatmulCall calls[] = {{packed.get(), o.x, o.y}};
      backend->Run(calls, pool);
      for (const int64_t first : {int64_t{0}, int64_t{500}, m / 2, m - 40}) {  // windows of rows, the cuts among them
        const ConstMatrix x = {o.x.data + first * o.x.stride, 40, k, o.x.stride};
        const ConstMatrix y = {o.y.data + first * o.y.stride, 40, 16, o.y.stride};
        CHECK(WorstElement(w.view, x, y, backend->PrecisionFor({w.view.format, 16, k})) == "");
      }
      CHECK(std::none_of(o.y_values.begin(), o.y_values.end(), [](float v) { return std::isnan(v); }));
    }
  }
}

}  // namespace
}  // namespace tidemark::test
