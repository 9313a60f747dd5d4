// Q8_0: 32 weights in 34 bytes: d (half), q[32] (int8); w = q * d. Layout and rounding: ggml-quants.c of ggml.
#include <cmath>

#include "engine/formats/block.h"
#include "engine/formats/formats.h"
#include "engine/formats/half.h"

namespace tidemark {
namespace {

constexpr int kValues = 32, kBytes = 34;

void Plain(const std::byte* src, std::span<float> dst) {
  ForEachBlock<kBytes, kValues>(src, dst, [](const std::byte* in, float* out) {
    const float d = LoadHalf(in);
    for (int i = 0; i < kValues; ++i) out[i] = static_cast<float>(static_cast<int8_t>(in[2 + i])) * d;
  });
}

// d = max|x| / 127; q = x / d, halves away from zero, with the float32 d, not the stored one.
void Quantize(std::span<const float> src, std::byte* dst) {
  ForEachSourceBlock<kBytes, kValues>(src, dst, [](const float* in, std::byte* out) {
    const float d = std::fabs(SignedMax(in, kValues)) / 127;
    const float inverse = InverseOrZero(d);
    StoreHalf(out, d);
    for (int i = 0; i < kValues; ++i) out[2 + i] = static_cast<std::byte>(Truncate(std::round(in[i] * inverse)));
  });
}

}  // namespace

const FormatEntry kQ8_0 = {{"q8_0", kValues, kBytes, 8, Fastest<Plain>, Quantize, nullptr}, Plain};

}  // namespace tidemark
