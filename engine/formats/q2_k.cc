// Q2_K: 256 weights in 84 bytes: scales[16] (low nibble scale, high nibble min), qs[64] (2 bits each), d, dmin (halves).
//
// Two halves of 128 weights with 32 bytes of qs each. Within a half, shift 0, 2, 4, 6 selects the two bits; for each shift the
// bytes 0-15 are one group of 16 weights and the bytes 16-31 the next. w = d * scale * q - dmin * min. Source: ggml-quants.c.
#include "engine/formats/block.h"
#include "engine/formats/formats.h"
#include "engine/formats/half.h"

namespace tidemark {
namespace {

constexpr int kValues = 256, kBytes = 84;

void PlainBlock(const std::byte* in, float* out) {
  const std::byte* scales = in;
  const float d = LoadHalf(in + 80), dmin = LoadHalf(in + 82);
  for (int group = 0; group < 16; ++group) {
    const int half = group / 8, shift = group % 8 / 2 * 2;
    const std::byte* qs = in + 16 + 32 * half + group % 2 * 16;
    const float scale = d * static_cast<float>(LowNibble(scales[group]));
    const float min = dmin * static_cast<float>(HighNibble(scales[group]));
    for (int l = 0; l < 16; ++l) {
      const int q = static_cast<int>(qs[l]) >> shift & 3;
      out[16 * group + l] = scale * static_cast<float>(q) - min;
    }
  }
}

void Plain(const std::byte* src, std::span<float> dst) { ForEachBlock<kBytes, kValues>(src, dst, PlainBlock); }

}  // namespace

const FormatEntry kQ2_K = {{"q2_k", kValues, kBytes, 10, Fastest<Plain>, nullptr, nullptr}, Plain};

}  // namespace tidemark
