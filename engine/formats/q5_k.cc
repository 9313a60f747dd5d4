// Q5_K: 256 weights in 176 bytes: d, dmin (halves), scales[12] (k_scales.h), qh[32], qs[128].
//
// As Q4_K, with bit 4 of weight l of sub-block j in bit j of qh[l]. Source: ggml-quants.c.
#include "engine/formats/block.h"
#include "engine/formats/formats.h"
#include "engine/formats/half.h"
#include "engine/formats/k_quantize.h"
#include "engine/formats/k_scales.h"

namespace tidemark {
namespace {

constexpr int kValues = 256, kBytes = 176;

void PlainBlock(const std::byte* in, float* out) {
  const float d = LoadHalf(in), dmin = LoadHalf(in + 2);
  const std::byte* qh = in + 16;
  for (int sub = 0; sub < 8; ++sub) {
    const ScaleMin s = UnpackScaleMin(in + 4, sub);
    const float scale = d * static_cast<float>(s.scale), min = dmin * static_cast<float>(s.min);
    const std::byte* qs = in + 48 + sub / 2 * 32;
    for (int l = 0; l < 32; ++l) {
      const int low = sub % 2 == 0 ? LowNibble(qs[l]) : HighNibble(qs[l]);
      const int q = low | (static_cast<int>(qh[l]) >> sub & 1) << 4;
      out[32 * sub + l] = scale * static_cast<float>(q) - min;
    }
  }
}

void Plain(const std::byte* src, std::span<float> dst) { ForEachBlock<kBytes, kValues>(src, dst, PlainBlock); }

void Quantize(std::span<const float> src, std::byte* dst) {
  ForEachSourceBlock<kBytes, kValues>(src, dst, [](const float* in, std::byte* out) {
    uint8_t q[kValues];
    QuantizeKBlock(in, 31, out, q);
    for (int i = 0; i < 128; ++i) {
      const uint8_t* pair = q + i / 32 * 64 + i % 32;
      out[48 + i] = static_cast<std::byte>((pair[0] & 15) | (pair[32] & 15) << 4);
    }
    for (int l = 0; l < 32; ++l) {
      int bits = 0;
      for (int sub = 0; sub < 8; ++sub) bits |= (q[32 * sub + l] >> 4) << sub;
      out[16 + l] = static_cast<std::byte>(bits);
    }
  });
}

}  // namespace

const FormatEntry kQ5_K = {{"q5_k", kValues, kBytes, 13, Fastest<Plain>, Quantize, nullptr}, Plain};

}  // namespace tidemark
