// How the formats of this folder are put together: a row of the table, its plain dequantisation, and the versions of it for
// newer instruction sets. The plain function is the specification; every other version gives the same bits (NaN payloads
// aside) and is compared with it by tests/formats.
#ifndef TIDEMARK_ENGINE_FORMATS_KERNELS_H_
#define TIDEMARK_ENGINE_FORMATS_KERNELS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/core/format.h"

namespace tidemark {

// Whole blocks; src unaligned; dst.size() a multiple of block_values.
using ToFloat = void (*)(const std::byte* src, std::span<float> dst);
using ToBf16 = void (*)(const std::byte* src, std::span<uint16_t> dst);  // the float32 values rounded to nearest even

// A row of the table in formats.cc.
struct FormatEntry {
  Format format;
  ToFloat plain;  // nullptr: a split format
};
std::span<const FormatEntry* const> AllFormatEntries();

// One version of one format's dequantisation.
struct DequantizeKernel {
  std::string_view format;  // Format::name
  std::string_view isa;     // "plain", "avx2", "avx512"
  ToFloat to_float;
  ToBf16 to_bf16;  // nullptr: through to_float
};

// What is written for an instruction set; empty where the compiler does not target it.
std::span<const DequantizeKernel> Avx2Kernels();
std::span<const DequantizeKernel> Avx512Kernels();

// All versions that this machine can run: for each format the plain one first, then from old to new instruction sets.
std::span<const DequantizeKernel> RunnableKernels();
// The last of them for this format. Never nullptr for a block format of the table.
const DequantizeKernel* BestKernel(std::string_view format);

// Format::dequantize of a format with this plain version: the best version for the machine, looked up once.
ToFloat BestToFloat(ToFloat plain);
template <ToFloat plain>
void Fastest(const std::byte* src, std::span<float> dst) {
  static const ToFloat best = BestToFloat(plain);
  best(src, dst);
}

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_FORMATS_KERNELS_H_
