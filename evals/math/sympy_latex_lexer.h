// Tokens of the LaTeX grammar in sympy; used by sympy_latex.cc alone.
#ifndef TIDEMARK_EVALS_MATH_SYMPY_LATEX_LEXER_H_
#define TIDEMARK_EVALS_MATH_SYMPY_LATEX_LEXER_H_

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark::math {

struct SympyToken {
  enum class Type {
    kCharacter,  // text: one of + - * / ( ) { } [ ] | _ ^ : ! < > = , .
    kDigit,
    kLetter,
    kDifferential,  // text: "dx"
    kCommand,       // text: the name behind the backslash
    kQuotes,
    kUnknown,  // of which the lexer complains
    kEnd,
  };

  Type type = Type::kEnd;
  std::string text;
};

// All tokens, the end last. Spaces, \left, \right and the like are dropped as sympy drops them.
std::vector<SympyToken> ReadSympyTokens(std::u32string_view text);

bool IsOneOf(std::initializer_list<std::string_view> list, std::string_view name);
// Names of commands: functions like sin; operators, relations and closing marks; all that are more than a symbol.
bool IsSympyFunction(std::string_view name);
bool IsSympyOperator(std::string_view name);
bool IsSympyReserved(std::string_view name);

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_SYMPY_LATEX_LEXER_H_
