// Q3_K: 256 weights in 110 bytes: hmask[32], qs[64] (2 bits each), scales[12] (sixteen of 6 bits), d (half).
//
// Groups of 16 in the order of Q2_K. The third bit comes from hmask: its byte is the position 0-31 within qs, shared by both
// halves, its bit number 4 * half + shift / 2; where it is clear, q is 4 less. w = d * (scale - 32) * q. Source: ggml-quants.c.
#include "engine/formats/block.h"
#include "engine/formats/formats.h"
#include "engine/formats/half.h"

namespace tidemark {
namespace {

constexpr int kValues = 256, kBytes = 110;

// Scale g: 4 low bits in a nibble of byte g % 8, 2 high bits in byte 8 + g % 4.
int Scale(const std::byte* scales, int g) {
  const int low = g < 8 ? LowNibble(scales[g]) : HighNibble(scales[g - 8]);
  const int high = static_cast<int>(scales[8 + g % 4]) >> (g / 4 * 2) & 3;
  return (low | high << 4) - 32;
}

void PlainBlock(const std::byte* in, float* out) {
  const float d = LoadHalf(in + 108);
  for (int group = 0; group < 16; ++group) {
    const int half = group / 8, shift = group % 8 / 2 * 2, first = group % 2 * 16;
    const std::byte* qs = in + 32 + 32 * half + first;
    const float scale = d * static_cast<float>(Scale(in + 96, group));
    for (int l = 0; l < 16; ++l) {
      const int high = static_cast<int>(in[first + l]) >> (4 * half + shift / 2) & 1;
      const int q = (static_cast<int>(qs[l]) >> shift & 3) - (high != 0 ? 0 : 4);
      out[16 * group + l] = scale * static_cast<float>(q);
    }
  }
}

void Plain(const std::byte* src, std::span<float> dst) { ForEachBlock<kBytes, kValues>(src, dst, PlainBlock); }

}  // namespace

const FormatEntry kQ3_K = {{"q3_k", kValues, kBytes, 11, Fastest<Plain>, nullptr, nullptr}, Plain};

}  // namespace tidemark
