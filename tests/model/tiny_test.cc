// The embedded default model, models/tidemark-tiny/model.gguf, against Hugging Face transformers in float32: prompt ids, logits
// and whole greedy answers (tests/golden/tiny/make_golden.py).
#include <cmath>

#include "engine/chat/chat_template.h"
#include "engine/tokenizer/tokenizer.h"
#include "tests/model/fixture.h"
#include "tests/support/catch.h"

namespace tidemark::test {
namespace {

std::filesystem::path TinyModel() { return std::filesystem::path(TIDEMARK_SOURCE_DIR) / "models/tidemark-tiny/model.gguf"; }

nlohmann::ordered_json TinyGolden() {
  std::ifstream file(Golden("tiny/golden.json"));
  return nlohmann::ordered_json::parse(file);
}

TEST_CASE("the default model's logits equal transformers") {
  Loaded m(TinyModel());
  const auto tokens = TinyGolden().at("tokens").get<std::vector<TokenId>>();
  const std::vector<float> ours = m.Logits(tokens), reference = ReadFloats(Golden("tiny/logits.f32"));
  REQUIRE(ours.size() == reference.size());
  float largest = 0, scale = 0;
  for (size_t i = 0; i < ours.size(); ++i) {
    largest = std::max(largest, std::abs(ours[i] - reference[i]));
    scale = std::max(scale, std::abs(reference[i]));
    REQUIRE(std::isfinite(ours[i]));
  }
  INFO("largest difference " << largest << ", largest logit " << scale);
  CHECK(largest <= 1e-4f * scale);
}

TEST_CASE("the default model's chat template and tokenizer give the ids of transformers") {
  const auto store = WeightStore::Open(TinyModel());
  const TokenizerData& data = store->Tokenizer();
  const auto tokenizer = Tokenizer::Create(data);
  const ChatTemplate chat(data.chat_template);
  const nlohmann::ordered_json golden = TinyGolden();
  REQUIRE(golden.at("prompts").size() >= 4);
  for (const nlohmann::ordered_json& prompt : golden.at("prompts")) {
    const std::string text =
        chat.Render({{"messages", prompt.at("messages")}, {"bos_token", "<|startoftext|>"}, {"add_generation_prompt", true}});
    INFO(text);
    CHECK(tokenizer->Encode(text, true) == prompt.at("prompt").get<std::vector<TokenId>>());
  }
}

TEST_CASE("the default model's greedy answers equal transformers up to the end token") {
  Loaded m(TinyModel());
  const nlohmann::ordered_json golden = TinyGolden();
  REQUIRE(golden.at("prompts").size() >= 4);
  for (const nlohmann::ordered_json& prompt : golden.at("prompts")) {
    const auto expected = prompt.at("greedy").get<std::vector<TokenId>>();
    const auto produced = m.Greedy(prompt.at("prompt").get<std::vector<TokenId>>(), expected.size());
    INFO("margins " << prompt.at("greedy_margin") << ", " << prompt.at("route_margin"));
    CHECK(produced == expected);
  }
}

}  // namespace
}  // namespace tidemark::test
