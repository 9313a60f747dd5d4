// What tests of matmul backends share: random weights of any format, the exact product, and how far a backend may be from it.
#ifndef TIDEMARK_TESTS_BACKENDS_PRODUCTS_H_
#define TIDEMARK_TESTS_BACKENDS_PRODUCTS_H_

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/matmul.h"
#include "engine/core/thread_pool.h"

namespace tidemark::test {

// Stored weights that own their bytes. Moving keeps the view valid, copying would not.
struct StoredWeights {
  StoredWeights() = default;
  StoredWeights(StoredWeights&&) = default;
  StoredWeights& operator=(StoredWeights&&) = default;
  WeightView view;
  std::vector<std::byte> data, scales, biases;
};

namespace internal {

inline bool Tame(std::span<const float> values, float limit) {
  return std::all_of(values.begin(), values.end(), [limit](float v) { return std::isfinite(v) && std::abs(v) <= limit; });
}

inline void FillRandomBytes(std::byte* bytes, int64_t count, std::mt19937& random) {
  for (int64_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(random() & 0xFF);
}

// Quantised normal numbers of standard deviation `sigma`.
inline std::vector<std::byte> QuantizedNormals(const Format& format, int64_t count, float mean, float sigma,
                                               std::mt19937& random) {
  std::normal_distribution<float> normal(mean, sigma);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& v : values) v = normal(random);
  std::vector<std::byte> bytes(static_cast<size_t>(format.Bytes(count)));
  format.quantize(values, bytes.data());
  return bytes;
}

inline std::vector<std::byte> RandomBlocks(const Format& format, int64_t count, std::mt19937& random) {
  std::vector<std::byte> bytes(static_cast<size_t>(format.Bytes(count)));
  std::vector<float> values(static_cast<size_t>(format.block_values));
  for (size_t block = 0; block < bytes.size(); block += static_cast<size_t>(format.block_bytes)) {
    do {
      FillRandomBytes(bytes.data() + block, format.block_bytes, random);
      format.dequantize(bytes.data() + block, values);
    } while (!Tame(values, 100));
  }
  return bytes;
}

}  // namespace internal

// Random weights [n, k] whose values are finite and at most 100 in magnitude: quantised normal numbers, or, for a read-only
// format, random bytes, block by block until they decode to such values. scale_format: of a split format.
inline StoredWeights RandomWeights(const Format& format, const Format* scale_format, int64_t n, int64_t k, std::mt19937& random) {
  StoredWeights w;
  w.view = {.name = fmt::format("{} [{}, {}]", format.name, n, k), .format = &format, .n = n, .k = k};
  if (format.dequantize == nullptr) {
    w.data.resize(static_cast<size_t>(format.Bytes(n * k)));
    internal::FillRandomBytes(w.data.data(), static_cast<int64_t>(w.data.size()), random);
    w.scales = internal::QuantizedNormals(*scale_format, n * k / format.block_values, 0.02f, 0.004f, random);
    w.biases = internal::QuantizedNormals(*scale_format, n * k / format.block_values, -0.15f, 0.05f, random);
    w.view.scale_format = scale_format;
    w.view.scales = w.scales.data();
    w.view.biases = w.biases.data();
  } else if (format.quantize != nullptr) {
    w.data = internal::QuantizedNormals(format, n * k, 0, 0.5f, random);
  } else {
    w.data = internal::RandomBlocks(format, n * k, random);
  }
  w.view.data = w.data.data();
  return w;
}

// Blocks of `bytes` that decode to something not finite or above `limit` become all zero bytes. Block formats only.
inline void ClearWildBlocks(const Format& format, std::vector<std::byte>& bytes, float limit) {
  std::vector<float> values(static_cast<size_t>(format.block_values));
  for (size_t block = 0; block < bytes.size(); block += static_cast<size_t>(format.block_bytes)) {
    format.dequantize(bytes.data() + block, values);
    if (!internal::Tame(values, limit))
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(block), format.block_bytes, std::byte{0});
  }
}

// Normal numbers, [m, stride].
inline std::vector<float> RandomRows(int64_t m, int64_t stride, std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::vector<float> x(static_cast<size_t>(m * stride));
  for (float& v : x) v = normal(random);
  return x;
}

// The same rows again and again until there are n: a matrix of full height at the cost of few distinct rows. A number of distinct
// rows that is coprime to the rows of panels leaves no two panels alike.
inline StoredWeights RepeatRows(const StoredWeights& w, int64_t n) {
  StoredWeights tall;
  const auto repeat = [&](const std::vector<std::byte>& rows, std::vector<std::byte>& to) {
    const size_t row_bytes = rows.size() / static_cast<size_t>(w.view.n);
    to.reserve(row_bytes * static_cast<size_t>(n));
    for (int64_t j = 0; j < n; ++j) {
      const auto row = rows.begin() + static_cast<std::ptrdiff_t>(row_bytes) * (j % w.view.n);
      to.insert(to.end(), row, row + static_cast<std::ptrdiff_t>(row_bytes));
    }
  };
  repeat(w.data, tall.data);
  repeat(w.scales, tall.scales);
  repeat(w.biases, tall.biases);
  tall.view = w.view;
  tall.view.name = fmt::format("{} [{}, {}]", w.view.format->name, n, w.view.k);
  tall.view.n = n;
  tall.view.data = tall.data.data();
  if (w.view.scales != nullptr) tall.view.scales = tall.scales.data();
  if (w.view.biases != nullptr) tall.view.biases = tall.biases.data();
  return tall;
}

// One element of the product in double precision, with what its error depends on.
struct Element {
  double value = 0;     // sum of x[p] * w[p]
  double sum_abs = 0;   // sum of |x[p] * w[p]|
  double norm = 0;      // sqrt(sum of (x[p] * w[p])^2)
  double peak_abs = 0;  // sum of |w[p]| * largest |x| among the 256 values around p, which sets the step of int8 rounding
  double peak_norm = 0;
};
inline Element ExactElement(const float* x, const float* w, int64_t k) {
  // Four sums, so that the order differs from the naive backend's and compilers can overlap them.
  double value[4] = {}, sum_abs[4] = {}, squares[4] = {};
  const auto add = [&](int64_t p, int lane) {
    const double product = static_cast<double>(x[p]) * static_cast<double>(w[p]);
    value[lane] += product;
    sum_abs[lane] += std::abs(product);
    squares[lane] += product * product;
  };
  int64_t p = 0;
  for (; p + 4 <= k; p += 4) {
    for (int lane = 0; lane < 4; ++lane) add(p + lane, lane);
  }
  for (; p < k; ++p) add(p, 0);
  const auto total = [](const double* s) { return (s[0] + s[1]) + (s[2] + s[3]); };
  return {total(value), total(sum_abs), std::sqrt(total(squares)), 0, 0};
}
inline void AddPeaks(const float* x, const float* w, int64_t k, Element& e) {
  double squares = 0;
  for (int64_t first = 0; first < k; first += 256) {
    const int64_t end = std::min(k, first + 256);
    double peak = 0;
    for (int64_t p = first; p < end; ++p) peak = std::max(peak, std::abs(static_cast<double>(x[p])));
    for (int64_t p = first; p < end; ++p) {
      const double product = peak * static_cast<double>(w[p]);
      e.peak_abs += std::abs(product);
      squares += product * product;
    }
  }
  e.peak_norm = std::sqrt(squares);
}

// How far a float32 result may be from e.value. Two bounds, the smaller counts:
// - worst case: k float32 roundings of at most sum_abs each, for bf16 one rounding of either factor (2^-8 each), and for int8 one
//   rounding of x to at most half a step, a step being 1 / 127 of the largest value of a group of at most 256;
// - independent roundings: sqrt(k) instead of k, the norm instead of the sum, times 8 (N. Higham, T. Mary, A New Approach to
//   Probabilistic Rounding Error Analysis, SIAM J. Sci. Comput. 41, 2019: fails with probability below exp(-32)).
inline double ErrorBound(const Element& e, int64_t k, Precision precision) {
  constexpr double kUnitF32 = 0x1p-24, kUnitBf16 = 0x1p-8, kHalfStep = 0.5 / 127, kConfidence = 8;
  const double terms = static_cast<double>(k);
  double bound = kUnitF32 * e.sum_abs * std::min(terms + 1, kConfidence * (std::sqrt(terms) + 1));
  if (precision == Precision::kBf16) {
    constexpr double kTwoRoundings = 2 * kUnitBf16 + kUnitBf16 * kUnitBf16;
    bound += kTwoRoundings * std::min(e.sum_abs, kConfidence * e.norm);
  }
  // A thousandth more for the float32 arithmetic of scales and for weights that are products of scales, unrounded.
  if (precision == Precision::kInt8) bound += 1.001 * kHalfStep * std::min(e.peak_abs, kConfidence * e.peak_norm);
  // Instructions for bfloat16 treat subnormal factors as zero.
  return bound + terms * 0x1p-120;
}

// All elements of x times the dequantised weights, those of weight row j from j * x.rows on. peaks: with peak_abs and peak_norm,
// which the bound for int8 wants.
inline std::vector<Element> ExactProduct(const WeightView& w, ConstMatrix x, bool peaks, ThreadPool& pool) {
  std::vector<Element> elements(static_cast<size_t>(w.n * x.rows));
  pool.RunRanges(w.n, 4, [&](int64_t begin, int64_t end, int) {
    std::vector<float> row(static_cast<size_t>(w.k));
    for (int64_t j = begin; j < end; ++j) {
      DequantizeRow(w, j, row);
      for (int64_t i = 0; i < x.rows; ++i) {
        Element& element = elements[static_cast<size_t>(j * x.rows + i)];
        element = ExactElement(x.data + i * x.stride, row.data(), w.k);
        if (peaks) AddPeaks(x.data + i * x.stride, row.data(), w.k, element);
      }
    }
  });
  return elements;
}

// Compares y with the product of ExactProduct, which may be of the first rows of w alone if w repeats them. Empty: within bounds;
// otherwise the worst element.
inline std::string WorstElement(const WeightView& w, std::span<const Element> exact, ConstMatrix y, Precision precision) {
  const int64_t distinct = static_cast<int64_t>(exact.size()) / y.rows;
  double worst = 0;
  std::string message;
  for (int64_t j = 0; j < w.n; ++j) {
    for (int64_t i = 0; i < y.rows; ++i) {
      const Element& element = exact[static_cast<size_t>(j % distinct * y.rows + i)];
      const double bound = ErrorBound(element, w.k, precision);
      const double found = static_cast<double>(y.data[i * y.stride + j]);
      const double share = std::abs(found - element.value) / bound;
      if (share <= 1 || share < worst) continue;  // a NaN is neither
      worst = std::isnan(share) ? HUGE_VAL : share;
      message = fmt::format("{}, m {}: y[{}, {}] = {:.9g}, exact {:.9g}, off by {:.3g}, allowed {:.3g}", w.name, y.rows, i, j,
                            found, element.value, found - element.value, bound);
    }
  }
  return message;
}

inline std::string WorstElement(const WeightView& w, ConstMatrix x, ConstMatrix y, Precision precision) {
  ThreadPool alone(1);
  return WorstElement(w, ExactProduct(w, x, precision == Precision::kInt8, alone), y, precision);
}

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_BACKENDS_PRODUCTS_H_
