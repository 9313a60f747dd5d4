// What this machine can do at best, measured in the process that compares itself with it: neighbours on the host, frequency and
// hidden instruction sets change the limit from hour to hour, so a limit from a data sheet or another run says little.
#ifndef TIDEMARK_BENCH_PEAKS_H_
#define TIDEMARK_BENCH_PEAKS_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/core/cpu.h"
#include "engine/core/matmul.h"
#include "engine/core/thread_pool.h"

namespace tidemark {

struct Peak {
  std::string isa;        // whose instructions reached it; empty: the machine has none
  double per_second = 0;  // bytes or operations, all threads together; 0: the machine has none
};

struct MachinePeaks {
  int threads = 0;
  std::string isa;           // instruction sets above this one were hidden, as `--isa` says; empty: none
  int64_t buffer_bytes = 0;  // of the streaming read
  Peak read_bytes;           // streaming read from memory
  Peak f32_flops;            // fused multiply-add, counted as two
  Peak bf16_flops;           // dot products of bf16 into float32
  Peak int8_ops;             // dot products of bytes into int32
};

struct PeakOptions {
  int64_t buffer_bytes =
      0;  // 0: the larger of 1 GiB and four last-level caches, at most a quarter of the memory available (half, if given)
  double seconds = 0.2;  // per limit; the best of several passes counts
};

// Runs on all threads of the pool; about a second in all, most of it touching the buffer once.
MachinePeaks MeasurePeaks(const Cpu& cpu, ThreadPool& pool, const PeakOptions& options = {});

// The arithmetic limit of kernels that round as `precision` does. A machine without bf16 dot products does them in float32.
const Peak& ArithmeticPeak(const MachinePeaks& peaks, Precision precision);

nlohmann::ordered_json PeaksJson(const MachinePeaks& peaks);

// Memory that a new allocation can have: MemAvailable, or what the control group leaves where that is less. 0: unknown.
int64_t AvailableMemoryBytes();

}  // namespace tidemark

#endif  // TIDEMARK_BENCH_PEAKS_H_
