// Integer products on the matrix unit of AMX (tiles.h) over the panels of int8_panels.h: the bits of avx512_int8.cc.
//
// A vector of a panel, [16 rows of w][4 values of k], is a row of a tile B, and rows of int8 activations are rows of a tile A:
// neither is repacked, y comes out untransposed, and lanes are rows of w as in the vector kernels. Integer sums are exact in any
// order and the float operations per sum are those of avx512_int8.cc, so few rows of x go there and the bits do not depend on m.
//
// A scale for every 32 (16) values would cost a conversion per tile product. For the K formats scales become part of the codes,
// exactly, as two planes of bytes whose products are added up apart over the 256 values of a block:
//   q4_k, q5_k: scale s = 8 h + l, planes h * q and l * q (7 * 31 < 256: one 16-bit multiplication makes two bytes);
//   q6_k: s * q in 16 bits, signed: its high byte, signed, and its low byte, unsigned.
// A block of w is split once into 8 KiB of the first-level cache and meets all rows of x, 32 at a time: two planes times two
// tiles of x, 4 loads for 4 products. The sums of one pair of tiles are scaled, and the next block split, while the unit works.
// For q4_0 and q8_0 both factors have a float scale per 32 values: amx_int8_per32.h.
//
// On paper, cycles of one Sapphire Rapids core per 16 x 16 sums and 256 values (vector kernel: some 780):
//   q4_k: products 8 x 16 = 128; scaling 16 x 12 operations on two ports = 96; splitting 32 x 5 on one port / (m / 16) = 40 for
//   64 rows: 150 if the ports overlap with the unit.
#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "backends/amx_int8_per32.h"
#include "backends/amx_int8_planes.h"
#include "backends/inputs.h"
#include "backends/int8_panels.h"
#include "backends/panels.h"
#include "backends/plain_tiles.h"
#include "backends/table.h"
#include "backends/tiles.h"
#include "backends/unpack.h"
#include "engine/core/error.h"
#include "engine/core/isa_region.h"

#if TM_HAVE_X86
#include <immintrin.h>
#endif

namespace tidemark {

#if TM_HAVE_X86
TM_REGION_AMX
namespace {

using amx_int8::Broadcast;
using amx_int8::Halves;
using amx_int8::kTileBytes;
using amx_int8::kUnitPlanes;
using amx_int8::Load32;
using amx_int8::Per32;
using amx_int8::Q4_0;
using amx_int8::Q4_K;
using amx_int8::Q5_K;
using amx_int8::Q6_K;
using amx_int8::Q8_0;
using amx_int8::ShapesFor;

// --- Formats with blocks of 256.

// What scales the sums of one unit.
template <typename Format>
struct UnitScales {
  __m512 d, dmin;
  __m512i mins[Format::kPairs];

  explicit UnitScales(const std::byte* unit) {
    d = Halves(unit);
    dmin = Format::kMins ? Halves(unit + 32) : _mm512_mul_ps(d, _mm512_set1_ps(32));
    const std::byte* at = unit + (Format::kMins ? 64 + 32 * Format::kPairs : 64);
    for (int pair = 0; pair < Format::kPairs; ++pair) {
      const __m256i bytes = Load32(at + 32 * pair);
      mins[pair] = Format::kMins ? _mm512_cvtepu8_epi16(bytes) : _mm512_cvtepi8_epi16(bytes);
    }
  }

  // total += the product of a block, as AddBlock of avx512_int8.cc has it. sums: of both planes, [2][16][16] for a tile of x.
  __m512 Add(const int32_t* sums, const Int8Block256& block, __m512 total) const {
    const __m512i high = _mm512_slli_epi32(_mm512_load_si512(sums + 256), Format::kShift);
    const __m512i dot = _mm512_add_epi32(high, _mm512_load_si512(sums));
    const int16_t* sums_of_x = Format::kMins ? block.sums32 : block.sums16;
    __m512i min_dot = _mm512_setzero_si512();
#pragma GCC unroll 8
    for (int pair = 0; pair < Format::kPairs; ++pair) {
      min_dot = _mm512_dpwssd_epi32(min_dot, mins[pair], Broadcast(sums_of_x + 2 * pair));
    }
    const __m512 dx = _mm512_set1_ps(block.scale);
    const __m512 plus = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot), _mm512_mul_ps(d, dx), total);
    return _mm512_fnmadd_ps(_mm512_cvtepi32_ps(min_dot), _mm512_mul_ps(dmin, dx), plus);
  }
};

// One unit of w and up to 32 rows of x. Tiles 0 and 1 (low, high plane) are sums of the first 16 rows, 2 and 3 of the others,
// 4 and 5 are x, 6 and 7 the planes. sums: [2 tiles of x][2 planes][16][16].
template <typename Tiles, typename Format, bool kTwo>
void MultiplyUnit(const std::byte* planes, const std::byte* x, int64_t x_row_bytes, int32_t* sums) {
  Tiles::template Zero<0>();
  Tiles::template Zero<1>();
  if constexpr (kTwo) {
    Tiles::template Zero<2>();
    Tiles::template Zero<3>();
  }
#pragma GCC unroll 1
  for (int step = 0; step < 4; ++step, planes += 2 * kTileBytes, x += 64) {
    Tiles::template Load<6>(planes, 64);
    Tiles::template Load<4>(x, x_row_bytes);
    Tiles::template DotI8U8<0, 4, 6>();
    if constexpr (kTwo) {
      Tiles::template Load<5>(x + 16 * x_row_bytes, x_row_bytes);
      Tiles::template DotI8U8<2, 5, 6>();
    }
    Tiles::template Load<7>(planes + kTileBytes, 64);
    if constexpr (Format::kSignedHigh) {
      Tiles::template DotI8I8<1, 4, 7>();
      if constexpr (kTwo) Tiles::template DotI8I8<3, 5, 7>();
    } else {
      Tiles::template DotI8U8<1, 4, 7>();
      if constexpr (kTwo) Tiles::template DotI8U8<3, 5, 7>();
    }
  }
  Tiles::template Store<0>(sums, 64);
  Tiles::template Store<1>(sums + 256, 64);
  if constexpr (kTwo) {
    Tiles::template Store<2>(sums + 512, 64);
    Tiles::template Store<3>(sums + 768, 64);
  }
}

// A product of MultiplyUnit that waits to be scaled: the unit works on the next one meanwhile.
template <typename Format>
struct Pending {
  const std::byte* unit = nullptr;  // nullptr: nothing waits
  const int32_t* sums = nullptr;
  const std::byte* x = nullptr;
  int64_t rows = 0;
  __m512* totals = nullptr;

  void Add(int64_t x_row_bytes) const {
    if (unit == nullptr) return;
    const UnitScales<Format> scales(unit);
    // Few instructions per row: the fewer, the farther the processor looks ahead to the next tile products.
    const std::byte* x_row = x;
    __m512* to = totals;
    for (int64_t first = 0; first < rows; first += 16) {
      const int32_t* row_sums = sums + 32 * first;
      const int64_t count = std::min<int64_t>(16, rows - first);
#pragma GCC unroll 4
      for (int64_t i = 0; i < count; ++i, x_row += x_row_bytes, row_sums += 16, ++to) {
        *to = scales.Add(row_sums, *reinterpret_cast<const Int8Block256*>(x_row), *to);
      }
    }
  }
};

struct alignas(64) PairSums {
  int32_t values[2][1024];
};

// Units of w outside, so that planes stay in the first-level cache. The next unit is split while the tiles work on this one.
// m: a multiple of 32, or fewer rows, kTwo then saying whether they are more than 16. split: the planes are there already.
template <typename Tiles, typename Format, bool kTwo>
void MultiplyUnits(const std::byte* panel, int64_t k, const std::byte* x, int64_t x_row_bytes, int64_t m, bool split,
                   std::byte* planes, __m512* totals) {
  PairSums sums;
  Pending<Format> pending;
  int parity = 0;
  if (!split) Format::Split(panel, planes);
  for (int64_t u = 0; u < k / 256; ++u, panel += Format::kBytes, planes += kUnitPlanes, x += sizeof(Int8Block256)) {
    if (!split) {
      for (int64_t line = 0; line < Format::kBytes; line += 64) {
        _mm_prefetch(reinterpret_cast<const char*>(panel + 2 * Format::kBytes + line), _MM_HINT_T0);
      }
    }
    for (int64_t i = 0; i < m; i += 32, parity ^= 1) {
      MultiplyUnit<Tiles, Format, kTwo>(planes, x + i * x_row_bytes, x_row_bytes, sums.values[parity]);
      pending.Add(x_row_bytes);
      pending = {panel, sums.values[parity], x + i * x_row_bytes, std::min<int64_t>(32, m - i), totals + i};
    }
    if (!split && u + 1 < k / 256) Format::Split(panel + Format::kBytes, planes + kUnitPlanes);
  }
  pending.Add(x_row_bytes);
}

template <typename Format>
struct Per256 {
  static constexpr int64_t PlaneBytes(int64_t k) { return k / 256 * kUnitPlanes; }

  template <typename Tiles>
  static void Multiply(const std::byte* panel, int64_t k, const std::byte* x, int64_t x_row_bytes, int64_t m, std::byte* planes,
                       __m512* totals) {
    const int64_t pairs = m / 32 * 32, rest = m - pairs;
    if (pairs > 0) {
      static constexpr TileShapes kFull = TileShapes::Full();
      Tiles::Configure(kFull);
      MultiplyUnits<Tiles, Format, true>(panel, k, x, x_row_bytes, pairs, false, planes, totals);
    }
    if (rest == 0) return;
    Tiles::Configure(ShapesFor(std::min<int64_t>(rest, 16), std::max<int64_t>(rest - 16, 0), 64));
    const auto run = rest > 16 ? MultiplyUnits<Tiles, Format, true> : MultiplyUnits<Tiles, Format, false>;
    run(panel, k, x + pairs * x_row_bytes, x_row_bytes, rest, pairs > 0, planes, totals + pairs);
  }
};

// --- One panel of w and m rows of x: totals[i][j], 64-byte aligned.

template <typename Tiles, typename Layout>
void Multiply(const std::byte* panel, int64_t k, const std::byte* x, int64_t x_row_bytes, int64_t m, float* totals) {
  auto* sums = reinterpret_cast<__m512*>(totals);
  for (int64_t i = 0; i < m; ++i) sums[i] = _mm512_setzero_ps();
  std::byte* planes = ThreadScratch(ScratchUse::kPanel, Layout::PlaneBytes(k));
  Layout::template Multiply<Tiles>(panel, k, x, x_row_bytes, m, planes, sums);
  Tiles::Release();
}

struct Entry {
  std::string_view format;
  decltype(&Multiply<AmxTiles, Per256<Q4_K>>) multiply;
};
template <typename Tiles>
constexpr std::array kEntries = {
    Entry{"q4_0", Multiply<Tiles, Per32<Q4_0>>},  Entry{"q8_0", Multiply<Tiles, Per32<Q8_0>>},
    Entry{"q4_k", Multiply<Tiles, Per256<Q4_K>>}, Entry{"q5_k", Multiply<Tiles, Per256<Q5_K>>},
    Entry{"q6_k", Multiply<Tiles, Per256<Q6_K>>},
};

}  // namespace
TM_REGION_END

namespace {

constexpr int64_t kMinRows = 6;              // of x: fewer are faster as vectors (on paper)
constexpr int64_t kInputBytes = 640 * 1024;  // of x: beside a task's panels it stays in the second-level cache
constexpr int64_t kTaskBytes = 128 * 1024;   // of panels, about

// Weights as avx512_int8 packs them.
struct PackedAmxInt8 final : PackedWeights {
  PackedAmxInt8(const MatmulBackend* backend, const WeightView& view, std::unique_ptr<PackedWeights> few_, const Entry& entry_)
      : PackedWeights(backend, view), few(std::move(few_)), format(FindInt8Format(view.format->name)), entry(&entry_) {}

  int64_t PackedBytes() const override { return few->PackedBytes(); }
  void Finish(ThreadPool& pool) const override { few->Finish(pool); }
  void WhenReleased(std::function<void(double)> released) override { few->WhenReleased(std::move(released)); }
  const std::byte* Panels() const { return PackedInt8Panels(*few); }

  std::unique_ptr<PackedWeights> few;  // for few rows of x
  const Int8Format* format;
  const Entry* entry;
};

const PackedAmxInt8& Packed(const PackedWeights* w) { return static_cast<const PackedAmxInt8&>(*w); }

class AmxInt8 final : public MatmulBackend {
 public:
  AmxInt8(std::string_view name, bool needs_amx, std::span<const Entry> entries)
      : name_(name), needs_amx_(needs_amx), entries_(entries) {
    inputs_.kind = [](const MatmulCall& call) { return static_cast<int>(Packed(call.w).format->kind); };
    inputs_.tile_bytes = [](int kind, int64_t k) { return Int8RowBytes(static_cast<Int8Kind>(kind), k); };
    inputs_.prepare = [](int kind, std::span<const float* const> rows, int64_t k, int64_t, std::byte* row) {
      RoundToInt8(static_cast<Int8Kind>(kind), {rows[0], static_cast<size_t>(k)}, row);
    };
    inputs_.row_bytes = inputs_.tile_bytes;
    inputs_.round = [](int kind, std::span<const float> x, std::byte* row) { RoundToInt8(static_cast<Int8Kind>(kind), x, row); };
    inputs_.arrange = [](int kind, std::span<const std::byte* const> rows, int64_t k, int64_t, std::byte* row) {
      std::memcpy(row, rows[0], static_cast<size_t>(Int8RowBytes(static_cast<Int8Kind>(kind), k)));
    };
  }

  std::string_view Name() const override { return name_; }
  Precision PrecisionFor(const MatmulProblem&) const override { return Precision::kInt8; }

  std::string WhyNot(const MatmulProblem& problem, const Cpu& cpu) const override {
    const std::string no_tiles = WhyNoTiles(cpu, needs_amx_);
    return no_tiles.empty() ? Avx512Int8Backend()->WhyNot(problem, cpu) : no_tiles;
  }

  std::unique_ptr<PackedWeights> Pack(const WeightView& view, ThreadPool& pool) const override {
    std::unique_ptr<PackedWeights> packed = Defer(view);
    packed->Finish(pool);
    return packed;
  }

  std::unique_ptr<PackedWeights> Defer(const WeightView& view) const override {
    const auto entry =
        std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.format == view.format->name; });
    TM_CHECK(entry != entries_.end(), "{}: {} has no integer panels", view.name, view.format->name);
    return std::make_unique<PackedAmxInt8>(this, view, Avx512Int8Backend()->Defer(view), *entry);
  }

  // As avx512_int8 has it.
  bool RunsFused(const MatmulCall& call) const override {
    return call.gate == nullptr ||
           (&call.gate->backend() == this && Packed(call.gate).format->kind == Packed(call.w).format->kind);
  }

  void Run(std::span<const MatmulCall> calls, ThreadPool& pool) const override {
    CheckCalls(calls, *this);
    std::vector<MatmulCall> few, many;
    for (const MatmulCall& call : calls) {
      if (call.m() >= kMinRows) {
        many.push_back(call);
        // Tiles read panels; rows as stored are for few.
        Packed(call.w).Finish(pool);
        if (call.gate != nullptr) Packed(call.gate).Finish(pool);
      } else {
        few.push_back(call);
        few.back().w = Packed(call.w).few.get();
        if (call.gate != nullptr) few.back().gate = Packed(call.gate).few.get();
      }
    }
    if (!few.empty()) Avx512Int8Backend()->Run(few, pool);
    const auto rows_per_task = [](const MatmulCall& call) {
      const WeightView& w = call.w->view();
      return std::clamp<int64_t>(kTaskBytes / FindInt8Format(w.format->name)->PanelBytes(w.k), 1, 16) * kPanel;
    };
    RunPrepared(many, inputs_, pool, rows_per_task, RunTask);
  }

  std::string Details() const override {
    return "own code, the panels, rounding and bits of avx512_int8, which takes fewer than 6 rows; sums of bytes in 16 x 16 "
           "tiles";
  }

 private:
  static void RunTask(const PreparedCall& call, int64_t first, int64_t rows) {
    const PackedWeights *w = call.call.w, *gate = call.call.gate;
    const int64_t most = std::clamp<int64_t>(kInputBytes / call.tile_bytes / 32 * 32, 32, 256);
    const int64_t chunk = std::min(most, call.call.m()), size = chunk * kPanel;
    float* totals = reinterpret_cast<float*>(ThreadScratch(ScratchUse::kOutput, 2 * size * static_cast<int64_t>(sizeof(float))));
    float* gate_totals = gate == nullptr ? nullptr : totals + size;
    const Matrix& y = call.call.y;
    for (int64_t i = 0; i < y.rows; i += chunk) {
      const int64_t m = std::min(chunk, y.rows - i);
      for (int64_t j = first; j < first + rows; j += kPanel) {
        if (gate != nullptr) RunPanel(Packed(gate), j, call, i, m, gate_totals);
        RunPanel(Packed(w), j, call, i, m, totals);
        Avx512Int8Kernels()->store(totals, gate_totals, m, std::min(kPanel, first + rows - j), y.data + i * y.stride + j,
                                   y.stride);
      }
    }
  }

  // Rows [i, i + m) of x and the panel of row j of w.
  static void RunPanel(const PackedAmxInt8& w, int64_t j, const PreparedCall& call, int64_t i, int64_t m, float* totals) {
    const int64_t k = w.view().k;
    w.entry->multiply(w.Panels() + j / kPanel * w.format->PanelBytes(k), k, call.x + i * call.tile_bytes, call.tile_bytes, m,
                      totals);
  }

  std::string_view name_;
  bool needs_amx_;
  std::span<const Entry> entries_;
  InputLayout inputs_;
};

}  // namespace

const MatmulBackend* AmxInt8Backend() {
  static const AmxInt8 backend("amx_int8", true, kEntries<AmxTiles>);
  return &backend;
}

const MatmulBackend* AmxInt8OnPlainTiles() {
  static const AmxInt8 backend("amx_int8_plain", false, kEntries<PlainTiles>);
  return &backend;
}

#else

const MatmulBackend* AmxInt8Backend() { return nullptr; }
const MatmulBackend* AmxInt8OnPlainTiles() { return nullptr; }

#endif  // TM_HAVE_X86

}  // namespace tidemark
