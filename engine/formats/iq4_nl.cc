// IQ4_NL: 32 weights in 18 bytes: d (half), nibbles in the order of Q4_0; w = d * codebook[q]. Source: ggml-quants.c.
#include "engine/formats/block.h"
#include "engine/formats/codebooks.h"
#include "engine/formats/formats.h"
#include "engine/formats/half.h"

namespace tidemark {
namespace {

constexpr int kValues = 32, kBytes = 18;

void Plain(const std::byte* src, std::span<float> dst) {
  ForEachBlock<kBytes, kValues>(src, dst, [](const std::byte* in, float* out) {
    const float d = LoadHalf(in);
    for (int j = 0; j < 16; ++j) {
      out[j] = d * static_cast<float>(kIq4Values[LowNibble(in[2 + j])]);
      out[j + 16] = d * static_cast<float>(kIq4Values[HighNibble(in[2 + j])]);
    }
  });
}

}  // namespace

const FormatEntry kIq4Nl = {{"iq4_nl", kValues, kBytes, 20, Fastest<Plain>, nullptr, nullptr}, Plain};

}  // namespace tidemark
