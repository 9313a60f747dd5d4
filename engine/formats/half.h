// The two 16-bit floats: IEEE half (f16) and bfloat16, to and from float32.
//
// Rounding is to nearest, ties to even. A NaN stays a NaN: its sign and upper payload bits are kept and the quiet bit is set,
// which is what the F16C instructions do, so the scalar and the vector versions agree in every bit.
#ifndef TIDEMARK_ENGINE_FORMATS_HALF_H_
#define TIDEMARK_ENGINE_FORMATS_HALF_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace tidemark {

// Exact: every half is a float32.
inline float HalfToFloat(uint16_t h) {
  const uint32_t sign = uint32_t{h & 0x8000u} << 16;
  const uint32_t exponent = h >> 10 & 0x1f;
  const uint32_t mantissa = h & 0x3ff;
  if (exponent == 0) {  // zero and subnormals: mantissa * 2^-24
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
  }
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | mantissa << 13 | (mantissa != 0 ? 0x00400000u : 0));
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}

// |x| >= 65520 gives infinity, |x| <= 2^-25 zero of the same sign.
inline uint16_t FloatToHalf(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const uint16_t sign = static_cast<uint16_t>(bits >> 16 & 0x8000u);
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7e00u | (magnitude >> 13 & 0x3ffu));
  if (magnitude >= 0x477ff000u) return sign | 0x7c00u;  // 65520 and above
  if (magnitude < 0x38800000u) {                        // below 2^-14: a subnormal half, in units of 2^-24
    // Adding 0.5 puts that unit at the last bit of the float32 mantissa, so the addition itself rounds to nearest even.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3f000000u));
  }
  const uint32_t rounded = magnitude + 0xfffu + (magnitude >> 13 & 1);
  return static_cast<uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
}

// Exact but for signalling NaNs, which this does not touch.
inline float Bf16ToFloat(uint16_t b) { return std::bit_cast<float>(uint32_t{b} << 16); }

inline uint16_t FloatToBf16(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>(bits >> 16 | 0x40u);
  return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

// Little-endian values at any alignment, as blocks hold them.
inline uint16_t LoadU16(const std::byte* p) {
  uint16_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline float LoadHalf(const std::byte* p) { return HalfToFloat(LoadU16(p)); }
inline void StoreHalf(std::byte* p, float x) {
  const uint16_t h = FloatToHalf(x);
  std::memcpy(p, &h, sizeof h);
}

// Bulk versions, the fastest this machine has: dst[i] = convert(src[i]), the same bits as the scalar functions.
// src and dst have equal sizes and do not overlap.
void HalfToFloat(std::span<const uint16_t> src, std::span<float> dst);
void FloatToHalf(std::span<const float> src, std::span<uint16_t> dst);
void Bf16ToFloat(std::span<const uint16_t> src, std::span<float> dst);
void FloatToBf16(std::span<const float> src, std::span<uint16_t> dst);

// Every implementation of the bulk versions that this machine can run, the scalar one first: for tests.
struct HalfKernels {
  std::string_view isa;  // "scalar", "avx2", "avx512"
  void (*half_to_float)(const uint16_t* src, float* dst, size_t count);
  void (*float_to_half)(const float* src, uint16_t* dst, size_t count);
  void (*bf16_to_float)(const uint16_t* src, float* dst, size_t count);
  void (*float_to_bf16)(const float* src, uint16_t* dst, size_t count);
};
std::span<const HalfKernels> AvailableHalfKernels();

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_FORMATS_HALF_H_
