// The kernels for AMX, over tiles in plain C++ wherever their AVX-512 is, and over the real ones where the machine has them; the
// rows of the table are also tested with all other backends.
//
// Without such a machine the instructions themselves can be run in Bochs 3.0 (model sapphire_rapids, a Linux kernel, this program
// as init), once its mistakes are corrected: signed bytes taken as unsigned, VCVTNE2PS2BF16 reading beyond its first operand,
// XSAVE with rows and columns of tiles swapped and half of their rows, no IA32_XFD. There both forms gave the same bits.
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "backends/backends.h"
#include "backends/plain_tiles.h"
#include "backends/table.h"
#include "tests/backends/products.h"
#include "tests/support/catch.h"

namespace tidemark::test {
namespace {

StoredWeights Random(const Format& format, int64_t n, int64_t k, std::mt19937& random) {
  return RandomWeights(format, format.dequantize == nullptr ? FindFormat("bf16") : nullptr, n, k, random);
}

std::vector<float> Multiply(const MatmulBackend& backend, const WeightView& w, ConstMatrix x, ThreadPool& pool) {
  const auto packed = backend.Pack(w, pool);
  std::vector<float> y(static_cast<size_t>(x.rows * w.n));
  const MatmulCall call = {packed.get(), x, {y.data(), x.rows, w.n, w.n}};
  backend.Run({&call, 1}, pool);
  return y;
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// Both forms of a backend, as far as they run here; the reason for what does not.
std::vector<const MatmulBackend*> Forms(const MatmulBackend* real, const MatmulBackend* plain, std::string& reason) {
  std::vector<const MatmulBackend*> forms;
  const Cpu cpu = DetectCpu();
  for (const MatmulBackend* backend : {real, plain}) {
    const std::string why_not = backend == nullptr ? "another architecture" : backend->WhyNot({}, cpu);
    if (why_not.empty()) {
      forms.push_back(backend);
    } else {
      reason = why_not;
    }
  }
  return forms;
}

// Row counts around those of tiles, of pairs of tiles and of what goes elsewhere.
const std::vector<int64_t> kRowCounts = {1, 2, 5, 6, 7, 15, 16, 17, 31, 32, 33, 37, 48, 49, 63, 64, 65, 70};

TEST_CASE("Bfloat16 tiles multiply every format within its bound, a row alike in every batch") {
  std::string reason;
  const auto forms = Forms(AmxBf16Backend(), AmxBf16OnPlainTiles(), reason);
  if (forms.empty()) TM_SKIP(reason);
  std::mt19937 random(1);
  ThreadPool pool(1);
  for (const Format* format : AllFormats()) {
    const int64_t block = format->block_values;
    const std::vector<int64_t> lengths = block == 1 ? std::vector<int64_t>{1, 77, 300} : std::vector<int64_t>{block, 3 * block};
    for (const int64_t k : lengths) {
      const int64_t n = k == lengths.back() ? 37 : 16, m = 70;
      const StoredWeights w = Random(*format, n, k, random);
      const std::vector<float> values = RandomRows(m, k, random);
      std::vector<std::vector<float>> results;
      for (const MatmulBackend* backend : forms) {
        INFO(backend->Name() << ", " << w.view.name);
        results.push_back(Multiply(*backend, w.view, {values.data(), m, k, k}, pool));
        const std::vector<float>& all = results.back();
        CHECK(WorstElement(w.view, {values.data(), m, k, k}, {all.data(), m, n, n}, Precision::kBf16) == "");
        CHECK(SameBits(all, results.front()));
        for (const int64_t count : {1, 16, 17, 33}) {
          const std::vector<float> part = Multiply(*backend, w.view, {values.data() + 5 * k, count, k, k}, pool);
          CHECK(std::memcmp(part.data(), all.data() + 5 * n, part.size() * sizeof(float)) == 0);
        }
      }
    }
  }
}

TEST_CASE("Integer tiles give the bits of the integer vectors") {
  std::string reason;
  const auto forms = Forms(AmxInt8Backend(), AmxInt8OnPlainTiles(), reason);
  if (forms.empty()) TM_SKIP(reason);
  std::mt19937 random(2);
  ThreadPool pool(2);
  for (const char* name : {"q4_0", "q8_0", "q4_k", "q5_k", "q6_k"}) {
    const Format& format = *FindFormat(name);
    for (const int64_t blocks : format.block_values == 256 ? std::vector<int64_t>{1, 2, 3} : std::vector<int64_t>{1, 2, 9, 24}) {
      const int64_t n = blocks == 1 ? 16 : 35, k = blocks * format.block_values;
      const StoredWeights w = Random(format, n, k, random);
      for (const int64_t m : kRowCounts) {
        const std::vector<float> values = RandomRows(m, k, random);
        const ConstMatrix x = {values.data(), m, k, k};
        const std::vector<float> expected = Multiply(*Avx512Int8Backend(), w.view, x, pool);
        for (const MatmulBackend* backend : forms) {
          INFO(backend->Name() << ", " << w.view.name << ", m " << m);
          CHECK(SameBits(Multiply(*backend, w.view, x, pool), expected));
        }
      }
    }
  }
}

// Rows of x beyond one chunk, panels beyond one task, and any bits of codes and scales.
TEST_CASE("Integer tiles give the bits of the integer vectors for many rows and any bytes") {
  std::string reason;
  const auto forms = Forms(AmxInt8Backend(), AmxInt8OnPlainTiles(), reason);
  if (forms.empty()) TM_SKIP(reason);
  std::mt19937 random(3);
  ThreadPool pool(2);
  const int64_t n = 150, k = 512, m = 300;
  for (const char* name : {"q4_0", "q8_0", "q4_k", "q5_k", "q6_k"}) {
    StoredWeights w = Random(*FindFormat(name), n, k, random);
    internal::FillRandomBytes(w.data.data(), static_cast<int64_t>(w.data.size()), random);
    ClearWildBlocks(*w.view.format, w.data, 1e4f);
    std::vector<float> values = RandomRows(m, k, random);
    values[3] = 1e30f;
    for (int64_t i = 0; i < k; ++i) values[static_cast<size_t>(k + i)] = i % 2 == 0 ? 1.0f : -1.0f;
    for (int64_t i = 0; i < k; ++i) values[static_cast<size_t>(2 * k + i)] = 1.0f;
    const ConstMatrix x = {values.data(), m, k, k};
    const std::vector<float> expected = Multiply(*Avx512Int8Backend(), w.view, x, pool);
    for (const MatmulBackend* backend : forms) {
      INFO(backend->Name() << ", " << w.view.name);
      CHECK(SameBits(Multiply(*backend, w.view, x, pool), expected));
    }
  }
}

TEST_CASE("Kernels for tiles say why they cannot run") {
  if (AmxInt8Backend() == nullptr) TM_SKIP("another architecture");
  Cpu cpu;
  CHECK_THAT(AmxInt8Backend()->WhyNot({}, cpu), Contains("AVX-512"));
  cpu.avx2 = cpu.fma = cpu.f16c = cpu.avx512 = cpu.avx512_vnni = cpu.avx512_bf16 = true;
  CHECK_THAT(AmxBf16Backend()->WhyNot({}, cpu), Contains("no AMX"));
  CHECK(AmxBf16OnPlainTiles()->WhyNot({}, cpu) == "");
  cpu.amx_tile = cpu.amx_int8 = cpu.amx_bf16 = true;
  CHECK(AmxInt8Backend()->WhyNot({}, cpu) == "");
  CHECK(AmxBf16Backend()->WhyNot({}, cpu) == "");
  CHECK_THAT(AmxInt8Backend()->WhyNot({FindFormat("f32"), 16, 16}, cpu), Contains("f32"));
  CHECK(ParseBackendList("auto", cpu, Precision::kInt8).front() == AmxInt8Backend());
  const auto bf16 = ParseBackendList("auto", cpu, Precision::kBf16);
  CHECK(bf16.front() == AmxBf16Backend());
  CapIsa("avx512", cpu);
  CHECK_THAT(AmxInt8Backend()->WhyNot({}, cpu), Contains("hidden"));
  CHECK(ParseBackendList("auto", cpu, Precision::kInt8).front() == Avx512Int8Backend());
}

}  // namespace
}  // namespace tidemark::test
