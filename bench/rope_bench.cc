// The rope family: sines and cosines of a pass, and the rotation of queries and keys of one layer.
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "bench/benchmarks.h"
#include "bench/random_data.h"
#include "engine/core/error.h"
#include "engine/ops/rope.h"

namespace tidemark {
namespace {

struct RopeData {
  std::vector<float> inv_freq, rotation, x;
  std::vector<int32_t> positions;
  const OpKernels* ops = nullptr;
};

std::shared_ptr<RopeData> MakeData(const BenchContext& context, int64_t rows) {
  const ModelConfig& c = context.config;
  auto data = std::make_shared<RopeData>();
  data->ops = &BestOpKernels(context.cpu);
  data->inv_freq = RopeInverseFrequencies(c.head_dim, c.rope_theta);
  data->positions.resize(static_cast<size_t>(rows));
  std::iota(data->positions.begin(), data->positions.end(), 1000);
  data->rotation.resize(static_cast<size_t>(rows * c.head_dim));
  data->x = RandomFloats(rows * c.num_attention_heads * c.head_dim, 1.0f, context.seed);
  return data;
}

void Rotation(const ModelConfig& c, RopeData& data, int64_t rows, ThreadPool& pool) {
  RopeRotation(data.positions, data.inv_freq, {data.rotation.data(), rows, c.head_dim, c.head_dim}, pool);
}

void Rotate(const ModelConfig& c, RopeData& data, int64_t rows, ThreadPool& pool) {
  const int64_t width = c.num_attention_heads * c.head_dim;
  Rope({data.x.data(), rows, width, width}, {data.rotation.data(), rows, c.head_dim, c.head_dim}, pool, *data.ops);
}

// A rotation keeps the length of each pair.
void Check(const ModelConfig& c, const RopeData& data, float first, float second) {
  const auto half = static_cast<size_t>(c.head_dim / 2);
  const double before = double{first} * first + double{second} * second;
  const double after = double{data.x[0]} * data.x[0] + double{data.x[half]} * data.x[half];
  const double turned = first * std::cos(1000.0) - second * std::sin(1000.0);  // frequency 1, position 1000
  if (!(std::abs(after - before) <= 1e-5 * (1 + before) && std::abs(data.x[0] - turned) <= 1e-4))
    throw Error("rotary embedding", fmt::format("{} of length^2 {}", data.x[0], after), fmt::format("{} of {}", turned, before));
}

}  // namespace

void AddRopeBenchmarks(const BenchContext& context, BenchList& list) {
  const ModelConfig& c = context.config;
  const auto layers = static_cast<double>(std::count(c.layer_types.begin(), c.layer_types.end(), LayerType::kFullAttention));
  if (layers == 0) return;
  for (const int64_t rows : context.rows) {
    const std::string tail =
        fmt::format("/heads:{}/head_dim:{}/rows:{}/threads:{}", c.num_attention_heads, c.head_dim, rows, context.pool->size());
    Benchmark rotation;
    rotation.name = "rope/rotation" + tail;
    rotation.items = static_cast<double>(rows);
    if (rows == 1) rotation.uses = {{Op::kRotation, 1}};
    rotation.setup = [&context, rows] {
      auto data = MakeData(context, rows);
      return [data, &context, rows] { Rotation(context.config, *data, rows, *context.pool); };
    };
    list.push_back(std::move(rotation));
    Benchmark apply;
    apply.name = "rope/apply" + tail;
    apply.items = static_cast<double>(rows);
    apply.bytes = static_cast<double>(rows * c.num_attention_heads * c.head_dim * 8);
    // Keys have fewer heads; queries and keys together count as this share of one call on the queries.
    const double both = 1 + static_cast<double>(c.num_key_value_heads) / static_cast<double>(c.num_attention_heads);
    if (rows == 1) apply.uses = {{Op::kRope, layers * both}};
    apply.setup = [&context, rows] {
      auto data = MakeData(context, rows);
      Rotation(context.config, *data, rows, *context.pool);
      const float first = data->x[0], second = data->x[static_cast<size_t>(context.config.head_dim / 2)];
      Rotate(context.config, *data, rows, *context.pool);
      Check(context.config, *data, first, second);
      return [data, &context, rows] { Rotate(context.config, *data, rows, *context.pool); };
    };
    list.push_back(std::move(apply));
  }
}

}  // namespace tidemark
