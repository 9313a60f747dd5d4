// Q6_K: 256 weights in 210 bytes: ql[128] (low 4 bits), qh[64] (high 2 bits), scales[16] (int8), d (half).
//
// Two halves of 128 weights, each of four quarters of 32. Quarter t of a half takes nibble t / 2 of ql[l + 32 * (t % 2)] and
// bits 2t, 2t + 1 of qh[l]; its two groups of 16 have their own scales. w = d * scale * (q - 32). Source: ggml-quants.c.
#include "engine/formats/block.h"
#include "engine/formats/formats.h"
#include "engine/formats/half.h"

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

}  // namespace

const FormatEntry kQ6_K = {{"q6_k", kValues, kBytes, 14, Fastest<Plain>, nullptr, nullptr}, Plain};

}  // namespace tidemark
