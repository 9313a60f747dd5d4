// Splits LaTeX as the ANTLR lexer of sympy does: the longest token wins. Source: sympy 1.14 sympy/parsing/latex/LaTeX.g4.
#include "evals/math/sympy_latex_lexer.h"

#include <algorithm>

namespace tidemark::math {
namespace {

using View = std::u32string_view;
using Type = SympyToken::Type;
using Token = SympyToken;

bool IsLetter(char32_t c) { return (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z'); }
bool IsBlank(char32_t c) { return c == U' ' || c == U'\t' || c == U'\r' || c == U'\n'; }

bool IsSkipped(std::string_view command) {
  return IsOneOf({"thinspace", "medspace", "quad", "qquad", "negthinspace", "negmedspace", "negthickspace", "left", "right",
                  "vrule", "vcenter", "vbox", "vskip", "vspace", "hfil"},
                 command);
}

class Lexer {
 public:
  explicit Lexer(View text) : text_(text) {}

  std::vector<Token> All() {
    std::vector<Token> out;
    while (at_ < text_.size()) {
      const Token token = Next();
      if (token.type != Type::kEnd) out.push_back(token);
    }
    out.push_back({});
    return out;
  }

 private:
  std::string TakeLetters() {
    std::string out;
    while (at_ < text_.size() && IsLetter(text_[at_])) out += static_cast<char>(text_[at_++]);
    return out;
  }

  Token Next() {  // kEnd: skipped
    const char32_t c = text_[at_++];
    const char byte = c < 128 ? static_cast<char>(c) : '\0';
    if (IsBlank(c)) return {};
    if (c == U'\\') return Command();
    if (c == U'd') return Differential();
    if (IsLetter(c)) return {Type::kLetter, std::string(1, byte)};
    if (c >= U'0' && c <= U'9') return {Type::kDigit, std::string(1, byte)};
    if (c == U'\'') {
      std::string quotes = "'";
      while (at_ < text_.size() && text_[at_] == U'\'') quotes += static_cast<char>(text_[at_++]);
      return {Type::kQuotes, quotes};
    }
    if (c == U'&') {  // only as part of an alignment at an equals sign
      size_t next = at_;
      while (next < text_.size() && IsBlank(text_[next])) ++next;
      if (next >= text_.size() || text_[next] != U'=') return {Type::kUnknown, "&"};
      at_ = next + 1;
      return {Type::kCharacter, "="};
    }
    if (byte != '\0' && std::string_view("+-*/(){}[]|_^:!<>=,.").find(byte) != std::string_view::npos) {
      return {Type::kCharacter, std::string(1, byte)};
    }
    return {Type::kUnknown, ""};
  }

  Token Command() {
    if (at_ >= text_.size()) return {Type::kUnknown, ""};
    const char32_t c = text_[at_];
    if (!IsLetter(c)) {
      ++at_;
      if (View(U",:;!*-./\"(=").find(c) != View::npos) return {};
      if (c == U'{') return {Type::kCommand, "{"};
      if (c == U'}') return {Type::kCommand, "}"};
      return {Type::kUnknown, ""};
    }
    const std::string name = TakeLetters();
    if ((name == "left" || name == "right") && at_ < text_.size() && text_[at_] == U'|') {
      ++at_;
      return {Type::kCommand, name + "|"};
    }
    if (IsSkipped(name)) return {};
    return {Type::kCommand, name};
  }

  Token Differential() {
    size_t next = at_;
    while (next < text_.size() && IsBlank(text_[next])) ++next;
    const bool command = next + 1 < text_.size() && text_[next] == U'\\' && IsLetter(text_[next + 1]);
    if (next >= text_.size() || (!IsLetter(text_[next]) && !command)) return {Type::kLetter, "d"};
    at_ = next + (command ? 1 : 0);
    if (command) return {Type::kDifferential, "d" + TakeLetters()};
    return {Type::kDifferential, std::string("d") + static_cast<char>(text_[at_++])};
  }

  View text_;
  size_t at_ = 0;
};

}  // namespace

bool IsOneOf(std::initializer_list<std::string_view> list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

bool IsSympyFunction(std::string_view name) {
  return IsOneOf({"exp",    "log",    "lg",     "ln",     "sin",    "cos",  "tan",  "csc",  "sec",    "cot",    "arcsin",
                  "arccos", "arctan", "arccsc", "arcsec", "arccot", "sinh", "cosh", "tanh", "arsinh", "arcosh", "artanh"},
                 name);
}

bool IsSympyOperator(std::string_view name) {
  return IsOneOf({"times",  "cdot",  "div",  "to",       "rightarrow", "Rightarrow", "longrightarrow", "Longrightarrow", "neq",
                  "le",     "leq",   "leqq", "leqslant", "ge",         "geq",        "geqq",           "geqslant",       "rangle",
                  "rfloor", "rceil", "}",    "right|"},
                 name);
}

bool IsSympyReserved(std::string_view name) {
  return IsSympyFunction(name) || IsSympyOperator(name) ||
         IsOneOf({"sqrt", "overline", "int", "sum", "prod", "lim", "frac", "dfrac", "tfrac", "binom", "dbinom", "tbinom",
                  "mathit", "langle", "lfloor", "lceil", "{", "left|"},
                 name);
}

std::vector<SympyToken> ReadSympyTokens(View text) { return Lexer(text).All(); }

}  // namespace tidemark::math
