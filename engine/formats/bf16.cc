// BF16: the upper 16 bits of a float32. Rounding to it is to nearest even.
#include <cstring>

#include "engine/formats/formats.h"
#include "engine/formats/half.h"

namespace tidemark {
namespace {

void Plain(const std::byte* src, std::span<float> dst) {
  for (size_t i = 0; i < dst.size(); ++i) dst[i] = Bf16ToFloat(LoadU16(src + 2 * i));
}

void Quantize(std::span<const float> src, std::byte* dst) {
  for (size_t i = 0; i < src.size(); ++i) {
    const uint16_t b = FloatToBf16(src[i]);
    std::memcpy(dst + 2 * i, &b, sizeof b);
  }
}

}  // namespace

const FormatEntry kBf16 = {{"bf16", 1, 2, 30, Fastest<Plain>, Quantize, nullptr}, Plain};

}  // namespace tidemark
