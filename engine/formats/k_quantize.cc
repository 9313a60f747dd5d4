#include "engine/formats/k_quantize.h"

#include <algorithm>
#include <cmath>

#include "engine/formats/block.h"
#include "engine/formats/half.h"
#include "engine/formats/k_scales.h"

namespace tidemark {
namespace {

// Sum of (x - scale * q + min)^2 with the best codes for these parameters.
double AffineError(const float* x, int count, int levels, AffineFit fit) {
  const float inverse = InverseOrZero(fit.scale);
  double error = 0;
  for (int i = 0; i < count; ++i) {
    const int q = RoundClamped((x[i] + fit.min) * inverse, 0, levels);
    const double off = x[i] - (static_cast<double>(fit.scale) * q - fit.min);
    error += off * off;
  }
  return error;
}

// Scale and min that minimise the squared error for the codes of one trial scale.
AffineFit Refit(const float* x, int count, int levels, float min, float inverse) {
  double n = count, sum_q = 0, sum_qq = 0, sum_x = 0, sum_qx = 0;
  for (int i = 0; i < count; ++i) {
    const int q = RoundClamped((x[i] - min) * inverse, 0, levels);
    sum_q += q;
    sum_qq += q * q;
    sum_x += x[i];
    sum_qx += static_cast<double>(q) * x[i];
  }
  const double determinant = n * sum_qq - sum_q * sum_q;
  if (determinant <= 0) return {};
  const double offset = (sum_qq * sum_x - sum_q * sum_qx) / determinant;
  // An offset above zero cannot be stored (mins are subtracted); then the best is none.
  const double scale = offset > 0 ? sum_qx / sum_qq : (n * sum_qx - sum_q * sum_x) / determinant;
  return {static_cast<float>(scale), static_cast<float>(offset > 0 ? 0 : -offset)};
}

float Mean(const float* x, int count) {
  double sum = 0;
  for (int i = 0; i < count; ++i) sum += x[i];
  return static_cast<float>(sum / count);
}

}  // namespace

AffineFit FitAffine(const float* x, int count, int levels) {
  const Range range = RangeOf(x, count);
  const float min = std::min(range.min, 0.0f), width = range.max - min;
  // An empty width: nothing finite, or all values zero or equal and negative.
  if (!(width > 0) || !std::isfinite(width)) return {0, std::isfinite(min) ? -min : 0};
  AffineFit best{width / static_cast<float>(levels), -min};
  double best_error = AffineError(x, count, levels, best);
  for (int step = -10; step <= 10; ++step) {
    const float inverse = (static_cast<float>(levels) + 0.1f * static_cast<float>(step)) / width;
    const AffineFit fit = Refit(x, count, levels, min, inverse);
    if (!(fit.scale > 0)) continue;
    const double error = AffineError(x, count, levels, fit);
    if (error < best_error) {
      best_error = error;
      best = fit;
    }
  }
  return best;
}

float FitSymmetric(const float* x, int count, int levels) {
  const float max = SignedMax(x, count);
  if (max == 0 || !std::isfinite(max)) return 0;
  float best = 0;
  double best_gain = 0;  // what the fit takes off the sum of squares: (sum qx)^2 / sum qq
  for (int step = -9; step <= 9; ++step) {
    const float inverse = -(static_cast<float>(levels) + 0.1f * static_cast<float>(step)) / max;
    double sum_qx = 0, sum_qq = 0;
    for (int i = 0; i < count; ++i) {
      const int q = RoundClamped(x[i] * inverse, -levels, levels - 1);
      sum_qx += static_cast<double>(q) * x[i];
      sum_qq += q * q;
    }
    if (sum_qq > 0 && sum_qx * sum_qx > best_gain * sum_qq) {
      best_gain = sum_qx * sum_qx / sum_qq;
      best = static_cast<float>(sum_qx / sum_qq);
    }
  }
  return best;
}

void QuantizeKBlock(const float* x, int levels, std::byte* head, uint8_t* q) {
  AffineFit fits[8];
  float max_scale = 0, max_min = 0;
  for (int sub = 0; sub < 8; ++sub) {
    fits[sub] = FitAffine(x + 32 * sub, 32, levels);
    max_scale = std::max(max_scale, fits[sub].scale);
  }
  // d and dmin are used as stored, so that the codes make up for their rounding.
  StoreHalf(head, max_scale / 63);
  const float d = LoadHalf(head);
  ScaleMin packed[8];
  for (int sub = 0; sub < 8; ++sub) {
    packed[sub].scale = RoundClamped(fits[sub].scale * InverseOrZero(d), 0, 63);
    // All weights of a sub-block whose scale is lost in rounding are -min: their mean, not their smallest.
    if (packed[sub].scale == 0 || d == 0) fits[sub].min = std::max(0.0f, -Mean(x + 32 * sub, 32));
    max_min = std::max(max_min, fits[sub].min);
  }
  StoreHalf(head + 2, max_min / 63);
  const float dmin = LoadHalf(head + 2);
  for (int sub = 0; sub < 8; ++sub) {
    packed[sub].min = RoundClamped(fits[sub].min * InverseOrZero(dmin), 0, 63);
    const float scale = d * static_cast<float>(packed[sub].scale), min = dmin * static_cast<float>(packed[sub].min);
    for (int i = 32 * sub; i < 32 * sub + 32; ++i) {
      q[i] = static_cast<uint8_t>(scale > 0 ? RoundClamped((x[i] + min) / scale, 0, levels) : 0);
    }
  }
  PackScaleMins(packed, head + 4);
}

}  // namespace tidemark
