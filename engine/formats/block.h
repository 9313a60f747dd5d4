// Small pieces that the block formats share.
#ifndef TIDEMARK_ENGINE_FORMATS_BLOCK_H_
#define TIDEMARK_ENGINE_FORMATS_BLOCK_H_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace tidemark {

// block(src of one block, dst of one block) for every block of dst.
template <int kBlockBytes, int kBlockValues, typename Block>
inline void ForEachBlock(const std::byte* src, std::span<float> dst, Block block) {
  for (size_t done = 0; done + kBlockValues <= dst.size(); done += kBlockValues, src += kBlockBytes)
    block(src, dst.data() + done);
}

// block(src of one block, dst of one block) for every block of src.
template <int kBlockBytes, int kBlockValues, typename Block>
inline void ForEachSourceBlock(std::span<const float> src, std::byte* dst, Block block) {
  for (size_t done = 0; done + kBlockValues <= src.size(); done += kBlockValues, dst += kBlockBytes)
    block(src.data() + done, dst);
}

inline int LowNibble(std::byte b) { return static_cast<int>(b) & 15; }
inline int HighNibble(std::byte b) { return static_cast<int>(b) >> 4; }

// x towards zero; NaN and what does not fit become INT32_MIN, as x86 conversions do, so that quantising a block with
// infinities is defined and equal to the reference's builds.
inline int32_t Truncate(float x) { return x >= -2147483648.0f && x < 2147483648.0f ? static_cast<int32_t>(x) : INT32_MIN; }

// 1 / d, and 0 for d = 0: a block of zeros quantises to zeros.
inline float InverseOrZero(float d) { return d != 0 ? 1.0f / d : 0.0f; }

// The value of largest magnitude, with its sign; the first of equals.
inline float SignedMax(const float* x, int count) {
  float magnitude = 0, value = 0;
  for (int i = 0; i < count; ++i) {
    if (magnitude < std::fabs(x[i])) {
      magnitude = std::fabs(x[i]);
      value = x[i];
    }
  }
  return value;
}

struct Range {
  float min, max;
};
// Smallest and largest value; NaNs are passed over.
inline Range RangeOf(const float* x, int count) {
  Range range{3.402823466e38f, -3.402823466e38f};
  for (int i = 0; i < count; ++i) {
    if (x[i] < range.min) range.min = x[i];
    if (x[i] > range.max) range.max = x[i];
  }
  return range;
}

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_FORMATS_BLOCK_H_
