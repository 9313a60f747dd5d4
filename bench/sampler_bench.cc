// The sampler family: from the logits of one row to a token, greedy and with the filters that model cards recommend.
#include <algorithm>
#include <memory>

#include "bench/benchmarks.h"
#include "bench/random_data.h"
#include "engine/core/error.h"
#include "engine/generate/sampler.h"

namespace tidemark {
namespace {

struct Data {
  std::vector<float> logits, scratch;
  std::vector<TokenId> history;
  SamplingOptions options;
};

void AddOne(const BenchContext& context, BenchList& list, const std::string& what, const SamplingOptions& options) {
  const int64_t vocab = context.config.vocab_size;
  Benchmark b;
  b.name = fmt::format("sampler/{}/vocab:{}", what, vocab);
  b.items = 1;
  b.bytes = 4.0 * static_cast<double>(vocab);
  if (what == "greedy") {
    b.label = "1 use per token";
    b.uses_per_token = 1;
  }
  b.setup = [&context, options, vocab] {
    auto data = std::make_shared<Data>();
    data->logits = RandomFloats(vocab, 3.0f, context.seed);
    data->history.resize(512);
    for (size_t i = 0; i < data->history.size(); ++i) data->history[i] = static_cast<TokenId>(i % static_cast<size_t>(vocab));
    data->options = options;
    const auto run = [data] {
      data->scratch = data->logits;  // sampling changes them
      return SampleToken(data->scratch, data->history, data->options, 0.5);
    };
    const std::optional<TokenId> token = run();
    const auto top = std::max_element(data->logits.begin(), data->logits.end()) - data->logits.begin();
    if (!token || (options.temperature == 0 && options.repetition_penalty == 1.0 && *token != top))
      throw Error("sampler", token ? fmt::format("{}", *token) : "nothing", fmt::format("{}", top));
    return std::function<void()>([run] { run(); });
  };
  list.push_back(std::move(b));
}

}  // namespace

void AddSamplerBenchmarks(const BenchContext& context, BenchList& list) {
  SamplingOptions greedy, filtered, penalised, nucleus, tempered;
  filtered.temperature = 0.3;
  filtered.min_p = 0.15;
  filtered.repetition_penalty = 1.05;
  penalised.temperature = 0.7;
  penalised.top_k = 50;
  penalised.top_p = 0.9;
  nucleus.temperature = tempered.temperature = 1.0;
  nucleus.top_p = 0.9;
  AddOne(context, list, "greedy", greedy);
  AddOne(context, list, "min_p_penalty", filtered);
  AddOne(context, list, "top_k_top_p", penalised);
  AddOne(context, list, "top_p", nucleus);
  AddOne(context, list, "temperature", tempered);
}

}  // namespace tidemark
