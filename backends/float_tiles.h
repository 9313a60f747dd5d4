// Prefill of the float kernels: FloatKernels::multiply over tiles of x and groups of w (float_kernels.h). Included inside a
// marked region and an anonymous namespace, so that each instruction set compiles its own; before it the file defines
//   kTileRows           rows of a tile of x
//   struct TileVectors  Sum, Vector: registers of sums and of stored values; Zero(); Load(p); Fma(w, x, sum)
//     kBytes, kValues   of a Vector, in memory: 32 or 64 bytes; values of k
//     kStepsAtATime     vectors of k that pass before the next tile: 32 KiB of weights, which stay in the first-level cache
//     kTilesAtATime     tiles of x whose sums wait in memory
//     kPrefetch         whether x, which comes from the second level, is asked for early
// A tile is kTileRows x kGroupRows sums in registers, each the product of one row of x and one of w; lanes are added at the end
// alone, because adding them earlier would change the order.
#ifndef TIDEMARK_BACKENDS_FLOAT_TILES_H_
#define TIDEMARK_BACKENDS_FLOAT_TILES_H_

// Adds to sums[i * kGroupRows + j] the products of some vectors of k of kX rows of a tile of x and of a group of w.
template <int kX>
void Tile(const std::byte* w, const std::byte* x, int64_t steps, TileVectors::Sum* sums) {
  constexpr int64_t kBytes = TileVectors::kBytes;
  TileVectors::Sum s[kX][kGroupRows];
  for (int i = 0; i < kX; ++i) {
    for (int j = 0; j < kGroupRows; ++j) s[i][j] = sums[i * kGroupRows + j];
  }
  for (int64_t step = 0; step < steps; ++step, x += kBytes * kTileRows, w += kBytes * kGroupRows) {
    TileVectors::Vector row[kX];
    for (int i = 0; i < kX; ++i) {
      row[i] = TileVectors::Load(x + kBytes * i);
      if constexpr (TileVectors::kPrefetch) {
        _mm_prefetch(reinterpret_cast<const char*>(x + kBytes * (i + 24 * kTileRows)), _MM_HINT_T0);
      }
    }
    for (int j = 0; j < kGroupRows; ++j) {
      const TileVectors::Vector v = TileVectors::Load(w + kBytes * j);
      for (int i = 0; i < kX; ++i) s[i][j] = TileVectors::Fma(v, row[i], s[i][j]);
    }
  }
  for (int i = 0; i < kX; ++i) {
    for (int j = 0; j < kGroupRows; ++j) sums[i * kGroupRows + j] = s[i][j];
  }
}

using TileFunction = void (*)(const std::byte*, const std::byte*, int64_t, TileVectors::Sum*);
template <size_t... kHeights>
TileFunction TileOfHeight(int64_t height, std::index_sequence<kHeights...>) {
  static constexpr TileFunction kTiles[] = {Tile<static_cast<int>(kHeights) + 1>...};
  return kTiles[height - 1];
}

inline void Multiply(const std::byte* group, int64_t rows, int64_t k, const std::byte* x_tiles, int64_t m, float* y,
                     int64_t y_stride) {
  constexpr int64_t kBytes = TileVectors::kBytes, kMaxRows = TileVectors::kTilesAtATime * kTileRows;
  constexpr int64_t kSteps = TileVectors::kStepsAtATime;
  TileVectors::Sum sums[kMaxRows * kGroupRows];
  const int64_t steps = PaddedK(k) / TileVectors::kValues;
  for (int64_t i0 = 0; i0 < m; i0 += kMaxRows) {
    const int64_t count = std::min(kMaxRows, m - i0);
    for (int64_t i = 0; i < count * kGroupRows; ++i) sums[i] = TileVectors::Zero();
    for (int64_t step = 0; step < steps; step += kSteps) {
      for (int64_t i = 0; i < count; i += kTileRows) {
        const std::byte* tile = x_tiles + kBytes * ((i0 + i) * steps + step * kTileRows);
        const TileFunction run = TileOfHeight(std::min<int64_t>(kTileRows, count - i), std::make_index_sequence<kTileRows>());
        run(group + kBytes * step * kGroupRows, tile, std::min(kSteps, steps - step), sums + i * kGroupRows);
      }
    }
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t j = 0; j < rows; ++j) y[(i0 + i) * y_stride + j] = SumLanes(sums[i * kGroupRows + j]);
    }
  }
}

#endif  // TIDEMARK_BACKENDS_FLOAT_TILES_H_
