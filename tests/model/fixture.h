// What the tests of the model folder share: loaded golden models with a backend, and the cases of golden.json.
#ifndef TIDEMARK_TESTS_MODEL_FIXTURE_H_
#define TIDEMARK_TESTS_MODEL_FIXTURE_H_

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "backends/backends.h"
#include "engine/model/model.h"
#include "tests/support/paths.h"

namespace tidemark::test {

inline TokenId ArgMax(std::span<const float> logits) {
  return static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

// A model on a pool of its own, all products by one list of backends.
struct Loaded {
  explicit Loaded(const std::filesystem::path& path, int threads = 1, const std::string& backends = "naive")
      : Loaded(path, threads, ParseBackendList(backends, DetectCpu())) {}
  Loaded(const std::filesystem::path& path, int threads, std::vector<const MatmulBackend*> backends, bool defer_packing = false)
      : pool(threads), store(WeightStore::Open(path)), workspace(pool) {
    LoadOptions options;
    options.cpu = DetectCpu();
    options.backends = std::move(backends);
    options.defer_packing = defer_packing;
    model = LoadModel(*store, options, pool);
    vocab = static_cast<size_t>(model->Config().vocab_size);
  }

  SequenceState NewState(const char* kv_format = "f32", int64_t capacity = 512) const {
    return SequenceState(model->Config(), FindFormat(kv_format), capacity);
  }

  // Logits of all tokens, run in steps of at most `chunk`.
  std::vector<float> Logits(std::span<const TokenId> tokens, SequenceState& state, size_t chunk) {
    std::vector<float> logits(tokens.size() * vocab);
    for (size_t first = 0; first < tokens.size(); first += chunk) {
      const size_t count = std::min(chunk, tokens.size() - first);
      const Step step{tokens.subspan(first, count), &state, std::span(logits).subspan(first * vocab, count * vocab)};
      model->Forward({&step, 1}, workspace);
    }
    return logits;
  }

  std::vector<float> Logits(std::span<const TokenId> tokens, size_t chunk = 100000) {
    SequenceState state = NewState("f32", static_cast<int64_t>(tokens.size()));
    return Logits(tokens, state, chunk);
  }

  // The first `count` greedy tokens after a prompt, prefill in one step.
  std::vector<TokenId> Greedy(std::vector<TokenId> input, size_t count) {
    SequenceState state = NewState();
    std::vector<TokenId> produced;
    std::vector<float> logits(vocab);
    while (produced.size() < count) {
      const Step step{input, &state, logits};
      model->Forward({&step, 1}, workspace);
      produced.push_back(ArgMax(logits));
      input = {produced.back()};
    }
    return produced;
  }

  ThreadPool pool;
  std::unique_ptr<WeightStore> store;
  std::unique_ptr<Model> model;
  Workspace workspace;
  size_t vocab = 0;
};

inline nlohmann::json GoldenCases() {
  std::ifstream file(Golden("model/golden.json"));
  return nlohmann::json::parse(file);
}

inline std::vector<float> ReadFloats(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::vector<float> values(bytes.size() / sizeof(float));
  std::copy_n(bytes.data(), values.size() * sizeof(float), reinterpret_cast<char*>(values.data()));
  return values;
}

// Ids of the generator in reference_forward.py: a fixed linear congruential sequence.
inline std::vector<TokenId> PseudoRandomTokens(size_t count, int64_t vocab, uint32_t state = 1) {
  std::vector<TokenId> ids;
  for (size_t i = 0; i < count; ++i) {
    state = state * 1664525u + 1013904223u;
    ids.push_back(static_cast<TokenId>((state >> 8) % static_cast<uint32_t>(vocab)));
  }
  return ids;
}

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_MODEL_FIXTURE_H_
