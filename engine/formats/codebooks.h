// The sixteen values that a 4-bit code stands for where they are not evenly spaced.
#ifndef TIDEMARK_ENGINE_FORMATS_CODEBOOKS_H_
#define TIDEMARK_ENGINE_FORMATS_CODEBOOKS_H_

#include <bit>
#include <cstdint>

namespace tidemark {

// IQ4_NL and IQ4_XS. Source: ggml-common.h of ggml.
inline constexpr int8_t kIq4Values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

// MXFP4: twice the E2M1 value, so that all are integers; Mxfp4Scale halves the scale in return. Code 8 is plain zero.
inline constexpr int8_t kMxfp4Values[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

// 2^(e - 128), half of what the E8M0 byte e means; 0 and 1 give subnormals, 255 is not special (ggml-impl.h).
inline float Mxfp4Scale(uint8_t e) { return std::bit_cast<float>(e < 2 ? 0x00200000u << e : (e - 1u) << 23); }

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_FORMATS_CODEBOOKS_H_
