#include "bench/peak_kernels.h"

#include <array>
#include <cstring>

#include "backends/tiles.h"
#include "engine/core/isa_region.h"
#if TM_HAVE_X86
#include <immintrin.h>
#endif

namespace tidemark {
namespace {

bool Always(const Cpu&) { return true; }

// Independent chains that hide an FMA's latency of 4 to 5 cycles at 2 per cycle.
constexpr int kChains = 12;

uint64_t ReadPlain(const std::byte* data, int64_t bytes) {
  uint64_t mix[4] = {};
  for (int64_t i = 0; i < bytes; i += 32) {
    uint64_t words[4];
    std::memcpy(words, data + i, sizeof words);
    for (int j = 0; j < 4; ++j) mix[j] |= words[j];
  }
  return mix[0] ^ mix[1] ^ mix[2] ^ mix[3];
}

float F32Plain(int64_t rounds) {
  float x[4 * kChains];
  for (int i = 0; i < 4 * kChains; ++i) x[i] = static_cast<float>(i);
  for (int64_t r = 0; r < rounds; ++r) {
    for (float& value : x) value = value * 0.5f + 1.0f;
  }
  float sum = 0;
  for (const float value : x) sum += value;
  return sum;
}

#if TM_HAVE_X86
bool HasAvx2(const Cpu& cpu) { return cpu.RunsAvx2(); }
bool HasAvx512(const Cpu& cpu) { return cpu.RunsAvx512(); }
bool HasVnni(const Cpu& cpu) { return cpu.RunsAvx512Vnni(); }
bool HasAvx512Bf16(const Cpu& cpu) { return cpu.RunsAvx512Bf16(); }
bool HasAmx(const Cpu& cpu) { return cpu.RunsAmx(); }

TM_REGION_AVX2
uint64_t ReadAvx2(const std::byte* data, int64_t bytes) {
  __m256i mix[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()};
  for (int64_t i = 0; i < bytes; i += 128) {
    for (int j = 0; j < 4; ++j) {
      mix[j] = _mm256_or_si256(mix[j], _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data + i + 32 * j)));
    }
  }
  const __m256i all = _mm256_or_si256(_mm256_or_si256(mix[0], mix[1]), _mm256_or_si256(mix[2], mix[3]));
  return static_cast<uint64_t>(_mm256_extract_epi64(all, 0) ^ _mm256_extract_epi64(all, 3));
}

float F32Avx2(int64_t rounds) {
  __m256 x[kChains];
  for (int i = 0; i < kChains; ++i) x[i] = _mm256_set1_ps(static_cast<float>(i));
  const __m256 half = _mm256_set1_ps(0.5f), one = _mm256_set1_ps(1.0f);
  for (int64_t r = 0; r < rounds; ++r) {
    for (int i = 0; i < kChains; ++i) x[i] = _mm256_fmadd_ps(x[i], half, one);
  }
  __m256 sum = x[0];
  for (int i = 1; i < kChains; ++i) sum = _mm256_add_ps(sum, x[i]);
  return _mm256_cvtss_f32(sum);
}

// Without VNNI: unsigned by signed bytes to int16 pairs, pairs to int32, one addition.
float Int8Avx2(int64_t rounds) {
  __m256i x[kChains];
  for (int i = 0; i < kChains; ++i) x[i] = _mm256_set1_epi32(i);
  __m256i a = _mm256_set1_epi8(3);
  const __m256i ones = _mm256_set1_epi16(1);
  for (int64_t r = 0; r < rounds; ++r) {
    a = _mm256_xor_si256(a, _mm256_set1_epi32(static_cast<int>(r) & 1));  // else the product is loop-invariant
    for (int i = 0; i < kChains; ++i) {
      x[i] = _mm256_add_epi32(x[i], _mm256_madd_epi16(_mm256_maddubs_epi16(a, _mm256_or_si256(x[i], ones)), ones));
    }
  }
  __m256i sum = x[0];
  for (int i = 1; i < kChains; ++i) sum = _mm256_add_epi32(sum, x[i]);
  return static_cast<float>(_mm256_extract_epi32(sum, 0));
}
TM_REGION_END

TM_REGION_AVX512
uint64_t ReadAvx512(const std::byte* data, int64_t bytes) {
  __m512i mix[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
  for (int64_t i = 0; i < bytes; i += 256) {
    for (int j = 0; j < 4; ++j) mix[j] = _mm512_or_si512(mix[j], _mm512_loadu_si512(data + i + 64 * j));
  }
  const __m512i all = _mm512_or_si512(_mm512_or_si512(mix[0], mix[1]), _mm512_or_si512(mix[2], mix[3]));
  alignas(64) uint64_t words[8];
  _mm512_store_si512(words, all);
  return words[0] ^ words[7];
}

float F32Avx512(int64_t rounds) {
  __m512 x[kChains];
  for (int i = 0; i < kChains; ++i) x[i] = _mm512_set1_ps(static_cast<float>(i));
  const __m512 half = _mm512_set1_ps(0.5f), one = _mm512_set1_ps(1.0f);
  for (int64_t r = 0; r < rounds; ++r) {
    for (int i = 0; i < kChains; ++i) x[i] = _mm512_fmadd_ps(x[i], half, one);
  }
  __m512 sum = x[0];
  for (int i = 1; i < kChains; ++i) sum = _mm512_add_ps(sum, x[i]);
  return _mm512_cvtss_f32(sum);
}
TM_REGION_END

TM_REGION_AVX512_VNNI
float Int8Vnni(int64_t rounds) {
  __m512i x[kChains];
  for (int i = 0; i < kChains; ++i) x[i] = _mm512_set1_epi32(i);
  const __m512i a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(-5);
  for (int64_t r = 0; r < rounds; ++r) {
    for (int i = 0; i < kChains; ++i) x[i] = _mm512_dpbusd_epi32(x[i], a, b);
  }
  __m512i sum = x[0];
  for (int i = 1; i < kChains; ++i) sum = _mm512_add_epi32(sum, x[i]);
  return static_cast<float>(_mm_cvtsi128_si32(_mm512_castsi512_si128(sum)));
}
TM_REGION_END

TM_REGION_AVX512_BF16
float Bf16Avx512(int64_t rounds) {
  __m512 x[kChains];
  for (int i = 0; i < kChains; ++i) x[i] = _mm512_set1_ps(static_cast<float>(i));
  const __m512bh a = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.5f), _mm512_set1_ps(-0.5f));
  const __m512bh b = _mm512_cvtne2ps_pbh(_mm512_set1_ps(1.5f), _mm512_set1_ps(1.25f));
  for (int64_t r = 0; r < rounds; ++r) {
    for (int i = 0; i < kChains; ++i) x[i] = _mm512_dpbf16_ps(x[i], a, b);
  }
  __m512 sum = x[0];
  for (int i = 1; i < kChains; ++i) sum = _mm512_add_ps(sum, x[i]);
  return _mm512_cvtss_f32(sum);
}
TM_REGION_END

alignas(64) const std::array<int16_t, 512> kTileData = [] {
  std::array<int16_t, 512> data{};
  for (size_t i = 0; i < data.size(); ++i) data[i] = 0x3f01;  // 0.504 as bf16; 63 and 1 as bytes
  return data;
}();
constexpr double kTileProducts = 4;  // per round

TM_REGION_AMX
struct TilesOfBf16 {
  template <int c, int a, int b>
  static void Dot() {
    AmxTiles::DotBf16<c, a, b>();
  }
};
struct TilesOfBytes {
  template <int c, int a, int b>
  static void Dot() {
    AmxTiles::DotI8I8<c, a, b>();
  }
};

// Two by two tiles of sums, as the kernels have them: chains enough for the unit.
template <typename Product>
float TilePeak(int64_t rounds) {
  static constexpr TileShapes kFull = TileShapes::Full();
  alignas(64) float result[256];
  AmxTiles::Configure(kFull);
  AmxTiles::Zero<0>();
  AmxTiles::Zero<1>();
  AmxTiles::Zero<2>();
  AmxTiles::Zero<3>();
  AmxTiles::Load<4>(kTileData.data(), 64);
  AmxTiles::Load<5>(kTileData.data(), 64);
  AmxTiles::Load<6>(kTileData.data(), 64);
  AmxTiles::Load<7>(kTileData.data(), 64);
  for (int64_t r = 0; r < rounds; ++r) {
    Product::template Dot<0, 4, 6>();
    Product::template Dot<1, 4, 7>();
    Product::template Dot<2, 5, 6>();
    Product::template Dot<3, 5, 7>();
  }
  AmxTiles::Store<0>(result, 64);
  AmxTiles::Release();
  return result[0];
}
TM_REGION_END
#endif  // TM_HAVE_X86

constexpr PeakRead kReads[] = {
#if TM_HAVE_X86
    {"avx512", ReadAvx512, HasAvx512},
    {"avx2", ReadAvx2, HasAvx2},
#endif
    {"plain", ReadPlain, Always},
};

constexpr PeakArithmetic kF32[] = {
#if TM_HAVE_X86
    {"avx512", 2.0 * 16 * kChains, F32Avx512, HasAvx512},
    {"avx2", 2.0 * 8 * kChains, F32Avx2, HasAvx2},
#endif
    {"plain", 2.0 * 4 * kChains, F32Plain, Always},
};

#if TM_HAVE_X86
constexpr PeakArithmetic kBf16[] = {
    {"amx", kTileProducts * 2 * 16 * 16 * 32, TilePeak<TilesOfBf16>, HasAmx},
    {"avx512_bf16", 2.0 * 32 * kChains, Bf16Avx512, HasAvx512Bf16},
};
constexpr PeakArithmetic kInt8[] = {
    {"amx", kTileProducts * 2 * 16 * 16 * 64, TilePeak<TilesOfBytes>, HasAmx},
    {"avx512_vnni", 2.0 * 64 * kChains, Int8Vnni, HasVnni},
    {"avx2", 2.0 * 32 * kChains, Int8Avx2, HasAvx2},
};
#endif

}  // namespace

std::span<const PeakRead> PeakReads() { return kReads; }
std::span<const PeakArithmetic> PeakF32() { return kF32; }
#if TM_HAVE_X86
std::span<const PeakArithmetic> PeakBf16() { return kBf16; }
std::span<const PeakArithmetic> PeakInt8() { return kInt8; }
#else
std::span<const PeakArithmetic> PeakBf16() { return {}; }
std::span<const PeakArithmetic> PeakInt8() { return {}; }
#endif

}  // namespace tidemark
