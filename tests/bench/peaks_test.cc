// The limits of the machine: every kernel that can run gives a positive finite rate, and the choice follows the feature bits.
#include "bench/peaks.h"

#include <cmath>
#include <vector>

#include "bench/peak_kernels.h"
#include "tests/support/catch.h"

namespace tidemark {
namespace {

PeakOptions Quick() {
  PeakOptions options;
  options.buffer_bytes = int64_t{4} << 20;
  options.seconds = 0.005;
  return options;
}

TEST_CASE("limits are positive where the processor has the instructions and absent where it has not") {
  const Cpu cpu = DetectCpu();
  ThreadPool pool(2);
  const MachinePeaks peaks = MeasurePeaks(cpu, pool, Quick());
  CHECK(peaks.threads == 2);
  CHECK(peaks.read_bytes.per_second > 1e7);
  CHECK(peaks.f32_flops.per_second > 1e7);
  CHECK((peaks.int8_ops.per_second > 0) == cpu.RunsAvx2());
  CHECK(std::isfinite(peaks.read_bytes.per_second));
  Cpu bare;
  const MachinePeaks plain = MeasurePeaks(bare, pool, Quick());
  CHECK(plain.read_bytes.isa == "plain");
  CHECK(plain.f32_flops.isa == "plain");
  CHECK(plain.bf16_flops.per_second == 0);
  CHECK(plain.int8_ops.per_second == 0);
  CHECK(&ArithmeticPeak(plain, Precision::kInt8) == &plain.f32_flops);
  CHECK(PeaksJson(plain)["read_bytes"]["isa"] == "plain");
}

TEST_CASE("every kernel that this machine can run does run") {
  const Cpu cpu = DetectCpu();
  int run = 0;
  for (const auto kernels : {PeakF32(), PeakBf16(), PeakInt8()}) {
    for (const PeakArithmetic& kernel : kernels) {
      if (!kernel.usable(cpu)) continue;
      INFO(kernel.isa);
      CHECK(std::isfinite(kernel.run(100)));
      CHECK(kernel.ops_per_round > 0);
      ++run;
    }
  }
  CHECK(run >= 1);
}

TEST_CASE("the streaming read looks at every byte") {
  const Cpu cpu = DetectCpu();
  std::vector<std::byte> data(4096, std::byte{0});
  for (const PeakRead& kernel : PeakReads()) {
    if (!kernel.usable(cpu)) continue;
    INFO(kernel.isa);
    const uint64_t nothing = kernel.run(data.data(), 4096);
    int seen = 0;
    for (size_t i = 0; i < data.size(); i += 64) {  // one bit in each cache line changes the mix, in some lane
      data[i] = std::byte{1};
      seen += kernel.run(data.data(), 4096) != nothing ? 1 : 0;
      data[i] = std::byte{0};
    }
    CHECK(seen == 64);
  }
}

TEST_CASE("available memory is known and below what the machine has") {
  CHECK(AvailableMemoryBytes() > 0);
  CHECK(AvailableMemoryBytes() < int64_t{1} << 50);
}

}  // namespace
}  // namespace tidemark
