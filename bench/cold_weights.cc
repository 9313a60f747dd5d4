#include "bench/cold_weights.h"

#include <algorithm>
#include <cmath>

#include "bench/random_data.h"
#include "engine/core/error.h"

namespace tidemark {
namespace {

constexpr int64_t kMaxCopies = 8192;  // a matrix of 64 KiB

WeightView ViewOf(const MatmulShape& shape, const std::byte* data) {
  WeightView view;
  view.name = shape.role;
  view.format = shape.format;
  view.n = shape.n;
  view.k = shape.k;
  view.data = data;
  return view;
}

// A large matrix repeats a part of its rows: quantising random values costs more than measuring.
std::vector<std::byte> StoredRows(const MatmulShape& shape, uint64_t seed) {
  constexpr int64_t kDistinct = 256;
  std::vector<std::byte> stored = RandomStored(*shape.format, std::min(kDistinct, shape.n) * shape.k, seed);
  const size_t part = stored.size(), bytes = static_cast<size_t>(shape.format->Bytes(shape.n * shape.k));
  stored.reserve(bytes);
  while (stored.size() < bytes) {
    const size_t count = std::min(part, bytes - stored.size());
    stored.resize(stored.size() + count);
    std::copy_n(stored.data(), count, stored.data() + stored.size() - count);
  }
  return stored;
}

// The product in double precision, and how far a kernel may be from it: independent roundings of each term, times 8 (Higham and
// Mary, "A New Approach to Probabilistic Rounding Error Analysis", 2019). Of float32 sums; for bf16 also of both factors; for
// int8 also of x, to half a step of 1 / 127 of the largest value in a group of at most 256. Backends are tested against the same
// bound.
std::pair<double, double> ProductAndBound(const float* x, const std::vector<float>& w, Precision precision) {
  constexpr size_t kGroup = 256;
  double sum = 0, magnitude = 0, squares = 0, peak_squares = 0;
  for (size_t first = 0; first < w.size(); first += kGroup) {
    const size_t end = std::min(w.size(), first + kGroup);
    double peak = 0;
    for (size_t t = first; t < end; ++t) peak = std::max(peak, std::abs(double{x[t]}));
    for (size_t t = first; t < end; ++t) {
      const double product = double{w[t]} * x[t];
      sum += product;
      magnitude += std::abs(product);
      squares += product * product;
      peak_squares += peak * w[t] * peak * w[t];
    }
  }
  double bound = 8 * 0x1p-24 * magnitude * (std::sqrt(static_cast<double>(w.size())) + 1) + 1e-30;
  if (precision == Precision::kBf16) bound += 8 * (0x1p-7 + 0x1p-16) * std::sqrt(squares);
  if (precision == Precision::kInt8) bound += 8 * 1.001 * (0.5 / 127) * std::sqrt(peak_squares);
  return {sum, bound};
}

}  // namespace

RotatingWeights::RotatingWeights(const MatmulBackend& backend, const MatmulShape& shape, int64_t copies, uint64_t seed,
                                 ThreadPool& pool) {
  stored_.push_back(StoredRows(shape, seed));
  packed_.push_back(backend.Pack(ViewOf(shape, stored_.front().data()), pool));
  const bool repacked = packed_.front()->PackedBytes() > 0;
  stored_.reserve(static_cast<size_t>(copies));
  while (packed_.size() < static_cast<size_t>(copies)) {
    if (!repacked) stored_.push_back(stored_.front());
    packed_.push_back(backend.Pack(ViewOf(shape, stored_.back().data()), pool));
  }
}

int64_t ColdCopies(const BenchContext& context, int64_t bytes_each) {
  const int64_t wanted = std::max(context.cold_bytes, context.cpu.l3_bytes);
  return std::clamp((wanted + bytes_each - 1) / bytes_each, int64_t{2}, kMaxCopies);
}

void CheckProduct(const WeightView& w, ConstMatrix x, ConstMatrix y, Precision precision, int64_t columns_about) {
  std::vector<float> row(static_cast<size_t>(w.k));
  // An odd step meets every lane of a kernel that computes 16 columns at once.
  std::vector<int64_t> columns, rows;
  for (int64_t j = 0; j < w.n - 1; j += (w.n / columns_about) | 1) columns.push_back(j);
  columns.push_back(w.n - 1);
  for (int64_t i = 0; i < std::min<int64_t>(x.rows - 1, 3); ++i) rows.push_back(i);
  rows.push_back(x.rows - 1);
  for (const int64_t j : columns) {
    DequantizeRow(w, j, row);
    for (const int64_t i : rows) {
      const auto [sum, bound] = ProductAndBound(x.Row(i).data(), row, precision);
      const double got = y.Row(i)[static_cast<size_t>(j)];
      if (!(std::abs(got - sum) <= bound))
        throw Error(fmt::format("wrong result at row {}, column {}", i, j), fmt::format("{}", got), fmt::format("{}", sum));
    }
  }
}

}  // namespace tidemark
