// Scalars of the grammar: sums, products, signs, powers, brackets, letters, numbers, fractions, roots, matrices.
#include <algorithm>

#include "evals/math/latex_grammar.h"

namespace tidemark::math {
namespace {

bool IsScript(Word word) { return word == Word::kCaret || word == Word::kUnderscore; }

// "\text{(C)}" -> "C", "\overline{AB}" -> "bar{AB}", "\mathcal{P}" -> "math{P}".
std::string AccentName(const std::string& written) {
  const size_t brace = written.find('{');
  std::string name = written.substr(1, brace - 1);
  std::string inside = written.substr(brace + 1, written.size() - brace - 2);
  inside.erase(std::remove(inside.begin(), inside.end(), ' '), inside.end());
  while (!name.empty() && (name.back() == ' ' || name.back() == '\t' || name.back() == '\n' || name.back() == '\r'))
    name.pop_back();
  if (name.find("text") != std::string::npos || name == "mbox") {
    inside.erase(std::remove_if(inside.begin(), inside.end(), [](char c) { return c == '(' || c == ')'; }), inside.end());
    return inside;
  }
  if (name == "overline") name = "bar";
  if (name == "overrightarrow") name = "vec";
  if (name == "widetilde") name = "tilde";
  if (name.find("math") != std::string::npos) name = "math";
  return name + "{" + inside + "}";
}

}  // namespace

int LatexGrammar::SymbolNode(const std::string& written) {
  const std::string name = written[0] == '\\' ? written.substr(1) : written;  // \text{\pi}
  if (name == "pi" || name == "Pi") return Make(Kind::kConstant, "pi");
  return Make(Kind::kSymbol, name);
}

int LatexGrammar::Number(const std::string& text) {
  if (text.find('.') != std::string::npos) return Make(Kind::kNumber, text);
  const size_t first = std::min(text.find_first_not_of('0'), text.size() - 1);
  return Make(Kind::kNumber, text.substr(first));
}

// "2E5": the exponent moves the point; the result stays a decimal number.
int LatexGrammar::Scientific(const std::string& text) {
  const size_t mark = text.find('E');
  std::string digits = text.substr(0, mark);
  const std::string exponent = text.substr(mark + 1);
  if (exponent.size() > 5) throw BudgetSpent("an exponent of more than four digits");
  const long shift = std::stol(exponent);
  if (std::abs(shift) > 2000) throw BudgetSpent("an exponent above 2000");
  size_t point = digits.find('.');
  if (point == std::string::npos) {
    point = digits.size();
  } else {
    digits.erase(point, 1);
  }
  long place = static_cast<long>(point) + shift;
  if (place <= 0) {
    digits.insert(0, static_cast<size_t>(1 - place), '0');
    place = 1;
  }
  if (place > static_cast<long>(digits.size())) digits.append(static_cast<size_t>(place) - digits.size(), '0');
  digits.insert(static_cast<size_t>(place), 1, '.');
  if (digits.back() == '.') digits.push_back('0');
  return Make(Kind::kNumber, digits);
}

std::optional<Rational> LatexGrammar::Literal(const Node& node) const {
  if (node.kind == Kind::kNumber) {
    Rational value;
    if (node.text.find('.') != std::string::npos || fmpz_set_str(value.num(), node.text.c_str(), 10) != 0) return std::nullopt;
    return value;
  }
  const auto part = [&](size_t i) -> const std::optional<Rational>& { return nodes_[node.args[i]].literal; };
  if (node.kind == Kind::kNegate && part(0)) {
    Rational value = *part(0);
    fmpq_neg(value, value);
    return value;
  }
  if (node.kind == Kind::kDivide && part(0) && part(1) && part(0)->IsInteger() && part(1)->IsInteger() && !part(1)->IsZero()) {
    Rational value = *part(0);
    fmpq_div_fmpz(value, value, part(1)->num());
    return value;
  }
  return std::nullopt;
}

// Factors written side by side, from the right. A whole number before a positive rational number makes a mixed number, in
// brackets or not: "2\frac{1}{2}", but also (as Math-Verify has it) "2 3" and "2(3)" add up, and "(-2)(3)" is -5.
int LatexGrammar::Juxtapose(const std::vector<int>& factors) {
  int right = factors.back();
  if (IsOperator(right)) return -1;
  std::optional<Rational> mixed = nodes_[right].literal;
  std::vector<int> product;
  for (size_t i = factors.size() - 1; i-- > 0;) {
    if (IsOperator(factors[i])) {  // \frac{d}{dx} takes all that follows it
      if (!product.empty()) {
        std::reverse(product.begin(), product.end());
        right = Make(Kind::kMultiply, "", std::move(product));
        product.clear();
      }
      right = Make(Kind::kFunction, "derivative", {right, nodes_[factors[i]].args[0]});
      mixed.reset();
      continue;
    }
    const std::optional<Rational>& left = nodes_[factors[i]].literal;
    if (product.empty() && left && left->IsInteger() && mixed && mixed->Sign() > 0) {
      budget_.CheckTime();
      if (left->Sign() < 0) {
        fmpq_neg(*mixed, *mixed);
        right = Make(Kind::kNegate, "", {right});
      }
      fmpq_add_fmpz(*mixed, *mixed, nodes_[factors[i]].literal->num());
      right = Make(Kind::kAdd, "mixed", {factors[i], right});
      continue;
    }
    if (product.empty()) product.push_back(right);
    product.push_back(factors[i]);
  }
  if (product.empty()) {
    nodes_[right].literal = std::move(mixed);
    return right;
  }
  std::reverse(product.begin(), product.end());
  return Make(Kind::kMultiply, "", std::move(product));
}

LatexGrammar::Found LatexGrammar::Expr(uint32_t at) {
  return Remember(kExpr, at, [&]() -> Found {
    const Nesting nesting(nesting_);
    const Found first = Product(at, Functions::kAllowed);
    if (!first) return {};
    std::vector<int> summands = {first.node};
    uint32_t next = first.next;
    while (At(next) == Word::kAdd || At(next) == Word::kSubtract) {
      const Found summand = Product(next + 1, Functions::kAllowed);
      if (!summand) break;
      summands.push_back(At(next) == Word::kAdd ? summand.node : Make(Kind::kNegate, "", {summand.node}));
      next = summand.next;
    }
    return summands.size() == 1 ? first : Found{Make(Kind::kAdd, "", std::move(summands)), next};
  });
}

LatexGrammar::Found LatexGrammar::Product(uint32_t at, Functions functions) {
  Found left = Unary(at, functions);
  std::vector<int> factors = {left.node};
  while (left) {
    const Word word = At(left.next);
    if (word != Word::kMultiply && word != Word::kDivide && word != Word::kColon && word != Word::kModulo) break;
    const Found right = Unary(left.next + 1, functions);
    if (!right) break;
    left.next = right.next;
    if (word == Word::kMultiply) {
      factors.push_back(right.node);
      continue;
    }
    const int node = factors.size() == 1 ? factors[0] : Make(Kind::kMultiply, "", std::move(factors));
    factors.assign(1, word == Word::kModulo ? Make(Kind::kFunction, "mod", {node, right.node})
                                            : Make(Kind::kDivide, "", {node, right.node}));
  }
  if (!left) return {};
  return {factors.size() == 1 ? factors[0] : Make(Kind::kMultiply, "", std::move(factors)), left.next};
}

LatexGrammar::Found LatexGrammar::Unary(uint32_t at, Functions functions) {
  int signs = 0;
  for (; At(at) == Word::kAdd || At(at) == Word::kSubtract; ++at) signs += At(at) == Word::kSubtract;
  // The first factor of an argument may itself be a function: \sin \cos x.
  Found factor = Postfix(at, Functions::kAllowed);
  if (!factor) return {};
  std::vector<int> factors;
  uint32_t next = at;
  while (factor) {
    factors.push_back(factor.node);
    next = factor.next;
    factor = Postfix(next, functions);
  }
  int node = Juxtapose(factors);
  if (node < 0) return {};
  if (signs % 2 == 1) node = Make(Kind::kNegate, "", {node});
  // "--x" is a product of signs and x, no longer a name.
  if (signs > 0 && signs % 2 == 0) node = Make(Kind::kNegate, "", {Make(Kind::kNegate, "", {node})});
  return {node, next};
}

LatexGrammar::Found LatexGrammar::Postfix(uint32_t at, Functions functions) {
  Found found = Power(at, functions);
  while (found) {
    const Word word = At(found.next);
    if (word == Word::kBang) {
      found.node = Make(Kind::kFunction, "factorial", {found.node});
    } else if (word == Word::kTranspose) {
      found.node = Make(Kind::kFunction, "transpose", {found.node});
    } else if (word != Word::kDegree) {
      break;
    }
    ++found.next;
  }
  return found;
}

LatexGrammar::Found LatexGrammar::Power(uint32_t at, Functions functions) {
  Found base = Comp(at, functions);
  while (base && At(base.next) == Word::kCaret) {
    const Found exponent = Superscript(base.next);
    if (!exponent) break;
    base = {Make(Kind::kPower, "", {base.node, exponent.node}), exponent.next};
    std::string ignored;
    Subscript(base.next, base.next, ignored);
  }
  return base;
}

LatexGrammar::Found LatexGrammar::Comp(uint32_t at, Functions functions) {
  return Remember(functions == Functions::kAllowed ? kComp : kCompPlain, at, [&] { return CompBody(at, functions); });
}

LatexGrammar::Found LatexGrammar::CompBody(uint32_t at, Functions functions) {
  const Nesting nesting(nesting_);
  if (const Found group = Group(at)) return group;
  switch (At(at)) {
    case Word::kPhantom:
    case Word::kBoxed:
      return Braced(at + 1);
    case Word::kBar:
      return Bracketed(at, Word::kBar, "abs");
    case Word::kLeftVert:
      return Bracketed(at, Word::kRightVert, "abs");
    case Word::kVert:
      return Bracketed(at, Word::kVert, "abs");
    case Word::kLeftFloor:
      return Bracketed(at, Word::kRightFloor, "floor");
    case Word::kLeftLowCorner:
      return Bracketed(at, Word::kRightLowCorner, "floor");
    case Word::kLeftCeil:
      return Bracketed(at, Word::kRightCeil, "ceil");
    case Word::kLeftUpCorner:
      return Bracketed(at, Word::kRightUpCorner, "ceil");
    case Word::kFraction:
      return Fraction(at);
    case Word::kBinomial:
    case Word::kLeftBrace:
      return Binomial(at);
    case Word::kMatrixStart:
    case Word::kArrayStart:
    case Word::kDeterminantStart:
      return Matrix(at);
    default:
      break;
  }
  if (functions == Functions::kAllowed) {
    if (const Found function = Function(at)) return function;
  }
  return Atom(at);
}

LatexGrammar::Found LatexGrammar::Group(uint32_t at) {
  Word close = Word::kEnd;
  switch (At(at)) {
    case Word::kLeftParen:
      close = Word::kRightParen;
      break;
    case Word::kLeftGroup:
      close = Word::kRightGroup;
      break;
    case Word::kLeftBrace:
      close = Word::kRightBrace;
      break;
    case Word::kLeftBracket:
      close = Word::kRightBracket;
      break;
    case Word::kLeftBraceVisual:
      close = Word::kRightBraceVisual;
      break;
    case Word::kLeftBraceCommand:
      close = Word::kRightBraceCommand;
      break;
    case Word::kLeftBrack:
      close = Word::kRightBrack;
      break;
    default:
      return {};
  }
  const Found inner = Expr(at + 1);
  if (!inner || At(inner.next) != close) return {};
  return {inner.node, inner.next + 1};
}

LatexGrammar::Found LatexGrammar::Bracketed(uint32_t at, Word close, const char* name) {
  const Found inner = Expr(at + 1);
  if (!inner || At(inner.next) != close) return {};
  return {Make(Kind::kFunction, name, {inner.node}), inner.next + 1};
}

LatexGrammar::Found LatexGrammar::Braced(uint32_t at) {
  if (At(at) != Word::kLeftBrace) return {};
  const Found inner = Expr(at + 1);
  if (!inner || At(inner.next) != Word::kRightBrace) return {};
  return {inner.node, inner.next + 1};
}

LatexGrammar::Found LatexGrammar::Superscript(uint32_t at) {
  if (At(at) != Word::kCaret) return {};
  const Nesting nesting(nesting_);
  if (const Found atom = Atom(at + 1)) return atom;
  return Braced(at + 1);
}

// text: the subscript as written, without blanks. False and nothing changed: none here.
bool LatexGrammar::Subscript(uint32_t at, uint32_t& next, std::string& text) {
  if (At(at) != Word::kUnderscore) return false;
  const Nesting nesting(nesting_);
  uint32_t first = at + 1, last = 0;
  if (const Found atom = Atom(at + 1)) {
    last = next = atom.next;
  } else {
    if (At(at + 1) != Word::kLeftBrace) return false;
    first = at + 2;
    Found entry = Expr(first);
    while (entry && At(entry.next) == Word::kComma) entry = Expr(entry.next + 1);
    if (!entry || At(entry.next) != Word::kRightBrace) return false;
    last = entry.next;
    next = entry.next + 1;
  }
  text.clear();
  for (uint32_t i = first; i < last; ++i) text += tokens_[i].text;
  return true;
}

LatexGrammar::Found LatexGrammar::Atom(uint32_t at) {
  const Token& token = tokens_[at];
  std::string ignored;
  switch (token.word) {
    case Word::kInfinity:
      return {Make(Kind::kConstant, "infinity"), at + 1};
    case Word::kNumber: {
      Found number{Number(token.text), at + 1};
      Subscript(at + 1, number.next, ignored);  // 52_8: the base is not looked at
      return number;
    }
    case Word::kScientific:
      return {Scientific(token.text), at + 1};
    case Word::kPercentNumber: {
      const int hundredth = Make(Kind::kDivide, "", {Integer(1), Integer(100)});
      return {Make(Kind::kMultiply, "%", {Number(token.text), hundredth}), at + 1};
    }
    case Word::kCapitalE:
      return {Make(Kind::kSymbol, "E"), at + 1};
    case Word::kDifferential:
      return {Make(Kind::kSymbol, token.text), at + 1};
    case Word::kFunction:
      if (token.text == "gamma") return {Make(Kind::kSymbol, "gamma"), at + 1};
      return {};
    default:
      return AtomExpr(at, true);
  }
}

LatexGrammar::Found LatexGrammar::AtomExpr(uint32_t at, bool superscript) {
  const Token& token = tokens_[at];
  std::string name;
  if (token.word == Word::kLetter || token.word == Word::kGreek || token.word == Word::kSymbol) {
    name = token.text;
  } else if (token.word == Word::kAccent) {
    name = AccentName(token.text);
  } else {
    return {};
  }
  uint32_t next = at + 1;
  int exponent = -1;
  bool subscripted = false;
  std::string subscript;
  for (int i = 0; i < 2 && IsScript(At(next)); ++i) {
    if (At(next) == Word::kCaret) {
      if (!superscript || exponent >= 0) break;
      const Found found = Superscript(next);
      if (!found) break;
      exponent = found.node;
      next = found.next;
    } else {
      if (subscripted || !Subscript(next, next, subscript)) break;
      subscripted = true;
    }
  }
  if (subscripted) name += subscript.size() > 1 ? "_{" + subscript + "}" : "_" + subscript;
  // A capital I is the imaginary unit, whatever its scripts; a small i is a letter.
  if (token.word == Word::kLetter && token.text == "I") return {Make(Kind::kConstant, "i"), next};
  const int symbol = SymbolNode(name);
  return {exponent < 0 ? symbol : Make(Kind::kPower, "", {symbol, exponent}), next};
}

LatexGrammar::Found LatexGrammar::Root(uint32_t at) {
  Found degree{-1, at + 1};
  if (At(at + 1) == Word::kLeftBracket) {
    degree = Expr(at + 2);
    if (!degree || At(degree.next) != Word::kRightBracket) return {};
    ++degree.next;
  }
  const Found radicand = Braced(degree.next);
  if (!radicand) return {};
  return {Make(Kind::kRoot, "", {radicand.node, degree ? degree.node : Integer(2)}), radicand.next};
}

LatexGrammar::Found LatexGrammar::Fraction(uint32_t at) {
  if (const Found derivative = Derivative(at)) return derivative;
  const Found upper = Braced(at + 1);
  if (!upper) return {};
  const Found lower = Braced(upper.next);
  if (!lower) return {};
  return {Make(Kind::kDivide, "", {upper.node, lower.node}), lower.next};
}

LatexGrammar::Found LatexGrammar::Binomial(uint32_t at) {
  if (At(at) == Word::kLeftBrace) {  // {n \choose k}
    const Found upper = Expr(at + 1);
    if (!upper || At(upper.next) != Word::kChoose) return {};
    const Found lower = Expr(upper.next + 1);
    if (!lower || At(lower.next) != Word::kRightBrace) return {};
    return {Make(Kind::kFunction, "binomial", {upper.node, lower.node}), lower.next + 1};
  }
  const Found upper = Braced(at + 1);
  const Found lower = upper ? Braced(upper.next) : Found{};
  if (!lower) return {};
  return {Make(Kind::kFunction, "binomial", {upper.node, lower.node}), lower.next};
}

LatexGrammar::Found LatexGrammar::Matrix(uint32_t at) {
  const bool determinant = At(at) == Word::kDeterminantStart;
  const Word end = determinant ? Word::kDeterminantEnd : At(at) == Word::kArrayStart ? Word::kArrayEnd : Word::kMatrixEnd;
  std::vector<int> entries;
  int columns = 0, in_row = 0;
  uint32_t next = at;
  do {
    ++next;  // the start, a "&" or a "\\"
    if (At(next) == end && in_row == 0 && columns > 0) break;
    const Found entry = Expr(next);
    if (!entry) return {};
    entries.push_back(entry.node);
    ++in_row;
    next = entry.next;
    if (At(next) == Word::kColumn) continue;
    if (columns != 0 && columns != in_row) return {};
    columns = in_row;
    in_row = 0;
  } while (At(next) == Word::kColumn || At(next) == Word::kRow);
  if (At(next) != end || columns == 0) return {};
  int node = Make(Kind::kMatrix, "", std::move(entries), 0, columns);
  if (determinant) node = Make(Kind::kFunction, "det", {node});
  return {node, next + 1};
}

}  // namespace tidemark::math
