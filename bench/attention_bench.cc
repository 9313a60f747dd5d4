// The attention family: one layer of grouped-query attention over a stored history, decode (one query row) and prefill (a chunk).
#include <algorithm>
#include <cmath>
#include <memory>

#include "bench/benchmarks.h"
#include "bench/random_data.h"
#include "engine/core/error.h"
#include "engine/ops/attention.h"

namespace tidemark {
namespace {

constexpr int64_t kPrefillChunk = 128;

struct AttentionData {
  AttentionShape shape;
  std::vector<std::byte> keys, values;
  std::vector<float> q, out, scratch;
  AttentionStep step;
};

std::shared_ptr<AttentionData> MakeData(const BenchContext& context, const Format* kv_format, int64_t depth, int64_t rows) {
  const ModelConfig& c = context.config;
  auto data = std::make_shared<AttentionData>();
  data->shape = {c.num_attention_heads, c.num_key_value_heads, c.head_dim, kv_format};
  const int64_t width = c.num_key_value_heads * c.head_dim, positions = depth + rows;
  data->keys.resize(static_cast<size_t>(KvBytes(*kv_format, width, positions)));
  data->values.resize(data->keys.size());
  // The same random rows again and again: numbers of their own for 131072 positions would take longer than all the timing.
  const int64_t piece = std::min<int64_t>(positions, 1024);
  std::vector<float> k = RandomFloats(piece * width, 1.0f, context.seed), v = RandomFloats(piece * width, 1.0f, context.seed + 1);
  for (int64_t first = 0; first < positions; first += piece) {
    const AttentionStep part{0, std::min(piece, positions - first), first, data->keys.data(), data->values.data()};
    StoreKv({k.data(), piece, width, width}, {v.data(), piece, width, width}, {&part, 1}, data->shape, *context.pool);
  }
  data->q = RandomFloats(rows * c.num_attention_heads * c.head_dim, 1.0f, context.seed + 2);
  data->out.resize(data->q.size());
  data->step = {0, rows, depth, data->keys.data(), data->values.data()};
  data->scratch.resize(static_cast<size_t>(AttentionScratch({&data->step, 1}, data->shape, context.pool->size())));
  return data;
}

void RunAttention(const BenchContext& context, AttentionData& data) {
  const int64_t width = data.shape.heads * data.shape.head_dim;
  Attention({data.q.data(), data.step.rows, width, width}, {&data.step, 1}, data.shape,
            {data.out.data(), data.step.rows, width, width}, data.scratch.data(), *context.pool,
            &BestAttentionKernels(context.cpu, data.shape.head_dim));
}

// The last row against the plain loops.
void CheckLastRow(const BenchContext& context, AttentionData& data) {
  const int64_t width = data.shape.heads * data.shape.head_dim, last = data.step.rows - 1;
  const AttentionStep step{0, 1, data.step.first_position + last, data.step.keys, data.step.values};
  std::vector<float> expected(static_cast<size_t>(width));
  std::vector<float> scratch(static_cast<size_t>(AttentionScratch({&step, 1}, data.shape, context.pool->size())));
  Attention({data.q.data() + last * width, 1, width, width}, {&step, 1}, data.shape, {expected.data(), 1, width, width},
            scratch.data(), *context.pool, &PlainAttentionKernels());
  for (size_t i = 0; i < expected.size(); ++i) {
    const float got = data.out[static_cast<size_t>(last * width) + i];
    if (!(std::abs(got - expected[i]) <= 1e-5f))
      throw Error("attention, last row", fmt::format("{}", got), fmt::format("{}", expected[i]));
  }
}

void AddOne(const BenchContext& context, BenchList& list, const std::string& kind, const Format* kv_format, int64_t depth,
            int64_t rows) {
  const ModelConfig& c = context.config;
  Benchmark b;
  b.name = fmt::format("attention/{}/kv:{}/heads:{}/kv_heads:{}/head_dim:{}/depth:{}/rows:{}/threads:{}", kind, kv_format->name,
                       c.num_attention_heads, c.num_key_value_heads, c.head_dim, depth, rows, context.pool->size());
  const auto pairs = static_cast<double>(rows * depth + rows * (rows + 1) / 2);
  b.flops = 4.0 * pairs * static_cast<double>(c.num_attention_heads * c.head_dim);
  b.bytes = 2.0 * static_cast<double>(kv_format->Bytes((depth + rows) * c.num_key_value_heads * c.head_dim));
  b.items = static_cast<double>(rows);
  b.setup = [&context, kv_format, depth, rows] {
    auto data = MakeData(context, kv_format, depth, rows);
    RunAttention(context, *data);
    CheckLastRow(context, *data);
    return [data, &context] { RunAttention(context, *data); };
  };
  list.push_back(std::move(b));
}

}  // namespace

void AddAttentionBenchmarks(const BenchContext& context, BenchList& list) {
  for (const std::string_view name : kKvTypeNames) {
    const Format* kv_format = FindFormat(name);
    if (context.config.head_dim % kv_format->block_values != 0) continue;
    for (const int64_t depth : context.depths) {
      AddOne(context, list, "decode", kv_format, depth, 1);
      AddOne(context, list, "prefill", kv_format, depth, kPrefillChunk);
    }
  }
}

}  // namespace tidemark
