// The sampler against a direct restatement of both definitions, on distributions small enough to enumerate.
#include "engine/generate/sampler.h"

#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/random.h"
#include "tests/support/catch.h"

namespace tidemark {
namespace {

std::map<TokenId, double> Distribution(std::vector<float> logits, const SamplingOptions& options,
                                       std::vector<TokenId> history = {}) {
  std::map<TokenId, double> result;
  for (const Candidate& c : Candidates(logits, history, options)) result[c.id] = c.probability;
  return result;
}

std::vector<float> LogitsOf(std::vector<double> probabilities) {
  std::vector<float> logits;
  for (const double p : probabilities) logits.push_back(static_cast<float>(std::log(p)));
  return logits;
}

TEST_CASE("argmax takes the lowest id on ties and refuses broken logits") {
  CHECK(Argmax(std::vector<float>{1, 3, 3, 2}) == 1);
  const float inf = std::numeric_limits<float>::infinity();
  CHECK(Argmax(std::vector<float>{-inf, -5}) == 1);
  CHECK_FALSE(Argmax(std::vector<float>{}));
  CHECK_FALSE(Argmax(std::vector<float>{-inf, -inf}));
  CHECK_FALSE(Argmax(std::vector<float>{1, std::nanf(""), 5}));
  CHECK_FALSE(Argmax(std::vector<float>{1, inf}));
}

TEST_CASE("min_p is tested after the temperature in the hf order and before it in the llama.cpp order") {
  // Ratios to the best: 1, 0.6, 0.5, 0.2, 0.1. With T = 0.3, hf keeps ratios >= 0.15^0.3 = 0.566, llama.cpp those >= 0.15.
  const std::vector<float> logits = LogitsOf({1.0, 0.6, 0.5, 0.2, 0.1});
  SamplingOptions options;
  options.temperature = 0.3;
  options.min_p = 0.15;
  options.order = SamplerOrder::kHf;
  CHECK(Distribution(logits, options).size() == 2);
  options.order = SamplerOrder::kLlamaCpp;
  CHECK(Distribution(logits, options).size() == 4);
}

TEST_CASE("top_k keeps ties in the hf order and counts in the llama.cpp order") {
  const std::vector<float> logits = {1, 2, 2, 2, 0};
  SamplingOptions options;
  options.temperature = 1;
  options.top_k = 2;
  CHECK(Distribution(logits, options).size() == 3);
  options.order = SamplerOrder::kLlamaCpp;
  const auto two = Distribution(logits, options);
  CHECK(two.size() == 2);
  CHECK(two.count(1) == 1);
  CHECK(two.count(2) == 1);
}

TEST_CASE("top_p keeps the shortest prefix that reaches p, and at least one token") {
  const std::vector<float> logits = LogitsOf({0.5, 0.25, 0.15, 0.1});
  SamplingOptions options;
  options.temperature = 1;
  for (const SamplerOrder order : {SamplerOrder::kHf, SamplerOrder::kLlamaCpp}) {
    options.order = order;
    for (const auto& [p, kept] : std::map<double, size_t>{{0.01, 1}, {0.49, 1}, {0.6, 2}, {0.8, 3}, {0.95, 4}, {1.0, 4}}) {
      options.top_p = p;
      CHECK(Distribution(logits, options).size() == kept);
    }
  }
}

TEST_CASE("probabilities are the softmax of what is left") {
  SamplingOptions options;
  options.temperature = 2;
  const auto distribution = Distribution({0, 2, 4}, options);
  const double sum = 1 + std::exp(1) + std::exp(2);
  CHECK(distribution.at(0) == Approx(1 / sum).epsilon(1e-6));
  CHECK(distribution.at(2) == Approx(std::exp(2) / sum).epsilon(1e-6));
}

TEST_CASE("the repetition penalty hits each distinct id of its window once") {
  SamplingOptions options;
  options.repetition_penalty = 2;
  const std::vector<TokenId> history = {0, 1, 1, 2};
  std::vector<float> logits = {4, -3, 0, 8};
  ApplyRepetitionPenalty(logits, history, 2, -1);
  CHECK(logits == std::vector<float>{2, -6, 0, 8});
  logits = {4, -3, 5, 8};
  ApplyRepetitionPenalty(logits, history, 2, 1);
  CHECK(logits == std::vector<float>{4, -3, 2.5, 8});
  logits = {4, -3, 5, 8};
  ApplyRepetitionPenalty(logits, history, 2, 0);
  CHECK(logits == std::vector<float>{4, -3, 5, 8});
}

TEST_CASE("greedy takes the penalised argmax") {
  SamplingOptions options;
  std::vector<float> logits = {4, 3.9f};
  CHECK(SampleToken(logits, std::vector<TokenId>{0}, options, 0.5) == 0);
  options.repetition_penalty = 1.05;
  logits = {4, 3.9f};
  CHECK(SampleToken(logits, std::vector<TokenId>{0}, options, 0.5) == 1);
}

TEST_CASE("draws follow the probabilities") {
  const std::vector<float> logits = LogitsOf({0.5, 0.3, 0.2});
  SamplingOptions options;
  options.temperature = 1;
  std::vector<int> count(3, 0);
  constexpr int kDraws = 100000;
  for (int i = 0; i < kDraws; ++i) {
    std::vector<float> scratch = logits;
    ++count[static_cast<size_t>(*SampleToken(scratch, {}, options, UniformAt(7, 11, static_cast<uint64_t>(i))))];
  }
  // Four standard deviations of a binomial with n = 100000 are below 0.0064.
  CHECK(std::abs(count[0] / double{kDraws} - 0.5) < 0.0064);
  CHECK(std::abs(count[1] / double{kDraws} - 0.3) < 0.0064);
  CHECK(std::abs(count[2] / double{kDraws} - 0.2) < 0.0064);
}

TEST_CASE("sampling flags out of range are refused by name") {
  SamplingOptions options;
  options.top_p = 0;
  CHECK_THROWS_WITH(ValidateSampling(options), test::Contains("--top-p"));
  options = {};
  options.temperature = std::nan("");
  CHECK_THROWS_AS(ValidateSampling(options), Error);
}

}  // namespace
}  // namespace tidemark
