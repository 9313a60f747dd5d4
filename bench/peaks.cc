#include "bench/peaks.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <memory>
#include <vector>

#include "bench/peak_kernels.h"

namespace tidemark {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

std::atomic<uint64_t> sink{0};  // what the loops compute is used, so no compiler may leave it out

// body() does `work` on all threads. Returns the best rate of passes over the given time, two at least.
template <typename Body>
double BestRate(double work, double seconds, Body&& body) {
  double best = 0;
  const auto begin = Clock::now();
  for (int pass = 0; pass < 2 || SecondsSince(begin) < seconds; ++pass) {
    const auto start = Clock::now();
    body();
    best = std::max(best, work / std::max(SecondsSince(start), 1e-9));
  }
  return best;
}

Peak MeasureArithmetic(std::span<const PeakArithmetic> kernels, const Cpu& cpu, ThreadPool& pool, double seconds) {
  Peak best;
  for (const PeakArithmetic& kernel : kernels) {
    if (!kernel.usable(cpu)) continue;
    constexpr int64_t kProbe = 2000;
    const double probe = BestRate(static_cast<double>(kProbe), 0, [&] { sink += static_cast<uint64_t>(kernel.run(kProbe)); });
    const auto rounds = std::max<int64_t>(kProbe, static_cast<int64_t>(probe * seconds / 8));
    const double work = kernel.ops_per_round * static_cast<double>(rounds) * pool.size();
    const double rate = BestRate(
        work, seconds, [&] { pool.Run(pool.size(), [&](int64_t, int) { sink += static_cast<uint64_t>(kernel.run(rounds)); }); });
    if (rate > best.per_second) best = {std::string(kernel.isa), rate};
  }
  return best;
}

Peak MeasureRead(const Cpu& cpu, ThreadPool& pool, int64_t bytes, double seconds) {
  const int64_t part = bytes / pool.size() / 4096 * 4096;
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(static_cast<size_t>(part * pool.size()));
  // Touched in parallel: the kernel hands out pages on the first write.
  pool.Run(pool.size(), [&](int64_t t, int) { std::fill_n(buffer.get() + t * part, part, std::byte{1}); });
  Peak best;
  for (const PeakRead& kernel : PeakReads()) {
    if (!kernel.usable(cpu)) continue;
    const double rate = BestRate(static_cast<double>(part * pool.size()), seconds, [&] {
      pool.Run(pool.size(), [&](int64_t t, int) { sink += kernel.run(buffer.get() + t * part, part); });
    });
    if (rate > best.per_second) best = {std::string(kernel.isa), rate};
    break;  // wider loads are never slower from memory; the rest would only cost time
  }
  return best;
}

int64_t NumberIn(const char* file) {
  std::ifstream in(file);
  int64_t value = 0;
  return in >> value ? value : -1;  // "max" is no number
}

}  // namespace

int64_t AvailableMemoryBytes() {
  int64_t available = 0;
  std::ifstream in("/proc/meminfo");
  std::string name, unit;
  for (int64_t value = 0; in >> name >> value; std::getline(in, unit)) {
    if (name == "MemAvailable:") available = value * 1024;
  }
  const int64_t limit = NumberIn("/sys/fs/cgroup/memory.max"), used = NumberIn("/sys/fs/cgroup/memory.current");
  if (limit > 0 && used >= 0) available = std::min(available, std::max<int64_t>(0, limit - used));
  return available;
}

MachinePeaks MeasurePeaks(const Cpu& cpu, ThreadPool& pool, const PeakOptions& options) {
  MachinePeaks peaks;
  peaks.threads = pool.size();
  peaks.buffer_bytes = options.buffer_bytes;
  const bool asked = peaks.buffer_bytes > 0;
  if (!asked) peaks.buffer_bytes = std::max(int64_t{1} << 30, 4 * cpu.l3_bytes);
  if (const int64_t available = AvailableMemoryBytes(); available > 0)
    peaks.buffer_bytes = std::min(peaks.buffer_bytes, asked ? available / 2 : available / 4);
  peaks.buffer_bytes = std::max<int64_t>(peaks.buffer_bytes, int64_t{4096} * pool.size());
  peaks.read_bytes = MeasureRead(cpu, pool, peaks.buffer_bytes, options.seconds);
  peaks.f32_flops = MeasureArithmetic(PeakF32(), cpu, pool, options.seconds);
  peaks.bf16_flops = MeasureArithmetic(PeakBf16(), cpu, pool, options.seconds);
  peaks.int8_ops = MeasureArithmetic(PeakInt8(), cpu, pool, options.seconds);
  return peaks;
}

const Peak& ArithmeticPeak(const MachinePeaks& peaks, Precision precision) {
  if (precision == Precision::kInt8 && peaks.int8_ops.per_second > 0) return peaks.int8_ops;
  if (precision == Precision::kBf16 && peaks.bf16_flops.per_second > 0) return peaks.bf16_flops;
  return peaks.f32_flops;
}

nlohmann::ordered_json PeaksJson(const MachinePeaks& peaks) {
  const auto peak = [](const Peak& p) { return nlohmann::ordered_json{{"per_second", p.per_second}, {"isa", p.isa}}; };
  return {{"threads", peaks.threads},
          {"isa", peaks.isa},
          {"read_buffer_bytes", peaks.buffer_bytes},
          {"read_bytes", peak(peaks.read_bytes)},
          {"f32_flops", peak(peaks.f32_flops)},
          {"bf16_flops", peak(peaks.bf16_flops)},
          {"int8_ops", peak(peaks.int8_ops)}};
}

}  // namespace tidemark
