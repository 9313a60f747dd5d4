// MXFP4: 32 weights in 17 bytes: e (power of two), nibbles in the order of Q4_0; w = 2^(e - 128) * codebook[q].
// Source: OCP Microscaling Formats 1.0; layout of ggml-quants.c.
#include "engine/formats/block.h"
#include "engine/formats/codebooks.h"
#include "engine/formats/formats.h"

namespace tidemark {
namespace {

constexpr int kValues = 32, kBytes = 17;

void Plain(const std::byte* src, std::span<float> dst) {
  ForEachBlock<kBytes, kValues>(src, dst, [](const std::byte* in, float* out) {
    const float d = Mxfp4Scale(static_cast<uint8_t>(in[0]));
    for (int j = 0; j < 16; ++j) {
      out[j] = static_cast<float>(kMxfp4Values[LowNibble(in[1 + j])]) * d;
      out[j + 16] = static_cast<float>(kMxfp4Values[HighNibble(in[1 + j])]) * d;
    }
  });
}

}  // namespace

const FormatEntry kMxfp4 = {{"mxfp4", kValues, kBytes, 39, Fastest<Plain>, nullptr, nullptr}, Plain};

}  // namespace tidemark
