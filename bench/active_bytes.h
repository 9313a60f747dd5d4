// What a step of the model must read and compute, from the stored tensors: the numerator of every "share of the limit".
#ifndef TIDEMARK_BENCH_ACTIVE_BYTES_H_
#define TIDEMARK_BENCH_ACTIVE_BYTES_H_

#include <cstdint>

#include "engine/weights/weight_store.h"

namespace tidemark {

struct ActiveWeights {
  int64_t dense_bytes = 0;          // read by every step: everything but experts, head and the embedding
  int64_t head_bytes = 0;           // read by every step that wants logits
  int64_t expert_bytes = 0;         // one expert of each mixture layer, summed over layers
  double flops_per_token = 0;       // of the matrix products of the layers, routed experts counted k times; 2 per weight
  double head_flops_per_token = 0;  // of the head
};
ActiveWeights CountActiveWeights(const WeightStore& store);

// Stored bytes that one decode step reads when it touches `experts` distinct experts per mixture layer.
double BytesPerStep(const ActiveWeights& weights, double experts);

// Distinct experts per layer that a step of `batch` rows touches if the router chooses uniformly: E (1 - (1 - k/E)^batch).
double ExpectedExperts(const ModelConfig& config, int64_t batch);

}  // namespace tidemark

#endif  // TIDEMARK_BENCH_ACTIVE_BYTES_H_
