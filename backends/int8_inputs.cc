// Activations to int8, for all integer backends: AVX2 is the least of their instruction sets.
#include "backends/int8_panels.h"
#include "engine/core/isa_region.h"

#if TM_HAVE_X86
#include <immintrin.h>
#endif

#include <cmath>
#include <cstring>
#include <limits>

#include "engine/core/error.h"

namespace tidemark {

int64_t Int8RowBytes(Int8Kind kind, int64_t k) {
  const int64_t blocks = (k + 255) / 256;
  return blocks * static_cast<int64_t>(kind == Int8Kind::kPer256 ? sizeof(Int8Block256) : sizeof(Int8Block32));
}

#if TM_HAVE_X86
TM_REGION_AVX2
namespace {

// Rounds count (a multiple of 32) values to codes; returns the scale.
float RoundGroup(const float* x, int count, int8_t* codes) {
  const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
  // Bits of non-negative floats are ordered as integers are, with infinity and NaN on top.
  __m256i largest = _mm256_setzero_si256();
  for (int i = 0; i < count; i += 8) {
    largest = _mm256_max_epi32(largest, _mm256_castps_si256(_mm256_and_ps(_mm256_loadu_ps(x + i), magnitude)));
  }
  __m128i four = _mm_max_epi32(_mm256_castsi256_si128(largest), _mm256_extracti128_si256(largest, 1));
  four = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0x4e));
  four = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0xb1));
  const float max = _mm_cvtss_f32(_mm_castsi128_ps(four));
  if (!(max < std::numeric_limits<float>::infinity()) || max < 0x1p-100f) {  // not finite; nothing worth a code
    std::memset(codes, 0, static_cast<size_t>(count));
    return max < 1 ? 0 : std::numeric_limits<float>::quiet_NaN();
  }
  const __m256 inverse = _mm256_set1_ps(127.0f / max);
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  for (int i = 0; i < count; i += 32) {
    const auto round = [&](int at) { return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + i + at), inverse)); };
    const __m256i low = _mm256_packs_epi32(round(0), round(8)), high = _mm256_packs_epi32(round(16), round(24));
    const __m256i packed = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(low, high), order);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(codes + i), packed);
  }
  return max / 127.0f;
}

// Sums of 16 codes each, of 256.
void Sum16(const int8_t* codes, int16_t* sums) {
  for (int g = 0; g < 16; ++g) {
    const __m128i q = _mm_loadu_si128(reinterpret_cast<const __m128i*>(codes + 16 * g));
    const __m128i pairs = _mm_maddubs_epi16(_mm_set1_epi8(1), q);
    __m128i s = _mm_madd_epi16(pairs, _mm_set1_epi16(1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1));
    sums[g] = static_cast<int16_t>(_mm_cvtsi128_si32(s));
  }
}

void RoundBlock(const float* x, Int8Block256& block) {
  block.scale = RoundGroup(x, 256, block.codes);
  Sum16(block.codes, block.sums16);
  for (int s = 0; s < 8; ++s) block.sums32[s] = static_cast<int16_t>(block.sums16[2 * s] + block.sums16[2 * s + 1]);
}

void RoundBlock(const float* x, Int8Block32& block) {
  for (int g = 0; g < 8; ++g) block.scales[g] = RoundGroup(x + 32 * g, 32, block.codes + 32 * g);
  int16_t sums[16];
  Sum16(block.codes, sums);
  for (int g = 0; g < 8; ++g) {
    block.minus_8[g] = -8 * (sums[2 * g] + sums[2 * g + 1]);
    block.minus_128[g] = 16 * block.minus_8[g];
  }
}

// The block of x that begins at p, zeros beyond its end.
template <typename Block>
void RoundBlockAt(std::span<const float> x, size_t p, Block& block) {
  if (p + 256 <= x.size()) {
    RoundBlock(x.data() + p, block);
    return;
  }
  float padded[256] = {};
  std::memcpy(padded, x.data() + p, (x.size() - p) * sizeof(float));
  RoundBlock(padded, block);
}

template <typename Block>
void RoundRow(std::span<const float> x, std::byte* row) {
  auto* block = reinterpret_cast<Block*>(row);
  for (size_t p = 0; p < x.size(); p += 256, ++block) RoundBlockAt(x, p, *block);
}

// count vectors of 32 bytes, or numbers of 4, from a row's block to every height-th place of a tile's.
void Spread32(const void* from, int count, int64_t height, std::byte* to) {
  for (int s = 0; s < count; ++s) {
    const __m256i v = _mm256_load_si256(static_cast<const __m256i*>(from) + s);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + s * height * 32), v);
  }
}
void Spread4(const void* from, int count, int64_t height, std::byte* to) {
  for (int s = 0; s < count; ++s) std::memcpy(to + s * height * 4, static_cast<const std::byte*>(from) + 4 * s, 4);
}

// Row i of a tile's block.
void ToTile(const Int8Block256& b, int64_t i, int64_t height, std::byte* tile) {
  Spread32(b.codes, 8, height, tile + 32 * i);
  Spread4(b.sums32, 4, height, tile + Int8Tile::kSums32 * height + 4 * i);
  Spread4(b.sums16, 8, height, tile + Int8Tile::kSums16 * height + 4 * i);
  Spread4(&b.scale, 1, height, tile + Int8Tile::kScale * height + 4 * i);
}
void ToTile(const Int8Block32& b, int64_t i, int64_t height, std::byte* tile) {
  Spread32(b.codes, 8, height, tile + 32 * i);
  Spread4(b.scales, 8, height, tile + Int8Tile::kScales * height + 4 * i);
  Spread4(b.minus_8, 8, height, tile + Int8Tile::kMinus8 * height + 4 * i);
  Spread4(b.minus_128, 8, height, tile + Int8Tile::kMinus128 * height + 4 * i);
}

// A tile with fewer rows than its height begins as zeros.
template <typename Block>
void ClearIfShort(size_t rows, int64_t k, int64_t height, std::byte* tile) {
  if (static_cast<int64_t>(rows) < height) std::memset(tile, 0, static_cast<size_t>(height * ((k + 255) / 256)) * sizeof(Block));
}

template <typename Block>
void RoundTile(std::span<const float* const> rows, int64_t k, int64_t height, std::byte* tile) {
  ClearIfShort<Block>(rows.size(), k, height, tile);
  Block block;
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::span<const float> x(rows[i], static_cast<size_t>(k));
    std::byte* at = tile;
    for (size_t p = 0; p < x.size(); p += 256, at += height * static_cast<int64_t>(sizeof(Block))) {
      RoundBlockAt(x, p, block);
      ToTile(block, static_cast<int64_t>(i), height, at);
    }
  }
}

template <typename Block>
void ArrangeTile(std::span<const std::byte* const> rows, int64_t k, int64_t height, std::byte* tile) {
  ClearIfShort<Block>(rows.size(), k, height, tile);
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto* block = reinterpret_cast<const Block*>(rows[i]);
    std::byte* at = tile;
    for (int64_t p = 0; p < k; p += 256, ++block, at += height * static_cast<int64_t>(sizeof(Block))) {
      ToTile(*block, static_cast<int64_t>(i), height, at);
    }
  }
}

}  // namespace
TM_REGION_END

void RoundToInt8(Int8Kind kind, std::span<const float> x, std::byte* row) {
  kind == Int8Kind::kPer256 ? RoundRow<Int8Block256>(x, row) : RoundRow<Int8Block32>(x, row);
}

void RoundToInt8Tile(Int8Kind kind, std::span<const float* const> rows, int64_t k, int64_t height, std::byte* tile) {
  kind == Int8Kind::kPer256 ? RoundTile<Int8Block256>(rows, k, height, tile) : RoundTile<Int8Block32>(rows, k, height, tile);
}

void ArrangeInt8Tile(Int8Kind kind, std::span<const std::byte* const> rows, int64_t k, int64_t height, std::byte* tile) {
  kind == Int8Kind::kPer256 ? ArrangeTile<Int8Block256>(rows, k, height, tile) : ArrangeTile<Int8Block32>(rows, k, height, tile);
}

#else

void RoundToInt8(Int8Kind, std::span<const float>, std::byte*) { TM_CHECK(false, "no integer backend on this architecture"); }
void RoundToInt8Tile(Int8Kind, std::span<const float* const>, int64_t, int64_t, std::byte*) {
  TM_CHECK(false, "no integer backend on this architecture");
}
void ArrangeInt8Tile(Int8Kind, std::span<const std::byte* const>, int64_t, int64_t, std::byte*) {
  TM_CHECK(false, "no integer backend on this architecture");
}

#endif  // TM_HAVE_X86

}  // namespace tidemark
