// From logits to one token id.
//
// Both orders in use are implemented as their sources define them, because the same flags mean different things in each: with
// T = 0.3 and min_p = 0.15 transformers keeps tokens whose untempered ratio to the best is at least 0.15^0.3 = 0.57, llama.cpp
// those at least 0.15. Sources: transformers generation/logits_process.py; llama.cpp src/llama-sampler.cpp.
#ifndef TIDEMARK_ENGINE_GENERATE_SAMPLER_H_
#define TIDEMARK_ENGINE_GENERATE_SAMPLER_H_

#include <optional>
#include <span>
#include <vector>

#include "engine/core/token.h"
#include "engine/generate/options.h"

namespace tidemark {

struct Candidate {
  TokenId id;
  float logit;         // after the steps so far
  double probability;  // set by the last step
};

// The index of the largest value, the lowest on ties. nullopt: empty, or a NaN or +inf among the values (a broken model must
// not pass as a quiet choice of token 0). -inf marks ids that cannot be drawn; all -inf is nullopt too.
std::optional<TokenId> Argmax(std::span<const float> logits);

// Repetition penalty in place: each distinct id among the last `window` of history (-1: all) once; logit < 0: times p, else
// divided by p. (llama.cpp tests <= 0, which gives the same numbers.)
void ApplyRepetitionPenalty(std::span<float> logits, std::span<const TokenId> history, double penalty, int window);

// What remains to draw from after penalty and filters, with probabilities that sum to 1; in descending order of logit, lowest
// id first on ties. logits are modified. temperature > 0. Empty: non-finite logits.
std::vector<Candidate> Candidates(std::span<float> logits, std::span<const TokenId> history, const SamplingOptions& options);

// One token. logits: [V], modified; history: prompt and generated ids; uniform in [0, 1) (ignored when greedy).
// nullopt: non-finite logits.
std::optional<TokenId> SampleToken(std::span<float> logits, std::span<const TokenId> history, const SamplingOptions& options,
                                   double uniform);

// Throws Error if a value is out of range (negative temperature, top_p outside (0, 1], ...), naming the flag.
void ValidateSampling(const SamplingOptions& options);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_GENERATE_SAMPLER_H_
