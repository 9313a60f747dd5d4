// The attention family: one layer of grouped-query attention over a stored history, decode (one query row) and prefill (a chunk).
#include <algorithm>
#include <cmath>
#include <memory>
#include <set>

#include "bench/benchmarks.h"
#include "bench/cold_weights.h"
#include "bench/random_data.h"
#include "engine/core/error.h"
#include "engine/ops/attention.h"

namespace tidemark {
namespace {

constexpr int64_t kPrefillChunk = 128, kDeepChunk = 16, kDeep = 16384;  // a chunk at great depth takes seconds

// Histories in rotation: between two uses of a layer's history the weights and the other histories pass through the caches.
struct AttentionData {
  AttentionShape shape;
  std::vector<std::vector<std::byte>> keys, values;
  std::vector<float> q, out, scratch;
  std::vector<AttentionStep> steps;  // one per copy
  size_t next = 0;
};

// The same random rows again and again: numbers of their own for 131072 positions would take longer than all the timing.
void FillHistory(const BenchContext& context, const AttentionShape& shape, int64_t positions, std::vector<std::byte>& keys,
                 std::vector<std::byte>& values) {
  const int64_t width = shape.kv_heads * shape.head_dim, piece = std::min<int64_t>(positions, 1024);
  keys.resize(static_cast<size_t>(KvBytes(*shape.kv_format, width, positions)));
  values.resize(keys.size());
  std::vector<float> k = RandomFloats(piece * width, 1.0f, context.seed), v = RandomFloats(piece * width, 1.0f, context.seed + 1);
  for (int64_t first = 0; first < positions; first += piece) {
    const AttentionStep part{0, std::min(piece, positions - first), first, keys.data(), values.data()};
    StoreKv({k.data(), piece, width, width}, {v.data(), piece, width, width}, {&part, 1}, shape, *context.pool);
  }
}

std::shared_ptr<AttentionData> MakeData(const BenchContext& context, const Format* kv_format, int64_t depth, int64_t rows) {
  const ModelConfig& c = context.config;
  auto data = std::make_shared<AttentionData>();
  data->shape = {c.num_attention_heads, c.num_key_value_heads, c.head_dim, kv_format};
  data->q = RandomFloats(rows * c.num_attention_heads * c.head_dim, 1.0f, context.seed + 2);
  data->out.resize(data->q.size());
  data->keys.emplace_back();
  data->values.emplace_back();
  FillHistory(context, data->shape, depth + rows, data->keys.front(), data->values.front());
  const int64_t copies = context.cold ? ColdCopies(context, 2 * static_cast<int64_t>(data->keys.front().size())) : 1;
  for (int64_t i = 0; i < copies; ++i) {
    if (i > 0) {
      data->keys.push_back(data->keys.front());
      data->values.push_back(data->values.front());
    }
    data->steps.push_back({0, rows, depth, data->keys.back().data(), data->values.back().data()});
  }
  data->scratch.resize(static_cast<size_t>(AttentionScratch({data->steps.data(), 1}, data->shape, context.pool->size())));
  return data;
}

void RunAttention(const BenchContext& context, AttentionData& data) {
  const int64_t width = data.shape.heads * data.shape.head_dim, rows = data.steps.front().rows;
  Attention({data.q.data(), rows, width, width}, {&data.steps[data.next], 1}, data.shape, {data.out.data(), rows, width, width},
            data.scratch.data(), *context.pool, &BestAttentionKernels(context.cpu, data.shape.head_dim));
  data.next = (data.next + 1) % data.steps.size();
}

// One row against the plain loops.
void CheckRow(const BenchContext& context, const AttentionData& data, int64_t row) {
  const AttentionStep& whole = data.steps.front();
  const int64_t width = data.shape.heads * data.shape.head_dim;
  const AttentionStep step{0, 1, whole.first_position + row, whole.keys, whole.values};
  std::vector<float> expected(static_cast<size_t>(width));
  std::vector<float> scratch(static_cast<size_t>(AttentionScratch({&step, 1}, data.shape, context.pool->size())));
  Attention({data.q.data() + row * width, 1, width, width}, {&step, 1}, data.shape, {expected.data(), 1, width, width},
            scratch.data(), *context.pool, &PlainAttentionKernels());
  for (size_t i = 0; i < expected.size(); ++i) {
    const float got = data.out[static_cast<size_t>(row * width) + i];
    if (!(std::abs(got - expected[i]) <= 1e-5f))
      throw Error(fmt::format("attention, row {}, value {}", row, i), fmt::format("{}", got), fmt::format("{}", expected[i]));
  }
}

void AddOne(const BenchContext& context, BenchList& list, const std::string& kind, const Format* kv_format, int64_t depth,
            int64_t rows) {
  const ModelConfig& c = context.config;
  Benchmark b;
  b.name = fmt::format("attention/{}/kv:{}/heads:{}/kv_heads:{}/head_dim:{}/depth:{}/rows:{}/threads:{}/{}", kind,
                       kv_format->name, c.num_attention_heads, c.num_key_value_heads, c.head_dim, depth, rows,
                       context.pool->size(), context.cold ? "cold" : "warm");
  const auto pairs = static_cast<double>(rows * depth + rows * (rows + 1) / 2);
  b.flops = 4.0 * pairs * static_cast<double>(c.num_attention_heads * c.head_dim);
  b.bytes = 2.0 * static_cast<double>(kv_format->Bytes((depth + rows) * c.num_key_value_heads * c.head_dim));
  b.items = static_cast<double>(rows);
  const auto layers = std::count(c.layer_types.begin(), c.layer_types.end(), LayerType::kFullAttention);
  if (rows == 1) b.uses = {{Op::kAttention, static_cast<double>(layers)}};
  b.setup = [&context, kv_format, depth, rows] {
    auto data = MakeData(context, kv_format, depth, rows);
    RunAttention(context, *data);
    for (const int64_t row : std::set<int64_t>{0, rows / 2, rows - 1}) CheckRow(context, *data, row);
    return [data, &context] { RunAttention(context, *data); };
  };
  list.push_back(std::move(b));
}

// Rounding new keys or values to the format of the history.
void AddStore(const BenchContext& context, BenchList& list, const Format* kv_format, int64_t rows) {
  const ModelConfig& c = context.config;
  const int64_t width = c.num_key_value_heads * c.head_dim;
  Benchmark b;
  b.name = fmt::format("attention/store/kv:{}/n:{}/rows:{}", kv_format->name, width, rows);
  b.items = static_cast<double>(rows);
  b.bytes = 2 * static_cast<double>(rows * width * 4 + kv_format->Bytes(rows * width));  // keys and values
  const auto layers = std::count(c.layer_types.begin(), c.layer_types.end(), LayerType::kFullAttention);
  if (rows == 1) b.uses = {{Op::kStoreKv, static_cast<double>(layers)}};
  b.setup = [&context, kv_format, rows, width] {
    auto data = std::make_shared<AttentionData>();
    const ModelConfig& config = context.config;
    data->shape = {config.num_attention_heads, config.num_key_value_heads, config.head_dim, kv_format};
    data->q = RandomFloats(rows * width, 1.0f, context.seed);
    FillHistory(context, data->shape, rows, data->keys.emplace_back(), data->values.emplace_back());
    data->steps.push_back({0, rows, 0, data->keys.front().data(), data->values.front().data()});
    const auto run = [data, rows, width, pool = context.pool] {
      const ConstMatrix x{data->q.data(), rows, width, width};
      StoreKv(x, x, data->steps, data->shape, *pool);
    };
    run();
    // The first value row of the first head is as the format rounds it.
    std::vector<std::byte> expected(static_cast<size_t>(kv_format->Bytes(config.head_dim)));
    kv_format->quantize({data->q.data(), static_cast<size_t>(config.head_dim)}, expected.data());
    if (!std::equal(expected.begin(), expected.end(), data->values.front().begin()))
      throw Error("stored values", "another value", "the format's own rounding");
    return run;
  };
  list.push_back(std::move(b));
}

}  // namespace

void AddAttentionBenchmarks(const BenchContext& context, BenchList& list) {
  const auto& layers = context.config.layer_types;
  if (std::find(layers.begin(), layers.end(), LayerType::kFullAttention) == layers.end()) return;
  std::vector<const Format*> formats = context.kv_formats;
  if (formats.empty()) {
    for (const std::string_view name : kKvTypeNames) formats.push_back(FindFormat(name));
  }
  for (const Format* kv_format : formats) {
    if (context.config.head_dim % kv_format->block_values != 0) continue;
    for (const int64_t depth : context.depths) {
      AddOne(context, list, "decode", kv_format, depth, 1);
      AddOne(context, list, "prefill", kv_format, depth, depth > kDeep ? kDeepChunk : kPrefillChunk);
    }
    AddStore(context, list, kv_format, 1);
  }
}

}  // namespace tidemark
