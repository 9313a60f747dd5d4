// Scratch memory of Forward: one growing buffer per slot.
#include <algorithm>

#include "engine/core/error.h"
#include "engine/model/model.h"

namespace tidemark {

float* Workspace::Floats(int slot, int64_t count) {
  TM_CHECK(slot >= 0 && count >= 0, "slot {}, count {}", slot, count);
  if (floats_.size() <= static_cast<size_t>(slot)) floats_.resize(static_cast<size_t>(slot) + 1);
  std::vector<float>& buffer = floats_[static_cast<size_t>(slot)];
  if (buffer.size() < static_cast<size_t>(count)) {
    // Grown by half at least, so that batches that grow a row at a time do not reallocate each time; freed first: nothing is
    // kept.
    const size_t size = std::max(static_cast<size_t>(count), buffer.size() + buffer.size() / 2);
    buffer = std::vector<float>();
    buffer.resize(size);
  }
  return buffer.data();
}

std::vector<int32_t>& Workspace::Ints(int slot) {
  TM_CHECK(slot >= 0, "slot {}", slot);
  if (ints_.size() <= static_cast<size_t>(slot)) ints_.resize(static_cast<size_t>(slot) + 1);
  return ints_[static_cast<size_t>(slot)];
}

}  // namespace tidemark
