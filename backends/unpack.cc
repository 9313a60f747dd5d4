#include "backends/unpack.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>

#include "engine/formats/bf16_rows.h"

namespace tidemark {
namespace {

constexpr size_t kAlignment = 64;

struct AlignedDelete {
  void operator()(std::byte* p) const { ::operator delete (p, std::align_val_t{kAlignment}); }
};

struct Buffer {
  std::unique_ptr<std::byte, AlignedDelete> data;
  int64_t bytes = 0;
};

bool IsAligned(const std::byte* p, size_t alignment) { return reinterpret_cast<uintptr_t>(p) % alignment == 0; }

}  // namespace

int64_t PanelRows(const WeightView& w) { return std::clamp<int64_t>(kPanelValues / w.k / 16 * 16, 32, 256); }

std::string DescribePanels(int64_t value_bytes) {
  return fmt::format("weights unpacked to {} KiB per thread", kPanelValues * value_bytes / 1024);
}

std::byte* ThreadScratch(ScratchUse use, int64_t bytes) {
  thread_local std::array<Buffer, kScratchUses> buffers;
  Buffer& buffer = buffers[static_cast<size_t>(use)];
  if (buffer.bytes < bytes) {
    buffer.data.reset();
    buffer.bytes = 0;
    buffer.data.reset(static_cast<std::byte*>(::operator new (static_cast<size_t>(bytes), std::align_val_t{kAlignment})));
    buffer.bytes = bytes;
  }
  return buffer.data.get();
}

const float* UnpackF32(const WeightView& w, int64_t first, int64_t rows) {
  if (w.format->name == "f32") {
    const std::byte* stored = w.data + first * w.RowBytes();
    if (IsAligned(stored, alignof(float))) return reinterpret_cast<const float*>(stored);
  }
  float* panel = reinterpret_cast<float*>(ThreadScratch(ScratchUse::kPanel, rows * w.k * int64_t{sizeof(float)}));
  DequantizeRows(w, first, rows, panel);
  return panel;
}

const uint16_t* UnpackBf16(const WeightView& w, int64_t first, int64_t rows) {
  if (w.format->name == "bf16") {
    const std::byte* stored = w.data + first * w.RowBytes();
    if (IsAligned(stored, alignof(uint16_t))) return reinterpret_cast<const uint16_t*>(stored);
  }
  uint16_t* panel = reinterpret_cast<uint16_t*>(ThreadScratch(ScratchUse::kPanel, rows * w.k * int64_t{sizeof(uint16_t)}));
  DequantizeToBf16(w, first, rows, panel);
  return panel;
}

}  // namespace tidemark
