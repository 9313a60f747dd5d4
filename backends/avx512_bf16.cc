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
#include <utility>

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

struct TileVectors {
  using Sum = __m512;
  using Vector = __m512i;
  static constexpr int64_t kBytes = 64, kValues = 32, kStepsAtATime = 128, kTilesAtATime = 8;
  static constexpr bool kPrefetch = true;
  static Sum Zero() { return _mm512_setzero_ps(); }
  static Vector Load(const std::byte* p) { return _mm512_load_si512(p); }
  static Sum Fma(Vector w, Vector x, Sum sum) { return Dot(sum, w, x); }
};
#include "backends/float_tiles.h"

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
