// The attention family: one layer of grouped-query attention over a stored history, decode (one query row) and prefill (a chunk).
#include <algorithm>
#include <cmath>
#include <memory>

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

// Random keys or values, a few positions repeated.
std::vector<std::byte> RandomHistory(const Format& format, int64_t positions, int64_t width, uint64_t seed) {
  constexpr int64_t kDistinct = 64;
  const std::vector<std::byte> some = RandomStored(format, kDistinct * width, seed);
  std::vector<std::byte> all(static_cast<size_t>(format.Bytes(positions * width)));
  for (size_t at = 0; at < all.size(); at += some.size())
    std::copy_n(some.begin(), std::min(some.size(), all.size() - at), all.begin() + static_cast<std::ptrdiff_t>(at));
  return all;
}

std::shared_ptr<AttentionData> MakeData(const BenchContext& context, const Format* kv_format, int64_t depth, int64_t rows) {
  const ModelConfig& c = context.config;
  auto data = std::make_shared<AttentionData>();
  data->shape = {c.num_attention_heads, c.num_key_value_heads, c.head_dim, kv_format};
  const int64_t width = c.num_key_value_heads * c.head_dim, positions = depth + rows;
  data->q = RandomFloats(rows * c.num_attention_heads * c.head_dim, 1.0f, context.seed + 2);
  data->out.resize(data->q.size());
  const int64_t copies = context.cold ? ColdCopies(context, 2 * kv_format->Bytes(positions * width)) : 1;
  for (int64_t i = 0; i < copies; ++i) {
    data->keys.push_back(i == 0 ? RandomHistory(*kv_format, positions, width, context.seed) : data->keys.front());
    data->values.push_back(i == 0 ? RandomHistory(*kv_format, positions, width, context.seed + 1) : data->values.front());
    data->steps.push_back({0, rows, depth, data->keys.back().data(), data->values.back().data()});
  }
  data->scratch.resize(static_cast<size_t>(AttentionScratch({data->steps.data(), 1}, data->shape, context.pool->size())));
  return data;
}

void RunAttention(AttentionData& data, ThreadPool& pool) {
  const int64_t width = data.shape.heads * data.shape.head_dim, rows = data.steps.front().rows;
  Attention({data.q.data(), rows, width, width}, {&data.steps[data.next], 1}, data.shape, {data.out.data(), rows, width, width},
            data.scratch.data(), pool);
  data.next = (data.next + 1) % data.steps.size();
}

// The last row of head 0 in double precision.
void CheckLastRow(const AttentionData& data) {
  const AttentionShape& s = data.shape;
  const int64_t d = s.head_dim, width = s.kv_heads * d, rows = data.steps.front().rows,
                positions = data.steps.front().first_position + rows;
  const float* q = data.q.data() + (rows - 1) * s.heads * d;
  const float* out = data.out.data() + (rows - 1) * s.heads * d;
  const auto head = [&](const std::vector<std::byte>& cache, int64_t position) {
    std::vector<float> row(static_cast<size_t>(d));
    s.kv_format->dequantize(cache.data() + position * s.kv_format->Bytes(width), row);
    return row;
  };
  std::vector<double> score(static_cast<size_t>(positions), 0.0);
  for (int64_t j = 0; j < positions; ++j) {
    const std::vector<float> key = head(data.keys.front(), j);
    for (int64_t t = 0; t < d; ++t) score[static_cast<size_t>(j)] += double{q[t]} * key[static_cast<size_t>(t)];
    score[static_cast<size_t>(j)] /= std::sqrt(static_cast<double>(d));
  }
  const double top = *std::max_element(score.begin(), score.end());
  double sum = 0, expected = 0;
  for (int64_t j = 0; j < positions; ++j) {
    const double p = std::exp(score[static_cast<size_t>(j)] - top);
    sum += p;
    expected += p * head(data.values.front(), j)[0];
  }
  expected /= sum;
  if (!(std::abs(out[0] - expected) <= 1e-4))
    throw Error("attention, last row", fmt::format("{}", out[0]), fmt::format("{}", expected));
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
    RunAttention(*data, *context.pool);
    CheckLastRow(*data);
    return [data, pool = context.pool] { RunAttention(*data, *pool); };
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
  b.bytes = static_cast<double>(rows * width * 4 + kv_format->Bytes(rows * width));
  const auto layers = std::count(c.layer_types.begin(), c.layer_types.end(), LayerType::kFullAttention);
  if (rows == 1) b.uses = {{Op::kStoreKv, 2.0 * static_cast<double>(layers)}};
  b.setup = [&context, kv_format, rows, width] {
    auto data = std::make_shared<AttentionData>();
    const ModelConfig& config = context.config;
    data->shape = {config.num_attention_heads, config.num_key_value_heads, config.head_dim, kv_format};
    data->q = RandomFloats(rows * width, 1.0f, context.seed);
    data->keys.emplace_back(static_cast<size_t>(kv_format->Bytes(rows * width)));
    const auto run = [data, rows, width] { StoreKv({data->q.data(), rows, width, width}, data->shape, 0, data->keys[0].data()); };
    run();
    std::vector<std::byte> expected(data->keys[0].size());
    kv_format->quantize(data->q, expected.data());
    if (data->keys[0] != expected) throw Error("stored keys", "another value", "the format's own rounding");
    return run;
  };
  list.push_back(std::move(b));
}

}  // namespace

void AddAttentionBenchmarks(const BenchContext& context, BenchList& list) {
  const auto& layers = context.config.layer_types;
  if (std::find(layers.begin(), layers.end(), LayerType::kFullAttention) == layers.end()) return;
  std::vector<const Format*> formats = context.kv_formats;
  if (formats.empty()) formats = {FindFormat("f32"), FindFormat("f16")};
  for (const Format* kv_format : formats) {
    for (const int64_t depth : context.depths) {
      AddOne(context, list, "decode", kv_format, depth, 1);
      AddOne(context, list, "prefill", kv_format, depth, depth > kDeep ? kDeepChunk : kPrefillChunk);
    }
    AddStore(context, list, kv_format, 1);
  }
}

}  // namespace tidemark
