// When states are kept, waited for and let go. Nothing is computed: a state is advanced as a model would.
#include "engine/generate/prefix_sharing.h"

#include <string>
#include <vector>

#include "engine/core/format.h"
#include "engine/formats/formats.h"
#include "tests/support/catch.h"

namespace tidemark {
namespace {

ModelConfig OneLayer() {
  ModelConfig config;
  config.hidden_size = 8;
  config.num_key_value_heads = 1;
  config.head_dim = 32;
  config.conv_L_cache = 3;
  config.layer_types = {LayerType::kFullAttention, LayerType::kConv};
  return config;
}

std::vector<TokenId> Tokens(const std::vector<std::pair<size_t, TokenId>>& runs) {
  std::vector<TokenId> tokens;
  for (const auto& [count, id] : runs) tokens.insert(tokens.end(), count, id);
  return tokens;
}

struct Simulation {
  Simulation(std::vector<std::vector<TokenId>> prompts_, int64_t max_bytes)
      : prompts(std::move(prompts_)), sharing(Views(), max_bytes) {}

  std::vector<std::span<const TokenId>> Views() const { return {prompts.begin(), prompts.end()}; }

  // The cuts of a request from where it begins, "from:stop,stop,..."; "wait" if it has to wait.
  std::string Run(size_t request) {
    PrefixSharing::Start start = sharing.Begin(request, 1000);
    if (start.wait) return "wait";
    SequenceState state = start.state ? std::move(*start.state) : SequenceState(config, FindFormat("f32"), 1000);
    std::string cuts = std::to_string(state.length()) + ":";
    while (state.length() < static_cast<int64_t>(prompts[request].size())) {
      const int64_t stop = sharing.StopAfter(request, state.length());
      state.Reserve(stop);
      state.Advance(stop - state.length());
      sharing.Reached(request, state);
      cuts += " " + std::to_string(stop);
    }
    return cuts;
  }

  ModelConfig config = OneLayer();
  std::vector<std::vector<TokenId>> prompts;
  PrefixSharing sharing;
};

TEST_CASE("a state is kept until the last request that would begin with it") {
  // Two questions after the same examples, each three times, and one prompt that has nothing to do with them.
  const auto first = Tokens({{100, 1}, {80, 2}, {5, 9}}), second = Tokens({{100, 1}, {90, 3}});
  Simulation s({first, first, second, Tokens({{200, 7}}), second, first, second}, 1 << 20);
  CHECK(s.Run(0) == "0: 100 184 185");
  const int64_t both = s.sharing.bytes();
  CHECK(s.Run(1) == "184: 185");
  CHECK(s.Run(3) == "0: 200");
  CHECK(s.sharing.bytes() == both);
  CHECK(s.Run(2) == "100: 189 190");
  CHECK(s.Run(4) == "189: 190");
  CHECK(s.Run(5) == "184: 185");
  CHECK(s.sharing.bytes() > 0);
  CHECK(s.Run(6) == "189: 190");
  CHECK(s.sharing.bytes() == 0);
}

TEST_CASE("of growing prompts only the longest state is kept") {
  std::vector<std::vector<TokenId>> prompts;
  for (size_t turns = 1; turns <= 5; ++turns) {
    std::vector<std::pair<size_t, TokenId>> runs;
    for (size_t t = 0; t < turns; ++t) runs.emplace_back(70, static_cast<TokenId>(t));
    prompts.push_back(Tokens(runs));
  }
  Simulation s(prompts, 1 << 20);
  CHECK(s.Run(0) == "0: 69 70");
  CHECK(s.Run(1) == "69: 139 140");
  const int64_t one = s.sharing.bytes();
  CHECK(s.Run(2) == "139: 209 210");
  CHECK(s.sharing.bytes() < 2 * one);
  CHECK(s.Run(4) == "209: 279 350");
  CHECK(s.Run(3) == "279: 280");
  CHECK(s.sharing.bytes() == 0);
}

TEST_CASE("while a beginning is being computed others wait; where there is no room nobody does") {
  const auto prompt = Tokens({{100, 1}});
  Simulation waiting({prompt, prompt, prompt}, 1 << 20);
  CHECK_FALSE(waiting.sharing.Begin(0, 1000).wait);
  CHECK(waiting.sharing.Begin(1, 1000).wait);
  waiting.sharing.Skip(2);
  CHECK(waiting.sharing.Begin(1, 1000).wait);

  Simulation full({prompt, prompt, prompt}, 10);
  CHECK(full.Run(0) == "0: 99 100");
  CHECK(full.Run(1) == "0: 100");
  CHECK(full.Run(2) == "0: 100");
  CHECK(full.sharing.bytes() == 0);
  Simulation off({prompt, prompt}, 0);
  CHECK(off.Run(0) == "0: 100");
  CHECK(off.Run(1) == "0: 100");
}

TEST_CASE("short beginnings are not shared") {
  const int64_t least = PrefixSharing::kLeastTokens;
  const auto with = [](int64_t common, TokenId last) { return Tokens({{static_cast<size_t>(common), 1}, {10, last}}); };
  Simulation below({with(least - 1, 2), with(least - 1, 3)}, 1 << 20), at({with(least, 2), with(least, 3)}, 1 << 20);
  CHECK(below.Run(0) == "0: 73");
  CHECK(below.Run(1) == "0: 73");
  CHECK(at.Run(0) == "0: 64 74");
  CHECK(at.Run(1) == "64: 74");
}

}  // namespace
}  // namespace tidemark
