// Template text to tokens, with trim_blocks and lstrip_blocks on and the last newline of the file dropped.
// White-space control happens here: after the lexer a template is data pieces and tags, and nobody else looks at blanks.
// Source: jinja2/lexer.py (the rules), Jinja documentation, "Whitespace Control".
#ifndef TIDEMARK_ENGINE_CHAT_LEXER_H_
#define TIDEMARK_ENGINE_CHAT_LEXER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark::jinja {

enum class TokenKind {
  kData,
  kVariableBegin,
  kVariableEnd,
  kBlockBegin,
  kBlockEnd,
  kName,
  kString,
  kInteger,
  kFloat,
  kOperator,
  kEnd
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  int line = 1;
  std::string text;  // data, name, unescaped string or operator
  int64_t integer = 0;
  double number = 0;
};

// The last token is kEnd. Throws Error with place "NAME:LINE".
std::vector<Token> Tokenize(std::string_view source, const std::string& name);

}  // namespace tidemark::jinja

#endif  // TIDEMARK_ENGINE_CHAT_LEXER_H_
