// IQ4_XS: 256 weights in 136 bytes: d (half), scales_h (16 bits), scales_l[4], qs[128].
//
// Eight sub-blocks of 32 in 16 bytes each, nibbles in the order of Q4_0. Scale b: nibble of scales_l[b / 2] (low for even b), and
// bits 2b, 2b + 1 of scales_h above it. w = d * (scale - 32) * codebook[q]. Source: ggml-quants.c.
#include "engine/formats/block.h"
#include "engine/formats/codebooks.h"
#include "engine/formats/formats.h"
#include "engine/formats/half.h"

namespace tidemark {
namespace {

constexpr int kValues = 256, kBytes = 136;

void PlainBlock(const std::byte* in, float* out) {
  const float d = LoadHalf(in);
  const int scales_h = LoadU16(in + 2);
  for (int sub = 0; sub < 8; ++sub) {
    const std::byte packed = in[4 + sub / 2];
    const int low = sub % 2 == 0 ? LowNibble(packed) : HighNibble(packed);
    const float scale = d * static_cast<float>((low | (scales_h >> (2 * sub) & 3) << 4) - 32);
    const std::byte* qs = in + 8 + 16 * sub;
    for (int j = 0; j < 16; ++j) {
      out[32 * sub + j] = scale * static_cast<float>(kIq4Values[LowNibble(qs[j])]);
      out[32 * sub + j + 16] = scale * static_cast<float>(kIq4Values[HighNibble(qs[j])]);
    }
  }
}

void Plain(const std::byte* src, std::span<float> dst) { ForEachBlock<kBytes, kValues>(src, dst, PlainBlock); }

}  // namespace

const FormatEntry kIq4Xs = {{"iq4_xs", kValues, kBytes, 23, Fastest<Plain>, nullptr, nullptr}, Plain};

}  // namespace tidemark
