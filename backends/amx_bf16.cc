// Bfloat16 products on the matrix unit of AMX (tiles.h).
//
// A task is a run of weight rows, taken 32 at a time: two tiles A of 16 rows and 32 values of k, stored as rows are. Activations
// are tiles B, [k / 2][16 rows of x][2], prepared once per layer. So decoded weights are written in the order in which they
// come, and what is transposed is y, 16 x 16 sums once per row of k: as many shuffles as a hundredth of the products.
//
// Two by two tiles of sums take 4 loads for 4 products. A product occupies the unit for 16 cycles, a load takes 8: so weights
// come from the first-level cache, in slabs of 256 values (two of 16 KiB: one in use, one being decoded), and activations from
// the second. On paper, per 32 rows of w, 256 values and 64 rows of x, cycles of one Sapphire Rapids core: products 1024;
// loads of B 512 lines, behind them; decoding q4_k 32 blocks of some 56 vector operations on two ports, 900. Decoding therefore
// runs a row at a time between the products of the slab before, where it hides behind them from some 64 rows of x on.
//
// Few rows of x take the same path, a tile filled up with zeros: 32 weights per cycle are four times what memory delivers, and
// a row of x gives the same bits in any batch. Order of sums: per 32 values of k those of even and of odd index apart, then both
// together, then to the sum so far; C waits in memory between slabs unchanged. Weights are as in bf16_decoders.h; other formats
// are dequantised and rounded to nearest even. Subnormal numbers count as zero.
#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <type_traits>

#include "backends/bf16_decoders.h"
#include "backends/inputs.h"
#include "backends/int8_panels.h"
#include "backends/panels.h"
#include "backends/plain_tiles.h"
#include "backends/table.h"
#include "backends/tiles.h"
#include "backends/transpose16.h"
#include "backends/unpack.h"
#include "engine/core/error.h"
#include "engine/core/isa_region.h"

namespace tidemark {

#if TM_HAVE_X86
namespace {

constexpr int64_t kRows = 32;         // of w at a time
constexpr int64_t kSlab = 256;        // values of k at a time
constexpr int64_t kTileBytes = 1024;  // 16 x 64
constexpr int64_t kSlabBytes = kRows * kSlab * 2;
constexpr int64_t kInputBytes = 1024 * 1024;  // of x: stays in the second-level cache while all rows of a task pass
constexpr int64_t kMaxXTiles = 32;            // of x at a time; their sums are 64 KiB

// Values of k in tiles: whole steps of 32.
int64_t Steps(int64_t k) { return (k + 31) / 32; }

// A run of rows of w against up to kMaxXTiles tiles of x.
struct Bf16Task {
  const std::byte* w;
  int64_t row_bytes, rows, k;
  const std::byte* x;
  int64_t m;
  float* y;  // element [i, j] at y + i * y_stride + j / 16 * columns_stride + j % 16
  int64_t y_stride;
  int64_t columns_stride = 16;
};

}  // namespace

TM_REGION_AMX
namespace {

// --- Rows of weights: values <= kSlab of them from value `first` of a row, 32 to a vector, to vectors kTileBytes apart.

template <typename Decoder>
struct BlockRow {
  static void Decode(const std::byte* row, int64_t first, int64_t values, std::byte* to) {
    const std::byte* block = row + first / Decoder::kValues * Decoder::kBytes;
    for (int64_t p = 0; p < values; p += Decoder::kValues, block += Decoder::kBytes) {
      const typename Decoder::State state = Decoder::Prepare(block);
#pragma GCC unroll 4
      for (int c = 0; c < Decoder::kChunks; ++c) {
        Decoder::Chunk(state, block, c, bf16::Store{to + p / 32 * kTileBytes, kTileBytes});
      }
    }
  }
  static int64_t Bytes(int64_t values) { return values / Decoder::kValues * Decoder::kBytes; }
};

template <typename Type>
struct FloatRow {
  static void Decode(const std::byte* row, int64_t first, int64_t values, std::byte* to) {
    for (int64_t p = 0; p < values; p += 32, to += kTileBytes) {
      _mm512_store_si512(to, Type::Load(row + (first + p) * Type::kBytes, bf16::Mask(values - p)));
    }
  }
  static int64_t Bytes(int64_t values) { return values * Type::kBytes; }
};

// Decodes the slabs of a task in order, group of rows by group of rows, one row per call, each slab into the buffer that the
// slab before the last one leaves.
template <typename Row>
class SlabDecoder {
 public:
  SlabDecoder(const Bf16Task& task, std::byte* buffers) : task_(task), buffers_(buffers) {}

  bool Done() const { return group_ >= task_.rows; }
  void DecodeRow() {
    std::byte* to = buffers_ + slab_ % 2 * kSlabBytes + row_ / 16 * (kSlabBytes / 2) + row_ % 16 * 64;
    const int64_t values = std::min(kSlab, task_.k - first_);
    if (group_ + row_ < task_.rows) {
      const std::byte* row = task_.w + (group_ + row_) * task_.row_bytes;
      // The same part of the row a group later: 10 microseconds ahead.
      const char* next = reinterpret_cast<const char*>(row + kRows * task_.row_bytes + Row::Bytes(first_));
      for (int64_t line = 0; line < Row::Bytes(values); line += 64) _mm_prefetch(next + line, _MM_HINT_T1);
      Row::Decode(row, first_, values, to);
    } else {
      for (int64_t p = 0; p < values; p += 32) _mm512_store_si512(to + p / 32 * kTileBytes, _mm512_setzero_si512());
    }
    if (++row_ < kRows) return;
    row_ = 0;
    ++slab_;
    first_ += kSlab;
    if (first_ < task_.k) return;
    first_ = 0;
    group_ += kRows;
  }

 private:
  const Bf16Task& task_;
  std::byte* buffers_;
  int64_t group_ = 0, first_ = 0, slab_ = 0, row_ = 0;
};

// --- Products. Sums: tiles 0 and 1 of the first 16 rows of w, 2 and 3 of the others; 4 and 5 are of w, 6 and 7 of x.

// use(t) for the tiles of sums of kX tiles of x, t a constant.
template <int kX, typename Use>
void ForEachSum(Use use) {
  use(std::integral_constant<int, 0>());
  use(std::integral_constant<int, 2>());
  if constexpr (kX == 2) {
    use(std::integral_constant<int, 1>());
    use(std::integral_constant<int, 3>());
  }
}

template <typename Tiles, int kX>
void ZeroSums() {
  ForEachSum<kX>([](auto t) { Tiles::template Zero<decltype(t)::value>(); });
}

template <typename Tiles, int kX>
void LoadSums(const float* sums) {
  ForEachSum<kX>([sums](auto t) { Tiles::template Load<decltype(t)::value>(sums + 256 * t, 64); });
}

template <typename Tiles, int kX>
void StoreSums(float* sums) {
  ForEachSum<kX>([sums](auto t) { Tiles::template Store<decltype(t)::value>(sums + 256 * t, 64); });
}

template <typename Tiles, int kX>
void Step(const std::byte* w, const std::byte* x, int64_t x_tile_bytes) {
  Tiles::template Load<6>(x, 64);
  Tiles::template Load<4>(w, 64);
  Tiles::template DotBf16<0, 4, 6>();
  Tiles::template Load<5>(w + kSlabBytes / 2, 64);
  Tiles::template DotBf16<2, 5, 6>();
  if constexpr (kX == 2) {
    Tiles::template Load<7>(x + x_tile_bytes, 64);
    Tiles::template DotBf16<1, 4, 7>();
    Tiles::template DotBf16<3, 5, 7>();
  }
}

// One slab and one or two tiles of x. between() runs after every step.
template <typename Tiles, int kX, typename Between>
void MultiplySlab(const std::byte* w, const std::byte* x, int64_t x_tile_bytes, int64_t steps, Between between) {
  for (int64_t s = 0; s < steps; ++s) {
    Step<Tiles, kX>(w + s * kTileBytes, x + s * kTileBytes, x_tile_bytes);
    between();
  }
}

// sums: four tiles [16 rows of w][16 rows of x], from row `row` of w and row `first` of x.
void WriteSums(const float* sums, const Bf16Task& task, int64_t row, int64_t first) {
  for (int64_t tile = 0; tile < 4; ++tile) {
    const int64_t tile_row = row + tile / 2 * 16, tile_first = first + tile % 2 * 16;
    const int64_t columns = std::min<int64_t>(16, task.rows - tile_row), count = std::min<int64_t>(16, task.m - tile_first);
    if (columns <= 0 || count <= 0) continue;
    __m512i v[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) v[i] = _mm512_load_si512(sums + 256 * tile + 16 * i);
    Transpose16(v);
    const auto mask = static_cast<__mmask16>((1u << columns) - 1);
    float* to = task.y + tile_first * task.y_stride + tile_row / 16 * task.columns_stride;
    for (int64_t i = 0; i < count; ++i) _mm512_mask_storeu_epi32(to + i * task.y_stride, mask, v[i]);
  }
}

template <typename Tiles, typename Row>
void RunTask(const Bf16Task& task) {
  const int64_t steps = Steps(task.k), x_tile_bytes = steps * kTileBytes;
  const int64_t pairs = (task.m + 31) / 32;
  std::byte* slabs = ThreadScratch(ScratchUse::kPanel, 2 * kSlabBytes + pairs * 4 * kTileBytes);
  float* sums = reinterpret_cast<float*>(slabs + 2 * kSlabBytes);
  SlabDecoder<Row> decoder(task, slabs);
  for (int r = 0; r < kRows; ++r) decoder.DecodeRow();
  int64_t parity = 0;
  for (int64_t group = 0; group < task.rows; group += kRows) {
    for (int64_t first = 0; first < steps; first += kSlab / 32, parity ^= 1) {
      const int64_t count = std::min(kSlab / 32, steps - first);
      const bool last = first + count == steps;
      // The rows of the next slab, spread evenly over the products of this one.
      int64_t credit = 0;
      const int64_t rows = decoder.Done() ? 0 : kRows, all = count * pairs;
      const auto between = [&] {
        for (credit += rows; credit >= all; credit -= all) decoder.DecodeRow();
      };
      const auto pair = [&](int64_t p, auto tiles_of_x) {
        constexpr int kX = decltype(tiles_of_x)::value;
        float* pair_sums = sums + p * 1024;
        if (first == 0) {
          ZeroSums<Tiles, kX>();
        } else if (pairs > 1) {
          LoadSums<Tiles, kX>(pair_sums);
        }
        MultiplySlab<Tiles, kX>(slabs + parity * kSlabBytes, task.x + 2 * p * x_tile_bytes + first * kTileBytes, x_tile_bytes,
                                count, between);
        if (pairs > 1 || last) StoreSums<Tiles, kX>(pair_sums);
        if (last) WriteSums(pair_sums, task, group, 32 * p);
      };
      for (int64_t p = 0; p < pairs; ++p) {
        if (task.m - 32 * p > 16) {
          pair(p, std::integral_constant<int, 2>());
        } else {
          pair(p, std::integral_constant<int, 1>());
        }
      }
    }
  }
}

template <typename Tiles, typename Row>
void RunOnTiles(const Bf16Task& task) {
  static constexpr TileShapes kShapes = TileShapes::Full();
  Tiles::Configure(kShapes);
  RunTask<Tiles, Row>(task);
  Tiles::Release();
}

struct Entry {
  std::string_view format;
  void (*run)(const Bf16Task&);
};
template <typename Tiles>
constexpr std::array kEntries = {
    Entry{"f32", RunOnTiles<Tiles, FloatRow<bf16::F32>>},   Entry{"f16", RunOnTiles<Tiles, FloatRow<bf16::F16>>},
    Entry{"bf16", RunOnTiles<Tiles, FloatRow<bf16::Bf16>>}, Entry{"q8_0", RunOnTiles<Tiles, BlockRow<bf16::Q8_0>>},
    Entry{"q4_0", RunOnTiles<Tiles, BlockRow<bf16::Q4_0>>}, Entry{"q4_k", RunOnTiles<Tiles, BlockRow<bf16::Q4_K>>},
    Entry{"q5_k", RunOnTiles<Tiles, BlockRow<bf16::Q5_K>>}, Entry{"q6_k", RunOnTiles<Tiles, BlockRow<bf16::Q6_K>>},
};

// Up to 16 rows of x as tiles B; absent rows and values are zero.
void PrepareTile(std::span<const float* const> rows, int64_t k, std::byte* tile) {
  for (int64_t p = 0; p < k; p += 32, tile += kTileBytes) {
    const __mmask32 mask = bf16::Mask(k - p);
    __m512i v[16];
    for (size_t r = 0; r < 16; ++r) {
      v[r] = r < rows.size() ? bf16::F32::Load(reinterpret_cast<const std::byte*>(rows[r] + p), mask) : _mm512_setzero_si512();
    }
    Transpose16(v);
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) _mm512_store_si512(tile + 64 * i, v[i]);
  }
}

}  // namespace
TM_REGION_END

namespace {

struct PackedBf16 final : PackedWeights {
  PackedBf16(const MatmulBackend* backend, const WeightView& view, std::span<const Entry> entries)
      : PackedWeights(backend, view) {
    for (const Entry& entry : entries) {
      if (entry.format == view.format->name) run = entry.run;
    }
    if (run == nullptr) through_floats = entries.front().run;
  }
  void (*run)(const Bf16Task&) = nullptr;
  void (*through_floats)(const Bf16Task&) = nullptr;  // for formats without a decoder here
};

class AmxBf16 final : public MatmulBackend {
 public:
  AmxBf16(std::string_view name, bool needs_amx, std::span<const Entry> entries)
      : name_(name), needs_amx_(needs_amx), entries_(entries) {
    inputs_.tile_rows = 16;
    inputs_.kind = [](const MatmulCall&) { return 0; };
    inputs_.tile_bytes = [](int, int64_t k) { return Steps(k) * kTileBytes; };
    inputs_.prepare = [](int, std::span<const float* const> rows, int64_t k, int64_t, std::byte* tile) {
      PrepareTile(rows, k, tile);
    };
  }

  std::string_view Name() const override { return name_; }
  Precision PrecisionFor(const MatmulProblem&) const override { return Precision::kBf16; }
  std::string WhyNot(const MatmulProblem&, const Cpu& cpu) const override { return WhyNoTiles(cpu, needs_amx_); }
  std::unique_ptr<PackedWeights> Pack(const WeightView& view, ThreadPool&) const override {
    return std::make_unique<PackedBf16>(this, view, entries_);
  }

  bool RunsFused(const MatmulCall& call) const override { return call.gate == nullptr || &call.gate->backend() == this; }

  void Run(std::span<const MatmulCall> calls, ThreadPool& pool) const override {
    CheckCalls(calls, *this);
    RunPrepared(calls, inputs_, pool, RowsPerTask, RunCall);
  }

  std::string Details() const override {
    return "own code, bfloat16 inputs, float32 sums in 16 x 16 tiles, same bits in every batch";
  }

 private:
  // 128 rows of 2048 values: long enough for the first slab, which nothing hides, to cost little.
  static int64_t RowsPerTask(const MatmulCall& call) {
    return std::clamp<int64_t>(2 * kPanelValues / call.x.cols / kRows * kRows, kRows, 256);
  }

  static void RunCall(const PreparedCall& call, int64_t first, int64_t rows) {
    const Matrix& y = call.call.y;
    const int64_t tile_bytes = Steps(call.call.x.cols) * kTileBytes;
    const int64_t chunk = 16 * std::clamp<int64_t>(kInputBytes / tile_bytes / 2 * 2, 2, kMaxXTiles);
    for (int64_t i = 0; i < y.rows; i += chunk) {
      const int64_t m = std::min(chunk, y.rows - i);
      const std::byte* x = call.x + i / 16 * tile_bytes;
      float* to = y.data + i * y.stride + first;
      if (call.call.gate == nullptr) {
        RunRows(call.call.w, first, rows, x, m, {to, y.stride, 16});
        continue;
      }
      // Both products in columns of 16, as the epilogue wants them.
      const int64_t columns = (rows + 15) / 16, size = columns * m * 16;
      float* totals =
          reinterpret_cast<float*>(ThreadScratch(ScratchUse::kTotals, 2 * size * static_cast<int64_t>(sizeof(float))));
      RunRows(call.call.gate, first, rows, x, m, {totals + size, 16, m * 16});
      RunRows(call.call.w, first, rows, x, m, {totals, 16, m * 16});
      for (int64_t c = 0; c < columns; ++c) {
        const float* at = totals + c * m * 16;
        Avx512Int8Kernels()->store(at, at + size, m, std::min<int64_t>(16, rows - 16 * c), to + 16 * c, y.stride);
      }
    }
  }

  struct Output {
    float* y;
    int64_t stride, columns_stride;
  };

  // Rows [first, first + rows) of w.
  static void RunRows(const PackedWeights* weights, int64_t first, int64_t rows, const std::byte* x, int64_t m,
                      const Output& out) {
    const auto& w = static_cast<const PackedBf16&>(*weights);
    const WeightView& view = w.view();
    if (w.run != nullptr) {
      w.run({view.data + first * view.RowBytes(), view.RowBytes(), rows, view.k, x, m, out.y, out.stride, out.columns_stride});
      return;
    }
    for (int64_t j = 0; j < rows; j += kRows) {
      const int64_t count = std::min(kRows, rows - j), row_bytes = view.k * static_cast<int64_t>(sizeof(float));
      float* plain = reinterpret_cast<float*>(ThreadScratch(ScratchUse::kOutput, count * row_bytes));
      DequantizeRows(view, first + j, count, plain);
      w.through_floats({reinterpret_cast<const std::byte*>(plain), row_bytes, count, view.k, x, m,
                        out.y + j / 16 * out.columns_stride, out.stride, out.columns_stride});
    }
  }

  std::string_view name_;
  bool needs_amx_;
  std::span<const Entry> entries_;
  InputLayout inputs_;
};

}  // namespace

const MatmulBackend* AmxBf16Backend() {
  static const AmxBf16 backend("amx_bf16", true, kEntries<AmxTiles>);
  return &backend;
}

const MatmulBackend* AmxBf16OnPlainTiles() {
  static const AmxBf16 backend("amx_bf16_plain", false, kEntries<PlainTiles>);
  return &backend;
}

#else

const MatmulBackend* AmxBf16Backend() { return nullptr; }
const MatmulBackend* AmxBf16OnPlainTiles() { return nullptr; }

#endif  // TM_HAVE_X86

}  // namespace tidemark
