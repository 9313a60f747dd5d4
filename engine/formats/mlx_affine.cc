// MLX affine quantisation: unsigned q of 2, 3, 4, 5, 6 or 8 bits, one scale and one bias per group of 32, 64 or 128 weights.
//
// w = q * scale + bias in float32 with the stored (bf16, f16 or f32) scales, the product rounded, then the sum: so does the
// vector path of MLX's quantized_matmul on the CPU; its other paths round to the type of the scales or fuse the two. The
// quants of a row are one little-endian bit stream, lowest bits first; eight values always fill whole bytes.
// Source: mlx/backend/cpu/quantized.cpp.
//
// The vector versions bring, for each value, the two bytes that hold it into a 32-bit lane (a byte shuffle), shift and mask:
// the same three steps for every width.
#include "engine/formats/mlx_affine.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "engine/core/cpu.h"
#include "engine/core/error.h"
#include "engine/core/isa_region.h"
#include "engine/formats/formats.h"

#if TM_HAVE_X86
#include <immintrin.h>
#endif

namespace tidemark {
namespace {

// The kBits bytes of eight values as an integer. In two whole loads: a partial copy into a 64-bit word stalls on reading it.
template <int kBits>
uint64_t Load8Values(const std::byte* src) {
  if constexpr (kBits == 8) {
    uint64_t v;
    std::memcpy(&v, src, 8);
    return v;
  } else {
    constexpr int kHead = kBits >= 4 ? 4 : 2;
    uint32_t head = 0;
    uint16_t tail = 0;
    std::memcpy(&head, src, kHead);
    if constexpr (kBits > kHead) std::memcpy(&tail, src + kHead, kBits - kHead);
    return head | uint64_t{tail} << (8 * kHead);
  }
}

template <int kBits>
void Plain(const std::byte* quants, const float* scales, const float* biases, int64_t groups, int group, float* dst) {
  for (int64_t g = 0; g < groups; ++g) {
    for (int i = 0; i < group; i += 8, quants += kBits, dst += 8) {
      const uint64_t bits = Load8Values<kBits>(quants);
      for (int j = 0; j < 8; ++j) dst[j] = static_cast<float>(bits >> (kBits * j) & ((1u << kBits) - 1)) * scales[g] + biases[g];
    }
  }
}

// For value i of a run: lane i of `shuffle` fetches bytes i * kBits / 8 and the one after it; `shift` is the rest in bits.
// A byte index of 128 or more gives zero, which keeps the shuffle inside the bytes that were loaded.
template <int kBits, int kValues>
struct Gather {
  alignas(64) uint8_t shuffle[4 * kValues];
  alignas(64) uint32_t shift[kValues];
  constexpr Gather() : shuffle(), shift() {
    for (int i = 0; i < kValues; ++i) {
      const int byte = i * kBits / 8;
      shift[i] = static_cast<uint32_t>(i * kBits % 8);
      const bool spans = i * kBits % 8 + kBits > 8;
      shuffle[4 * i] = static_cast<uint8_t>(byte);
      shuffle[4 * i + 1] = static_cast<uint8_t>(spans ? byte + 1 : 128);
      shuffle[4 * i + 2] = shuffle[4 * i + 3] = 128;
    }
  }
};

}  // namespace

#if TM_HAVE_X86
TM_REGION_AVX2
namespace avx2 {
namespace {

template <int kBits>
void Groups(const std::byte* quants, const float* scales, const float* biases, int64_t groups, int group, float* dst) {
  static constexpr Gather<kBits, 8> kGather;
  const __m256i shuffle = _mm256_load_si256(reinterpret_cast<const __m256i*>(kGather.shuffle));
  const __m256i shift = _mm256_load_si256(reinterpret_cast<const __m256i*>(kGather.shift));
  const __m256i mask = _mm256_set1_epi32((1 << kBits) - 1);
  for (int64_t g = 0; g < groups; ++g) {
    const __m256 scale = _mm256_set1_ps(scales[g]), bias = _mm256_set1_ps(biases[g]);
    for (int i = 0; i < group; i += 8, quants += kBits, dst += 8) {
      const __m256i bytes = _mm256_set1_epi64x(static_cast<int64_t>(Load8Values<kBits>(quants)));
      const __m256i q = _mm256_and_si256(_mm256_srlv_epi32(_mm256_shuffle_epi8(bytes, shuffle), shift), mask);
      _mm256_storeu_ps(dst, _mm256_add_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(q), scale), bias));
    }
  }
}

}  // namespace
}  // namespace avx2
TM_REGION_END

TM_REGION_AVX512
namespace avx512 {
namespace {

template <int kBits>
void Groups(const std::byte* quants, const float* scales, const float* biases, int64_t groups, int group, float* dst) {
  static constexpr Gather<kBits, 16> kGather;
  const __m512i shuffle = _mm512_load_si512(kGather.shuffle);
  const __m512i shift = _mm512_load_si512(kGather.shift);
  const __m512i mask = _mm512_set1_epi32((1 << kBits) - 1);
  constexpr auto kLoaded = static_cast<__mmask16>((1u << (2 * kBits)) - 1);  // 16 values are 2 * kBits bytes
  for (int64_t g = 0; g < groups; ++g) {
    const __m512 scale = _mm512_set1_ps(scales[g]), bias = _mm512_set1_ps(biases[g]);
    for (int i = 0; i < group; i += 16, quants += 2 * kBits, dst += 16) {
      const __m512i bytes = _mm512_broadcast_i32x4(_mm_maskz_loadu_epi8(kLoaded, quants));
      const __m512i q = _mm512_and_si512(_mm512_srlv_epi32(_mm512_shuffle_epi8(bytes, shuffle), shift), mask);
      _mm512_storeu_ps(dst, _mm512_add_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(q), scale), bias));
    }
  }
}

}  // namespace
}  // namespace avx512
TM_REGION_END
#endif  // TM_HAVE_X86

namespace {

template <int kBits>
void AppendKernels(const Cpu& cpu, std::vector<AffineKernel>& kernels) {
  kernels.push_back({kBits, "plain", Plain<kBits>});
#if TM_HAVE_X86
  if (cpu.RunsAvx2()) kernels.push_back({kBits, "avx2", avx2::Groups<kBits>});
  if (cpu.RunsAvx512()) kernels.push_back({kBits, "avx512", avx512::Groups<kBits>});
#else
  (void)cpu;
#endif
}

std::vector<AffineKernel> CollectKernels() {
  const Cpu cpu = DetectCpu();
  std::vector<AffineKernel> kernels;
  AppendKernels<2>(cpu, kernels);
  AppendKernels<3>(cpu, kernels);
  AppendKernels<4>(cpu, kernels);
  AppendKernels<5>(cpu, kernels);
  AppendKernels<6>(cpu, kernels);
  AppendKernels<8>(cpu, kernels);
  return kernels;
}

AffineGroups BestGroups(int bits) {
  AffineGroups best = nullptr;
  for (const AffineKernel& kernel : RunnableAffineKernels()) {
    if (kernel.bits == bits) best = kernel.run;
  }
  return best;
}

template <int kBits, int kGroup>
void DequantizeSplit(const std::byte* quants, const std::byte* scales, const std::byte* biases, const Format* scale_format,
                     std::span<float> dst) {
  TM_CHECK(biases != nullptr && scale_format->block_values == 1, "affine weights need biases and float scales");
  static const AffineGroups run = BestGroups(kBits);
  constexpr int64_t kChunk = 64;  // groups whose scales are converted at a time
  std::array<float, kChunk> scale_values, bias_values;
  const int64_t groups = static_cast<int64_t>(dst.size()) / kGroup;
  for (int64_t first = 0; first < groups; first += kChunk) {
    const int64_t count = std::min(kChunk, groups - first), at = scale_format->Bytes(first);
    scale_format->dequantize(scales + at, {scale_values.data(), static_cast<size_t>(count)});
    scale_format->dequantize(biases + at, {bias_values.data(), static_cast<size_t>(count)});
    run(quants + first * kGroup * kBits / 8, scale_values.data(), bias_values.data(), count, kGroup, dst.data() + first * kGroup);
  }
}

template <int kBits, int kGroup>
constexpr FormatEntry Entry(std::string_view name) {
  return {{name, kGroup, kGroup * kBits / 8, -1, nullptr, nullptr, DequantizeSplit<kBits, kGroup>}, nullptr};
}

}  // namespace

std::span<const AffineKernel> RunnableAffineKernels() {
  static const std::vector<AffineKernel> kernels = CollectKernels();
  return kernels;
}

const FormatEntry kMlxAffine[18] = {
    Entry<2, 32>("mlx_q2_g32"),   Entry<2, 64>("mlx_q2_g64"),   Entry<2, 128>("mlx_q2_g128"), Entry<3, 32>("mlx_q3_g32"),
    Entry<3, 64>("mlx_q3_g64"),   Entry<3, 128>("mlx_q3_g128"), Entry<4, 32>("mlx_q4_g32"),   Entry<4, 64>("mlx_q4_g64"),
    Entry<4, 128>("mlx_q4_g128"), Entry<5, 32>("mlx_q5_g32"),   Entry<5, 64>("mlx_q5_g64"),   Entry<5, 128>("mlx_q5_g128"),
    Entry<6, 32>("mlx_q6_g32"),   Entry<6, 64>("mlx_q6_g64"),   Entry<6, 128>("mlx_q6_g128"), Entry<8, 32>("mlx_q8_g32"),
    Entry<8, 64>("mlx_q8_g64"),   Entry<8, 128>("mlx_q8_g128"),
};

}  // namespace tidemark
