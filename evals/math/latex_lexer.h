// Splits a LaTeX formula into the words the parser knows: commands, brackets, numbers, letters. Longest match at every place;
// spacing commands vanish. The vocabulary is the one Math-Verify's reader accepts (latex2sympy2_extended, PS.g4), so that what is
// unreadable there is unreadable here: a word outside it makes the whole formula unreadable.
#ifndef TIDEMARK_EVALS_MATH_LATEX_LEXER_H_
#define TIDEMARK_EVALS_MATH_LATEX_LEXER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark::math {

enum class Word : uint8_t {
  kEnd,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kColon,
  kLeftParen,
  kRightParen,
  kLeftParenVisual,
  kRightParenVisual,
  kLeftGroup,
  kRightGroup,  // ( ) \( \) \lgroup \rgroup
  kLeftBrace,
  kRightBrace,
  kLeftBraceVisual,
  kRightBraceVisual,
  kLeftBraceCommand,
  kRightBraceCommand,  // { } \{ \} \lbrace \rbrace
  kLeftBracket,
  kRightBracket,
  kLeftBrack,
  kRightBrack,  // [ ] \lbrack \rbrack
  kBar,
  kLeftVert,
  kRightVert,
  kVert,
  kNorm,
  kLeftAngle,
  kRightAngle,
  kLeftFloor,
  kRightFloor,
  kLeftLowCorner,
  kRightLowCorner,
  kLeftCeil,
  kRightCeil,
  kLeftUpCorner,
  kRightUpCorner,
  kLimit,
  kTo,
  kIntegral,
  kSum,
  kProduct,
  kFunction,       // one argument; text: "sin"
  kMultiFunction,  // several arguments; text: "gcd"
  kOperatorName,
  kSingleName,
  kMultiName,  // \operatorname and the names it takes
  kSqrt,
  kFraction,
  kBinomial,
  kChoose,
  kPhantom,
  kBoxed,
  kMatrixStart,
  kMatrixEnd,
  kArrayStart,
  kArrayEnd,
  kDeterminantStart,
  kDeterminantEnd,
  kColumn,
  kRow,
  kUnderscore,
  kCaret,
  kSemicolon,
  kComma,
  kBang,
  kTranspose,
  kDegree,
  kNumber,
  kScientific,
  kPercentNumber,  // text: "12.5", "2E5", "12.5" (without the percent sign)
  kLetter,
  kEuler,
  kCapitalE,
  kDifferential,  // text of a differential: "dx"
  kGreek,
  kSymbol,
  kInfinity,
  kPartial,
  kAccent,  // text: "alpha"; "angle"; "\text{even}" as it is written
  kIn,
  kNotIn,
  kAssign,
  kEquivalent,
  kApproximately,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kUnequal,
  kUnion,
  kIntersection,
  kSetMinus,
  kPlusMinus,
  kEmptySet,
  kSubset,
  kSuperset,
  kNamedSet,  // text: "R"
  kReserved,  // known, but part of no formula we read
};

struct Token {
  Word word = Word::kEnd;
  std::string text;    // see above; the spelling for the others
  uint32_t begin = 0;  // of its spelling in the formula, in bytes
  uint32_t end = 0;
};

// The tokens, the last one kEnd. False: some word is not in the vocabulary.
bool Tokenize(std::string_view latex, std::vector<Token>& tokens);

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_LATEX_LEXER_H_
