#include "engine/model/state.h"

#include <algorithm>

#include "engine/core/checked.h"
#include "engine/core/error.h"
#include "engine/ops/kv_cache.h"

namespace tidemark {
namespace {

constexpr int64_t kGrain = 256;  // positions: smallest growth of the KV cache

}  // namespace

SequenceState::SequenceState(const ModelConfig& config, const Format* kv_format, int64_t capacity)
    : kv_format_(kv_format), capacity_(capacity), row_values_(config.num_key_value_heads * config.head_dim) {
  CheckKvFormat(kv_format, config.head_dim);
  TM_CHECK(capacity >= 1 && CheckedMul(static_cast<uint64_t>(capacity), static_cast<uint64_t>(row_values_) * 4).has_value(),
           "capacity {}", capacity);
  const auto attention = std::count(config.layer_types.begin(), config.layer_types.end(), LayerType::kFullAttention);
  keys_.resize(static_cast<size_t>(attention));
  values_.resize(static_cast<size_t>(attention));
  conv_values_ = (config.conv_L_cache - 1) * config.hidden_size;
  conv_.resize(config.layer_types.size() - static_cast<size_t>(attention));
  for (std::vector<float>& window : conv_) window.assign(static_cast<size_t>(conv_values_), 0.0f);
}

SequenceState SequenceState::Clone(int64_t capacity) const {
  TM_CHECK(capacity >= length_, "{} positions, capacity {}", length_, capacity);
  SequenceState copy;
  copy.kv_format_ = kv_format_;
  copy.capacity_ = capacity;
  copy.length_ = length_;
  copy.row_values_ = row_values_;
  copy.conv_values_ = conv_values_;
  copy.conv_ = conv_;
  const auto used = [&](const std::vector<std::byte>& all) {
    return std::vector<std::byte>(all.begin(), all.begin() + KvBytes(*kv_format_, row_values_, length_));
  };
  for (const auto& keys : keys_) copy.keys_.push_back(used(keys));
  for (const auto& values : values_) copy.values_.push_back(used(values));
  return copy;
}

void SequenceState::Clear() {
  length_ = 0;
  for (std::vector<float>& window : conv_) std::fill(window.begin(), window.end(), 0.0f);
}

void SequenceState::Rewind(const Mark& mark) {
  TM_CHECK(mark.length <= length_ && mark.conv.size() == conv_.size(), "mark at {}, state at {}", mark.length, length_);
  length_ = mark.length;
  conv_ = mark.conv;
}

int64_t SequenceState::Bytes() const {
  size_t bytes = conv_.size() * static_cast<size_t>(conv_values_) * sizeof(float);
  for (const auto& keys : keys_) bytes += keys.capacity();
  for (const auto& values : values_) bytes += values.capacity();
  return static_cast<int64_t>(bytes);
}

int64_t SequenceState::CloneBytes() const {
  const auto layers = static_cast<int64_t>(keys_.size() + values_.size());
  return static_cast<int64_t>(conv_.size() * sizeof(float)) * conv_values_ + layers * KvBytes(*kv_format_, row_values_, length_);
}

std::byte* SequenceState::Keys(int64_t attention_index) { return keys_[static_cast<size_t>(attention_index)].data(); }

std::byte* SequenceState::Values(int64_t attention_index) { return values_[static_cast<size_t>(attention_index)].data(); }

std::span<float> SequenceState::ConvWindow(int64_t conv_index) { return conv_[static_cast<size_t>(conv_index)]; }

void SequenceState::Reserve(int64_t positions) {
  TM_CHECK(positions <= capacity_, "{} positions, capacity {}", positions, capacity_);
  if (keys_.empty()) return;
  const int64_t held = static_cast<int64_t>(keys_.front().size()) / kv_format_->Bytes(row_values_);
  if (positions <= held) return;
  // Doubling: every position is copied at most about twice however slowly the sequence grows.
  const int64_t wanted = std::min(capacity_, std::max({positions, 2 * held, kGrain}));
  const auto wanted_bytes = static_cast<size_t>(KvBytes(*kv_format_, row_values_, wanted));
  const auto grow = [&](std::vector<std::byte>& all) {
    std::vector<std::byte> larger;
    larger.reserve(wanted_bytes);  // resize alone might round up beyond the capacity asked for
    larger.assign(all.begin(), all.begin() + KvBytes(*kv_format_, row_values_, length_));
    larger.resize(wanted_bytes);
    all = std::move(larger);
  };
  for (auto& keys : keys_) grow(keys);
  for (auto& values : values_) grow(values);
}

void SequenceState::Advance(int64_t tokens) {
  TM_CHECK(tokens >= 0 && length_ + tokens <= capacity_, "{} + {} tokens, capacity {}", length_, tokens, capacity_);
  length_ += tokens;
}

}  // namespace tidemark
