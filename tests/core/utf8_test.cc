#include "engine/core/utf8.h"

#include <string>

#include "tests/support/catch.h"

namespace tidemark {
namespace {

TEST_CASE("every code point survives a round trip and surrogates do not decode") {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string text;
    AppendUtf8(c, text);
    size_t pos = 0;
    if (NextCodePoint(text, pos) != c || pos != text.size()) FAIL("code point " << static_cast<uint32_t>(c));
  }
  CHECK_FALSE(IsValidUtf8("\xED\xA0\x80"));      // U+D800
  CHECK_FALSE(IsValidUtf8("\xC0\xAF"));          // overlong
  CHECK_FALSE(IsValidUtf8("\xF4\x90\x80\x80"));  // above U+10FFFF
  CHECK_FALSE(IsValidUtf8("\xE2\x82"));          // cut short
}

TEST_CASE("each maximal ill-formed part becomes one replacement character") {
  // The example of the Unicode standard, table 3-8.
  CHECK(DecodeUtf8("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64") == U"a\uFFFD\uFFFD\uFFFDb\uFFFDc\uFFFD\uFFFDd");
}

TEST_CASE("a stream is cut only where a character can still be completed") {
  CHECK(CompleteUtf8Prefix("abc") == 3);
  CHECK(CompleteUtf8Prefix("ab\xE2") == 2);
  CHECK(CompleteUtf8Prefix("ab\xE2\x82") == 2);
  CHECK(CompleteUtf8Prefix("ab\xE2\x82\xAC") == 5);
  CHECK(CompleteUtf8Prefix("\xF0\x9F\x98") == 0);
  CHECK(CompleteUtf8Prefix("a\x80") == 2);      // a stray continuation byte can never be completed
  CHECK(CompleteUtf8Prefix("a\xE0\x80") == 3);  // neither can an overlong beginning
  CHECK(CompleteUtf8Prefix("") == 0);
}

}  // namespace
}  // namespace tidemark
