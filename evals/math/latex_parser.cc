// Entry points of the reader, grouped numbers, and plain arithmetic; see the header.
#include "evals/math/latex_parser.h"

#include <algorithm>

#include "evals/math/latex_grammar.h"

namespace tidemark::math {
namespace {

// Python's arithmetic: sum > product > sign > power (right-associative, its exponent may carry a sign) > atom.
class Arithmetic {
 public:
  Arithmetic(std::string_view text, const Budget& budget) : text_(text), budget_(budget) {}

  std::optional<Expression> Read() {
    std::optional<Expression> sum = Sum(0);
    return sum && Peek() == '\0' && at_ == text_.size() ? sum : std::nullopt;
  }

 private:
  char Peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool PowerSign() {
    if (Peek() == '^') return true;
    return Peek() == '*' && at_ + 1 < text_.size() && text_[at_ + 1] == '*';
  }
  static void CheckDepth(int depth) {
    if (depth > kMaxNesting) throw BudgetSpent("the expression is nested too deeply");
  }

  std::optional<Expression> Sum(int depth) {
    CheckDepth(depth);
    budget_.CheckTime();
    std::optional<Expression> first = Term(depth);
    if (!first) return first;
    Expression sum{Kind::kAdd, "", {std::move(*first)}, 0, 0};
    while (Peek() == '+' || Peek() == '-') {
      const bool minus = text_[at_++] == '-';
      std::optional<Expression> next = Term(depth);
      if (!next) return next;
      sum.args.push_back(minus ? Expression{Kind::kNegate, "", {std::move(*next)}, 0, 0} : std::move(*next));
    }
    if (sum.args.size() == 1) return std::move(sum.args[0]);
    return sum;
  }

  std::optional<Expression> Term(int depth) {
    std::optional<Expression> left = Factor(depth);
    int length = 0;
    while (left && (Peek() == '/' || (Peek() == '*' && !PowerSign()))) {
      CheckDepth(++length);
      const Kind kind = text_[at_++] == '/' ? Kind::kDivide : Kind::kMultiply;
      std::optional<Expression> right = Factor(depth);
      if (!right) return right;
      left = Expression{kind, "", {std::move(*left), std::move(*right)}, 0, 0};
    }
    return left;
  }

  std::optional<Expression> Factor(int depth) {
    CheckDepth(depth);
    bool minus = false;
    while (Peek() == '+' || Peek() == '-') minus ^= text_[at_++] == '-';
    std::optional<Expression> base = Atom(depth);
    if (base && PowerSign()) {
      at_ += text_[at_] == '^' ? 1 : 2;
      std::optional<Expression> exponent = Factor(depth + 1);
      if (!exponent) return exponent;
      base = Expression{Kind::kPower, "", {std::move(*base), std::move(*exponent)}, 0, 0};
    }
    if (base && minus) return Expression{Kind::kNegate, "", {std::move(*base)}, 0, 0};
    return base;
  }

  std::optional<Expression> Atom(int depth) {
    if (Peek() == '(') {
      ++at_;
      std::optional<Expression> inner = Sum(depth + 1);
      if (!inner || Peek() != ')') return std::nullopt;
      ++at_;
      return inner;
    }
    const size_t first = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    size_t digits = at_ - first;
    // Python refuses 007, but not 0 or 00.
    if (digits > 1 && text_[first] == '0' && (at_ >= text_.size() || text_[at_] != '.') &&
        text_.substr(first, digits).find_first_not_of('0') != std::string_view::npos) {
      return std::nullopt;
    }
    if (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      const size_t fraction = at_;
      while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
      digits += at_ - fraction;
    }
    if (digits == 0) return std::nullopt;
    std::string number(text_.substr(first, at_ - first));
    if (number.front() == '.') number.insert(0, "0");
    if (number.back() == '.') number.push_back('0');
    return Expression{Kind::kNumber, std::move(number), {}, 0, 0};
  }

  std::string_view text_;
  const Budget& budget_;
  size_t at_ = 0;
};

// "1,234,567.8": thousands, not a list, when the whole formula is one such number ("1, 234" is a list). "0,125" has a decimal
// comma.
std::optional<Expression> ReadGroupedNumber(std::string_view s) {
  const auto blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  const auto digit = [&s](size_t at) { return at < s.size() && s[at] >= '0' && s[at] <= '9'; };
  while (!s.empty() && blank(s.front())) s.remove_prefix(1);
  while (!s.empty() && blank(s.back())) s.remove_suffix(1);
  const bool negative = !s.empty() && s[0] == '-';
  if (negative) s.remove_prefix(1);
  size_t at = 0;
  std::string digits;
  while (digit(at)) digits += s[at++];
  if (at == 0 || at > 3 || at == s.size() || s[at] != ',') return std::nullopt;
  size_t groups = 0;
  for (; at < s.size() && s[at] == ','; at += 4, ++groups) {
    if (!digit(at + 1) || !digit(at + 2) || !digit(at + 3)) return std::nullopt;
    if (s[0] == '0' && !negative) digits += '.';
    digits += s.substr(at + 1, 3);
  }
  if (at < s.size()) {
    if (s[at] != '.' || !digit(at + 1)) return std::nullopt;
    digits += s[at++];
    while (digit(at)) digits += s[at++];
    if (at < s.size()) return std::nullopt;
  }
  if (std::count(digits.begin(), digits.end(), '.') > 1) return std::nullopt;
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  if (digits[0] == '.') digits.insert(0, "0");
  Expression number{Kind::kNumber, digits, {}, 0, 0};
  return negative ? Expression{Kind::kNegate, "", {std::move(number)}, 0, 0} : number;
}

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (c & 0x80) != 0;
}

// Signs of complex numbers or matrices (math_verify's complex_number_pattern): an "i" that is a word of its own, \imath, \det,
// \mathbb{C} and the like. "9i" has none.
bool LooksComplex(std::string_view latex) {
  constexpr std::string_view kSigns[] = {"\\mathbb{C}",
                                         "\\text{i}",
                                         "\\mathrm{i}",
                                         "\\det",
                                         "\\arg{",
                                         "\\Re{",
                                         "\\Im{",
                                         "\\text{rank}",
                                         "\\text{Re}",
                                         "\\text{Im}",
                                         "\\operatorname{tr}",
                                         "\\operatorname{rank}",
                                         "\\operatorname{Re}",
                                         "\\operatorname{Im}"};
  for (std::string_view sign : kSigns) {
    if (latex.find(sign) != std::string_view::npos) return true;
  }
  constexpr std::string_view kImath = "\\imath";
  const auto ends_word = [latex](size_t at) { return at >= latex.size() || !IsWordByte(latex[at]); };
  for (size_t at = latex.find(kImath); at != std::string_view::npos; at = latex.find(kImath, at + 1)) {
    if (ends_word(at + kImath.size())) return true;
  }
  for (size_t at = latex.find('i'); at != std::string_view::npos; at = latex.find('i', at + 1)) {
    if (ends_word(at + 1) && (at == 0 || !IsWordByte(latex[at - 1]))) return true;
  }
  return false;
}

void MarkRealLetters(Expression& e) {
  if (e.kind == Kind::kSymbol) e.flags |= kRealLetter;
  for (Expression& arg : e.args) MarkRealLetters(arg);
}

}  // namespace

std::optional<Expression> ReadLatex(std::string_view latex, const Budget& budget) {
  if (latex.size() > kMaxFormulaBytes) throw BudgetSpent("a formula of more than 32 KiB");
  if (std::optional<Expression> number = ReadGroupedNumber(latex)) return number;
  std::vector<Token> tokens;
  if (!Tokenize(latex, tokens)) return std::nullopt;
  // Rules look a few tokens ahead without asking for the end.
  for (int i = 0; i < 4; ++i) tokens.push_back(tokens.back());
  Expression result;
  if (!LatexGrammar(std::move(tokens), budget).Read(result)) return std::nullopt;
  if (!LooksComplex(latex)) MarkRealLetters(result);
  return result;
}

std::optional<Expression> ReadArithmetic(std::string_view text, const Budget& budget) {
  if (text.size() > kMaxFormulaBytes) throw BudgetSpent("an expression of more than 32 KiB");
  return Arithmetic(text, budget).Read();
}

}  // namespace tidemark::math
