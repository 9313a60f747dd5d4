// Q4_0: 32 weights in 18 bytes: d (half), 16 bytes of nibbles; w = (q - 8) * d.
// Q4_1: 32 weights in 20 bytes: d, m (halves), 16 bytes of nibbles; w = q * d + m.
// In both, the low nibble of byte j is weight j and the high nibble weight j + 16. Source: ggml-quants.c of ggml.
#include <algorithm>

#include "engine/formats/block.h"
#include "engine/formats/formats.h"
#include "engine/formats/half.h"

namespace tidemark {
namespace {

constexpr int kValues = 32, kBytes0 = 18, kBytes1 = 20;

void Plain0(const std::byte* src, std::span<float> dst) {
  ForEachBlock<kBytes0, kValues>(src, dst, [](const std::byte* in, float* out) {
    const float d = LoadHalf(in);
    for (int j = 0; j < 16; ++j) {
      out[j] = static_cast<float>(LowNibble(in[2 + j]) - 8) * d;
      out[j + 16] = static_cast<float>(HighNibble(in[2 + j]) - 8) * d;
    }
  });
}

void Plain1(const std::byte* src, std::span<float> dst) {
  ForEachBlock<kBytes1, kValues>(src, dst, [](const std::byte* in, float* out) {
    const float d = LoadHalf(in), m = LoadHalf(in + 2);
    for (int j = 0; j < 16; ++j) {
      out[j] = static_cast<float>(LowNibble(in[4 + j])) * d + m;
      out[j + 16] = static_cast<float>(HighNibble(in[4 + j])) * d + m;
    }
  });
}

// The 4 bits of x + offset, where x is already in units of d.
uint8_t Nibble(float x, float offset) { return std::min<uint8_t>(15, static_cast<uint8_t>(Truncate(x + offset))); }

// The value of largest magnitude becomes exactly -8 * d, so d carries the opposite sign.
void Quantize0(std::span<const float> src, std::byte* dst) {
  ForEachSourceBlock<kBytes0, kValues>(src, dst, [](const float* in, std::byte* out) {
    const float d = SignedMax(in, kValues) / -8;
    const float inverse = InverseOrZero(d);
    StoreHalf(out, d);
    for (int j = 0; j < 16; ++j) {
      const int low = Nibble(in[j] * inverse, 8.5f), high = Nibble(in[j + 16] * inverse, 8.5f);
      out[2 + j] = static_cast<std::byte>(low | high << 4);
    }
  });
}

void Quantize1(std::span<const float> src, std::byte* dst) {
  ForEachSourceBlock<kBytes1, kValues>(src, dst, [](const float* in, std::byte* out) {
    const auto [min, max] = RangeOf(in, kValues);
    const float d = (max - min) / 15;
    const float inverse = InverseOrZero(d);
    StoreHalf(out, d);
    StoreHalf(out + 2, min);
    for (int j = 0; j < 16; ++j) {
      const int low = Nibble((in[j] - min) * inverse, 0.5f), high = Nibble((in[j + 16] - min) * inverse, 0.5f);
      out[4 + j] = static_cast<std::byte>(low | high << 4);
    }
  });
}

}  // namespace

const FormatEntry kQ4_0 = {{"q4_0", kValues, kBytes0, 2, Fastest<Plain0>, Quantize0, nullptr}, Plain0};
const FormatEntry kQ4_1 = {{"q4_1", kValues, kBytes1, 3, Fastest<Plain1>, Quantize1, nullptr}, Plain1};

}  // namespace tidemark
