// Loops that do nothing but load or multiply, as fast as one core can: what kernels are measured against. Each is written for one
// instruction set; peaks.cc chooses by the processor's feature bits.
#ifndef TIDEMARK_BENCH_PEAK_KERNELS_H_
#define TIDEMARK_BENCH_PEAK_KERNELS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/core/cpu.h"

namespace tidemark {

// Arithmetic on registers alone. run returns a value that depends on all of it, so that nothing is left out.
struct PeakArithmetic {
  std::string_view isa;  // "avx512", "amx", ...
  double ops_per_round;  // multiplications and additions counted apart
  float (*run)(int64_t rounds);
  bool (*usable)(const Cpu& cpu);
};

// Reads every cache line of [data, data + bytes), bytes a multiple of 1024, with the widest loads; returns a mix of them.
struct PeakRead {
  std::string_view isa;
  uint64_t (*run)(const std::byte* data, int64_t bytes);
  bool (*usable)(const Cpu& cpu);
};

// Fastest first; the last entry of reads and of f32 runs everywhere.
std::span<const PeakRead> PeakReads();
std::span<const PeakArithmetic> PeakF32();
std::span<const PeakArithmetic> PeakBf16();  // dot products of bf16 pairs into float32
std::span<const PeakArithmetic> PeakInt8();  // dot products of bytes into int32

}  // namespace tidemark

#endif  // TIDEMARK_BENCH_PEAK_KERNELS_H_
