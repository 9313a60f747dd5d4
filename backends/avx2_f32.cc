// Float32 products for AVX2 with FMA and F16C: the structure of avx512_f32.cc with 8 lanes and 16 registers.
//
// Eight lanes hold too few of a sub-block's different weights to select from, so codes are converted and scaled one by one.
// Prefill tiles are 3 rows of x by 4 rows of w: 12 sums, 3 vectors of x, one of w.
#include "backends/float_kernels.h"
#include "engine/core/isa_region.h"
#include "engine/formats/half.h"

#if TM_HAVE_X86
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>
#include <cstring>

namespace tidemark {

#if TM_HAVE_X86
TM_REGION_AVX2
namespace {

__m128i Load16(const std::byte* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
__m128i Load8(const std::byte* p) { return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)); }
__m256 Widen(__m128i q) { return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(q)); }
float Half(const std::byte* p) { return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(LoadU16(p)))); }
__m128i LowNibbles(__m128i packed) { return _mm_and_si128(packed, _mm_set1_epi8(15)); }
__m128i HighNibbles(__m128i packed) { return _mm_and_si128(_mm_srli_epi16(packed, 4), _mm_set1_epi8(15)); }

// The one order in which lanes are added.
float SumLanes(__m256 v) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

// --- Decoders: ForEach8(block, use) calls use(i, w) with weights i .. i + 7 of the block, i ascending.

// 16 signed codes times a scale.
template <typename Use>
void Scaled16(int i, __m128i q, __m256 scale, Use use) {
  use(i, _mm256_mul_ps(Widen(q), scale));
  use(i + 8, _mm256_mul_ps(Widen(_mm_srli_si128(q, 8)), scale));
}

struct Q4_0 {
  static constexpr int kValues = 32, kBytes = 18;
  template <typename Use>
  static void ForEach8(const std::byte* block, Use use) {
    const __m256 d = _mm256_set1_ps(Half(block));
    const __m128i packed = Load16(block + 2), eight = _mm_set1_epi8(8);
    Scaled16(0, _mm_sub_epi8(LowNibbles(packed), eight), d, use);
    Scaled16(16, _mm_sub_epi8(HighNibbles(packed), eight), d, use);
  }
};

struct Q8_0 {
  static constexpr int kValues = 32, kBytes = 34;
  template <typename Use>
  static void ForEach8(const std::byte* block, Use use) {
    const __m256 d = _mm256_set1_ps(Half(block));
    for (int i = 0; i < 32; i += 8) use(i, _mm256_mul_ps(Widen(Load8(block + 2 + i)), d));
  }
};

// Eight products d * scale and dmin * min of Q4_K and Q5_K.
struct KScales {
  alignas(32) float scale[8];
  alignas(32) float min[8];

  explicit KScales(const std::byte* block) {
    uint32_t s[3];
    std::memcpy(s, block + 4, sizeof s);
    const uint64_t scales = (s[0] & 0x3f3f3f3fu) | uint64_t{(s[2] & 0x0f0f0f0fu) | (s[0] >> 2 & 0x30303030u)} << 32;
    const uint64_t mins = (s[1] & 0x3f3f3f3fu) | uint64_t{(s[2] >> 4 & 0x0f0f0f0fu) | (s[1] >> 2 & 0x30303030u)} << 32;
    const __m256 scale_codes = Widen(_mm_cvtsi64_si128(static_cast<int64_t>(scales)));
    const __m256 min_codes = Widen(_mm_cvtsi64_si128(static_cast<int64_t>(mins)));
    _mm256_store_ps(scale, _mm256_mul_ps(_mm256_set1_ps(Half(block)), scale_codes));
    _mm256_store_ps(min, _mm256_mul_ps(_mm256_set1_ps(Half(block + 2)), min_codes));
  }
  // scale * q - min for 16 codes.
  template <typename Use>
  void Apply16(int sub, int i, __m128i q, Use use) const {
    const __m256 scales = _mm256_broadcast_ss(scale + sub), mins = _mm256_broadcast_ss(min + sub);
    use(i, _mm256_sub_ps(_mm256_mul_ps(Widen(q), scales), mins));
    use(i + 8, _mm256_sub_ps(_mm256_mul_ps(Widen(_mm_srli_si128(q, 8)), scales), mins));
  }
};

struct Q4_K {
  static constexpr int kValues = 256, kBytes = 144;
  template <typename Use>
  static void ForEach8(const std::byte* block, Use use) {
    const KScales k(block);
    for (int chunk = 0; chunk < 4; ++chunk) {
      const __m128i first = Load16(block + 16 + 32 * chunk), second = Load16(block + 32 + 32 * chunk);
      k.Apply16(2 * chunk, 64 * chunk, LowNibbles(first), use);
      k.Apply16(2 * chunk, 64 * chunk + 16, LowNibbles(second), use);
      k.Apply16(2 * chunk + 1, 64 * chunk + 32, HighNibbles(first), use);
      k.Apply16(2 * chunk + 1, 64 * chunk + 48, HighNibbles(second), use);
    }
  }
};

struct Q5_K {
  static constexpr int kValues = 256, kBytes = 176;
  template <typename Use>
  static void ForEach8(const std::byte* block, Use use) {
    const KScales k(block);
    const __m128i bit4 = _mm_set1_epi8(16);
    for (int sub = 0; sub < 8; ++sub) {
      const __m128i bit = _mm_set1_epi8(static_cast<char>(1 << sub));
      for (int part = 0; part < 32; part += 16) {
        const __m128i packed = Load16(block + 48 + 32 * (sub / 2) + part), high = Load16(block + 16 + part);
        const __m128i low = sub % 2 == 0 ? LowNibbles(packed) : HighNibbles(packed);
        const __m128i set = _mm_and_si128(_mm_cmpeq_epi8(_mm_and_si128(high, bit), bit), bit4);
        k.Apply16(sub, 32 * sub + part, _mm_or_si128(low, set), use);
      }
    }
  }
};

struct Q6_K {
  static constexpr int kValues = 256, kBytes = 210;
  template <typename Use>
  static void ForEach8(const std::byte* block, Use use) {
    const __m256 d = _mm256_set1_ps(Half(block + 208));
    alignas(32) float scales[16];
    _mm256_store_ps(scales, _mm256_mul_ps(d, Widen(Load8(block + 192))));
    _mm256_store_ps(scales + 8, _mm256_mul_ps(d, Widen(Load8(block + 200))));
    const __m128i high_bits = _mm_set1_epi8(0x30), offset = _mm_set1_epi8(32);
    for (int group = 0; group < 16; ++group) {  // 16 weights each, see q6_k.cc
      const int half = group / 8, quarter = group / 2 % 4, part = group % 2 * 16;
      const __m128i packed = Load16(block + 64 * half + 32 * (quarter % 2) + part);
      const __m128i qh = Load16(block + 128 + 32 * half + part);
      const __m128i low = quarter < 2 ? LowNibbles(packed) : HighNibbles(packed);
      const __m128i high = quarter == 0   ? _mm_slli_epi16(qh, 4)
                           : quarter == 1 ? _mm_slli_epi16(qh, 2)
                           : quarter == 2 ? qh
                                          : _mm_srli_epi16(qh, 2);
      const __m128i q = _mm_sub_epi8(_mm_or_si128(low, _mm_and_si128(high, high_bits)), offset);
      Scaled16(16 * group, q, _mm256_broadcast_ss(scales + group), use);
    }
  }
};

// --- Decode.

// kRows weight rows against kM rows of x; the rows' next neighbours, kRows further on, are prefetched meanwhile.
template <typename Decoder, int kM, int kRows>
void StreamGroup(const StreamArguments& a, int64_t j) {
  __m256 sums[kRows][kM];
  for (auto& row : sums) {
    for (__m256& s : row) s = _mm256_setzero_ps();
  }
  const std::byte* w = a.w + j * a.row_bytes;
  for (int64_t p = 0; p < a.k; p += Decoder::kValues, w += Decoder::kBytes) {
    for (int r = 0; r < kRows; ++r) {
      const std::byte* block = w + r * a.row_bytes;
      for (int line = 0; line < Decoder::kBytes; line += 64) {
        _mm_prefetch(reinterpret_cast<const char*>(block + kRows * a.row_bytes + line), _MM_HINT_T0);
      }
      Decoder::ForEach8(block, [&](int i, __m256 v) {
        for (int t = 0; t < kM; ++t) {
          sums[r][t] = _mm256_fmadd_ps(v, _mm256_loadu_ps(a.x + t * a.x_stride + p + i), sums[r][t]);
        }
      });
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int t = 0; t < kM; ++t) a.y[t * a.y_stride + j + r] = SumLanes(sums[r][t]);
  }
}

template <typename Decoder, int kM>
void StreamRows(const StreamArguments& a) {
  constexpr int kRows = kM == 1 ? 4 : 2;
  int64_t j = 0;
  for (; j + kRows <= a.rows; j += kRows) StreamGroup<Decoder, kM, kRows>(a, j);
  for (; j < a.rows; ++j) StreamGroup<Decoder, kM, 1>(a, j);
}

// One group for prefill, row by row.
template <typename Decoder>
void Unpack(const std::byte* w, int64_t row_bytes, int64_t rows, int64_t k, std::byte* bytes) {
  auto* group = reinterpret_cast<float*>(bytes);
  if (rows < kGroupRows) std::memset(group, 0, static_cast<size_t>(kGroupRows * k) * sizeof(float));
  for (int64_t r = 0; r < rows; ++r) {
    const std::byte* block = w + r * row_bytes;
    float* dst = group + 8 * r;
    for (int64_t p = 0; p < k; p += Decoder::kValues, block += Decoder::kBytes, dst += Decoder::kValues * kGroupRows) {
      Decoder::ForEach8(block, [&](int i, __m256 v) { _mm256_storeu_ps(dst + i * kGroupRows, v); });
    }
  }
}

template <typename Decoder>
void Stream(const StreamArguments& a) {
  constexpr std::array kByM = {StreamRows<Decoder, 1>, StreamRows<Decoder, 2>, StreamRows<Decoder, 3>, StreamRows<Decoder, 4>};
  kByM[static_cast<size_t>(a.m - 1)](a);
}

// Plain floats, eight at a time.
__m256 LoadF32(const std::byte* p) { return _mm256_loadu_ps(reinterpret_cast<const float*>(p)); }
__m256 LoadF16(const std::byte* p) { return _mm256_cvtph_ps(Load16(p)); }
__m256 LoadBf16(const std::byte* p) { return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(Load16(p)), 16)); }

// The first `count` < 8 values of p, then zeros.
template <__m256 (*Load)(const std::byte*)>
__m256 LoadSome(const std::byte* p, int64_t bytes) {
  alignas(32) std::byte padded[32] = {};
  std::memcpy(padded, p, static_cast<size_t>(bytes));
  return Load(padded);
}

template <__m256 (*Load)(const std::byte*), int kBytes, int kM, int kRows>
void StreamFloatGroup(const StreamArguments& a, int64_t j) {
  __m256 sums[kRows][kM];
  for (auto& row : sums) {
    for (__m256& s : row) s = _mm256_setzero_ps();
  }
  const std::byte* w = a.w + j * a.row_bytes;
  int64_t p = 0;
  for (; p + 8 <= a.k; p += 8) {
    for (int r = 0; r < kRows; ++r) {
      const std::byte* at = w + r * a.row_bytes + p * kBytes;
      _mm_prefetch(reinterpret_cast<const char*>(at + kRows * a.row_bytes), _MM_HINT_T0);
      const __m256 v = Load(at);
      for (int t = 0; t < kM; ++t) {
        sums[r][t] = _mm256_fmadd_ps(v, _mm256_loadu_ps(a.x + t * a.x_stride + p), sums[r][t]);
      }
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int t = 0; t < kM; ++t) {
      if (p < a.k) {
        const auto* x = reinterpret_cast<const std::byte*>(a.x + t * a.x_stride + p);
        const __m256 v = LoadSome<Load>(w + r * a.row_bytes + p * kBytes, (a.k - p) * kBytes);
        sums[r][t] = _mm256_fmadd_ps(v, LoadSome<LoadF32>(x, (a.k - p) * 4), sums[r][t]);
      }
      a.y[t * a.y_stride + j + r] = SumLanes(sums[r][t]);
    }
  }
}

template <__m256 (*Load)(const std::byte*), int kBytes, int kM>
void StreamFloatRows(const StreamArguments& a) {
  constexpr int kRows = kM == 1 ? 4 : 2;
  int64_t j = 0;
  for (; j + kRows <= a.rows; j += kRows) StreamFloatGroup<Load, kBytes, kM, kRows>(a, j);
  for (; j < a.rows; ++j) StreamFloatGroup<Load, kBytes, kM, 1>(a, j);
}

template <__m256 (*Load)(const std::byte*), int kBytes>
void StreamFloats(const StreamArguments& a) {
  constexpr std::array kByM = {StreamFloatRows<Load, kBytes, 1>, StreamFloatRows<Load, kBytes, 2>,
                               StreamFloatRows<Load, kBytes, 3>, StreamFloatRows<Load, kBytes, 4>};
  kByM[static_cast<size_t>(a.m - 1)](a);
}

template <__m256 (*Load)(const std::byte*), int kBytes>
void UnpackFloats(const std::byte* w, int64_t row_bytes, int64_t rows, int64_t k, std::byte* bytes) {
  auto* group = reinterpret_cast<float*>(bytes);
  for (int64_t p = 0; p < PaddedK(k); p += 8, w += 8 * kBytes) {
    for (int64_t r = 0; r < kGroupRows; ++r, group += 8) {
      const int64_t bytes = r < rows ? std::clamp<int64_t>(k - p, 0, 8) * kBytes : 0;
      _mm256_storeu_ps(group, bytes == 8 * kBytes ? Load(w + r * row_bytes) : LoadSome<Load>(w + r * row_bytes, bytes));
    }
  }
}

// --- Prefill.

constexpr int kTileRows = 3;
constexpr int64_t kTileK = 2048;  // 32 KiB of weights: they stay in the first-level cache while tiles of x pass

// Adds to sums[i * kGroupRows + j] the products of k values (a multiple of 8) of kX rows of a tile of x and of a group of w.
template <int kX>
void Tile(const float* w, const float* x, int64_t k, __m256* sums) {
  __m256 s[kX][kGroupRows];
  for (int i = 0; i < kX; ++i) {
    for (int j = 0; j < kGroupRows; ++j) s[i][j] = sums[i * kGroupRows + j];
  }
  for (int64_t p = 0; p < k; p += 8, x += 8 * kTileRows, w += 8 * kGroupRows) {
    __m256 row[kX];
    for (int i = 0; i < kX; ++i) row[i] = _mm256_loadu_ps(x + 8 * i);
    for (int j = 0; j < kGroupRows; ++j) {
      const __m256 v = _mm256_loadu_ps(w + 8 * j);
      for (int i = 0; i < kX; ++i) s[i][j] = _mm256_fmadd_ps(v, row[i], s[i][j]);
    }
  }
  for (int i = 0; i < kX; ++i) {
    for (int j = 0; j < kGroupRows; ++j) sums[i * kGroupRows + j] = s[i][j];
  }
}

using TileFunction = void (*)(const float*, const float*, int64_t, __m256*);
constexpr TileFunction kTiles[kTileRows] = {Tile<1>, Tile<2>, Tile<3>};

void Multiply(const std::byte* group_bytes, int64_t rows, int64_t k, const std::byte* x_bytes, int64_t m, float* y,
              int64_t y_stride) {
  const auto* group = reinterpret_cast<const float*>(group_bytes);
  const auto* x_tiles = reinterpret_cast<const float*>(x_bytes);
  constexpr int64_t kMaxRows = 16 * kTileRows;  // rows of x whose sums wait at a time
  __m256 sums[kMaxRows * kGroupRows];
  const int64_t padded = PaddedK(k);
  for (int64_t i0 = 0; i0 < m; i0 += kMaxRows) {
    const int64_t count = std::min(kMaxRows, m - i0);
    for (int64_t i = 0; i < count * kGroupRows; ++i) sums[i] = _mm256_setzero_ps();
    for (int64_t p = 0; p < padded; p += kTileK) {
      for (int64_t i = 0; i < count; i += kTileRows) {
        const float* tile = x_tiles + (i0 + i) * padded + p * kTileRows;
        kTiles[std::min<int64_t>(kTileRows, count - i) - 1](group + p * kGroupRows, tile, std::min(kTileK, padded - p),
                                                            sums + i * kGroupRows);
      }
    }
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t j = 0; j < rows; ++j) y[(i0 + i) * y_stride + j] = SumLanes(sums[i * kGroupRows + j]);
    }
  }
}

constexpr std::array kFormats = {
    FloatKernels::Format{"f32", StreamFloats<LoadF32, 4>, UnpackFloats<LoadF32, 4>},
    FloatKernels::Format{"f16", StreamFloats<LoadF16, 2>, UnpackFloats<LoadF16, 2>},
    FloatKernels::Format{"bf16", StreamFloats<LoadBf16, 2>, UnpackFloats<LoadBf16, 2>},
    FloatKernels::Format{"q8_0", Stream<Q8_0>, Unpack<Q8_0>},
    FloatKernels::Format{"q4_0", Stream<Q4_0>, Unpack<Q4_0>},
    FloatKernels::Format{"q4_k", Stream<Q4_K>, Unpack<Q4_K>},
    FloatKernels::Format{"q5_k", Stream<Q5_K>, Unpack<Q5_K>},
    FloatKernels::Format{"q6_k", Stream<Q6_K>, Unpack<Q6_K>},
};

}  // namespace
TM_REGION_END

const FloatKernels* Avx2F32Kernels() {
  static const FloatKernels kernels = {.formats = kFormats,
                                       .to_float = Avx2Kernels,
                                       .precision = Precision::kExact,
                                       .value_bytes = sizeof(float),
                                       .tile_rows = kTileRows,
                                       .stream_reads_tiles = false,
                                       .interleave = InterleaveFloats<8>,
                                       .multiply = Multiply,
                                       .name = "avx2_f32",
                                       .details = "own code, float32 in 8 lanes along k, same bits in every batch",
                                       .runs_on = [](const Cpu& cpu) { return cpu.avx2 && cpu.fma && cpu.f16c; },
                                       .needs = "AVX2 with FMA and F16C"};
  return &kernels;
}

#else

const FloatKernels* Avx2F32Kernels() { return nullptr; }

#endif  // TM_HAVE_X86

}  // namespace tidemark
