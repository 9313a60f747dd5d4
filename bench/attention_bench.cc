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
  data->keys = RandomStored(*kv_format, positions * width, context.seed);
  data->values = RandomStored(*kv_format, positions * width, context.seed + 1);
  data->q = RandomFloats(rows * c.num_attention_heads * c.head_dim, 1.0f, context.seed + 2);
  data->out.resize(data->q.size());
  data->step = {0, rows, depth, data->keys.data(), data->values.data()};
  data->scratch.resize(static_cast<size_t>(AttentionScratch({&data->step, 1}, data->shape, context.pool->size())));
  return data;
}

void RunAttention(AttentionData& data, ThreadPool& pool) {
  const int64_t width = data.shape.heads * data.shape.head_dim;
  Attention({data.q.data(), data.step.rows, width, width}, {&data.step, 1}, data.shape,
            {data.out.data(), data.step.rows, width, width}, data.scratch.data(), pool);
}

// The last row of head 0 in double precision.
void CheckLastRow(const AttentionData& data) {
  const AttentionShape& s = data.shape;
  const int64_t d = s.head_dim, width = s.kv_heads * d, positions = data.step.first_position + data.step.rows;
  std::vector<float> keys(static_cast<size_t>(positions * width)), values(keys.size());
  s.kv_format->dequantize(data.keys.data(), keys);
  s.kv_format->dequantize(data.values.data(), values);
  const float* q = data.q.data() + (data.step.rows - 1) * s.heads * d;
  const float* out = data.out.data() + (data.step.rows - 1) * s.heads * d;
  std::vector<double> score(static_cast<size_t>(positions), 0.0);
  for (int64_t j = 0; j < positions; ++j) {
    for (int64_t t = 0; t < d; ++t) score[static_cast<size_t>(j)] += double{q[t]} * keys[static_cast<size_t>(j * width + t)];
    score[static_cast<size_t>(j)] /= std::sqrt(static_cast<double>(d));
  }
  const double top = *std::max_element(score.begin(), score.end());
  double sum = 0, expected = 0;
  for (int64_t j = 0; j < positions; ++j) {
    const double p = std::exp(score[static_cast<size_t>(j)] - top);
    sum += p;
    expected += p * values[static_cast<size_t>(j * width)];
  }
  expected /= sum;
  if (!(std::abs(out[0] - expected) <= 1e-4))
    throw Error("attention, last row", fmt::format("{}", out[0]), fmt::format("{}", expected));
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
    RunAttention(*data, *context.pool);
    CheckLastRow(*data);
    return [data, pool = context.pool] { RunAttention(*data, *pool); };
  };
  list.push_back(std::move(b));
}

}  // namespace

void AddAttentionBenchmarks(const BenchContext& context, BenchList& list) {
  for (const char* name : {"f32", "f16"}) {
    const Format* kv_format = FindFormat(name);
    for (const int64_t depth : context.depths) {
      AddOne(context, list, "decode", kv_format, depth, 1);
      AddOne(context, list, "prefill", kv_format, depth, kPrefillChunk);
    }
  }
}

}  // namespace tidemark
