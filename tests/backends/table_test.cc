// The table, the --backend list, and that libraries keep to the threads they are given.
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "backends/backends.h"
#include "engine/core/error.h"
#include "tests/backends/products.h"
#include "tests/support/catch.h"

namespace tidemark::test {
namespace {

std::vector<std::string> Names(const std::vector<const MatmulBackend*>& backends) {
  std::vector<std::string> names;
  for (const MatmulBackend* backend : backends) names.emplace_back(backend->Name());
  return names;
}

std::string Message(const std::string& list, const Cpu& cpu) {
  try {
    ParseBackendList(list, cpu);
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST_CASE("Rows of the table are backends or reasons") {
  REQUIRE(!AllBackends().empty());
  CHECK(AllBackends().back().name == "naive");
  for (const BackendEntry& entry : AllBackends()) {
    CHECK(!entry.summary.empty());
    CHECK((entry.backend == nullptr) == !entry.missing.empty());
    if (entry.backend != nullptr) CHECK(entry.backend->Name() == entry.name);
  }
}

TEST_CASE("auto takes exact backends only and ends with the reference") {
  const Cpu cpu = DetectCpu();
  const auto backends = ParseBackendList("auto", cpu);
  REQUIRE(!backends.empty());
  CHECK(backends.back()->Name() == "naive");
  for (const MatmulBackend* backend : backends) CHECK(backend->PrecisionFor({}) == Precision::kExact);
  CHECK(Names(ParseBackendList("naive,auto", cpu)).front() == "naive");
  CHECK(Names(ParseBackendList("naive,auto", cpu)).size() == backends.size());
}

TEST_CASE("auto rounds no more than it is allowed to, on no more than the capped processor") {
  Cpu cpu = DetectCpu();
  const auto exact = Names(ParseBackendList("auto", cpu)), coarse = Names(ParseBackendList("auto", cpu, Precision::kInt8));
  CHECK(coarse.size() >= exact.size());
  CHECK(std::vector<std::string>(coarse.end() - static_cast<std::ptrdiff_t>(exact.size()), coarse.end()) == exact);
  for (const MatmulBackend* backend : ParseBackendList("auto", cpu, Precision::kBf16))
    CHECK(backend->PrecisionFor({}) <= Precision::kBf16);
  CapIsa("avx512", cpu);
  CHECK((!cpu.amx_tile && !cpu.amx_int8 && cpu.isa_cap == "avx512"));
  CapIsa("avx2", cpu);
  for (const std::string& name : Names(ParseBackendList("auto", cpu, Precision::kInt8))) {
    CHECK((name.starts_with("avx2_") || name == "naive"));
  }
  CHECK_THAT(Message("avx512_f32", cpu), Contains("avx512_f32"));
}

TEST_CASE("A list of backends that cannot be had is an error with the reason") {
  const Cpu cpu = DetectCpu();
  CHECK_THAT(Message("magic", cpu),
             Contains("--backend: found \"magic\", expected names separated by commas, of: auto, ") && Contains("naive"));
  CHECK_THAT(Message("naive,", cpu), Contains("an empty name in \"naive,\""));
  CHECK_THAT(Message("", cpu), Contains("an empty name in \"\""));
  for (const BackendEntry& entry : AllBackends()) {
    if (entry.backend == nullptr) CHECK_THAT(Message(std::string(entry.name), cpu), Contains(std::string(entry.missing)));
    if (entry.backend != nullptr && entry.name == "onednn_bf16") {
      CHECK_THAT(Message("onednn_bf16", Cpu{}), Contains("onednn_bf16") && Contains("neither AVX-512 BF16 nor AMX BF16"));
    }
  }
}

// The kernel's count of this process's threads: a library that started some of its own would show.
size_t ThreadsOfProcess() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<size_t>(std::distance(begin(tasks), end(tasks)));
}

TEST_CASE("No backend starts threads beside ours") {
  const Cpu cpu = DetectCpu();
  std::mt19937 random(1);
  const int64_t n = 1000, k = 1024, m = 200;
  const StoredWeights w = RandomWeights(*FindFormat("q8_0"), nullptr, n, k, random);
  const std::vector<float> x = RandomRows(m, k, random);
  std::vector<float> y(static_cast<size_t>(m * n));
  ThreadPool pool(2), single(1);
  for (const BackendEntry& entry : AllBackends()) {
    if (entry.backend == nullptr || !entry.backend->WhyNot({}, cpu).empty()) continue;
    const size_t before = ThreadsOfProcess();
    for (ThreadPool* p : {&pool, &single}) {
      const auto packed = entry.backend->Pack(w.view, *p);
      const bool repacks = entry.backend->PrecisionFor({w.view.format, n, k}) == Precision::kInt8;
      CHECK((packed->PackedBytes() > 0) == repacks);
      const MatmulCall call = {packed.get(), {x.data(), m, k, k}, {y.data(), m, n, n}};
      entry.backend->Run({&call, 1}, *p);
    }
    INFO(entry.name << ": " << entry.backend->Details());
    CHECK(ThreadsOfProcess() == before);
  }
}

}  // namespace
}  // namespace tidemark::test
