#include "engine/model/state.h"

#include <cstring>

#include "engine/model/model.h"
#include "tests/support/catch.h"

namespace tidemark {
namespace {

ModelConfig SmallConfig() {
  ModelConfig config;
  config.hidden_size = 8;
  config.num_hidden_layers = 3;
  config.layer_types = {LayerType::kConv, LayerType::kFullAttention, LayerType::kConv};
  config.num_attention_heads = 2;
  config.num_key_value_heads = 1;
  config.head_dim = 4;
  config.conv_L_cache = 3;
  return config;
}

TEST_CASE("the KV cache grows on demand, by doubling, up to the capacity") {
  SequenceState state(SmallConfig(), FindFormat("f32"), 1000);
  const int64_t conv_bytes = 2 * 2 * 8 * 4, row_bytes = 2 * 4 * 4;  // two windows; keys and values of a position
  CHECK(state.length() == 0);
  CHECK(state.capacity() == 1000);
  CHECK(state.Bytes() == conv_bytes);
  state.Reserve(1);
  CHECK(state.Bytes() == conv_bytes + 256 * row_bytes);
  state.Reserve(257);
  CHECK(state.Bytes() == conv_bytes + 512 * row_bytes);
  state.Reserve(513);
  CHECK(state.Bytes() == conv_bytes + 1024 * row_bytes);  // whole blocks of 64
  state.Reserve(1000);
  CHECK(state.Bytes() == conv_bytes + 1024 * row_bytes);
  CHECK(SequenceState(SmallConfig(), FindFormat("f16"), 3).Bytes() == conv_bytes);
}

TEST_CASE("growth keeps what was written, a clone copies the used positions, clear zeroes the windows") {
  SequenceState state(SmallConfig(), FindFormat("f16"), 2000);
  state.Reserve(10);
  std::memset(state.Keys(0), 0x11, 10 * 8);
  std::memset(state.Values(0), 0x22, 10 * 8);
  state.ConvWindow(1)[5] = 3.0f;
  state.Advance(10);
  state.Reserve(1999);
  CHECK(state.Keys(0)[79] == std::byte{0x11});
  CHECK(state.Values(0)[79] == std::byte{0x22});

  SequenceState clone = state.Clone();
  CHECK(clone.length() == 10);
  CHECK(clone.capacity() == 2000);
  CHECK(clone.kv_format() == FindFormat("f16"));
  CHECK(clone.Bytes() < state.Bytes());
  CHECK(clone.Values(0)[79] == std::byte{0x22});
  clone.Reserve(11);
  clone.ConvWindow(1)[5] = 4.0f;
  CHECK(state.ConvWindow(1)[5] == 3.0f);

  const int64_t bytes = state.Bytes();
  state.Clear();
  CHECK(state.length() == 0);
  CHECK(state.ConvWindow(1)[5] == 0.0f);
  CHECK(state.Bytes() == bytes);
}

TEST_CASE("a model without attention layers needs no KV cache") {
  ModelConfig config = SmallConfig();
  config.layer_types = {LayerType::kConv, LayerType::kConv, LayerType::kConv};
  SequenceState state(config, FindFormat("f32"), 50);
  state.Reserve(50);
  state.Advance(50);
  CHECK(state.Clone().length() == 50);
}

TEST_CASE("workspace slots keep their memory until a larger request") {
  ThreadPool pool(1);
  Workspace workspace(pool);
  float* small = workspace.Floats(3, 100);
  small[99] = 1.0f;
  CHECK(workspace.Floats(3, 50) == small);
  CHECK(workspace.Floats(0, 10) != small);
  CHECK(workspace.Floats(3, 1000) != nullptr);
  workspace.Ints(1).assign(4, 7);
  CHECK(workspace.Ints(1).size() == 4);
  CHECK(workspace.Ints(0).empty());
}

}  // namespace
}  // namespace tidemark
