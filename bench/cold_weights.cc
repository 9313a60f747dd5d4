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

void CheckProduct(const WeightView& w, ConstMatrix x, ConstMatrix y, Precision precision) {
  const double unit = precision == Precision::kExact ? 0x1p-22 : precision == Precision::kBf16 ? 0x1p-7 : 0x1p-5;
  std::vector<float> row(static_cast<size_t>(w.k));
  for (int64_t j = 0; j < w.n; j += std::max<int64_t>(1, w.n / 16)) {
    DequantizeRow(w, j, row);
    for (int64_t i = 0; i < std::min<int64_t>(x.rows, 4); ++i) {
      double sum = 0, magnitude = 0;
      for (int64_t t = 0; t < w.k; ++t) {
        const double product = double{row[static_cast<size_t>(t)]} * x.Row(i)[static_cast<size_t>(t)];
        sum += product;
        magnitude += std::abs(product);
      }
      const double got = y.Row(i)[static_cast<size_t>(j)];
      if (!(std::abs(got - sum) <= unit * magnitude + 1e-30))
        throw Error(fmt::format("wrong result at row {}, column {}", i, j), fmt::format("{}", got), fmt::format("{}", sum));
    }
  }
}

}  // namespace tidemark
