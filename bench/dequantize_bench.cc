// The dequantize family: stored rows to float32, every stored format of the model, from memory.
#include <algorithm>
#include <memory>
#include <set>

#include "bench/benchmarks.h"
#include "bench/random_data.h"
#include "engine/core/error.h"

namespace tidemark {
namespace {

struct Data {
  std::vector<std::byte> stored;
  std::vector<float> row;
  WeightView view;
  int64_t next = 0;
};

}  // namespace

void AddDequantizeBenchmarks(const BenchContext& context, BenchList& list) {
  std::set<const Format*> formats;
  for (const MatmulShape& shape : context.shapes) {
    const Format* format = shape.format;
    if (format->dequantize == nullptr || shape.k != context.config.hidden_size || !formats.insert(format).second) continue;
    Benchmark b;
    b.name = fmt::format("dequantize/{}/k:{}/cold", format->name, shape.k);
    b.items = static_cast<double>(shape.k);
    b.bytes = static_cast<double>(format->Bytes(shape.k)) + 4.0 * static_cast<double>(shape.k);
    const bool embedding = std::any_of(context.shapes.begin(), context.shapes.end(), [&](const MatmulShape& s) {
      return s.role == "head" && s.format == format && context.config.tie_word_embeddings;
    });
    if (embedding) b.uses = {{Op::kEmbed, 1}};
    b.setup = [&context, format, k = shape.k] {
      auto data = std::make_shared<Data>();
      const int64_t distinct = 64, rows = std::max<int64_t>(distinct, context.cold_bytes / 8 / format->Bytes(k));
      const auto some = RandomStored(*format, distinct * k, context.seed);
      for (int64_t r = 0; r < rows; r += distinct) data->stored.insert(data->stored.end(), some.begin(), some.end());
      data->view.format = format;
      data->view.n = rows;
      data->view.k = k;
      data->view.data = data->stored.data();
      data->row.resize(static_cast<size_t>(k));
      std::vector<float> expected(static_cast<size_t>(k));
      format->dequantize(data->stored.data(), expected);
      DequantizeRow(data->view, 0, data->row);
      if (data->row != expected) throw Error(std::string(format->name), "another value", "the format's own dequantisation");
      return [data] {
        DequantizeRow(data->view, data->next, data->row);
        data->next = (data->next + 17) % data->view.n;  // not in order: a token's embedding is anywhere
      };
    };
    list.push_back(std::move(b));
  }
}

}  // namespace tidemark
