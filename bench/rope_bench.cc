// The rope family: sines and cosines of a pass, and the rotation of queries and keys of one layer.
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <set>

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

std::set<int64_t> FirstMiddleLast(int64_t rows) { return {0, rows / 2, rows - 1}; }

// The angle of pair j at row r, position * theta^(-2j / d), in double. The kernels have it in float32: the exponent's rounding
// counts as often as its logarithm says, then those of the power and of two products.
double Angle(const ModelConfig& c, const RopeData& data, int64_t r, int64_t j) {
  const double exponent = -2.0 * static_cast<double>(j) / static_cast<double>(c.head_dim);
  return data.positions[static_cast<size_t>(r)] * std::pow(c.rope_theta, exponent);
}
double AngleError(const RopeData& data, int64_t r, double angle) {
  return 1e-6 + (4 + std::log(data.positions[static_cast<size_t>(r)] / angle)) * 0x1p-24 * angle;
}

void Require(const char* what, int64_t r, int64_t j, double got, double expected, double tolerance) {
  if (std::abs(got - expected) <= tolerance) return;
  throw Error(fmt::format("{}, row {}, value {}", what, r, j), fmt::format("{}", got), fmt::format("{}", expected));
}

// Cosines, then sines, of all angles of the first, a middle and the last row.
void CheckRotation(const ModelConfig& c, const RopeData& data, int64_t rows) {
  const int64_t half = c.head_dim / 2;
  for (const int64_t r : FirstMiddleLast(rows)) {
    const float* row = data.rotation.data() + r * c.head_dim;
    for (int64_t j = 0; j < half; ++j) {
      const double angle = Angle(c, data, r, j), tolerance = AngleError(data, r, angle);
      Require("sines and cosines of positions", r, j, row[j], std::cos(angle), tolerance);
      Require("sines and cosines of positions", r, j + half, row[j + half], std::sin(angle), tolerance);
    }
  }
}

// The same rows with every pair of the first and the last head turned. before: the values until then.
void CheckRotated(const ModelConfig& c, const RopeData& data, const std::vector<float>& before, int64_t rows) {
  const int64_t half = c.head_dim / 2, width = c.num_attention_heads * c.head_dim;
  for (const int64_t r : FirstMiddleLast(rows)) {
    for (const int64_t head : {int64_t{0}, c.num_attention_heads - 1}) {
      for (int64_t j = 0; j < half; ++j) {
        const auto at = static_cast<size_t>(r * width + head * c.head_dim + j), other = at + static_cast<size_t>(half);
        const double angle = Angle(c, data, r, j), a = before[at], b = before[other];
        const double tolerance = (std::abs(a) + std::abs(b)) * AngleError(data, r, angle);
        Require("rotary embedding", r, head * c.head_dim + j, data.x[at], a * std::cos(angle) - b * std::sin(angle), tolerance);
        Require("rotary embedding", r, head * c.head_dim + j + half, data.x[other], b * std::cos(angle) + a * std::sin(angle),
                tolerance);
      }
    }
  }
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
      Rotation(context.config, *data, rows, *context.pool);
      CheckRotation(context.config, *data, rows);
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
      const std::vector<float> before = data->x;
      Rotate(context.config, *data, rows, *context.pool);
      CheckRotated(context.config, *data, before, rows);
      return [data, &context, rows] { Rotate(context.config, *data, rows, *context.pool); };
    };
    list.push_back(std::move(apply));
  }
}

}  // namespace tidemark
