#include "engine/ops/attention.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/core/error.h"

namespace tidemark {
namespace {

constexpr int64_t kFewRows = 4;         // so few rows read the stored format directly and may share out their history
constexpr int64_t kTasksPerThread = 4;  // so many that no thread idles long at the end
constexpr int64_t kAlignment = 16;      // floats in a cache line

// Query rows [first_row, first_row + rows) of a step, for all query heads of kv heads [first_head, first_head + heads).
struct Tile {
  const AttentionStep* step;
  int64_t first_row;  // within the step
  int64_t rows;
  int64_t first_head;
  int64_t heads;

  int64_t Seen(int64_t r) const { return step->first_position + first_row + r + 1; }  // positions that row r of the tile sees
  int64_t Chunks() const { return (Seen(rows - 1) + kAttentionChunk - 1) / kAttentionChunk; }
};

// How the work is cut; none of it changes a result.
struct Plan {
  std::vector<Tile> tiles;
  int64_t rows = 0, heads = 0;           // most of a tile
  bool split = false;                    // chunks of a tile are tasks of their own
  std::vector<int64_t> first_task = {};  // [tiles + 1] of each tile's chunks, when split
};

int64_t CountTiles(std::span<const AttentionStep> steps, int64_t tile_rows) {
  int64_t tiles = 0;
  for (const AttentionStep& step : steps) tiles += (step.rows + tile_rows - 1) / tile_rows;
  return tiles;
}

Plan MakePlan(std::span<const AttentionStep> steps, const AttentionShape& shape, int threads) {
  Plan plan;
  int64_t most_rows = 0, chunks = 0;
  for (const AttentionStep& step : steps) {
    most_rows = std::max(most_rows, step.rows);
    chunks += (step.first_position + step.rows + kAttentionChunk - 1) / kAttentionChunk;
  }
  const int64_t wanted = threads == 1 ? 1 : kTasksPerThread * threads;
  plan.rows = std::min(kAttentionRows, most_rows);
  if (plan.rows > kFewRows) {
    plan.heads = 1;
    while (plan.rows > kFewRows && CountTiles(steps, plan.rows) * shape.kv_heads < wanted)
      plan.rows = std::max(kFewRows, plan.rows / 2);
  } else {
    // All heads together read the history in one stream: the memory's pace. They are parted only if threads would idle.
    plan.split = CountTiles(steps, plan.rows) < wanted;
    const int64_t tasks = plan.split ? chunks : CountTiles(steps, plan.rows);
    plan.heads = shape.kv_heads;
    while (plan.heads > 1 && tasks * ((shape.kv_heads + plan.heads - 1) / plan.heads) < wanted) plan.heads = (plan.heads + 1) / 2;
  }
  for (const AttentionStep& step : steps) {
    // Last rows first: they see most positions, and long tasks at the end would leave threads idle.
    for (int64_t end = step.rows; end > 0; end -= plan.rows) {
      const int64_t first = std::max<int64_t>(0, end - plan.rows);
      for (int64_t g = 0; g < shape.kv_heads; g += plan.heads) {
        plan.tiles.push_back({&step, first, end - first, g, std::min(plan.heads, shape.kv_heads - g)});
      }
    }
  }
  if (plan.split) {
    plan.first_task.push_back(0);
    for (const Tile& tile : plan.tiles) plan.first_task.push_back(plan.first_task.back() + tile.Chunks());
  }
  return plan;
}

// Scratch of one thread: states of a tile for one chunk and in all, unpacked keys and values of a block.
struct Buffers {
  static int64_t StateFloats(const Plan& plan, const AttentionShape& shape) {
    return plan.rows * plan.heads * (shape.heads / shape.kv_heads) * AttentionStateFloats(shape.head_dim);
  }
  static int64_t Floats(const Plan& plan, const AttentionShape& shape) {
    const int64_t floats = 2 * StateFloats(plan, shape) + 2 * kKvBlock * shape.head_dim;
    return (floats + kAlignment - 1) / kAlignment * kAlignment;
  }
  Buffers(const Plan& plan, const AttentionShape& shape, float* memory)
      : chunk(memory),
        total(chunk + StateFloats(plan, shape)),
        keys(total + StateFloats(plan, shape)),
        values(keys + kKvBlock * shape.head_dim) {}

  float *chunk, *total, *keys, *values;
};

class Run {
 public:
  Run(const AttentionKernels& kernels, ConstMatrix q, const AttentionShape& shape, Matrix out)
      : kernels_(kernels),
        q_(q),
        shape_(shape),
        out_(out),
        type_(KvTypeOf(shape.kv_format)),
        d_(shape.head_dim),
        group_(shape.heads / shape.kv_heads),
        state_floats_(AttentionStateFloats(d_)),
        scale_(1.0f / std::sqrt(static_cast<float>(d_))) {}

  // States of a tile: [kv head][row][query head of the kv head].
  void Start(const Tile& tile, float* states) const {
    for (int64_t i = 0; i < tile.heads * tile.rows * group_; ++i) StartAttentionState(d_, states + i * state_floats_);
  }

  // The softmax over the positions of one chunk that each row sees.
  void Chunk(const Tile& tile, int64_t chunk, const Buffers& buffers, float* states) const {
    Start(tile, states);
    const int64_t begin = chunk * kAttentionChunk, end = std::min(begin + kAttentionChunk, tile.Seen(tile.rows - 1));
    for (int64_t first = begin; first < end; first += kKvBlock) {
      for (int64_t g = 0; g < tile.heads; ++g)
        Block(tile, first, end, g, buffers, states + g * tile.rows * group_ * state_floats_);
    }
  }

  // Adds a chunk's states to those of the chunks before.
  void Merge(const Tile& tile, int64_t chunk, const float* states, float* total) const {
    for (int64_t i = 0; i < tile.heads * tile.rows * group_; ++i) {
      if (tile.Seen(i / group_ % tile.rows) <= chunk * kAttentionChunk) continue;
      kernels_.merge(states + i * state_floats_, d_, total + i * state_floats_);
    }
  }

  void Finish(const Tile& tile, const float* total) const {
    for (int64_t g = 0; g < tile.heads; ++g) {
      for (int64_t r = 0; r < tile.rows; ++r) {
        float* head = out_.Row(tile.step->first_row + tile.first_row + r).data() + (tile.first_head + g) * group_ * d_;
        for (int64_t h = 0; h < group_; ++h, total += state_floats_, head += d_) kernels_.finish(total, d_, head);
      }
    }
  }

 private:
  // Positions [first, first + kKvBlock) below end of kv head g of the tile. states: of that head.
  void Block(const Tile& tile, int64_t first, int64_t end, int64_t g, const Buffers& buffers, float* states) const {
    const int64_t piece_bytes = shape_.PieceBytes(), block_bytes = shape_.kv_heads * piece_bytes;
    const int64_t at = first / kKvBlock * block_bytes + (tile.first_head + g) * piece_bytes;
    AttentionBlock block;
    block.keys = tile.step->keys + at;
    block.values = tile.step->values + at;
    if (const bool more_heads = g + 1 < tile.heads; more_heads || first + kKvBlock < end) {
      const int64_t next = more_heads ? piece_bytes : block_bytes - g * piece_bytes;
      block.next_keys = block.keys + next;
      block.next_values = block.values + next;
      block.next_bytes = piece_bytes;
    }
    KvType type = type_;
    if (tile.rows >= kFewRows && type != kKvF32) {
      kernels_.unpack_keys[type](block.keys, d_, buffers.keys);
      kernels_.unpack_values[type](block.values, std::min(kKvBlock, end - first), d_, buffers.values);
      block.keys = reinterpret_cast<const std::byte*>(buffers.keys);
      block.values = reinterpret_cast<const std::byte*>(buffers.values);
      type = kKvF32;
    }
    const int64_t skipped = std::max<int64_t>(0, first + 1 - tile.Seen(0));  // rows that end before this block
    block.rows = tile.rows - skipped;
    if (block.rows == 1 && type != type_) block.next_keys = block.next_values = nullptr;  // of another format than the kernel's
    block.count = tile.Seen(skipped) - first;
    block.q_stride = q_.stride;
    block.state_stride = group_ * state_floats_;
    const float* q = q_.Row(tile.step->first_row + tile.first_row + skipped).data() + (tile.first_head + g) * group_ * d_;
    for (int64_t h = 0; h < group_; h += kQuad) {
      block.queries = std::min(kQuad, group_ - h);
      block.q = q + h * d_;
      block.states = states + (skipped * group_ + h) * state_floats_;
      kernels_.attend[type](block, d_, scale_);
    }
  }

  const AttentionKernels& kernels_;
  const ConstMatrix q_;
  const AttentionShape& shape_;
  const Matrix out_;
  const KvType type_;
  const int64_t d_, group_, state_floats_;
  const float scale_;
};

float* Align(float* p) {
  const auto line = reinterpret_cast<uintptr_t>(p) / sizeof(float) % kAlignment;
  return line == 0 ? p : p + (kAlignment - static_cast<int64_t>(line));
}

}  // namespace

int64_t AttentionScratch(std::span<const AttentionStep> steps, const AttentionShape& shape, int threads) {
  const Plan plan = MakePlan(steps, shape, threads);
  const int64_t parts = plan.split ? plan.first_task.back() * Buffers::StateFloats(plan, shape) : 0;
  return threads * Buffers::Floats(plan, shape) + parts + kAlignment;
}

void Attention(ConstMatrix q, std::span<const AttentionStep> steps, const AttentionShape& shape, Matrix out, float* scratch,
               ThreadPool& pool, const AttentionKernels* kernels) {
  TM_CHECK(q.cols == shape.heads * shape.head_dim && out.cols == q.cols && out.rows == q.rows, "q [{}, {}], out [{}, {}]", q.rows,
           q.cols, out.rows, out.cols);
  const AttentionKernels& chosen = kernels != nullptr ? *kernels : BestAttentionKernels(shape.head_dim);
  TM_CHECK(shape.head_dim % chosen.dim_multiple == 0, "head_dim {} for {}", shape.head_dim, chosen.isa);
  const Plan plan = MakePlan(steps, shape, pool.size());
  const Run run(chosen, q, shape, out);
  scratch = Align(scratch);
  const int64_t per_thread = Buffers::Floats(plan, shape), part = Buffers::StateFloats(plan, shape);
  const auto tiles = static_cast<int64_t>(plan.tiles.size());
  if (!plan.split) {
    pool.Run(tiles, [&](int64_t t, int worker) {
      const Tile& tile = plan.tiles[static_cast<size_t>(t)];
      const Buffers buffers(plan, shape, scratch + worker * per_thread);
      run.Start(tile, buffers.total);
      for (int64_t c = 0; c < tile.Chunks(); ++c) {
        run.Chunk(tile, c, buffers, buffers.chunk);
        run.Merge(tile, c, buffers.chunk, buffers.total);
      }
      run.Finish(tile, buffers.total);
    });
    return;
  }
  float* parts = scratch + pool.size() * per_thread;
  pool.Run(plan.first_task.back(), [&](int64_t task, int worker) {
    const auto t = std::upper_bound(plan.first_task.begin(), plan.first_task.end(), task) - plan.first_task.begin() - 1;
    const Buffers buffers(plan, shape, scratch + worker * per_thread);
    run.Chunk(plan.tiles[static_cast<size_t>(t)], task - plan.first_task[static_cast<size_t>(t)], buffers, parts + task * part);
  });
  pool.Run(tiles, [&](int64_t t, int worker) {
    const Tile& tile = plan.tiles[static_cast<size_t>(t)];
    const Buffers buffers(plan, shape, scratch + worker * per_thread);
    run.Start(tile, buffers.total);
    for (int64_t c = 0; c < tile.Chunks(); ++c) {
      run.Merge(tile, c, parts + (plan.first_task[static_cast<size_t>(t)] + c) * part, buffers.total);
    }
    run.Finish(tile, buffers.total);
  });
}

}  // namespace tidemark
