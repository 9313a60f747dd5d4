// Q4_K: 256 weights in 144 bytes: d, dmin (halves), scales[12] (k_scales.h), qs[128].
//
// Eight sub-blocks of 32. Chunk c has 32 bytes: their low nibbles are sub-block 2c, the high ones sub-block 2c + 1.
// w = d * scale * q - dmin * min. Source: ggml-quants.c.
#include "engine/formats/block.h"
#include "engine/formats/formats.h"
#include "engine/formats/half.h"
#include "engine/formats/k_quantize.h"
#include "engine/formats/k_scales.h"

namespace tidemark {
namespace {

constexpr int kValues = 256, kBytes = 144;

void PlainBlock(const std::byte* in, float* out) {
  const float d = LoadHalf(in), dmin = LoadHalf(in + 2);
  for (int sub = 0; sub < 8; ++sub) {
    const ScaleMin s = UnpackScaleMin(in + 4, sub);
    const float scale = d * static_cast<float>(s.scale), min = dmin * static_cast<float>(s.min);
    const std::byte* qs = in + 16 + sub / 2 * 32;
    for (int l = 0; l < 32; ++l) {
      const int q = sub % 2 == 0 ? LowNibble(qs[l]) : HighNibble(qs[l]);
      out[32 * sub + l] = scale * static_cast<float>(q) - min;
    }
  }
}

void Plain(const std::byte* src, std::span<float> dst) { ForEachBlock<kBytes, kValues>(src, dst, PlainBlock); }

void Quantize(std::span<const float> src, std::byte* dst) {
  ForEachSourceBlock<kBytes, kValues>(src, dst, [](const float* in, std::byte* out) {
    uint8_t q[kValues];
    QuantizeKBlock(in, 15, out, q);
    for (int i = 0; i < 128; ++i) {
      const uint8_t* pair = q + i / 32 * 64 + i % 32;
      out[16 + i] = static_cast<std::byte>(pair[0] | pair[32] << 4);
    }
  });
}

}  // namespace

const FormatEntry kQ4_K = {{"q4_k", kValues, kBytes, 12, Fastest<Plain>, Quantize, nullptr}, Plain};

}  // namespace tidemark
