// Functions of the grammar: by name, with and without brackets around the argument, and applications f(x).
#include "evals/math/latex_grammar.h"

namespace tidemark::math {

LatexGrammar::Found LatexGrammar::Function(uint32_t at) {
  const Token& token = tokens_[at];
  switch (token.word) {
    case Word::kFunction:
    case Word::kMultiFunction:
      return NamedFunction(at + 1, token.text);
    case Word::kOperatorName:
      if (At(at + 1) != Word::kLeftBrace || At(at + 3) != Word::kRightBrace) return {};
      if (At(at + 2) != Word::kSingleName && At(at + 2) != Word::kMultiName) return {};
      return NamedFunction(at + 4, tokens_[at + 2].text);
    case Word::kSqrt:
      return Root(at);
    case Word::kEuler: {
      const int e = Make(Kind::kConstant, "e");
      if (const Found exponent = Superscript(at + 1)) return {Make(Kind::kPower, "", {e, exponent.node}), exponent.next};
      return {e, at + 1};
    }
    case Word::kSum:
    case Word::kProduct:
      return SumOrProduct(at);
    case Word::kIntegral:
      return Integral(at);
    case Word::kLimit:
      return Limit(at);
    default:
      return Application(at);
  }
}

// \sum_{k=1}^{n} k^2: both scripts, in either order; the body ends before the next summand.
LatexGrammar::Found LatexGrammar::SumOrProduct(uint32_t at) {
  const char* name = At(at) == Word::kSum ? "sum" : "product";
  Found variable, low, high;
  ++at;
  for (int i = 0; i < 2; ++i) {
    if (At(at) == Word::kUnderscore && At(at + 1) == Word::kLeftBrace && !low) {
      variable = Expr(at + 2);
      if (!variable || (At(variable.next) != Word::kAssign && At(variable.next) != Word::kEquivalent)) return {};
      low = Expr(variable.next + 1);
      if (!low || At(low.next) != Word::kRightBrace) return {};
      at = low.next + 1;
    } else if (At(at) == Word::kCaret && !high) {
      high = Superscript(at);
      if (!high) return {};
      at = high.next;
    }
  }
  if (!low || !high || nodes_[variable.node].kind != Kind::kSymbol) return {};
  const Nesting nesting(nesting_);
  const Found body = Product(at, Functions::kAllowed);
  if (!body) return {};
  return {Make(Kind::kFunction, name, {body.node, variable.node, low.node, high.node}), body.next};
}

// \int_0^1 x^2 dx, \int \frac{dx}{x}: the differential is a letter of the integrand, of which the value is one; x without it.
LatexGrammar::Found LatexGrammar::Integral(uint32_t at) {
  Found low, high;
  ++at;
  for (int i = 0; i < 2; ++i) {
    if (At(at) == Word::kUnderscore && !low) {
      low = Atom(at + 1);
      if (!low) low = Braced(at + 1);
      if (!low) return {};
      at = low.next;
    } else if (At(at) == Word::kCaret && !high) {
      high = Superscript(at);
      if (!high) return {};
      at = high.next;
    }
  }
  if (bool(low) != bool(high)) return {};
  const Found body = Expr(at);
  if (!body) return {};
  std::string differential = "dx";
  for (uint32_t i = at; i < body.next; ++i) {
    if (At(i) == Word::kDifferential) differential = tokens_[i].text;
  }
  std::vector<int> args = {Replace(body.node, differential, Integer(1)), SymbolNode(differential.substr(1))};
  if (low) args.insert(args.end(), {low.node, high.node});
  return {Make(Kind::kFunction, "integral", std::move(args)), body.next};
}

// \lim_{x \to a} f(x), \lim_{x \to 0^{+}} f(x)
LatexGrammar::Found LatexGrammar::Limit(uint32_t at) {
  if (At(at + 1) != Word::kUnderscore || At(at + 2) != Word::kLeftBrace) return {};
  const Found variable = AtomExpr(at + 3, false);
  if (!variable || At(variable.next) != Word::kTo || nodes_[variable.node].kind != Kind::kSymbol) return {};
  const Found point = Expr(variable.next + 1);
  if (!point) return {};
  uint32_t next = point.next;
  if (At(next) == Word::kCaret && At(next + 1) == Word::kLeftBrace &&
      (At(next + 2) == Word::kAdd || At(next + 2) == Word::kSubtract) && At(next + 3) == Word::kRightBrace) {
    next += 4;
  }
  if (At(next) != Word::kRightBrace) return {};
  const Nesting nesting(nesting_);
  const Found body = Product(next + 1, Functions::kAllowed);
  if (!body) return {};
  return {Make(Kind::kFunction, "limit", {body.node, variable.node, point.node}), body.next};
}

// \frac{dy}{dx}: a derivative; \frac{d}{dx}: an operator "d" {x} that Juxtapose applies to what follows.
LatexGrammar::Found LatexGrammar::Derivative(uint32_t at) {
  if (At(at + 1) != Word::kLeftBrace || At(at + 3) != Word::kRightBrace || At(at + 4) != Word::kLeftBrace) return {};
  if (At(at + 5) != Word::kDifferential || At(at + 6) != Word::kRightBrace) return {};
  const Token& upper = tokens_[at + 2];
  const int variable = Make(Kind::kSymbol, tokens_[at + 5].text.substr(1));
  if (upper.word == Word::kLetter && upper.text == "d") return {Make(Kind::kFunction, "d", {variable}), at + 7};
  if (upper.word != Word::kDifferential) return {};
  return {Make(Kind::kFunction, "derivative", {Make(Kind::kSymbol, upper.text.substr(1)), variable}), at + 7};
}

// The tree with every symbol of that name replaced.
int LatexGrammar::Replace(int node, const std::string& symbol, int by) {
  if (nodes_[node].kind == Kind::kSymbol && nodes_[node].text == symbol) return by;
  std::vector<int> args = nodes_[node].args;
  for (int& arg : args) arg = Replace(arg, symbol, by);
  if (args == nodes_[node].args) return node;
  const Node from = nodes_[node];
  return Make(from.kind, from.text, std::move(args), from.flags, from.columns);
}

// The tokens after the name: scripts in either order, then a bracket or everything up to the next sum sign or function.
LatexGrammar::Found LatexGrammar::NamedFunction(uint32_t at, const std::string& name) {
  int base = -1, power = -1;
  for (int i = 0; i < 2; ++i) {
    if (At(at) == Word::kUnderscore && base < 0) {
      Found found = Atom(at + 1);
      if (!found) found = Braced(at + 1);
      if (!found) return {};
      base = found.node;
      at = found.next;
    } else if (At(at) == Word::kCaret && power < 0) {
      const Found found = Superscript(at);
      if (!found) return {};
      power = found.node;
      at = found.next;
    }
  }
  const bool several = name == "gcd" || name == "lcm" || name == "max" || name == "min";
  if (At(at) == Word::kLeftParen) {
    if (several) {
      Found found = Arguments(at, Word::kRightParen);
      if (!found) return {};
      nodes_[found.node].text = name;
      if (power >= 0) found.node = Make(Kind::kPower, "", {found.node, power});
      return found;
    }
    const Found inner = Expr(at + 1);
    if (inner && At(inner.next) == Word::kRightParen) return {ApplyFunction(name, inner.node, base, power), inner.next + 1};
  }
  if (several) return {};
  const Nesting nesting(nesting_);
  const Found argument = Product(at, Functions::kNot);
  if (!argument) return {};
  return {ApplyFunction(name, argument.node, base, power), argument.next};
}

// Arguments between commas, as a function node without a name. at: the opening bracket.
LatexGrammar::Found LatexGrammar::Arguments(uint32_t at, Word close) {
  std::vector<int> arguments;
  do {
    const Found found = Expr(at + 1);
    if (!found) {
      // "f(x,)" is allowed
      if (!arguments.empty() && At(at + 1) == close) {
        ++at;
        break;
      }
      return {};
    }
    arguments.push_back(found.node);
    at = found.next;
  } while (At(at) == Word::kComma);
  if (At(at) != close) return {};
  return {Make(Kind::kFunction, "", std::move(arguments)), at + 1};
}

// f(x), a_1(2), \phi(n, k): a letter before a bracket that holds one atom or several arguments.
LatexGrammar::Found LatexGrammar::Application(uint32_t at) {
  const Found symbol = AtomExpr(at, false);
  if (!symbol) return {};
  uint32_t open = symbol.next;
  int power = -1;
  if (const Found exponent = Superscript(open)) {
    power = exponent.node;
    open = exponent.next;
  }
  const bool braced = At(open) == Word::kLeftBrace;
  if (braced) ++open;
  const Word close = At(open) == Word::kLeftParen ? Word::kRightParen : Word::kRightBracket;
  if (At(open) != Word::kLeftParen && At(open) != Word::kLeftBracket) return {};
  Found arguments;
  if (const Found atom = Atom(open + 1); atom && At(atom.next) == close) {
    arguments = {Make(Kind::kFunction, "", {atom.node}), atom.next + 1};
  } else {
    const Found first = Expr(open + 1);
    if (!first || At(first.next) != Word::kComma) return {};
    arguments = Arguments(open, close);
  }
  if (!arguments || (braced && At(arguments.next) != Word::kRightBrace)) return {};
  std::string name;
  for (uint32_t i = at; i < symbol.next; ++i) name += tokens_[i].text;
  // The algebra knows "sin" and "floor"; a letter that is applied is not one of them.
  nodes_[arguments.node].text = "apply " + name;
  if (power >= 0) arguments.node = Make(Kind::kPower, "", {arguments.node, power});
  return {arguments.node, arguments.next + (braced ? 1 : 0)};
}

int LatexGrammar::ApplyFunction(const std::string& written, int x, int base, int power) {
  std::string name = written;
  const bool trigonometric = name == "sin" || name == "cos" || name == "tan" || name == "csc" || name == "sec" || name == "cot";
  if (power >= 0 && (trigonometric || name == "sinh" || name == "cosh" || name == "tanh")) {
    const Node& n = nodes_[power];
    if (n.kind == Kind::kNegate && nodes_[n.args[0]].kind == Kind::kNumber && nodes_[n.args[0]].text == "1") {
      name = (trigonometric ? "arc" : "ar") + name;  // \sin^{-1}
      power = -1;
    }
  }
  const auto call = [this](const char* f, std::vector<int> args) { return Make(Kind::kFunction, f, std::move(args)); };
  const auto inverse = [&](int node) { return Make(Kind::kDivide, "", {Integer(1), node}); };
  const auto shifted_root = [&](int node, const char* sign) {
    const int one = *sign == '+' ? Integer(1) : Make(Kind::kNegate, "", {Integer(1)});
    return Make(Kind::kRoot, "", {Make(Kind::kAdd, "", {node, one}), Integer(2)});
  };
  int node = -1;
  if (name == "log") {
    node = call("log", {x, base >= 0 ? base : Integer(10)});
  } else if (name == "ln") {
    node = base >= 0 ? call("log", {x, base}) : call("ln", {x});
  } else if (name == "arccot") {
    node = call("arctan", {inverse(x)});
  } else if (name == "arcsec") {
    node = call("arccos", {inverse(x)});
  } else if (name == "arccsc") {
    node = call("arcsin", {inverse(x)});
  } else if (name == "arsinh") {
    const int square = Make(Kind::kPower, "", {x, Integer(2)});
    node = call("ln", {Make(Kind::kAdd, "", {x, shifted_root(square, "+")})});
  } else if (name == "arcosh") {
    node = call("ln", {Make(Kind::kAdd, "", {x, Make(Kind::kMultiply, "", {shifted_root(x, "+"), shifted_root(x, "-")})})});
  } else if (name == "artanh") {
    const int above = Make(Kind::kAdd, "", {Integer(1), x});
    const int below = Make(Kind::kAdd, "", {Integer(1), Make(Kind::kNegate, "", {x})});
    node = Make(Kind::kDivide, "", {call("ln", {Make(Kind::kDivide, "", {above, below})}), Integer(2)});
  } else {
    node = Make(Kind::kFunction, name, {x});
  }
  return power >= 0 ? Make(Kind::kPower, "", {node, power}) : node;
}

}  // namespace tidemark::math
