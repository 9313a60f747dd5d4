// Least-squares fits behind the quantisers of Q4_K, Q5_K and Q6_K.
//
// Rounding x / scale to integers and fitting the scale to those integers are each easy; together they are not, so a handful
// of trial scales around the obvious one is rounded, refitted in closed form, and the best kept (the approach of ggml's
// make_qkx2_quants and make_qx_quants). Errors are plain sums of squares: no weighting by magnitude or importance.
#ifndef TIDEMARK_ENGINE_FORMATS_K_QUANTIZE_H_
#define TIDEMARK_ENGINE_FORMATS_K_QUANTIZE_H_

#include <cstddef>
#include <cstdint>

namespace tidemark {

// Nearest integer to x within [low, high], ties to even; NaN gives low. |low|, |high| < 2^22.
inline int RoundClamped(float x, int low, int high) {
  const auto lo = static_cast<float>(low), hi = static_cast<float>(high);
  const float inside = x > lo ? (x < hi ? x : hi) : lo;
  constexpr float kShift = 12582912.0f;  // 1.5 * 2^23: its last mantissa bit is worth 1, so the addition rounds
  return static_cast<int>((inside + kShift) - kShift);
}

// x ~ scale * q - min with q in [0, levels], scale >= 0, min >= 0.
struct AffineFit {
  float scale = 0, min = 0;
};
AffineFit FitAffine(const float* x, int count, int levels);

// x ~ scale * q with q in [-levels, levels - 1]; the scale has either sign. 0: all x are zero.
float FitSymmetric(const float* x, int count, int levels);

// The head common to Q4_K and Q5_K, and the codes: writes d, dmin and the twelve bytes of scales (16 bytes) to `head` and the
// codes, 0 to levels, of 256 values to q.
void QuantizeKBlock(const float* x, int levels, std::byte* head, uint8_t* q);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_FORMATS_K_QUANTIZE_H_
