#include "engine/ops/attention.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/core/error.h"
#include "engine/ops/attention_kernels.h"

namespace tidemark {
namespace {

constexpr int64_t kBlock = 64;               // positions whose keys or values are unpacked at a time: 16 KiB at d = 64
constexpr int64_t kTileRows = 8;             // most query rows that share an unpacked block
constexpr int64_t kTileScores = 256 * 1024;  // scores a tile may hold at once, unless a single row needs more

// Query rows [first_row, first_row + rows) of a step, for all query heads of one kv head.
struct Tile {
  const AttentionStep* step;
  int64_t first_row;  // within the step
  int64_t rows;
  int64_t kv_head;

  int64_t Positions() const { return step->first_position + first_row + rows; }  // seen by the last row
};

int64_t TileRows(const AttentionStep& step, int64_t group) {
  return std::clamp<int64_t>(kTileScores / (group * (step.first_position + step.rows)), 1, std::min(kTileRows, step.rows));
}

std::vector<Tile> MakeTiles(std::span<const AttentionStep> steps, const AttentionShape& shape) {
  std::vector<Tile> tiles;
  for (const AttentionStep& step : steps) {
    const int64_t tile_rows = TileRows(step, shape.heads / shape.kv_heads);
    // Last rows first: they see most positions, and long tasks at the end would leave threads idle.
    for (int64_t end = step.rows; end > 0; end -= tile_rows) {
      const int64_t first = std::max<int64_t>(0, end - tile_rows);
      for (int64_t g = 0; g < shape.kv_heads; ++g) tiles.push_back({&step, first, end - first, g});
    }
  }
  return tiles;
}

// Keys or values of positions [first, first + count) of one kv head into block[count, d].
void Unpack(const std::byte* stored, const AttentionShape& shape, int64_t kv_head, int64_t first, int64_t count, float* block) {
  const int64_t d = shape.head_dim;
  const int64_t head_bytes = shape.kv_format->Bytes(d), row_bytes = head_bytes * shape.kv_heads;
  for (int64_t j = 0; j < count; ++j) {
    const std::byte* src = stored + (first + j) * row_bytes + kv_head * head_bytes;
    shape.kv_format->dequantize(src, {block + j * d, static_cast<size_t>(d)});
  }
}

// scratch: scores [rows * group, positions], then one block [kBlock, d].
void RunTile(const AttentionKernels& kernels, const Tile& tile, ConstMatrix q, const AttentionShape& shape, Matrix out,
             float* scratch) {
  const int64_t d = shape.head_dim, group = shape.heads / shape.kv_heads, positions = tile.Positions();
  float* block = scratch + tile.rows * group * positions;
  const float scale = 1.0f / std::sqrt(static_cast<float>(d));
  const auto seen = [&](int64_t r) { return tile.step->first_position + tile.first_row + r + 1; };
  const auto offset = [&](int64_t h) { return (tile.kv_head * group + h) * d; };
  const auto row = [&](int64_t r) { return tile.step->first_row + tile.first_row + r; };

  for (int64_t first = 0; first < positions; first += kBlock) {
    Unpack(tile.step->keys, shape, tile.kv_head, first, std::min(kBlock, positions - first), block);
    for (int64_t r = 0; r < tile.rows; ++r) {
      const int64_t count = std::min(kBlock, seen(r) - first);
      for (int64_t h = 0; h < group; ++h) {
        const float* query = q.Row(row(r)).data() + offset(h);
        float* scores = scratch + (r * group + h) * positions + first;
        if (count > 0) kernels.score(query, block, count, d, scale, scores);
      }
    }
  }

  std::vector<float> sums(static_cast<size_t>(tile.rows * group));
  for (int64_t r = 0; r < tile.rows; ++r) {
    for (int64_t h = 0; h < group; ++h) {
      sums[static_cast<size_t>(r * group + h)] = kernels.softmax(scratch + (r * group + h) * positions, seen(r));
      std::fill_n(out.Row(row(r)).data() + offset(h), d, 0.0f);
    }
  }

  for (int64_t first = 0; first < positions; first += kBlock) {
    Unpack(tile.step->values, shape, tile.kv_head, first, std::min(kBlock, positions - first), block);
    for (int64_t r = 0; r < tile.rows; ++r) {
      const int64_t count = std::min(kBlock, seen(r) - first);
      for (int64_t h = 0; h < group; ++h) {
        if (count <= 0) continue;
        kernels.add_weighted(scratch + (r * group + h) * positions + first, block, count, d, out.Row(row(r)).data() + offset(h));
      }
    }
  }
  for (int64_t r = 0; r < tile.rows; ++r) {
    for (int64_t h = 0; h < group; ++h) {
      float* head = out.Row(row(r)).data() + offset(h);
      for (int64_t i = 0; i < d; ++i) head[i] /= sums[static_cast<size_t>(r * group + h)];
    }
  }
}

int64_t ScratchPerThread(std::span<const AttentionStep> steps, const AttentionShape& shape) {
  const int64_t group = shape.heads / shape.kv_heads;
  int64_t scores = 0;
  for (const AttentionStep& step : steps) {
    scores = std::max(scores, TileRows(step, group) * group * (step.first_position + step.rows));
  }
  return scores + kBlock * shape.head_dim;
}

}  // namespace

void StoreKv(ConstMatrix rows, const AttentionShape& shape, int64_t first_position, std::byte* dst) {
  TM_CHECK(rows.cols == shape.kv_heads * shape.head_dim, "rows [{}, {}]", rows.rows, rows.cols);
  const int64_t row_bytes = shape.kv_format->Bytes(rows.cols);
  for (int64_t r = 0; r < rows.rows; ++r) shape.kv_format->quantize(rows.Row(r), dst + (first_position + r) * row_bytes);
}

int64_t AttentionScratch(std::span<const AttentionStep> steps, const AttentionShape& shape, int threads) {
  return threads * ScratchPerThread(steps, shape);
}

void Attention(ConstMatrix q, std::span<const AttentionStep> steps, const AttentionShape& shape, Matrix out, float* scratch,
               ThreadPool& pool, const AttentionKernels* kernels) {
  TM_CHECK(q.cols == shape.heads * shape.head_dim && out.cols == q.cols && out.rows == q.rows, "q [{}, {}], out [{}, {}]", q.rows,
           q.cols, out.rows, out.cols);
  const std::vector<Tile> tiles = MakeTiles(steps, shape);
  const int64_t per_thread = ScratchPerThread(steps, shape);
  const AttentionKernels& chosen = kernels != nullptr ? *kernels : RunnableAttentionKernels().back();
  pool.Run(static_cast<int64_t>(tiles.size()), [&](int64_t t, int worker) {
    RunTile(chosen, tiles[static_cast<size_t>(t)], q, shape, out, scratch + worker * per_thread);
  });
}

}  // namespace tidemark
