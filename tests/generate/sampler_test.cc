// The sampler against a direct restatement of both definitions, on distributions small enough to enumerate.
#include "engine/generate/sampler.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <random>
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
  // Representable as double, but not as a float32 divisor.
  for (const double tiny : {1e-50, 1e-300, -1.0}) {
    options = {};
    options.temperature = tiny;
    CHECK_THROWS_WITH(ValidateSampling(options), test::Contains("--temperature"));
    options = {};
    options.repetition_penalty = tiny;
    CHECK_THROWS_WITH(ValidateSampling(options), test::Contains("--repetition-penalty"));
  }
}

// The definitions over a full sort: what the sampler must equal although it sorts only what it looks at.
std::vector<TokenId> KeptByDefinition(std::vector<float> logits, const SamplingOptions& o) {
  if (o.order == SamplerOrder::kHf) {
    for (float& l : logits) l /= static_cast<float>(o.temperature);
  }
  std::vector<TokenId> ids(logits.size());
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<TokenId>(i);
  const auto logit = [&](TokenId id) { return logits[static_cast<size_t>(id)]; };
  std::stable_sort(ids.begin(), ids.end(), [&](TokenId a, TokenId b) { return logit(a) > logit(b); });
  const auto weight = [&](TokenId id) { return std::exp(double{logit(id)} - logit(ids[0])); };
  if (o.top_k > 0) ids.resize(std::min(ids.size(), static_cast<size_t>(o.top_k)));
  double total = 0, sum = 0;
  for (const TokenId id : ids) total += weight(id);
  size_t kept = 0;
  while (kept < ids.size() && (kept == 0 || o.top_p >= 1 || sum < o.top_p * total)) sum += weight(ids[kept++]);
  ids.resize(kept);
  std::erase_if(ids, [&](TokenId id) { return weight(id) < o.min_p; });
  return ids;
}

TEST_CASE("candidates of a large vocabulary are those of a full sort") {
  std::vector<float> logits(17000);
  // A permutation of distances that stay apart under every temperature: among equal logits the order is free.
  for (size_t i = 0; i < logits.size(); ++i) logits[i] = 0.0007f * static_cast<float>(i * 7919 % logits.size());
  for (const SamplerOrder order : {SamplerOrder::kHf, SamplerOrder::kLlamaCpp}) {
    for (const double temperature : {0.3, 1.0, 3.0}) {
      for (const int top_k : {0, 1, 63, 64, 65, 700}) {
        for (const double top_p : {1.0, 0.97, 0.4}) {
          for (const double min_p : {0.0, 0.01, 0.3}) {
            const SamplingOptions options{order, temperature, top_k, top_p, min_p};
            std::vector<float> scratch = logits;
            std::vector<TokenId> ids;
            double sum = 0;
            const std::vector<Candidate> candidates = Candidates(scratch, {}, options);
            for (const Candidate& c : candidates) {
              ids.push_back(c.id);
              sum += c.probability;
            }
            CAPTURE(temperature, top_k, top_p, min_p);
            CHECK((ids == KeptByDefinition(logits, options)));
            CHECK(sum == Approx(1).epsilon(1e-12));
            // A draw is the candidate whose share of [0, 1) holds the random number.
            sum = 0;
            const double uniform = UniformAt(9, 2, static_cast<uint64_t>(top_k));
            size_t rank = 0;
            while (rank + 1 < candidates.size() && (sum += candidates[rank].probability) <= uniform) ++rank;
            scratch = logits;
            CHECK(SampleToken(scratch, {}, options, uniform) == candidates[rank].id);
          }
        }
      }
    }
  }
}

TEST_CASE("logits that become equal under the temperature stay tied, however few candidates are looked at") {
  std::mt19937 random(3);
  for (const double temperature : {0.2, 0.7, 1.0, 3.0, 1e5}) {
    // Neighbouring floats around 8: a division by more than 1 and less than 2 makes some of them equal.
    std::vector<float> logits(25700);
    for (float& l : logits) l = 8.0f + 0x1p-20f * static_cast<float>(random() % 64);
    std::vector<float> tempered = logits;
    for (float& l : tempered) l /= static_cast<float>(temperature);
    std::nth_element(tempered.begin(), tempered.begin() + 79, tempered.end(), std::greater<>());
    SamplingOptions options;
    options.temperature = temperature;
    options.top_k = 80;
    size_t expected = 0;
    for (const float l : logits) expected += l / static_cast<float>(temperature) >= tempered[79] ? 1 : 0;
    std::vector<float> scratch = logits;
    CHECK(Candidates(scratch, {}, options).size() == expected);
    options.order = SamplerOrder::kLlamaCpp;
    scratch = logits;
    CHECK(Candidates(scratch, {}, options).size() == 80);
  }
}

// The draw looks at as few candidates as the probability allows; Candidates makes and ranks all of them.
TEST_CASE("draws that look at few candidates are those of a full ranking") {
  std::mt19937 random(17);
  std::normal_distribution<float> normal;
  for (const float spread : {0.02f, 1.0f, 3.0f, 12.0f}) {
    for (const bool tied : {false, true}) {
      std::vector<float> logits(20000);
      for (float& l : logits) {
        l = spread * normal(random);
        if (tied) l = std::round(4 * l) / 4;
      }
      for (size_t i = 0; i < logits.size(); i += 97) logits[i] = -std::numeric_limits<float>::infinity();
      for (const SamplerOrder order : {SamplerOrder::kHf, SamplerOrder::kLlamaCpp}) {
        for (const double temperature : {0.1, 1.0, 2.5}) {
          for (const double top_p : {1e-6, 0.3, 0.9, 0.999999, 1.0}) {
            const SamplingOptions options{order, temperature, 0, top_p, top_p == 0.9 ? 0.001 : 0.0};
            std::vector<float> scratch = logits;
            const std::vector<Candidate> ranked = Candidates(scratch, {}, options);
            int wrong = 0;
            for (const double uniform : {0.0, 1e-9, 0.1, 0.5, 0.77, 0.95, 0.99999, 1 - 0x1p-53}) {
              double sum = 0;
              size_t rank = 0;
              while (rank + 1 < ranked.size() && (sum += ranked[rank].probability) <= uniform) ++rank;
              scratch = logits;
              const std::optional<TokenId> drawn = SampleToken(scratch, {}, options, uniform);
              // The last random numbers lie within the rounding of the sum.
              const bool close = drawn && uniform > 0.9999999 && ranked[rank].probability < 1e-9;
              wrong += drawn == ranked[rank].id || close ? 0 : 1;
            }
            CAPTURE(spread, tied, temperature, top_p);
            CHECK(wrong == 0);
          }
        }
      }
    }
  }
}

TEST_CASE("logits that overflow on the way are refused") {
  SamplingOptions options;
  options.temperature = 1e-6;
  for (const SamplerOrder order : {SamplerOrder::kHf, SamplerOrder::kLlamaCpp}) {
    for (const double top_p : {0.5, 1.0}) {
      options.order = order;
      options.top_p = top_p;
      // To +inf, and all of them to -inf.
      std::vector<float> large = {3e38f, 2e38f, 0.0f}, small = {-1e35f, -2e35f}, penalised = {-1e36f, -2e36f};
      CHECK_FALSE(SampleToken(large, {}, options, 0.5));
      CHECK_FALSE(SampleToken(small, {}, options, 0.5));
      SamplingOptions strong = options;
      strong.temperature = 1;
      strong.repetition_penalty = 1000;
      CHECK_FALSE(SampleToken(penalised, std::vector<TokenId>{0, 1}, strong, 0.5));
    }
  }
}

}  // namespace
}  // namespace tidemark
