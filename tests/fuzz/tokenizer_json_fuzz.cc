// Bytes as tokenizer.json: refused with an Error, or a tokenizer that encodes, decodes and streams without a fault. The text it
// works on is taken from the file itself, so that added tokens and merges are met.
#include <cstdint>
#include <string>

#include "engine/core/error.h"
#include "engine/core/utf8.h"
#include "engine/tokenizer/tokenizer.h"

using tidemark::Error;
using tidemark::TokenId;

namespace {

void Use(const tidemark::Tokenizer& tokenizer, std::string_view text) {
  for (const bool parse_special : {false, true}) {
    try {
      const std::vector<TokenId> ids = tokenizer.Encode(text, parse_special);
      std::string streamed;
      tidemark::StreamingDecoder stream(tokenizer, true);
      for (const TokenId id : ids) {
        TM_CHECK(tokenizer.IsUsable(id), "id {} of {}", id, tokenizer.VocabSize());
        streamed += stream.Add(id);
        TM_CHECK(tidemark::IsValidUtf8(streamed), "half a character");
      }
      streamed += stream.Finish();
      TM_CHECK(streamed == tidemark::EncodeUtf8(tidemark::DecodeUtf8(tokenizer.Decode(ids, true))), "streamed text differs");
    } catch (const Error&) {  // a byte without a token
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  tidemark::TokenizerData tokenizer_data;
  tokenizer_data.kind = tidemark::TokenizerData::Kind::kJson;
  // A second document after a zero byte stands for tokenizer_config.json.
  tokenizer_data.tokenizer_json = text.substr(0, text.find('\0'));
  if (tokenizer_data.tokenizer_json.size() < size)
    tokenizer_data.tokenizer_config_json = text.substr(tokenizer_data.tokenizer_json.size() + 1);
  try {
    const auto tokenizer = tidemark::Tokenizer::Create(tokenizer_data);
    Use(*tokenizer, text.substr(0, 4096));
    Use(*tokenizer, "Hello, world!  It's 12345 \n\n caf\u00e9 e\u0301 <|im_start|>user\xff");
    for (TokenId id = -1; id < 300; ++id) tokenizer->TokenBytes(id, true);
    tokenizer->Find("<|im_start|>");
  } catch (const Error&) {
  }
  return 0;
}
