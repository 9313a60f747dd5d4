// Q5_0: 32 weights in 22 bytes: d (half), qh (32 bits), 16 bytes of nibbles; w = (q - 16) * d.
// Q5_1: 32 weights in 24 bytes: d, m (halves), qh, nibbles; w = q * d + m.
// Nibbles as in Q4_0; bit i of qh is bit 4 of weight i. Source: ggml-quants.c of ggml.
#include <algorithm>
#include <cstring>

#include "engine/formats/block.h"
#include "engine/formats/formats.h"
#include "engine/formats/half.h"

namespace tidemark {
namespace {

constexpr int kValues = 32, kBytes0 = 22, kBytes1 = 24;

uint32_t LoadU32(const std::byte* p) {
  uint32_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

// Weight i of 32 from its nibble and its bit of qh.
int Quant(const std::byte* nibbles, uint32_t qh, int i) {
  const int nibble = i < 16 ? LowNibble(nibbles[i]) : HighNibble(nibbles[i - 16]);
  return nibble | static_cast<int>(qh >> i & 1) << 4;
}

void Plain0(const std::byte* src, std::span<float> dst) {
  ForEachBlock<kBytes0, kValues>(src, dst, [](const std::byte* in, float* out) {
    const float d = LoadHalf(in);
    const uint32_t qh = LoadU32(in + 2);
    for (int i = 0; i < kValues; ++i) out[i] = static_cast<float>(Quant(in + 6, qh, i) - 16) * d;
  });
}

void Plain1(const std::byte* src, std::span<float> dst) {
  ForEachBlock<kBytes1, kValues>(src, dst, [](const std::byte* in, float* out) {
    const float d = LoadHalf(in), m = LoadHalf(in + 2);
    const uint32_t qh = LoadU32(in + 4);
    for (int i = 0; i < kValues; ++i) out[i] = static_cast<float>(Quant(in + 8, qh, i)) * d + m;
  });
}

// Writes qh and the nibbles of 32 five-bit values.
void Pack(const uint8_t* q, std::byte* out) {
  uint32_t qh = 0;
  for (int i = 0; i < kValues; ++i) qh |= static_cast<uint32_t>(q[i] >> 4 & 1) << i;
  std::memcpy(out, &qh, sizeof qh);
  for (int j = 0; j < 16; ++j) out[4 + j] = static_cast<std::byte>((q[j] & 15) | (q[j + 16] & 15) << 4);
}

void Quantize0(std::span<const float> src, std::byte* dst) {
  ForEachSourceBlock<kBytes0, kValues>(src, dst, [](const float* in, std::byte* out) {
    const float d = SignedMax(in, kValues) / -16;
    const float inverse = InverseOrZero(d);
    uint8_t q[kValues];
    for (int i = 0; i < kValues; ++i) q[i] = std::min<uint8_t>(31, static_cast<uint8_t>(Truncate(in[i] * inverse + 16.5f)));
    StoreHalf(out, d);
    Pack(q, out + 2);
  });
}

void Quantize1(std::span<const float> src, std::byte* dst) {
  ForEachSourceBlock<kBytes1, kValues>(src, dst, [](const float* in, std::byte* out) {
    const auto [min, max] = RangeOf(in, kValues);
    const float d = (max - min) / 31;
    const float inverse = InverseOrZero(d);
    uint8_t q[kValues];
    for (int i = 0; i < kValues; ++i) q[i] = static_cast<uint8_t>(Truncate((in[i] - min) * inverse + 0.5f));
    StoreHalf(out, d);
    StoreHalf(out + 2, min);
    Pack(q, out + 4);
  });
}

}  // namespace

const FormatEntry kQ5_0 = {{"q5_0", kValues, kBytes0, 6, Fastest<Plain0>, Quantize0, nullptr}, Plain0};
const FormatEntry kQ5_1 = {{"q5_1", kValues, kBytes1, 7, Fastest<Plain1>, Quantize1, nullptr}, Plain1};

}  // namespace tidemark
