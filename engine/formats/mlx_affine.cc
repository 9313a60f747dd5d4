// MLX affine quantisation: unsigned q of 2, 3, 4, 5, 6 or 8 bits, one scale and one bias per group of 32, 64 or 128 weights.
//
// w = q * scale + bias, the product rounded to float32, then the sum: what MLX's CPU kernels do with the stored (bf16, f16 or
// f32) scales; its GPU kernels may fuse the two or round to the model's type. The quants of a row are one little-endian bit
// stream, lowest bits first; eight values always fill whole bytes. Source: mlx/backend/cpu/quantized.cpp.
#include <cstring>
#include <utility>

#include "engine/core/error.h"
#include "engine/formats/formats.h"

namespace tidemark {
namespace {

// Eight consecutive values from their kBits bytes.
template <int kBits>
void Unpack8(const std::byte* src, float* q) {
  uint64_t bits = 0;
  std::memcpy(&bits, src, kBits);
  for (int i = 0; i < 8; ++i) q[i] = static_cast<float>(bits >> (kBits * i) & ((1u << kBits) - 1));
}

template <int kBits, int kGroup>
void DequantizeSplit(const std::byte* quants, const std::byte* scales, const std::byte* biases, const Format* scale_format,
                     std::span<float> dst) {
  TM_CHECK(biases != nullptr && scale_format->block_values == 1, "affine weights need biases and float scales");
  const int64_t step = scale_format->block_bytes;
  for (size_t done = 0; done + kGroup <= dst.size(); done += kGroup, scales += step, biases += step) {
    float scale, bias;
    scale_format->dequantize(scales, {&scale, 1});
    scale_format->dequantize(biases, {&bias, 1});
    for (int i = 0; i < kGroup; i += 8, quants += kBits) {
      float q[8];
      Unpack8<kBits>(quants, q);
      for (int j = 0; j < 8; ++j) dst[done + i + j] = q[j] * scale + bias;
    }
  }
}

template <int kBits, int kGroup>
constexpr FormatEntry Entry(std::string_view name) {
  return {{name, kGroup, kGroup * kBits / 8, -1, nullptr, nullptr, DequantizeSplit<kBits, kGroup>}, nullptr};
}

}  // namespace

const FormatEntry kMlxAffine[18] = {
    Entry<2, 32>("mlx_q2_g32"),   Entry<2, 64>("mlx_q2_g64"),   Entry<2, 128>("mlx_q2_g128"), Entry<3, 32>("mlx_q3_g32"),
    Entry<3, 64>("mlx_q3_g64"),   Entry<3, 128>("mlx_q3_g128"), Entry<4, 32>("mlx_q4_g32"),   Entry<4, 64>("mlx_q4_g64"),
    Entry<4, 128>("mlx_q4_g128"), Entry<5, 32>("mlx_q5_g32"),   Entry<5, 64>("mlx_q5_g64"),   Entry<5, 128>("mlx_q5_g128"),
    Entry<6, 32>("mlx_q6_g32"),   Entry<6, 64>("mlx_q6_g64"),   Entry<6, 128>("mlx_q6_g128"), Entry<8, 32>("mlx_q8_g32"),
    Entry<8, 64>("mlx_q8_g64"),   Entry<8, 128>("mlx_q8_g128"),
};

}  // namespace tidemark
