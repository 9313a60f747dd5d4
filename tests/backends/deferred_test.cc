// Matrices that are packed when used for the second time: the bits of packed ones at every moment, from any number of threads.
#include <atomic>
#include <cstring>
#include <functional>
#include <random>
#include <thread>
#include <vector>

#include "backends/backends.h"
#include "backends/plain_tiles.h"
#include "tests/backends/products.h"
#include "tests/support/catch.h"

namespace tidemark::test {
namespace {

struct Deferring {
  const MatmulBackend* backend;
  bool slow;  // over plain tiles
};

std::vector<Deferring> DeferringBackends(const WeightView& view) {
  std::vector<Deferring> list;
  const Cpu cpu = DetectCpu();
  const auto add = [&](const MatmulBackend* backend, bool slow) {
    if (backend == nullptr || !backend->WhyNot({view.format, view.n, view.k}, cpu).empty()) return;
    if (backend->Defer(view) != nullptr) list.push_back({backend, slow});
  };
  for (const BackendEntry& entry : AllBackends()) add(entry.backend, false);
  add(AmxInt8OnPlainTiles(), true);
  return list;
}

struct Product {
  std::vector<float> x, y;
  MatmulCall call;

  Product(const PackedWeights& w, const PackedWeights* gate, int64_t m, uint32_t seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    const WeightView& view = w.view();
    x.resize(static_cast<size_t>(m * view.k));
    y.resize(static_cast<size_t>(m * view.n));
    for (float& v : x) v = normal(random);
    call = {.w = &w, .x = {x.data(), m, view.k, view.k}, .y = {y.data(), m, view.n, view.n}, .gate = gate};
  }

  const std::vector<float>& Run(ThreadPool& pool) {
    std::fill(y.begin(), y.end(), 0.0f);
    call.w->backend().Run({&call, 1}, pool);
    return y;
  }
};

TEST_CASE("A deferred matrix gives the bits of a packed one before and after it is packed") {
  std::mt19937 random(3);
  ThreadPool pool(2);
  size_t compared = 0;
  for (const char* format : {"q4_0", "q8_0", "q4_k", "q5_k", "q6_k"}) {
    // The last panel has 6 rows; 700 rows are several tasks.
    for (const int64_t n : {int64_t{70}, int64_t{700}}) {
      const int64_t k = n == 70 ? 512 : 2048;
      const StoredWeights up = RandomWeights(*FindFormat(format), nullptr, n, k, random);
      const StoredWeights gate = RandomWeights(*FindFormat(format), nullptr, n, k, random);
      for (const auto& [backend, slow] : DeferringBackends(up.view)) {
        if (slow && n > 70) continue;
        const auto packed = backend->Pack(up.view, pool), packed_gate = backend->Pack(gate.view, pool);
        for (const int64_t m : {1, 5, 17, 40}) {
          for (const bool gated : {false, true}) {
            INFO(backend->Name() << ", " << format << ", n " << n << ", m " << m << (gated ? ", gated" : ""));
            const auto deferred = backend->Defer(up.view), deferred_gate = backend->Defer(gate.view);
            CHECK(deferred->PackedBytes() == packed->PackedBytes());
            int released = 0;
            deferred->WhenReleased([&](double seconds) { released += seconds > 0 ? 1 : 100; });
            Product reference(*packed, gated ? packed_gate.get() : nullptr, m, 7);
            Product product(*deferred, gated ? deferred_gate.get() : nullptr, m, 7);
            for (int use = 1; use <= 3; ++use) {
              CHECK(product.Run(pool) == reference.Run(pool));
              if (!slow || m < 6) CHECK(released == (use == 1 ? 0 : 1));  // tiles want panels at once
            }
            CHECK(released == 1);
            ++compared;
          }
        }
      }
    }
  }
  if (compared == 0) TM_SKIP("no backend of this machine defers packing");
}

TEST_CASE("A gate of another format is deferred as well") {
  std::mt19937 random(6);
  ThreadPool pool(2);
  size_t compared = 0;
  for (const auto& [w_format, gate_format] : {std::pair{"q4_k", "q6_k"}, {"q6_k", "q5_k"}, {"q8_0", "q4_0"}}) {
    const StoredWeights up = RandomWeights(*FindFormat(w_format), nullptr, 210, 512, random);
    const StoredWeights gate = RandomWeights(*FindFormat(gate_format), nullptr, 210, 512, random);
    for (const auto& [backend, slow] : DeferringBackends(up.view)) {
      INFO(backend->Name() << ", " << w_format << " gated by " << gate_format);
      const auto packed = backend->Pack(up.view, pool), packed_gate = backend->Pack(gate.view, pool);
      const auto deferred = backend->Defer(up.view), deferred_gate = backend->Defer(gate.view);
      if (compared % 2 == 1) deferred_gate->Finish(pool);
      Product reference(*packed, packed_gate.get(), 17, 7), product(*deferred, deferred_gate.get(), 17, 7);
      for (int use = 1; use <= 2; ++use) CHECK(product.Run(pool) == reference.Run(pool));
      ++compared;
    }
  }
  if (compared == 0) TM_SKIP("no backend of this machine defers packing");
}

TEST_CASE("Finish packs once, and at once what is packed already is released") {
  std::mt19937 random(4);
  ThreadPool pool(2);
  const StoredWeights w = RandomWeights(*FindFormat("q4_k"), nullptr, 100, 512, random);
  if (DeferringBackends(w.view).empty()) TM_SKIP("no backend of this machine defers packing");
  for (const auto& [backend, slow] : DeferringBackends(w.view)) {
    INFO(backend->Name());
    int released = 0;
    const auto deferred = backend->Defer(w.view), packed = backend->Pack(w.view, pool);
    deferred->WhenReleased([&](double) { ++released; });
    deferred->Finish(pool);
    deferred->Finish(pool);
    CHECK(released == 1);
    packed->WhenReleased([&](double seconds) { released += seconds == 0 ? 1 : 100; });
    CHECK(released == 2);
    Product a(*deferred, nullptr, 3, 1), b(*packed, nullptr, 3, 1);
    CHECK(a.Run(pool) == b.Run(pool));
    CHECK(released == 2);
  }
}

TEST_CASE("Threads may use a deferred matrix at the same time") {
  std::mt19937 random(5);
  ThreadPool one(1);
  const StoredWeights w = RandomWeights(*FindFormat("q4_k"), nullptr, 300, 512, random);
  if (DeferringBackends(w.view).empty()) TM_SKIP("no backend of this machine defers packing");
  for (const auto& [backend, slow] : DeferringBackends(w.view)) {
    INFO(backend->Name());
    const auto packed = backend->Pack(w.view, one);
    const std::vector<float> expected = Product(*packed, nullptr, 4, 2).Run(one);
    for (int round = 0; round < (slow ? 2 : 10); ++round) {
      const auto deferred = backend->Defer(w.view);
      std::atomic<int> released = 0, different = 0;
      deferred->WhenReleased([&](double) { ++released; });
      std::vector<std::thread> threads;
      for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&] {
          ThreadPool pool(2);
          Product product(*deferred, nullptr, 4, 2);
          for (int use = 0; use < 4; ++use) different += product.Run(pool) == expected ? 0 : 1;
        });
      }
      for (std::thread& thread : threads) thread.join();
      CHECK(released == 1);
      CHECK(different == 0);
    }
  }
}

}  // namespace
}  // namespace tidemark::test
