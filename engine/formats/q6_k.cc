// Q6_K: 256 weights in 210 bytes: ql[128] (low 4 bits), qh[64] (high 2 bits), scales[16] (int8), d (half).
//
// Two halves of 128 weights, each of four quarters of 32. Quarter t of a half takes nibble t / 2 of ql[l + 32 * (t % 2)] and
// bits 2t, 2t + 1 of qh[l]; its two groups of 16 have their own scales. w = d * scale * (q - 32). Source: ggml-quants.c.
#include <cmath>

#include "engine/formats/block.h"
#include "engine/formats/formats.h"
#include "engine/formats/half.h"
#include "engine/formats/k_quantize.h"

namespace tidemark {
namespace {

constexpr int kValues = 256, kBytes = 210;

void PlainBlock(const std::byte* in, float* out) {
  const float d = LoadHalf(in + 208);
  for (int half = 0; half < 2; ++half) {
    const std::byte *ql = in + 64 * half, *qh = in + 128 + 32 * half;
    for (int quarter = 0; quarter < 4; ++quarter) {
      for (int l = 0; l < 32; ++l) {
        const std::byte packed = ql[l + 32 * (quarter % 2)];
        const int low = quarter < 2 ? LowNibble(packed) : HighNibble(packed);
        const int high = static_cast<int>(qh[l]) >> (2 * quarter) & 3;
        const auto scale = static_cast<int8_t>(in[192 + 8 * half + 2 * quarter + l / 16]);
        out[128 * half + 32 * quarter + l] = d * static_cast<float>(scale) * static_cast<float>((low | high << 4) - 32);
      }
    }
  }
}

void Plain(const std::byte* src, std::span<float> dst) { ForEachBlock<kBytes, kValues>(src, dst, PlainBlock); }

// The sixteen scales of a block and its d: writes both and the codes 0-63.
void QuantizeScalesAndCodes(const float* in, std::byte* out, uint8_t* codes) {
  float scales[16];
  for (int group = 0; group < 16; ++group) scales[group] = FitSymmetric(in + 16 * group, 16, 32);
  StoreHalf(out + 208, SignedMax(scales, 16) / -128);
  const float d = LoadHalf(out + 208);
  for (int group = 0; group < 16; ++group) {
    const int code = RoundClamped(scales[group] * InverseOrZero(d), -128, 127);
    out[192 + group] = static_cast<std::byte>(code);
    const float scale = d * static_cast<float>(code);
    for (int i = 16 * group; i < 16 * group + 16; ++i) {
      codes[i] = static_cast<uint8_t>(scale != 0 ? RoundClamped(in[i] / scale, -32, 31) + 32 : 32);
    }
  }
}

void Quantize(std::span<const float> src, std::byte* dst) {
  ForEachSourceBlock<kBytes, kValues>(src, dst, [](const float* in, std::byte* out) {
    uint8_t codes[kValues];
    QuantizeScalesAndCodes(in, out, codes);
    for (int half = 0; half < 2; ++half) {
      const uint8_t* q = codes + 128 * half;
      for (int l = 0; l < 64; ++l) out[64 * half + l] = static_cast<std::byte>((q[l] & 15) | (q[l + 64] & 15) << 4);
      for (int l = 0; l < 32; ++l) {
        const int high = q[l] >> 4 | q[l + 32] >> 4 << 2 | q[l + 64] >> 4 << 4 | q[l + 96] >> 4 << 6;
        out[128 + 32 * half + l] = static_cast<std::byte>(high);
      }
    }
  });
}

}  // namespace

const FormatEntry kQ6_K = {{"q6_k", kValues, kBytes, 14, Fastest<Plain>, Quantize, nullptr}, Plain};

}  // namespace tidemark
