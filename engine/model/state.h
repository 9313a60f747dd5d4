// What one sequence remembers between steps: keys and values of the attention layers and the last gated inputs of the
// convolution layers. It can be cloned, cleared, and rewound to a mark: a convolution keeps only its last conv_L_cache - 1
// inputs, so those of a place to come back to have to be set aside there.
#ifndef TIDEMARK_ENGINE_MODEL_STATE_H_
#define TIDEMARK_ENGINE_MODEL_STATE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/format.h"
#include "engine/model/config.h"

namespace tidemark {

// Keys and values lie apart, in the layout of engine/ops/kv_cache.h: whole blocks of positions.
class SequenceState {
 public:
  // kv_format: one of the format table that keys and values can have (kKvTypeNames); Error if the heads do not fit it.
  // capacity: most positions the sequence may hold.
  SequenceState(const ModelConfig& config, const Format* kv_format, int64_t capacity);
  SequenceState(SequenceState&&) = default;
  SequenceState& operator=(SequenceState&&) = default;

  // Deep copies, expensive; only the used positions are copied. capacity: of the copy, at least length().
  SequenceState Clone(int64_t capacity) const;
  SequenceState Clone() const { return Clone(capacity_); }
  void Clear();  // length becomes 0; memory is kept

  struct Mark {
    int64_t length;
    std::vector<std::vector<float>> conv;
  };
  Mark SetMark() const { return {length_, conv_}; }
  void Rewind(const Mark& mark);  // of this state or of a clone, and not behind where it is; keys and values stay where they are

  int64_t length() const { return length_; }
  int64_t capacity() const { return capacity_; }
  const Format* kv_format() const { return kv_format_; }
  int64_t Bytes() const;       // memory held
  int64_t CloneBytes() const;  // that a clone would hold

  // For the architecture alone. attention_index counts attention layers, conv_index convolution layers, both from 0.
  std::byte* Keys(int64_t attention_index);  // KvBytes(kv_format, nkv * d, reserved positions), grown on demand
  std::byte* Values(int64_t attention_index);
  std::span<float> ConvWindow(int64_t conv_index);  // [conv_L_cache - 1, H], oldest first: gated inputs u = B * x
  void Reserve(int64_t positions);                  // makes room for that many positions in all
  void Advance(int64_t tokens);                     // length += tokens, after all layers have run

 private:
  SequenceState() = default;

  const Format* kv_format_ = nullptr;
  int64_t capacity_ = 0, length_ = 0, row_values_ = 0, conv_values_ = 0;
  std::vector<std::vector<std::byte>> keys_, values_;
  std::vector<std::vector<float>> conv_;
};

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_MODEL_STATE_H_
