#include "bench/active_bytes.h"

#include <algorithm>
#include <cmath>

#include "bench/benchmarks.h"

namespace tidemark {

ActiveWeights CountActiveWeights(const WeightStore& store) {
  const ModelConfig& c = store.Config();
  ActiveWeights weights;
  // ModelShapes asks for the format of each matrix of each layer once: the place to see them all under their canonical names.
  const auto shapes = ModelShapes(c, [&](const std::string& tensor, int64_t n, int64_t k) {
    const bool expert = tensor.ends_with("_exps.weight");
    const WeightView view = expert ? store.GetExpert(tensor, 0, n, k) : store.Get(tensor, n, k);
    const bool head = tensor == "token_embd.weight" || tensor == "output.weight";
    (expert ? weights.expert_bytes : head ? weights.head_bytes : weights.dense_bytes) += view.StoredBytes();
    return view.format;
  });
  for (const MatmulShape& shape : shapes) {
    const double flops = 2.0 * static_cast<double>(shape.n * shape.k * shape.uses_per_token);
    (shape.role == "head" ? weights.head_flops_per_token : weights.flops_per_token) += flops;
  }
  // What is small and kept in float32: norms, convolution kernels, routers.
  const auto floats = [&](int64_t count) { weights.dense_bytes += count * int64_t{sizeof(float)}; };
  for (int64_t i = 0; i < c.num_hidden_layers; ++i) {
    floats(2 * c.hidden_size);
    const bool conv = c.layer_types[static_cast<size_t>(i)] == LayerType::kConv;
    floats(conv ? c.conv_L_cache * c.hidden_size : 2 * c.head_dim);
    if (c.IsMoe(i)) floats(c.num_experts * (c.hidden_size + 1));
  }
  return weights;
}

double BytesPerStep(const ActiveWeights& weights, double experts) {
  return static_cast<double>(weights.dense_bytes + weights.head_bytes) + experts * static_cast<double>(weights.expert_bytes);
}

double ExpectedExperts(const ModelConfig& config, int64_t batch) {
  if (config.num_experts == 0) return 0;
  const auto e = static_cast<double>(config.num_experts), k = static_cast<double>(config.num_experts_per_tok);
  return e * (1 - std::pow(1 - k / e, static_cast<double>(batch)));
}

}  // namespace tidemark
