// A recursive descent parser for the ANTLR grammar of sympy.parsing.latex. Source: sympy 1.14 sympy/parsing/latex/LaTeX.g4 and
// _parse_latex_antlr.py. Characters that no token begins with are errors only if the parser looks at them.
#include "evals/math/sympy_latex.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "evals/ifeval/python_text.h"
#include "evals/math/expression_build.h"
#include "evals/math/sympy_latex_lexer.h"

namespace tidemark::math {
namespace {

using View = std::u32string_view;

using Type = SympyToken::Type;
using Token = SympyToken;

constexpr int kMaxNesting = 100;

struct Unreadable {};  // internal: not this alternative; an optional part then counts as absent
struct Refused {};     // internal: an error wherever it occurs

bool HasSymbols(const Expression& e) { return e.kind == Kind::kSymbol || std::any_of(e.args.begin(), e.args.end(), HasSymbols); }

class Parser {
 public:
  Parser(std::vector<Token> tokens, const Budget& budget) : tokens_(std::move(tokens)), budget_(budget) {}

  Expression Parse() {
    Expression out = Sum();
    if (Is("=") || Is("<") || Is(">") ||
        (Peek().type == Type::kCommand &&
         IsOneOf({"neq", "le", "leq", "leqq", "leqslant", "ge", "geq", "geqq", "geqslant"}, Peek().text))) {
      throw Unreadable();
    }
    return out;
  }

 private:
  const Token& Peek(size_t ahead = 0) const {
    const Token& token = tokens_[std::min(next_ + ahead, tokens_.size() - 1)];
    if (token.type == Type::kUnknown) throw Refused();
    return token;
  }
  bool Is(std::string_view character) const { return Peek().type == Type::kCharacter && Peek().text == character; }
  bool IsCommand(std::string_view name) const { return Peek().type == Type::kCommand && Peek().text == name; }
  bool Take(std::string_view character) {
    if (!Is(character)) return false;
    ++next_;
    return true;
  }
  void Expect(std::string_view character) {
    if (!Take(character)) throw Unreadable();
  }

  // Parses something optional; where it fails, nothing was read. This gives the same prefix as ANTLR's unlimited lookahead.
  template <typename Part>
  bool Try(const Part& part) {
    const size_t next = next_;
    const int depth = depth_, bars = bars_;
    try {
      part();
      return true;
    } catch (const Unreadable&) {
      next_ = next;
      depth_ = depth;
      bars_ = bars;
      return false;
    }
  }

  Expression Sum() {
    if (++depth_ > kMaxNesting) throw Refused();
    budget_.CheckTime();
    std::vector<Expression> terms;
    terms.push_back(Product(true));
    while (Is("+") || Is("-")) {
      const bool minus = Is("-");
      Expression term;
      if (!Try([&] {
            ++next_;
            term = Product(true);
          })) {
        break;
      }
      terms.push_back(minus ? With(Kind::kNegate, "", std::move(term)) : std::move(term));
    }
    --depth_;
    return terms.size() == 1 ? std::move(terms[0]) : Make(Kind::kAdd, std::move(terms));
  }

  // functions: whether \sin and its like, roots and applied letters may stand here; they end the argument of a function.
  Expression Product(bool functions) {
    Expression out = Signed(functions);
    for (int quotients = 0;;) {
      const bool times = Is("*") || IsCommand("times") || IsCommand("cdot");
      const bool over = Is("/") || IsCommand("div") || Is(":");
      if (!times && !over) return out;
      if (++quotients > kMaxNesting) throw Refused();
      Expression right;
      if (!Try([&] {
            ++next_;
            right = Signed(functions);
          })) {
        return out;
      }
      out = With(times ? Kind::kMultiply : Kind::kDivide, "", std::move(out), std::move(right));
    }
  }

  Expression Signed(bool functions) {
    if (++depth_ > kMaxNesting) throw Refused();
    Expression out;
    if (Take("-")) {
      out = With(Kind::kNegate, "", Signed(functions));
    } else if (Take("+")) {
      out = Signed(functions);
    } else {
      out = Juxtaposed(functions);
    }
    --depth_;
    return out;
  }

  Expression Juxtaposed(bool functions) {
    std::vector<Expression> factors;
    // The grammar lets the argument of a function begin with another function.
    factors.push_back(Postfix(true));
    while (StartsFactor(functions) && Try([&] { factors.push_back(Postfix(functions)); })) {
    }
    // An x between two constants is a multiplication sign.
    std::vector<bool> sign(factors.size(), false);
    for (size_t i = 1; i + 1 < factors.size(); ++i) {
      sign[i] = factors[i].kind == Kind::kSymbol && factors[i].text == "x" && !HasSymbols(factors[i - 1]) &&
                !HasSymbols(factors[i + 1]);
    }
    std::vector<Expression> kept;
    for (size_t i = 0; i < factors.size(); ++i) {
      if (!sign[i]) kept.push_back(std::move(factors[i]));
    }
    return kept.size() == 1 ? std::move(kept[0]) : Make(Kind::kMultiply, std::move(kept));
  }

  bool StartsFactor(bool functions) const {
    const Token& token = Peek();
    switch (token.type) {
      case Type::kDigit:
      case Type::kLetter:
      case Type::kDifferential:
        return true;
      case Type::kCharacter:
        return token.text == "(" || token.text == "[" || token.text == "{" || (token.text == "|" && bars_ == 0);
      case Type::kCommand:
        if (IsSympyFunction(token.text) || IsOneOf({"sqrt", "overline", "int", "sum", "prod", "lim"}, token.text))
          return functions;
        return !IsSympyOperator(token.text);
      default:
        return false;
    }
  }

  Expression Postfix(bool functions) {
    const size_t start = next_;
    const std::pair<size_t, int> key(start, (functions ? 1 : 0) + (bars_ > 0 ? 2 : 0));
    if (failed_.count(key) != 0) throw Unreadable();
    try {
      return PostfixOnce(functions);
    } catch (const Unreadable&) {
      failed_.insert(key);  // or else repeated attempts would double with every bracket
      throw;
    }
  }

  Expression PostfixOnce(bool functions) {
    Expression out = Base(functions);
    for (int powers = 0; Is("^"); ++powers) {  // from left to right: 2^3^4 is (2^3)^4
      Expression exponent;
      if (powers > kMaxNesting) throw Refused();
      if (!Try([&] { exponent = Subscript(); })) break;
      if (Is("_")) Try([&] { Subscript(); });
      out = With(Kind::kPower, "", std::move(out), std::move(exponent));
    }
    for (int count = 0; Take("!"); ++count) {
      if (count > kMaxNesting) throw Refused();
      out = With(Kind::kFunction, "factorial", std::move(out));
    }
    return out;
  }

  Expression Base(bool functions) {
    const Token token = Peek();
    if (token.type == Type::kCharacter) {
      const std::string close = token.text == "(" ? ")" : token.text == "[" ? "]" : token.text == "{" ? "}" : "";
      if (!close.empty()) {
        ++next_;
        const int bars = std::exchange(bars_, 0);
        Expression out = Sum();
        bars_ = bars;
        Expect(close);
        return out;
      }
      if (token.text == "|") {
        ++next_;
        ++bars_;
        Expression out = Sum();
        --bars_;
        Expect("|");
        return With(Kind::kFunction, "abs", std::move(out));
      }
    }
    if (token.type == Type::kCommand) {
      if (token.text == "{") return Enclosed("}", "");
      if (token.text == "lfloor") return Enclosed("rfloor", "floor");
      if (token.text == "lceil") return Enclosed("rceil", "ceil");
      if (functions && IsSympyFunction(token.text)) return NamedFunction();
      if (functions && token.text == "sqrt") return SquareRoot();
      if (functions && token.text == "overline") {
        ++next_;
        return With(Kind::kFunction, "conjugate", Braced());
      }
    }
    if (functions) {
      if (auto applied = AppliedLetter()) return std::move(*applied);
    }
    return Atom();
  }

  Expression Enclosed(std::string_view close, std::string function) {
    ++next_;
    Expression out = Sum();
    if (!IsCommand(close)) throw Unreadable();
    ++next_;
    if (function.empty()) return out;
    return With(Kind::kFunction, std::move(function), std::move(out));
  }

  Expression Braced() {
    Expect("{");
    Expression out = Sum();
    Expect("}");
    return out;
  }

  Expression SquareRoot() {
    ++next_;
    Expression degree = Leaf(Kind::kNumber, "2");
    if (Take("[")) {
      degree = Sum();
      Expect("]");
    }
    Expression radicand = Braced();
    return With(Kind::kRoot, "", std::move(radicand), std::move(degree));
  }

  // _ and ^ behind a name; what they hold.
  Expression Subscript() {
    ++next_;
    return Is("{") ? Braced() : Atom();
  }

  Expression NamedFunction() {
    std::string name = Peek().text;
    ++next_;
    std::optional<Expression> base, power;
    for (int i = 0; i < 2; ++i) {
      if (Is("_") && !base) base = Subscript();
      if (Is("^") && !power) power = Subscript();
    }
    Expression arg;
    if (!Try([&] { arg = Argument(); })) {
      // \log_25 is the logarithm of 5 to the base 2: the digits leave one for the argument.
      Expression* last = power ? &*power : base ? &*base : nullptr;
      const bool digits = last != nullptr && last->kind == Kind::kNumber && last->text.size() > 1 && next_ > 0 &&
                          tokens_[next_ - 1].type == Type::kDigit;
      if (!digits) throw Unreadable();
      last->text.pop_back();
      --next_;
      arg = Argument();
    }
    if (power && *power == With(Kind::kNegate, "", Leaf(Kind::kNumber, "1")) &&
        IsOneOf({"sin", "cos", "tan", "csc", "sec", "cot"}, name)) {
      name = "arc" + name;
      power.reset();
    }
    Expression out = Applied(name, std::move(arg), std::move(base));
    return power ? With(Kind::kPower, "", std::move(out), std::move(*power)) : out;
  }

  Expression Argument() {
    Expression arg;
    const bool bracketed = Is("(") && Try([&] {
                             ++next_;
                             arg = Sum();
                             while (Take(",")) Sum();  // only the first counts
                             Expect(")");
                           });
    return bracketed ? arg : Product(false);
  }

  static Expression Applied(const std::string& name, Expression arg, std::optional<Expression> base) {
    if (name == "log" || name == "ln" || name == "lg") {
      if (!base && name == "lg") base = Leaf(Kind::kNumber, "10");
      if (base) return With(Kind::kFunction, "log", std::move(arg), std::move(*base));
      return With(Kind::kFunction, "ln", std::move(arg));
    }
    // arccot x = arctan(1/x) and so on
    const std::string inverse = name == "arccot" ? "arctan" : name == "arcsec" ? "arccos" : name == "arccsc" ? "arcsin" : "";
    if (!inverse.empty()) {
      return With(Kind::kFunction, inverse, With(Kind::kDivide, "", Leaf(Kind::kNumber, "1"), std::move(arg)));
    }
    return With(Kind::kFunction, name, std::move(arg));
  }

  // f(x, y), f_1'(x), \pi(x): a letter or command before an opening bracket.
  std::optional<Expression> AppliedLetter() {
    const Token token = Peek();
    if (token.type != Type::kLetter && (token.type != Type::kCommand || IsSympyReserved(token.text))) return std::nullopt;
    Expression out{Kind::kFunction, "", {}};
    const bool applied = Try([&] {
      out.text = "applied " + Name();
      Expect("(");
      do {
        out.args.push_back(Sum());
      } while (Take(","));
      Expect(")");
    });
    if (!applied) return std::nullopt;
    return out;
  }

  // A letter or command with its subscript and primes.
  std::string Name() {
    std::string name = Peek().text;
    ++next_;
    std::string quotes;
    for (int i = 0; i < 2; ++i) {
      if (Peek().type == Type::kQuotes && quotes.empty()) {
        quotes = Peek().text;
        ++next_;
      }
      if (Is("_") && name.find('_') == std::string::npos) name += "_" + ToText(Subscript());
    }
    return name + quotes;
  }

  Expression Atom() {
    if (++depth_ > kMaxNesting) throw Refused();
    const Token token = Peek();
    Expression out;
    switch (token.type) {
      case Type::kDigit:
        out = Number();
        break;
      case Type::kDifferential:
        ++next_;
        out = Leaf(Kind::kSymbol, token.text);
        break;
      case Type::kLetter:
        out = Leaf(Kind::kSymbol, Name());
        break;
      case Type::kCommand:
        out = CommandAtom(token.text);
        break;
      default:
        throw Unreadable();
    }
    --depth_;
    return out;
  }

  Expression CommandAtom(const std::string& name) {
    if (IsOneOf({"frac", "dfrac", "tfrac"}, name)) {
      ++next_;
      Expression numerator = FractionPart();
      if (Is("{") && Peek(1).type == Type::kDifferential && Peek(2).text == "}") throw Unreadable();  // a derivative
      Expression denominator = FractionPart();
      return With(Kind::kDivide, "", std::move(numerator), std::move(denominator));
    }
    if (IsOneOf({"binom", "dbinom", "tbinom"}, name)) {
      ++next_;
      Expression n = Braced();
      Expression k = Braced();
      return With(Kind::kFunction, "binomial", std::move(n), std::move(k));
    }
    if (name == "mathit") {
      ++next_;
      Expect("{");
      std::string text;
      while (Peek().type == Type::kLetter) text += tokens_[next_++].text;
      Expect("}");
      return Leaf(Kind::kSymbol, text);
    }
    if (IsSympyReserved(name)) throw Unreadable();
    const std::string symbol = Name();
    if (name == "infty") return Leaf(Kind::kConstant, "infinity");
    return Leaf(Kind::kSymbol, symbol);
  }

  Expression FractionPart() {
    if (Peek().type == Type::kDigit) return Leaf(Kind::kNumber, tokens_[next_++].text);
    return Braced();
  }

  // Digits, groups of three behind commas, decimals. Where a point follows that belongs to no digits, ANTLR's lookahead finds
  // no way on from any digit and stops at the first chance: "12." is 1, "125." is 1 times 2, "1.25." is 1.2.
  Expression Number() {
    const size_t start = next_;
    std::string text;
    while (Peek().type == Type::kDigit) text += tokens_[next_++].text;
    while (Is(",") && Peek(1).type == Type::kDigit && Peek(2).type == Type::kDigit && Peek(3).type == Type::kDigit) {
      for (size_t i = 1; i <= 3; ++i) text += Peek(i).text;
      next_ += 4;
    }
    if (Is(".") && Peek(1).type != Type::kDigit) {
      if (text.size() == 1) throw Unreadable();
      text.resize(1);
      next_ = start + 1;
    } else if (Take(".")) {
      const size_t point = text.size();
      text += '.';
      while (Peek().type == Type::kDigit) text += tokens_[next_++].text;
      if (Is(".") && text.size() > point + 2) {
        text.pop_back();
        --next_;
      }
    }
    const bool integer = text.find('.') == std::string::npos;
    if (integer && text.size() > 1 && text[0] == '0' && text.find_first_not_of('0') != std::string::npos) throw Refused();
    return Leaf(Kind::kNumber, text);
  }

  std::vector<Token> tokens_;
  size_t next_ = 0;
  int depth_ = 0;
  int bars_ = 0;  // open absolute values, which the next bar closes
  std::set<std::pair<size_t, int>> failed_;
  const Budget& budget_;
};

// The library checks beforehand that matrices begin and end in turn, though it cannot read them.
bool MatricesBalance(View text) {
  constexpr View kKinds[] = {U"pmatrix}", U"bmatrix}", U"vmatrix}"};
  View open;
  for (size_t at = text.find(U'\\'); at != View::npos; at = text.find(U'\\', at + 1)) {
    const View rest = text.substr(at);
    for (const View kind : kKinds) {
      const bool begin = python::StartsWith(rest, U"\\begin{") && python::StartsWith(rest.substr(7), kind);
      const bool end = python::StartsWith(rest, U"\\end{") && python::StartsWith(rest.substr(5), kind);
      if ((begin && !open.empty()) || (end && open != kind)) return false;
      if (begin || end) open = begin ? kind : View();
    }
  }
  return open.empty();
}

}  // namespace

std::optional<Expression> ParseSympyLatex(View text, const Budget& budget) {
  if (!MatricesBalance(text)) return std::nullopt;
  try {
    return Parser(ReadSympyTokens(text), budget).Parse();
  } catch (const Unreadable&) {
    return std::nullopt;
  } catch (const Refused&) {
    return std::nullopt;
  }
}

}  // namespace tidemark::math
