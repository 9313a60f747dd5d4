// What own kernels promise beyond the common conformance: a row of x gives the same bits in every batch and chunking, and a list
// gives the bits of its calls.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "backends/backends.h"
#include "tests/backends/products.h"
#include "tests/support/catch.h"

namespace tidemark::test {
namespace {

// Every own backend of the table; those that this machine cannot run are named in a visible skip by the last test.
bool IsOwn(std::string_view name) { return name.starts_with("avx") || name.starts_with("amx") || name == "naive"; }

std::vector<const MatmulBackend*> OwnBackends() {
  std::vector<const MatmulBackend*> backends;
  const Cpu cpu = DetectCpu();
  for (const BackendEntry& entry : AllBackends()) {
    if (!IsOwn(entry.name) || entry.backend == nullptr || !entry.backend->WhyNot({}, cpu).empty()) continue;
    backends.push_back(entry.backend);
  }
  return backends;
}

// y of the rows [first, first + rows) of x.
std::vector<float> Multiply(const PackedWeights& w, ConstMatrix x, int64_t first, int64_t rows, ThreadPool& pool) {
  std::vector<float> y(static_cast<size_t>(rows * w.view().n));
  const MatmulCall call = {&w, {x.data + first * x.stride, rows, x.cols, x.stride}, {y.data(), rows, w.view().n, w.view().n}};
  w.backend().Run({&call, 1}, pool);
  return y;
}

void CheckChunking(const MatmulBackend& backend, const StoredWeights& w, std::mt19937& random, ThreadPool& pool) {
  constexpr int64_t kRows = 67;
  INFO(backend.Name() << ", " << w.view.name);
  const int64_t stride = w.view.k + 1;
  const std::vector<float> values = RandomRows(kRows, stride, random);
  const ConstMatrix x = {values.data(), kRows, w.view.k, stride};
  const auto packed = backend.Pack(w.view, pool);
  const std::vector<float> all = Multiply(*packed, x, 0, kRows, pool);
  for (const int64_t chunk : {1, 2, 3, 4, 5, 8, 13, 16, 33}) {
    INFO("chunks of " << chunk);
    bool same = true;
    for (int64_t first = 0; first < kRows; first += chunk) {
      const int64_t rows = std::min(chunk, kRows - first);
      const std::vector<float> part = Multiply(*packed, x, first, rows, pool);
      same = same && std::memcmp(part.data(), all.data() + first * w.view.n, part.size() * sizeof(float)) == 0;
    }
    CHECK(same);
  }
}

TEST_CASE("Own kernels give a row the same bits in every batch") {
  std::mt19937 random(2);
  ThreadPool pool(2);
  for (const Format* format : AllFormats()) {
    const Format* scale_format = format->dequantize == nullptr ? FindFormat("bf16") : nullptr;
    const int64_t block = format->block_values;
    for (const int64_t k : {block == 1 ? int64_t{77} : block, int64_t{512}, int64_t{1792}}) {
      const StoredWeights w = RandomWeights(*format, scale_format, 37, k, random);
      for (const MatmulBackend* backend : OwnBackends()) {
        if (backend->WhyNot({format, 37, k}, DetectCpu()).empty()) CheckChunking(*backend, w, random, pool);
      }
    }
  }
}

// Activations too large for the second-level cache take another path through the same sums.
TEST_CASE("Own kernels give a row the same bits in very large batches") {
  std::mt19937 random(4);
  ThreadPool pool(2);
  const int64_t k = 2048, m = 300;
  const std::vector<float> values = RandomRows(m, k, random);
  const ConstMatrix x = {values.data(), m, k, k};
  for (const char* format : {"q4_k", "q8_0", "f32"}) {
    const StoredWeights w = RandomWeights(*FindFormat(format), nullptr, 70, k, random);
    for (const MatmulBackend* backend : OwnBackends()) {
      if (!backend->WhyNot({w.view.format, 70, k}, DetectCpu()).empty()) continue;
      INFO(backend->Name() << ", " << format);
      const auto packed = backend->Pack(w.view, pool);
      const std::vector<float> all = Multiply(*packed, x, 0, m, pool);
      for (const int64_t i : {int64_t{0}, int64_t{23}, int64_t{24}, int64_t{151}, m - 1}) {
        const std::vector<float> one = Multiply(*packed, x, i, 1, pool);
        CHECK(std::memcmp(one.data(), all.data() + i * 70, one.size() * sizeof(float)) == 0);
      }
    }
  }
}

// Codes, scales and activations at the ends of their ranges: sums that would saturate or wrap are far from the exact product.
TEST_CASE("Integer kernels hold the largest codes") {
  ThreadPool pool(1);
  std::mt19937 random(6);
  const int64_t k = 512, n = 16;
  for (const char* name : {"q4_0", "q8_0", "q4_k", "q5_k", "q6_k"}) {
    const Format& format = *FindFormat(name);
    for (const int byte : {0x00, 0x7f, 0x80, 0xff}) {
      StoredWeights w = RandomWeights(format, nullptr, n, k, random);
      const std::vector<std::byte> scales = w.data;
      std::fill(w.data.begin(), w.data.end(), static_cast<std::byte>(byte));
      // The halves of each block stay as they were; everything else, scales of sub-blocks too, is the one byte.
      const std::vector<int64_t> halves = format.block_values == 32          ? std::vector<int64_t>{0}
                                          : std::string_view(name) == "q6_k" ? std::vector<int64_t>{208}
                                                                             : std::vector<int64_t>{0, 2};
      for (size_t block = 0; block < w.data.size(); block += static_cast<size_t>(format.block_bytes)) {
        for (const int64_t at : halves)
          std::copy_n(scales.begin() + static_cast<int64_t>(block) + at, 2, w.data.begin() + static_cast<int64_t>(block) + at);
      }
      for (const float sign : {1.0f, -1.0f}) {
        const std::vector<float> x(static_cast<size_t>(k), sign);
        for (const MatmulBackend* backend : OwnBackends()) {
          if (!backend->WhyNot({&format, n, k}, DetectCpu()).empty()) continue;
          INFO(backend->Name() << ", " << name << ", bytes " << byte << ", x " << sign);
          const auto packed = backend->Pack(w.view, pool);
          const std::vector<float> y = Multiply(*packed, {x.data(), 1, k, k}, 0, 1, pool);
          CHECK(WorstElement(w.view, {x.data(), 1, k, k}, {y.data(), 1, n, n}, backend->PrecisionFor({&format, n, k})) == "");
        }
      }
    }
  }
}

// Integer arithmetic is exact, and both instruction sets do the same float operations per row.
TEST_CASE("Integer kernels of all instruction sets give the same bits") {
  std::mt19937 random(8);
  ThreadPool pool(2);
  std::vector<const MatmulBackend*> backends;
  for (const MatmulBackend* backend : OwnBackends()) {
    if (backend->PrecisionFor({}) == Precision::kInt8) backends.push_back(backend);
  }
  if (backends.size() < 2) TM_SKIP("fewer than two integer backends run here");
  const int64_t n = 35, k = 1792, m = 21;
  const std::vector<float> values = RandomRows(m, k, random);
  for (const char* name : {"q4_0", "q8_0", "q4_k", "q5_k", "q6_k"}) {
    const StoredWeights w = RandomWeights(*FindFormat(name), nullptr, n, k, random);
    std::vector<std::vector<float>> results;
    for (const MatmulBackend* backend : backends) {
      const auto packed = backend->Pack(w.view, pool);
      results.push_back(Multiply(*packed, {values.data(), m, k, k}, 0, m, pool));
      INFO(backend->Name() << ", " << name);
      CHECK(std::memcmp(results.back().data(), results.front().data(), results.front().size() * sizeof(float)) == 0);
    }
  }
}

TEST_CASE("Integer kernels pass on what is not finite") {
  ThreadPool pool(1);
  std::mt19937 random(9);
  const int64_t k = 512, n = 3;
  std::vector<float> x = RandomRows(1, k, random);
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    x[300] = bad;
    for (const char* name : {"q8_0", "q4_k"}) {
      const StoredWeights w = RandomWeights(*FindFormat(name), nullptr, n, k, random);
      for (const MatmulBackend* backend : OwnBackends()) {
        if (!backend->WhyNot({w.view.format, n, k}, DetectCpu()).empty()) continue;
        INFO(backend->Name() << ", " << name << ", " << bad);
        const auto packed = backend->Pack(w.view, pool);
        for (const float y : Multiply(*packed, {x.data(), 1, k, k}, 0, 1, pool)) CHECK(!std::isfinite(y));
      }
    }
  }
}

TEST_CASE("Own kernels run on this machine") {
  const Cpu cpu = DetectCpu();
  std::string missing;
  for (const BackendEntry& entry : AllBackends()) {
    if (!IsOwn(entry.name)) continue;
    const std::string reason = entry.backend == nullptr ? std::string(entry.missing) : entry.backend->WhyNot({}, cpu);
    if (!reason.empty()) missing += fmt::format("{}{}: {}", missing.empty() ? "" : "; ", entry.name, reason);
  }
  if (!missing.empty()) TM_SKIP(missing);
}

}  // namespace
}  // namespace tidemark::test
