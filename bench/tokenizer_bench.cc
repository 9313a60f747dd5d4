// The tokenizer family: text to ids and back, on the model's own vocabulary.
#include <memory>
#include <string>

#include "bench/benchmarks.h"
#include "engine/core/error.h"

namespace tidemark {
namespace {

// About `bytes` bytes of text made of several scripts, digits, code and punctuation.
std::string Text(size_t bytes) {
  static constexpr std::string_view kSentences[] = {
      "The tide comes in twice a day, and nobody on the quay looks at a clock. ",
      "In 1997 the harbour held 12,345 boats; by 2024 there were 678.9 per cent more. ",
      "for (int i = 0; i < n; ++i) { sum += a[i] * b[i]; }\n",
      "Au bord de l'eau, les pêcheurs réparent leurs filets dès l'aube. ",
      "潮が引くと、子供たちは浜辺で貝を探します。",
      "{\"name\": \"quay\", \"open\": true, \"depth_m\": [3.5, 4, 12]}\n"};
  std::string text;
  for (size_t i = 0; text.size() < bytes; ++i) text += kSentences[i % std::size(kSentences)];
  return text;
}

}  // namespace

void AddTokenizerBenchmarks(const BenchContext& context, BenchList& list) {
  if (context.tokenizer == nullptr) return;
  for (const size_t bytes : {size_t{256}, size_t{16384}}) {
    const auto text = std::make_shared<const std::string>(Text(bytes));
    Benchmark encode;
    encode.name = fmt::format("tokenizer/encode/bytes:{}", text->size());
    encode.bytes = static_cast<double>(text->size());
    encode.setup = [&context, text] {
      const std::vector<TokenId> ids = context.tokenizer->Encode(*text, false);
      if (ids.empty() || context.tokenizer->Decode(ids, true) != *text)
        throw Error("tokenizer", "another text", "the text again");
      return [&context, text] { benchmark::DoNotOptimize(context.tokenizer->Encode(*text, false)); };
    };
    list.push_back(std::move(encode));
    Benchmark decode;
    decode.name = fmt::format("tokenizer/decode/bytes:{}", text->size());
    decode.bytes = static_cast<double>(text->size());
    decode.setup = [&context, text] {
      const auto ids = std::make_shared<const std::vector<TokenId>>(context.tokenizer->Encode(*text, false));
      if (context.tokenizer->Decode(*ids, true) != *text) throw Error("tokenizer", "another text", "the text that was encoded");
      return [&context, ids] { benchmark::DoNotOptimize(context.tokenizer->Decode(*ids, true)); };
    };
    list.push_back(std::move(decode));
  }
}

}  // namespace tidemark
