// F32: IEEE single precision, little-endian, as stored.
#include <cstring>

#include "engine/formats/formats.h"

namespace tidemark {
namespace {

void Plain(const std::byte* src, std::span<float> dst) {
  if (!dst.empty()) std::memcpy(dst.data(), src, dst.size_bytes());
}

void Quantize(std::span<const float> src, std::byte* dst) {
  if (!src.empty()) std::memcpy(dst, src.data(), src.size_bytes());
}

}  // namespace

const FormatEntry kF32 = {{"f32", 1, 4, 0, Plain, Quantize, nullptr}, Plain};

}  // namespace tidemark
