// F16: IEEE half precision. Rounding to it is to nearest even; beyond 65504 it becomes infinity.
#include <cstring>

#include "engine/formats/formats.h"
#include "engine/formats/half.h"

namespace tidemark {
namespace {

void Plain(const std::byte* src, std::span<float> dst) {
  for (size_t i = 0; i < dst.size(); ++i) dst[i] = LoadHalf(src + 2 * i);
}

void Quantize(std::span<const float> src, std::byte* dst) {
  for (size_t i = 0; i < src.size(); ++i) StoreHalf(dst + 2 * i, src[i]);
}

}  // namespace

const FormatEntry kF16 = {{"f16", 1, 2, 1, Fastest<Plain>, Quantize, nullptr}, Plain};

}  // namespace tidemark
