// The twelve bytes in which Q4_K and Q5_K keep eight scales and eight mins of 6 bits each.
//
// j < 4: scale j = low 6 bits of byte j, min j = low 6 bits of byte j + 4. j >= 4: the low 4 bits of scale and min are the
// nibbles of byte j + 4, the high 2 bits are the top bits of byte j - 4 (scale) and of byte j (min). Source: ggml-quants.c.
#ifndef TIDEMARK_ENGINE_FORMATS_K_SCALES_H_
#define TIDEMARK_ENGINE_FORMATS_K_SCALES_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "engine/formats/block.h"

namespace tidemark {

struct ScaleMin {
  int scale, min;  // 0-63
};

inline ScaleMin UnpackScaleMin(const std::byte* packed, int j) {
  const auto byte = [packed](int i) { return static_cast<int>(packed[i]); };
  if (j < 4) return {byte(j) & 63, byte(j + 4) & 63};
  return {LowNibble(packed[j + 4]) | byte(j - 4) >> 6 << 4, HighNibble(packed[j + 4]) | byte(j) >> 6 << 4};
}

// All eight at once, number j in byte j.
struct ScaleMinBytes {
  uint64_t scales, mins;
};

inline ScaleMinBytes SplitScaleMins(const std::byte* packed) {
  uint32_t s[3];
  std::memcpy(s, packed, sizeof s);
  return {(s[0] & 0x3f3f3f3fu) | uint64_t{(s[2] & 0x0f0f0f0fu) | (s[0] >> 2 & 0x30303030u)} << 32,
          (s[1] & 0x3f3f3f3fu) | uint64_t{(s[2] >> 4 & 0x0f0f0f0fu) | (s[1] >> 2 & 0x30303030u)} << 32};
}

// The inverse of UnpackScaleMin, for all eight. Values are 0-63.
inline void PackScaleMins(const ScaleMin* values, std::byte* packed) {
  for (int j = 0; j < 4; ++j) {
    const ScaleMin &low = values[j], &high = values[j + 4];
    packed[j] = static_cast<std::byte>(low.scale | high.scale >> 4 << 6);
    packed[j + 4] = static_cast<std::byte>(low.min | high.min >> 4 << 6);
    packed[j + 8] = static_cast<std::byte>((high.scale & 15) | (high.min & 15) << 4);
  }
}

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_FORMATS_K_SCALES_H_
