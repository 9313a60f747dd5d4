// Stored weights as plain panels of float32 or bfloat16 rows, for backends that hand the arithmetic to a library. A panel is
// unpacked right before it is used, into memory of the thread that uses it, and is small enough to stay in its caches:
// nothing is kept per matrix, so a model needs no more memory than its file, whatever its format.
#ifndef TIDEMARK_BACKENDS_UNPACK_H_
#define TIDEMARK_BACKENDS_UNPACK_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/core/tensor.h"

namespace tidemark {

// Values of one panel: 512 KiB of float32, 256 KiB of bfloat16. Twice as many do not fit the second-level cache together with the
// rows of x (1 MiB, float32: 7-15 % slower); half as many cost as much in arithmetic.
inline constexpr int64_t kPanelValues = 128 * 1024;

// Rows of a panel of w: as many as kPanelValues allow, a multiple of 16 from 32 to 256. A function of k alone. With the other
// buffers below a thread holds some 2 MiB for models of current width.
int64_t PanelRows(const WeightView& w);

// "weights unpacked to 512 KiB per thread": for MatmulBackend::Details.
std::string DescribePanels(int64_t value_bytes);

// What the calling thread's buffers are for; one buffer each.
enum class ScratchUse { kPanel, kOutput, kLibrary, kInput, kRows, kTotals };
inline constexpr size_t kScratchUses = static_cast<size_t>(ScratchUse::kTotals) + 1;

// A buffer of at least `bytes` bytes, 64-byte aligned, private to the calling thread and this use. It grows to the largest
// request and lives as long as the thread: decode asks for one a thousand times per token. Contents are what the thread left
// there.
std::byte* ThreadScratch(ScratchUse use, int64_t bytes);

// Rows [first, first + rows) of w, contiguous [rows, w.k]: in place when stored so, otherwise in the thread's kPanel buffer.
const float* UnpackF32(const WeightView& w, int64_t first, int64_t rows);
const uint16_t* UnpackBf16(const WeightView& w, int64_t first, int64_t rows);  // rounded to nearest even; bf16 bits

}  // namespace tidemark

#endif  // TIDEMARK_BACKENDS_UNPACK_H_
