// A recursive descent parser over Python-like tokens. Source of the rules: sympy 1.14 sympy/parsing/sympy_parser.py with
// standard_transformations and implicit_multiplication_application.
#include "evals/math/text_expression.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "evals/math/expression_build.h"

namespace tidemark::math {
namespace {

constexpr size_t kMaxBytes = 20000;
constexpr int kMaxNesting = 200;

struct Unreadable {};

enum class Type { kNumber, kName, kOperator, kEnd };

struct Token {
  Type type = Type::kEnd;
  std::string text;
  bool after_line_break = false;  // nothing is multiplied across one
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (static_cast<unsigned char>(c) & 0x80) != 0;
}

// Greek letters: U+0370 to U+03FF, the only ones beyond ASCII that answers hold after their LaTeX is taken away.
bool IsGreek(std::string_view text, size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  return (lead == 0xCD || lead == 0xCE || lead == 0xCF) && at + 1 < text.size() &&
         (static_cast<unsigned char>(text[at + 1]) & 0xC0) == 0x80;
}

size_t TakeDigits(std::string_view text, size_t at) {
  while (at < text.size() && IsDigit(text[at])) ++at;
  return at;
}

// Python allows single underscores between digits: 4343_6 is 43436.
size_t TakeLiteralDigits(std::string_view text, size_t at) {
  while (true) {
    at = TakeDigits(text, at);
    if (at == 0 || !IsDigit(text[at - 1]) || at + 1 >= text.size() || text[at] != '_' || !IsDigit(text[at + 1])) return at;
    ++at;
  }
}

// Python's decimal literals. "007" is two of them, 00 and 7.
size_t NumberEnd(std::string_view text, size_t at) {
  size_t end = TakeLiteralDigits(text, at);
  bool floating = false;
  if (end < text.size() && text[end] == '.') {
    end = TakeLiteralDigits(text, end + 1);
    floating = true;
  }
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    size_t exponent = end + 1;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    const size_t exponent_end = TakeDigits(text, exponent);
    if (exponent_end > exponent) {
      end = exponent_end;
      floating = true;
    }
  }
  if (!floating && text[at] == '0') {
    end = at;
    while (end < text.size() && (text[end] == '0' || (text[end] == '_' && end + 1 < text.size() && text[end + 1] == '0'))) ++end;
  }
  return end;
}

std::vector<Token> Tokens(std::string_view text) {
  std::vector<Token> out;
  bool line_break = false;
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    size_t end = i + 1;
    Type type = Type::kOperator;
    if (c == ' ' || c == '\t' || c == '\n') {
      line_break = line_break || c == '\n';
      ++i;
      continue;
    }
    if (IsDigit(c) || (c == '.' && end < text.size() && IsDigit(text[end]))) {
      end = NumberEnd(text, i);
      type = Type::kNumber;
    } else if (IsLetter(c)) {
      end = i;
      while (end < text.size() && (IsLetter(text[end]) || IsDigit(text[end]))) {
        if ((static_cast<unsigned char>(text[end]) & 0x80) != 0) {
          if (!IsGreek(text, end)) throw Unreadable();
          ++end;
        }
        ++end;
      }
      type = Type::kName;
    } else if (c == '*' && end < text.size() && text[end] == '*') {
      ++end;
    } else if (std::string_view("+-*/^()!,").find(c) == std::string_view::npos) {
      throw Unreadable();
    }
    Token token{type, std::string(text.substr(i, end - i)), std::exchange(line_break, false)};
    if (type == Type::kNumber) token.text.erase(std::remove(token.text.begin(), token.text.end(), '_'), token.text.end());
    if (token.text == "^") token.text = "**";
    out.push_back(std::move(token));
    i = end;
  }
  out.push_back({});
  return out;
}

struct Known {
  std::string_view name;
  std::string_view meaning;  // text of a constant or function of Expression; "": known to sympy but not understood here
  bool function = true;
};

constexpr Known kKnown[] = {
    {"pi", "pi", false},
    {"E", "e", false},
    {"I", "i", false},
    {"oo", "infinity", false},
    {"zoo", "complex_infinity", false},
    {"sqrt", "sqrt"},
    {"cbrt", "cbrt"},
    {"sin", "sin"},
    {"cos", "cos"},
    {"tan", "tan"},
    {"cot", "cot"},
    {"sec", "sec"},
    {"csc", "csc"},
    {"asin", "arcsin"},
    {"acos", "arccos"},
    {"atan", "arctan"},
    {"sinh", "sinh"},
    {"cosh", "cosh"},
    {"tanh", "tanh"},
    {"ln", "ln"},
    {"log", "log"},
    {"exp", "exp"},
    {"abs", "abs"},
    {"Abs", "abs"},
    {"floor", "floor"},
    {"ceiling", "ceil"},
    {"re", "re"},
    {"im", "im"},
    {"conjugate", "conjugate"},
    {"factorial", "factorial"},
    {"binomial", "binomial"},
    {"gcd", "gcd"},
    {"lcm", "lcm"},
    {"max", "max"},
    {"min", "min"},
    {"Mod", "mod"},
    {"nan", "", false},
    {"ff", ""},
    {"rf", ""},
    {"id", ""},
    {"all", ""},
    {"any", ""},
    {"eye", ""},
    {"in", ""},
    {"is", ""},
    {"if", ""},
    {"or", ""},
    {"as", ""},
    {"gff", ""},
    {"ones", ""},
};

const Known* FindKnown(std::string_view name) {
  const auto* found = std::find_if(std::begin(kKnown), std::end(kKnown), [&](const Known& k) { return k.name == name; });
  return found == std::end(kKnown) ? nullptr : found;
}

// Names of Greek letters stay whole.
bool IsGreekName(std::string_view name) {
  static constexpr std::string_view kNames[] = {"alpha", "beta",  "gamma",   "delta", "epsilon", "zeta", "eta",     "theta",
                                                "iota",  "kappa", "lamda",   "mu",    "nu",      "xi",   "omicron", "rho",
                                                "sigma", "tau",   "upsilon", "phi",   "chi",     "psi",  "omega"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

class Parser {
 public:
  Parser(std::vector<Token> tokens, const Budget& budget) : tokens_(std::move(tokens)), budget_(budget) {}

  TextExpression Parse() {
    TextExpression out;
    out.expression = Sum();
    if (Peek().type != Type::kEnd) throw Unreadable();
    out.decimals = decimals_;
    return out;
  }

 private:
  const Token& Peek() const { return tokens_[next_]; }
  bool Is(std::string_view op) const { return Peek().type == Type::kOperator && Peek().text == op; }
  bool Take(std::string_view op) {
    if (!Is(op)) return false;
    ++next_;
    return true;
  }
  bool StartsFactor() const {
    if (Peek().after_line_break) return false;
    return Peek().type == Type::kNumber || Peek().type == Type::kName || Is("(");
  }

  Expression Sum() {
    if (++depth_ > kMaxNesting) throw Unreadable();
    budget_.CheckTime();
    std::vector<Expression> terms;
    terms.push_back(Product());
    while (Is("+") || Is("-")) {
      const bool minus = Is("-");
      ++next_;
      Expression term = Product();
      terms.push_back(minus ? With(Kind::kNegate, "", std::move(term)) : std::move(term));
    }
    --depth_;
    return terms.size() == 1 ? std::move(terms[0]) : Make(Kind::kAdd, std::move(terms));
  }

  // Long products stay flat; a quotient starts a new level, at most kMaxNesting of them.
  Expression Product() {
    std::vector<Expression> factors;
    factors.push_back(Signed());
    int quotients = 0;
    while (true) {
      if (Take("/")) {
        if (++quotients > kMaxNesting) throw Unreadable();
        Expression numerator = Joined(std::move(factors));
        factors.clear();
        Expression denominator = Signed();
        factors.push_back(With(Kind::kDivide, "", std::move(numerator), std::move(denominator)));
      } else if (Take("*") || StartsFactor()) {
        factors.push_back(Signed());
      } else {
        return Joined(std::move(factors));
      }
    }
  }

  static Expression Joined(std::vector<Expression> factors) {
    return factors.size() == 1 ? std::move(factors[0]) : Make(Kind::kMultiply, std::move(factors));
  }

  Expression Signed() {
    if (++depth_ > kMaxNesting) throw Unreadable();
    Expression out;
    if (Take("-")) {
      out = With(Kind::kNegate, "", Signed());
    } else if (Take("+")) {
      out = Signed();
    } else {
      out = Power();
    }
    --depth_;
    return out;
  }

  // A name that falls into letters is several factors, the last of which takes the exponent: ab^2 is a*b^2.
  Expression Power() {
    std::vector<Expression> factors = Atom();
    for (int count = 0; Take("!"); ++count) {
      if (count > kMaxNesting) throw Unreadable();
      factors.back() = With(Kind::kFunction, "factorial", std::move(factors.back()));
    }
    if (Take("**")) {
      Expression exponent = Signed();
      factors.back() = With(Kind::kPower, "", std::move(factors.back()), std::move(exponent));
    }
    return Joined(std::move(factors));
  }

  std::vector<Expression> Atom() {
    const Token token = Peek();
    ++next_;
    std::vector<Expression> out;
    if (token.type == Type::kNumber) {
      out.push_back(Number(token.text));
    } else if (token.type == Type::kName) {
      if (const Known* known = FindKnown(token.text)) {
        out.push_back(KnownName(*known));
      } else {
        out = Letters(token.text);
      }
    } else if (token.text == "(" && token.type == Type::kOperator) {
      out.push_back(Sum());
      if (!Take(")")) throw Unreadable();
    } else {
      throw Unreadable();
    }
    return out;
  }

  Expression Number(const std::string& text) {
    decimals_ = decimals_ || text.find_first_of(".eE") != std::string::npos;
    const size_t e = text.find_first_of("eE");
    Expression mantissa = Leaf(Kind::kNumber, text.substr(0, e));
    if (e == std::string::npos) return mantissa;
    size_t digits = e + 1;
    const bool negative = text[digits] == '-';
    if (negative || text[digits] == '+') ++digits;
    Expression exponent = Leaf(Kind::kNumber, text.substr(digits));
    Expression scale = With(Kind::kPower, "", Leaf(Kind::kNumber, "10"), std::move(exponent));
    return With(negative ? Kind::kDivide : Kind::kMultiply, "", std::move(mantissa), std::move(scale));
  }

  Expression KnownName(const Known& known) {
    if (known.meaning.empty()) throw Unreadable();
    if (!known.function) return Leaf(Kind::kConstant, std::string(known.meaning));
    if (!Take("(")) throw Unreadable();
    std::vector<Expression> args;
    do {
      args.push_back(Sum());
    } while (Take(","));
    if (!Take(")")) throw Unreadable();
    if (known.meaning == "sqrt" || known.meaning == "cbrt") {
      if (args.size() != 1) throw Unreadable();
      args.push_back(Leaf(Kind::kNumber, known.meaning == "sqrt" ? "2" : "3"));
      return Make(Kind::kRoot, std::move(args));
    }
    return {Kind::kFunction, std::string(known.meaning), std::move(args)};
  }

  static std::vector<Expression> Letters(const std::string& name) {
    std::vector<Expression> out;
    if (IsGreekName(name) || name.find('_') != std::string::npos) {
      out.push_back(Leaf(Kind::kSymbol, name));
      return out;
    }
    for (size_t i = 0; i < name.size();) {
      if (IsDigit(name[i])) {
        const size_t end = TakeDigits(name, i);
        out.push_back(Leaf(Kind::kNumber, name.substr(i, end - i)));
        i = end;
        continue;
      }
      const size_t length = (static_cast<unsigned char>(name[i]) & 0x80) != 0 ? 2 : 1;
      const std::string letter = name.substr(i, length);
      const Known* known = FindKnown(letter);
      out.push_back(known != nullptr ? Leaf(Kind::kConstant, std::string(known->meaning)) : Leaf(Kind::kSymbol, letter));
      i += length;
    }
    return out;
  }

  std::vector<Token> tokens_;
  size_t next_ = 0;
  int depth_ = 0;
  bool decimals_ = false;
  const Budget& budget_;
};

}  // namespace

std::optional<TextExpression> ParseTextExpression(std::string_view text, const Budget& budget) {
  if (text.size() > kMaxBytes) return std::nullopt;
  try {
    return Parser(Tokens(text), budget).Parse();
  } catch (const Unreadable&) {
    return std::nullopt;
  }
}

}  // namespace tidemark::math
