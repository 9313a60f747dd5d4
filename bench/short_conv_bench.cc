// The short_conv family: the gated convolution between its two matrix products.
#include <algorithm>
#include <cmath>
#include <memory>

#include "bench/benchmarks.h"
#include "bench/random_data.h"
#include "engine/core/error.h"
#include "engine/ops/short_conv.h"

namespace tidemark {
namespace {

struct ConvData {
  std::vector<float> bcx, kernel, window, y;
  const OpKernels* ops = nullptr;
};

void Run(const ModelConfig& c, ConvData& data, int64_t rows, ThreadPool& pool) {
  const ShortConvStep step{0, rows, data.window};
  ShortConv({data.bcx.data(), rows, 3 * c.hidden_size, 3 * c.hidden_size}, {&step, 1}, data.kernel, {},
            {data.y.data(), rows, c.hidden_size, c.hidden_size}, pool, *data.ops);
}

// The last row, recomputed. bcx is as it was before the call; the window was zero.
void Check(const ModelConfig& c, const ConvData& data, const std::vector<float>& bcx, int64_t rows) {
  const int64_t h = c.hidden_size, taps = c.conv_L_cache;
  for (int64_t j = 0; j < h; j += 97) {
    double sum = 0;
    for (int64_t i = 0; i < taps; ++i) {
      const int64_t t = rows - 1 - (taps - 1) + i;
      if (t < 0) continue;
      const float* row = bcx.data() + t * 3 * h;
      sum += double{data.kernel[static_cast<size_t>(i * h + j)]} * row[j] * row[2 * h + j];
    }
    const double expected = bcx[static_cast<size_t>((rows - 1) * 3 * h + h + j)] * sum;
    const double got = data.y[static_cast<size_t>((rows - 1) * h + j)];
    if (!(std::abs(got - expected) <= 1e-4 * (1 + std::abs(expected))))
      throw Error("short convolution, last row", fmt::format("{}", got), fmt::format("{}", expected));
  }
}

}  // namespace

void AddShortConvBenchmarks(const BenchContext& context, BenchList& list) {
  const ModelConfig& c = context.config;
  const auto layers = std::count(c.layer_types.begin(), c.layer_types.end(), LayerType::kConv);
  if (layers == 0) return;
  for (const int64_t rows : context.rows) {
    Benchmark b;
    b.name =
        fmt::format("short_conv/taps:{}/hidden:{}/rows:{}/threads:{}", c.conv_L_cache, c.hidden_size, rows, context.pool->size());
    b.flops = static_cast<double>(rows * c.hidden_size * (2 * c.conv_L_cache + 2));
    b.bytes = static_cast<double>(rows * c.hidden_size * 4 * 5);
    b.items = static_cast<double>(rows);
    if (rows == 1) b.uses = {{Op::kShortConv, static_cast<double>(layers)}};
    b.setup = [&context, rows] {
      const ModelConfig& config = context.config;
      auto data = std::make_shared<ConvData>();
      data->ops = &BestOpKernels(context.cpu);
      data->bcx = RandomFloats(rows * 3 * config.hidden_size, 1.0f, context.seed);
      data->kernel = RandomFloats(config.conv_L_cache * config.hidden_size, 0.5f, context.seed + 1);
      data->window.assign(static_cast<size_t>((config.conv_L_cache - 1) * config.hidden_size), 0.0f);
      data->y.resize(static_cast<size_t>(rows * config.hidden_size));
      const std::vector<float> before = data->bcx;
      Run(config, *data, rows, *context.pool);
      Check(config, *data, before, rows);
      // The call leaves u = B * x in the last third; multiplied by B again and again it would overflow or vanish.
      std::fill(data->bcx.begin(), data->bcx.end(), 1.0f);
      return [data, &context, rows] { Run(context.config, *data, rows, *context.pool); };
    };
    list.push_back(std::move(b));
  }
}

}  // namespace tidemark
