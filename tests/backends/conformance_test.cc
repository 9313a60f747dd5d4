// Every backend this machine can run x every storage format x shapes x thread counts, against the double-precision product of
// the dequantised weights, within the bound computed for each element: edge shapes, where one list of calls holds all row counts
// at once, as a layer of experts does; and the inner sizes of LFM2.5-8B-A1B. The AMX kernels also run over plain tiles there, so
// that machines without AMX test them too.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "backends/backends.h"
#include "backends/plain_tiles.h"
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

// For a split format.
const Format* ScalesOf(const Format& format) { return format.dequantize == nullptr ? FindFormat("bf16") : nullptr; }

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
  std::vector<Element> exact;  // of ExactProduct, for all backends
};

void FindExact(const StoredWeights& w, bool peaks, std::vector<Operands>& operands) {
  ThreadPool pool(2);
  for (Operands& o : operands) o.exact = ExactProduct(w.view, o.x, peaks, pool);
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

std::vector<int64_t> RowCounts() {
  std::vector<int64_t> counts;
  for (int64_t m = 1; m <= 17; ++m) counts.push_back(m);
  counts.insert(counts.end(), {33, 64});
  return counts;
}

// Whether one of them rounds to int8.
bool AnyInt8(const std::vector<const MatmulBackend*>& backends) {
  return std::any_of(backends.begin(), backends.end(),
                     [](const MatmulBackend* backend) { return backend->PrecisionFor({}) == Precision::kInt8; });
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
        CHECK(WorstElement(w.view, operands[i].exact, operands[i].y, precision) == "");
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

void CheckFormat(const Format& format, const Format* scale_format, const std::vector<Shape>& shapes) {
  std::mt19937 random(7);
  for (const auto& [n, blocks] : shapes) {
    const int64_t k = blocks * format.block_values;
    const StoredWeights w = RandomWeights(format, scale_format, n, k, random);
    std::vector<Operands> operands;
    for (const int64_t m : RowCounts()) operands.emplace_back(m, n, k, random);
    const std::vector<const MatmulBackend*> backends = RunnableBackends(w.view.format);
    FindExact(w, AnyInt8(backends), operands);
    for (const MatmulBackend* backend : backends) CheckBackend(*backend, w, operands);
  }
}

// Edges of vectors, tiles and panels (at most 256 rows) in n; short rows in k.
const std::vector<Shape> kEdgeShapes = {{1, 1}, {7, 2}, {16, 1}, {17, 3}, {33, 5}, {263, 1}};

TEST_CASE("Every backend multiplies every format within its bound, whatever the threads") {
  for (const Format* format : AllFormats()) {
    CheckFormat(*format, ScalesOf(*format), kEdgeShapes);
    // More than one panel: k near 1024 makes panels of 128 rows.
    CheckFormat(*format, ScalesOf(*format), {{131, std::max<int64_t>(1, 1024 / format->block_values)}});
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

// --- The inner sizes of LFM2.5-8B-A1B: hidden size, width of an expert, width of a dense layer. Decode of one sequence, of a
// few, and more rows than a tile has.

constexpr int64_t kInnerSizes[] = {2048, 1792, 7168}, kModelRows[] = {1, 3, 17};

// Those of the table, and AMX over plain tiles where the machine has no others.
std::vector<const MatmulBackend*> WithPlainTiles(const Format* format) {
  std::vector<const MatmulBackend*> backends = RunnableBackends(format);
  const Cpu cpu = DetectCpu();
  if (cpu.RunsAmx()) return backends;
  for (const MatmulBackend* plain : {AmxInt8OnPlainTiles(), AmxBf16OnPlainTiles()}) {
    if (plain != nullptr && plain->WhyNot({format, 1, format->block_values}, cpu).empty()) backends.push_back(plain);
  }
  return backends;
}

bool IsOwnOfTable(const MatmulBackend& backend) {
  return std::any_of(AllBackends().begin(), AllBackends().end(), [&](const BackendEntry& entry) {
    return entry.backend == &backend && (entry.name.starts_with("avx") || entry.name.starts_with("amx"));
  });
}

// Each row count is a list of its own, as a dense layer is: on two threads within the bound, on one the same bits. only: the
// index of one row count; negative: all.
void CheckModelShape(const MatmulBackend& backend, const StoredWeights& w, std::vector<Operands>& operands, int only = -1) {
  INFO(backend.Name() << ", " << w.view.name);
  const Precision precision = backend.PrecisionFor({w.view.format, w.view.n, w.view.k});
  ThreadPool two(2), one(1);
  const auto packed = backend.Pack(w.view, two);
  for (size_t i = 0; i < operands.size(); ++i) {
    if (only >= 0 && i != static_cast<size_t>(only)) continue;
    Operands& o = operands[i];
    INFO("m " << o.x.rows);
    const MatmulCall call = {packed.get(), o.x, o.y};
    o.Clear();
    backend.Run({&call, 1}, two);
    CHECK(WorstElement(w.view, o.exact, o.y, precision) == "");
    CHECK(o.GuardsStand());
    const std::vector<float> first = o.y_values;
    o.Clear();
    backend.Run({&call, 1}, one);
    CHECK(SameBits(o.y_values, first));
  }
}

// Thirteen panels of 16 rows and a part of one; four to seven of those of the libraries.
constexpr int64_t kModelHeight = 16 * 13 + 5;
// They repeat so many, for quantising takes longer than all products; no two panels of 16, 32 or 64 rows are alike.
constexpr int64_t kDistinctRows = 37;

// Own kernels multiply every k by every row count. Of the others, which are slow, each pair of backend and format meets every k
// and every row count once, in another combination from pair to pair.
TEST_CASE("Every backend multiplies every format at the inner sizes of the 8B model") {
  std::mt19937 random(13);
  int turn = 0;
  for (const Format* format : AllFormats()) {
    const std::vector<const MatmulBackend*> backends = WithPlainTiles(format);
    ++turn;
    for (const int64_t k : kInnerSizes) {
      ++turn;
      const StoredWeights few = RandomWeights(*format, ScalesOf(*format), kDistinctRows, k, random);
      const StoredWeights w = RepeatRows(few, kModelHeight);
      std::vector<Operands> operands;
      for (const int64_t m : kModelRows) operands.emplace_back(m, kModelHeight, k, random);
      FindExact(few, AnyInt8(backends), operands);
      for (size_t b = 0; b < backends.size(); ++b) {
        const int sampled = (turn + static_cast<int>(b)) % 3;
        CheckModelShape(*backends[b], w, operands, IsOwnOfTable(*backends[b]) ? -1 : sampled);
      }
    }
  }
}

TEST_CASE("Fast paths at the full height of an expert and of a dense layer") {
  std::mt19937 random(17);
  const int64_t distinct = 261, k = 2048;  // 9 * 29: no two panels have the same rows
  for (const char* name : {"f32", "f16", "bf16", "q8_0", "q4_0", "q4_k", "q5_k", "q6_k"}) {
    const Format& format = *FindFormat(name);
    const StoredWeights few = RandomWeights(format, nullptr, distinct, k, random);
    for (const int64_t n : {1792, 7168}) {
      const StoredWeights w = RepeatRows(few, n);
      std::vector<Operands> operands;
      for (const int64_t m : kModelRows) operands.emplace_back(m, n, k, random);
      FindExact(few, true, operands);
      for (const MatmulBackend* backend : RunnableBackends(&format)) {
        if (IsOwnOfTable(*backend)) CheckModelShape(*backend, w, operands);
      }
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
    FindExact(w, false, operands);
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
