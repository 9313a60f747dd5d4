// The patterns of answer_extraction.h: formulas between delimiters and plain numbers or arithmetic, at a given place of a text.
// Each search for a closing delimiter remembers its last answer, so that hostile text costs linear time.
#ifndef TIDEMARK_EVALS_MATH_ANSWER_PATTERNS_H_
#define TIDEMARK_EVALS_MATH_ANSWER_PATTERNS_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark::math {

inline bool IsBlankCharacter(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
inline bool IsDigitCharacter(char c) { return c >= '0' && c <= '9'; }

// One formula of a match.
struct Formula {
  std::string_view content;
  bool percent = false;    // a percent sign or word follows
  bool plain_box = false;  // from the first \boxed{ to the last brace, without other delimiters
};

struct Match {
  enum class Type { kFormulas, kNumber, kArithmetic };
  Type type = Type::kFormulas;
  size_t begin = 0, end = 0;
  std::vector<Formula> formulas;  // kFormulas
  std::string integer, decimal;   // kNumber: "-1,234", ".5"
  bool percent = false;           // kNumber
  std::string_view arithmetic;    // kArithmetic
};

class AnswerPatterns {
 public:
  explicit AnswerPatterns(std::string_view text) : text_(text) {}

  // $$..$$, \[..\], $..$, \(..\), " [..] " or a bare simple \frac at `at`, up to six of them joined by "and", "or" or a comma.
  // boxed: only formulas with a \boxed{} inside.
  bool FormulasAt(size_t at, bool boxed, Match& match);
  // The same after any blanks.
  bool FormulasAfterBlanks(size_t at, Match& match);
  // Arithmetic ("1/2") that begins after a blank, "=" or the start of the text and ends before a blank, a stop or the end.
  bool ArithmeticAt(size_t at, Match& match) { return ArithmeticAt(at, match, false); }
  // A number after a blank, "=" or the start of the text.
  bool NumberAt(size_t at, Match& match) { return NumberAt(at, match, false); }
  // Either of them; not_equated: no "=" may follow.
  bool ExpressionAt(size_t at, bool not_equated, Match& match) {
    return ArithmeticAt(at, match, not_equated) || NumberAt(at, match, not_equated);
  }

 private:
  // The first place >= from where `stop` holds; remembers the last search.
  struct Search {
    size_t from = 1, result = 0;  // empty
  };
  template <typename Stop>
  size_t Find(Search& search, size_t from, Stop stop);

  bool FormulaAt(size_t at, bool boxed, Formula& formula, size_t& end);
  size_t DelimitedEnd(size_t at, size_t& content_begin, size_t& content_end);
  size_t BracketEnd(size_t at, size_t& content_begin, size_t& content_end) const;
  size_t SimpleFractionEnd(size_t at) const;
  bool ArithmeticAt(size_t at, Match& match, bool not_equated);
  bool NumberAt(size_t at, Match& match, bool not_equated);
  bool NumberBody(size_t at, Match& match, bool not_equated) const;
  struct StartList {
    size_t places[4];
    int count = 0;
  };
  StartList Starts(size_t at) const;
  size_t LastSuffix(size_t run_end, size_t least);
  size_t ExpressionCharacter(size_t at) const;
  bool EqualsFollows(size_t at) const;
  size_t SuffixEnd(size_t at) const;
  size_t SkipBlanks(size_t at) const;
  bool Has(size_t at, std::string_view word) const { return at <= text_.size() && text_.substr(at, word.size()) == word; }

  std::string_view text_;
  Search dollars_, brackets_, dollar_, parentheses_, box_, brace_, run_, operator_, suffix_;
  size_t suffix_found_ = std::string_view::npos;  // the run whose last suffix suffix_ holds
};

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_ANSWER_PATTERNS_H_
