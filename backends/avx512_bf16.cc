// Bfloat16 products for AVX-512 BF16: the structure of avx512_f32.cc with VDPBF16PS, which multiplies 32 pairs of bfloat16 values
// and adds neighbouring products to 16 float32 sums.
//
// Both factors are rounded to nearest even by VCVTNE2PS2BF16; subnormal inputs and results count as zero, as the instructions
// have it. Decode and prefill round with the same instruction and add in the same order: a row gives the same bits in any batch.
#include "backends/bf16_decoders.h"
#include "backends/float_kernels.h"
#include "engine/core/isa_region.h"
#include "engine/core/vector_math.h"

#if TM_HAVE_X86
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>
#include <cstring>

namespace tidemark {

#if TM_HAVE_X86
TM_REGION_AVX512_BF16
namespace {

using bf16::Bf16;
using bf16::Dot;
using bf16::F16;
using bf16::F32;
using bf16::Mask;
using bf16::Q4_0;
using bf16::Q4_K;
using bf16::Q5_K;
using bf16::Q6_K;
using bf16::Q8_0;

// --- Tiles of x: [k / 32][kTileRows][32].

constexpr int kTileRows = 6;

void Interleave(std::span<const float* const> rows, int64_t k, int64_t slots, std::byte* dst) {
  for (int64_t p = 0; p < PaddedK(k); p += 32) {
    for (size_t r = 0; r < static_cast<size_t>(slots); ++r, dst += 64) {
      const bool present = r < rows.size();
      const __m512i v =
          present ? F32::Load(reinterpret_cast<const std::byte*>(rows[r] + p), Mask(k - p)) : _mm512_setzero_si512();
      _mm512_store_si512(dst, v);
    }
  }
}

// --- Decode.

// Calls use(r, i, w) with the weights of kRows rows, 32 at a time; the next kRows rows are prefetched meanwhile.
template <typename Decoder, int kRows, typename Use>
void ForEach32(const std::byte* w, int64_t row_bytes, int64_t k, Use use) {
  for (int64_t p = 0; p < k; p += Decoder::kValues, w += Decoder::kBytes) {
    typename Decoder::State states[kRows];
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      const std::byte* block = w + r * row_bytes;
      for (int line = 0; line < Decoder::kBytes; line += 64) {
        _mm_prefetch(reinterpret_cast<const char*>(block + kRows * row_bytes + line), _MM_HINT_T0);
      }
      states[r] = Decoder::Prepare(block);
    }
#pragma GCC unroll 1
    for (int c = 0; c < Decoder::kChunks; ++c) {
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) {
        Decoder::Chunk(states[r], w + r * row_bytes, c, [&](int i, __m512i v) { use(r, p + i, v); });
      }
    }
  }
}

// The same for plain floats.
template <typename Type, int kRows, typename Use>
void ForEach32Floats(const std::byte* w, int64_t row_bytes, int64_t k, Use use) {
  for (int64_t p = 0; p < k; p += 32, w += 32 * Type::kBytes) {
    const __mmask32 mask = Mask(k - p);
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      const std::byte* at = w + r * row_bytes;
      for (int line = 0; line < 32 * Type::kBytes; line += 64) {
        _mm_prefetch(reinterpret_cast<const char*>(at + kRows * row_bytes + line), _MM_HINT_T0);
      }
      use(r, p, Type::Load(at, mask));
    }
  }
}

// How a format's weights are walked: Walk<kRows>(w, row_bytes, k, use).
template <typename Decoder>
struct Blocks {
  template <int kRows, typename Use>
  static void Walk(const std::byte* w, int64_t row_bytes, int64_t k, Use use) {
    ForEach32<Decoder, kRows>(w, row_bytes, k, use);
  }
};
template <typename Type>
struct Floats {
  template <int kRows, typename Use>
  static void Walk(const std::byte* w, int64_t row_bytes, int64_t k, Use use) {
    ForEach32Floats<Type, kRows>(w, row_bytes, k, use);
  }
};

template <typename Weights, int kM, int kRows>
void StreamGroup(const StreamArguments& a, int64_t j) {
  __m512 sums[kRows][kM];
  for (auto& row : sums) {
    for (__m512& s : row) s = _mm512_setzero_ps();
  }
  Weights::template Walk<kRows>(a.w + j * a.row_bytes, a.row_bytes, a.k, [&](int r, int64_t p, __m512i v) {
    const std::byte* x = a.x_tile + p * (2 * kTileRows);
#pragma GCC unroll 4
    for (int t = 0; t < kM; ++t) sums[r][t] = Dot(sums[r][t], v, _mm512_load_si512(x + 64 * t));
  });
  for (int r = 0; r < kRows; ++r) {
    for (int t = 0; t < kM; ++t) a.y[t * a.y_stride + j + r] = SumLanes(sums[r][t]);
  }
}

template <typename Weights, int kM>
void StreamRows(const StreamArguments& a) {
  int64_t j = 0;
  for (; j + 4 <= a.rows; j += 4) StreamGroup<Weights, kM, 4>(a, j);
  for (; j < a.rows; ++j) StreamGroup<Weights, kM, 1>(a, j);
}

template <typename Weights>
void Stream(const StreamArguments& a) {
  constexpr std::array kByM = {StreamRows<Weights, 1>, StreamRows<Weights, 2>, StreamRows<Weights, 3>, StreamRows<Weights, 4>};
  kByM[static_cast<size_t>(a.m - 1)](a);
}

template <typename Weights>
void Unpack(const std::byte* w, int64_t row_bytes, int64_t rows, int64_t k, std::byte* group) {
  const auto store = [&](int64_t r, int64_t p, __m512i v) { _mm512_store_si512(group + p * (2 * kGroupRows) + 64 * r, v); };
  if (rows == kGroupRows) {
    Weights::template Walk<kGroupRows>(w, row_bytes, k, store);
    return;
  }
  std::memset(group, 0, static_cast<size_t>(kGroupRows * PaddedK(k)) * 2);
  for (int64_t row = 0; row < rows; ++row) {
    Weights::template Walk<1>(w + row * row_bytes, row_bytes, k, [&](int, int64_t p, __m512i v) { store(row, p, v); });
  }
}

// --- Prefill.

constexpr int64_t kTileK = 4096;  // 32 KiB of weights: they stay in the first-level cache while tiles of x pass

// Adds to sums[i * kGroupRows + j] the products of k values (a multiple of 32) of kX rows of a tile of x and of a group of w.
template <int kX>
void Tile(const std::byte* w, const std::byte* x, int64_t k, __m512* sums) {
  __m512 s[kX][kGroupRows];
  for (int i = 0; i < kX; ++i) {
    for (int j = 0; j < kGroupRows; ++j) s[i][j] = sums[i * kGroupRows + j];
  }
  for (int64_t p = 0; p < k; p += 32, x += 64 * kTileRows, w += 64 * kGroupRows) {
    __m512i row[kX];
    for (int i = 0; i < kX; ++i) {
      row[i] = _mm512_load_si512(x + 64 * i);
      _mm_prefetch(reinterpret_cast<const char*>(x + 64 * (i + 24 * kTileRows)), _MM_HINT_T0);
    }
    for (int j = 0; j < kGroupRows; ++j) {
      const __m512i v = _mm512_load_si512(w + 64 * j);
      for (int i = 0; i < kX; ++i) s[i][j] = Dot(s[i][j], v, row[i]);
    }
  }
  for (int i = 0; i < kX; ++i) {
    for (int j = 0; j < kGroupRows; ++j) sums[i * kGroupRows + j] = s[i][j];
  }
}

using TileFunction = void (*)(const std::byte*, const std::byte*, int64_t, __m512*);
constexpr TileFunction kTiles[kTileRows] = {Tile<1>, Tile<2>, Tile<3>, Tile<4>, Tile<5>, Tile<6>};

void Multiply(const std::byte* group, int64_t rows, int64_t k, const std::byte* x_tiles, int64_t m, float* y, int64_t y_stride) {
  constexpr int64_t kMaxRows = 8 * kTileRows;  // rows of x whose sums wait at a time
  __m512 sums[kMaxRows * kGroupRows];
  const int64_t padded = PaddedK(k);
  for (int64_t i0 = 0; i0 < m; i0 += kMaxRows) {
    const int64_t count = std::min(kMaxRows, m - i0);
    for (int64_t i = 0; i < count * kGroupRows; ++i) sums[i] = _mm512_setzero_ps();
    for (int64_t p = 0; p < padded; p += kTileK) {
      for (int64_t i = 0; i < count; i += kTileRows) {
        const std::byte* tile = x_tiles + 2 * ((i0 + i) * padded + p * kTileRows);
        kTiles[std::min<int64_t>(kTileRows, count - i) - 1](group + 2 * p * kGroupRows, tile, std::min(kTileK, padded - p),
                                                            sums + i * kGroupRows);
      }
    }
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t j = 0; j < rows; ++j) y[(i0 + i) * y_stride + j] = SumLanes(sums[i * kGroupRows + j]);
    }
  }
}

constexpr std::array kFormats = {
    FloatKernels::Format{"f32", Stream<Floats<F32>>, Unpack<Floats<F32>>},
    FloatKernels::Format{"f16", Stream<Floats<F16>>, Unpack<Floats<F16>>},
    FloatKernels::Format{"bf16", Stream<Floats<Bf16>>, Unpack<Floats<Bf16>>},
    FloatKernels::Format{"q8_0", Stream<Blocks<Q8_0>>, Unpack<Blocks<Q8_0>>},
    FloatKernels::Format{"q4_0", Stream<Blocks<Q4_0>>, Unpack<Blocks<Q4_0>>},
    FloatKernels::Format{"q4_k", Stream<Blocks<Q4_K>>, Unpack<Blocks<Q4_K>>},
    FloatKernels::Format{"q5_k", Stream<Blocks<Q5_K>>, Unpack<Blocks<Q5_K>>},
    FloatKernels::Format{"q6_k", Stream<Blocks<Q6_K>>, Unpack<Blocks<Q6_K>>},
};

}  // namespace
TM_REGION_END

const FloatKernels* Avx512Bf16Kernels() {
  static const FloatKernels kernels = {
      .formats = kFormats,
      .to_float = Avx512Kernels,
      .precision = Precision::kBf16,
      .value_bytes = 2,
      .tile_rows = kTileRows,
      .stream_reads_tiles = true,
      .interleave = Interleave,
      .multiply = Multiply,
      .name = "avx512_bf16",
      .details = "own code, bfloat16 inputs, float32 sums in 16 lanes along k, same bits in every batch",
      .runs_on = [](const Cpu& cpu) { return cpu.RunsAvx512Bf16(); },
      .needs = "AVX-512 BF16"};
  return &kernels;
}

#else

const FloatKernels* Avx512Bf16Kernels() { return nullptr; }

#endif  // TM_HAVE_X86

}  // namespace tidemark
