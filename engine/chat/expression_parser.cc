// Expressions, loosest binding first: if/else, or, and, not, comparison, + -, ~, * / // %, **, sign, postfix, filter.
// Two of Jinja's habits differ from Python's: ** binds to the left, and a filter binds tighter than any operator.
#include <fmt/format.h>

#include <algorithm>

#include "engine/chat/builtins.h"
#include "engine/chat/parser.h"
#include "engine/chat/parser_base.h"
#include "engine/core/error.h"

namespace tidemark::jinja {

ExpressionParser::Nested::Nested(ExpressionParser* parser) : parser_(parser) {
  if (++parser_->depth_ > kMaxTreeDepth) {
    --parser_->depth_;
    parser_->Throw(parser_->Current().line, fmt::format("nesting deeper than {}", kMaxTreeDepth));
  }
}

void ExpressionParser::Throw(int line, std::string found, std::string expected) const {
  throw Error(fmt::format("{}:{}", name_, line), std::move(found), std::move(expected));
}

std::string ExpressionParser::Describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::kData:
      return "template text";
    case TokenKind::kVariableBegin:
      return "'{{'";
    case TokenKind::kVariableEnd:
      return "'}}'";
    case TokenKind::kBlockBegin:
      return "'{%'";
    case TokenKind::kBlockEnd:
      return "'%}'";
    case TokenKind::kEnd:
      return "the end of the template";
    default:
      return "'" + Printable(token.text) + "'";
  }
}

bool ExpressionParser::SkipOperator(std::string_view op) {
  if (!IsOperator(op)) return false;
  Next();
  return true;
}

bool ExpressionParser::SkipName(std::string_view word) {
  if (!IsName(word)) return false;
  Next();
  return true;
}

void ExpressionParser::ExpectOperator(std::string_view op) {
  if (!SkipOperator(op)) Throw(Current().line, Describe(Current()), fmt::format("'{}'", op));
}

std::string ExpressionParser::ExpectName() {
  if (Current().kind != TokenKind::kName) Throw(Current().line, Describe(Current()), "a name");
  return Next().text;
}

void ExpressionParser::Expect(TokenKind kind, std::string_view what) {
  if (Current().kind != kind) Throw(Current().line, Describe(Current()), std::string(what));
  Next();
}

ExprPtr ExpressionParser::Make(Expr::Kind kind, int line) {
  auto expr = std::make_unique<Expr>();
  expr->kind = kind;
  expr->line = line;
  return expr;
}

ExprPtr ExpressionParser::Finish(ExprPtr expr) {
  int below = 0;
  const auto look = [&below](const ExprPtr& e) { below = std::max(below, e == nullptr ? 0 : e->depth); };
  for (const ExprPtr& e : expr->operands) look(e);
  for (const ExprPtr& e : expr->args.positional) look(e);
  for (const auto& [name, e] : expr->args.named) look(e);
  look(expr->args.star);
  look(expr->args.double_star);
  expr->depth = below + 1;
  // A long chain a + b + c nests without recursion in the parser; the interpreter would recurse.
  if (expr->depth > kMaxTreeDepth) Throw(expr->line, fmt::format("an expression nested deeper than {}", kMaxTreeDepth));
  return expr;
}

ExprPtr ExpressionParser::ParseExpression(bool with_condition) {
  const Nested nested(this);
  if (!with_condition) return ParseOr();
  const size_t unknown = unknown_.size();
  int line = Current().line;
  ExprPtr left = ParseOr();
  while (SkipName("if")) {
    ExprPtr node = Make(Expr::Kind::kCondition, line);
    node->operands.push_back(std::move(left));
    node->operands.push_back(ParseOr());
    node->operands.push_back(SkipName("else") ? ParseExpression() : nullptr);
    left = Finish(std::move(node));
    line = Current().line;
    unknown_.resize(unknown);
  }
  return left;
}

ExprPtr ExpressionParser::ParseOr() {
  ExprPtr left = ParseAnd();
  while (IsName("or")) {
    ExprPtr node = Make(Expr::Kind::kOr, Next().line);
    node->operands.push_back(std::move(left));
    node->operands.push_back(ParseAnd());
    left = Finish(std::move(node));
  }
  return left;
}

ExprPtr ExpressionParser::ParseAnd() {
  ExprPtr left = ParseNot();
  while (IsName("and")) {
    ExprPtr node = Make(Expr::Kind::kAnd, Next().line);
    node->operands.push_back(std::move(left));
    node->operands.push_back(ParseNot());
    left = Finish(std::move(node));
  }
  return left;
}

ExprPtr ExpressionParser::ParseNot() {
  const Nested nested(this);
  if (!IsName("not")) return ParseCompare();
  ExprPtr node = Make(Expr::Kind::kNot, Next().line);
  node->operands.push_back(ParseNot());
  return Finish(std::move(node));
}

ExprPtr ExpressionParser::ParseCompare() {
  static constexpr std::string_view kOperators[] = {"==", "!=", "<", "<=", ">", ">="};
  ExprPtr first = ParseSum();
  ExprPtr node;
  while (true) {
    std::string op;
    if (Current().kind == TokenKind::kOperator &&
        std::find(std::begin(kOperators), std::end(kOperators), Current().text) != std::end(kOperators)) {
      op = Next().text;
    } else if (SkipName("in")) {
      op = "in";
    } else if (IsName("not") && Look().kind == TokenKind::kName && Look().text == "in") {
      Next();
      Next();
      op = "not in";
    } else {
      break;
    }
    if (node == nullptr) {
      node = Make(Expr::Kind::kCompare, first->line);
      node->operands.push_back(std::move(first));
    }
    node->names.push_back(std::move(op));
    node->operands.push_back(ParseSum());
  }
  return node == nullptr ? std::move(first) : Finish(std::move(node));
}

ExprPtr ExpressionParser::ParseLeft(std::initializer_list<std::string_view> operators, ExprPtr (ExpressionParser::*next)()) {
  ExprPtr left = (this->*next)();
  while (Current().kind == TokenKind::kOperator &&
         std::find(operators.begin(), operators.end(), Current().text) != operators.end()) {
    ExprPtr node = Make(Expr::Kind::kBinary, Current().line);
    node->name = Next().text;
    node->operands.push_back(std::move(left));
    node->operands.push_back((this->*next)());
    left = Finish(std::move(node));
  }
  return left;
}

ExprPtr ExpressionParser::ParseSum() { return ParseLeft({"+", "-"}, &ExpressionParser::ParseConcat); }
ExprPtr ExpressionParser::ParseProduct() { return ParseLeft({"*", "/", "//", "%"}, &ExpressionParser::ParsePower); }
ExprPtr ExpressionParser::ParsePower() { return ParseLeft({"**"}, &ExpressionParser::ParseUnaryWithFilter); }

ExprPtr ExpressionParser::ParseConcat() {
  ExprPtr first = ParseProduct();
  if (!IsOperator("~")) return first;
  ExprPtr node = Make(Expr::Kind::kConcat, first->line);
  node->operands.push_back(std::move(first));
  while (SkipOperator("~")) node->operands.push_back(ParseProduct());
  return Finish(std::move(node));
}

ExprPtr ExpressionParser::ParseUnary(bool with_filter) {
  const Nested nested(this);
  ExprPtr node;
  if (IsOperator("-") || IsOperator("+")) {
    node = Make(IsOperator("-") ? Expr::Kind::kNegate : Expr::Kind::kPlus, Current().line);
    Next();
    node->operands.push_back(ParseUnary(false));
    node = Finish(std::move(node));
  } else {
    node = ParsePrimary();
  }
  node = ParsePostfix(std::move(node));
  while (with_filter) {
    if (IsOperator("|")) {
      node = ParseFilters(std::move(node), false);
    } else if (IsName("is")) {
      node = ParseTest(std::move(node));
    } else if (IsOperator("(")) {
      node = ParseCall(std::move(node));
    } else {
      break;
    }
  }
  return node;
}

ExprPtr ExpressionParser::ParsePrimary(bool with_namespace) {
  const Token token = Current();
  ExprPtr node = Make(Expr::Kind::kConst, token.line);
  if (token.kind == TokenKind::kName) {
    Next();
    if (token.text == "true" || token.text == "True" || token.text == "false" || token.text == "False") {
      node->constant = Value(token.text[0] == 't' || token.text[0] == 'T');
    } else if (token.text != "none" && token.text != "None") {
      node->kind = Expr::Kind::kName;
      node->name = token.text;
      if (with_namespace && SkipOperator(".")) {
        node->kind = Expr::Kind::kNsRef;
        node->attribute = ExpectName();
      }
      for (Function* function : functions_) {
        function->uses_caller = function->uses_caller || token.text == "caller";
        function->uses_kwargs = function->uses_kwargs || token.text == "kwargs";
        function->uses_varargs = function->uses_varargs || token.text == "varargs";
      }
    }
  } else if (token.kind == TokenKind::kString) {
    std::string text;
    while (Current().kind == TokenKind::kString) text += Next().text;
    node->constant = Value(std::move(text));
  } else if (token.kind == TokenKind::kInteger) {
    node->constant = Value(Next().integer);
  } else if (token.kind == TokenKind::kFloat) {
    node->constant = Value(Next().number);
  } else if (SkipOperator("(")) {
    TupleRules rules;
    rules.parentheses = true;
    node = ParseTuple(rules);
    ExpectOperator(")");
  } else if (IsOperator("[") || IsOperator("{")) {
    node = ParseListOrDict();
  } else {
    Throw(token.line, Describe(token), "an expression");
  }
  return node;
}

bool ExpressionParser::IsTupleEnd(const TupleRules& rules) const {
  const TokenKind kind = Current().kind;
  if (kind == TokenKind::kVariableEnd || kind == TokenKind::kBlockEnd || IsOperator(")")) return true;
  return !rules.end_name.empty() && IsName(rules.end_name);
}

ExprPtr ExpressionParser::ParseTuple(const TupleRules& rules) {
  const Nested nested(this);
  ExprPtr tuple = Make(Expr::Kind::kTuple, Current().line);
  bool is_tuple = false;
  while (true) {
    if (!tuple->operands.empty()) ExpectOperator(",");
    if (IsTupleEnd(rules)) break;
    tuple->operands.push_back(rules.simplified ? ParsePrimary(rules.with_namespace) : ParseExpression(rules.with_condition));
    if (!IsOperator(",")) break;
    is_tuple = true;
  }
  if (!is_tuple) {
    if (!tuple->operands.empty()) return std::move(tuple->operands[0]);
    if (!rules.parentheses) Throw(Current().line, Describe(Current()), "an expression");
  }
  return Finish(std::move(tuple));
}

void ExpressionParser::CheckTarget(const Expr& target) const {
  if (target.kind == Expr::Kind::kName || target.kind == Expr::Kind::kNsRef) return;
  if (target.kind != Expr::Kind::kTuple) Throw(target.line, "an assignment to an expression", "a name or a tuple of names");
  for (const ExprPtr& part : target.operands) CheckTarget(*part);
}

ExprPtr ExpressionParser::ParseTarget(const TupleRules& rules) {
  ExprPtr target = ParseTuple(rules);
  CheckTarget(*target);
  return target;
}

ExprPtr ExpressionParser::ParseListOrDict() {
  const bool is_list = IsOperator("[");
  ExprPtr node = Make(is_list ? Expr::Kind::kList : Expr::Kind::kDict, Next().line);
  const std::string_view close = is_list ? "]" : "}";
  while (!IsOperator(close)) {
    if (!node->operands.empty()) ExpectOperator(",");
    if (IsOperator(close)) break;
    node->operands.push_back(ParseExpression());
    if (is_list) continue;
    ExpectOperator(":");
    node->operands.push_back(ParseExpression());
  }
  ExpectOperator(close);
  return Finish(std::move(node));
}

ExprPtr ExpressionParser::ParsePostfix(ExprPtr node, bool calls_only) {
  while (true) {
    if (!calls_only && (IsOperator(".") || IsOperator("["))) {
      node = ParseSubscript(std::move(node));
    } else if (IsOperator("(")) {
      node = ParseCall(std::move(node));
    } else {
      return node;
    }
  }
}

ExprPtr ExpressionParser::ParseSubscript(ExprPtr node) {
  const Token open = Next();
  if (open.text == "[") return ParseSubscribed(std::move(node));
  const Token name = Next();
  ExprPtr out = Make(Expr::Kind::kAttribute, open.line);
  out->operands.push_back(std::move(node));
  if (name.kind == TokenKind::kName) {
    out->name = name.text;
  } else if (name.kind == TokenKind::kInteger) {
    out->kind = Expr::Kind::kItem;
    out->operands.push_back(Make(Expr::Kind::kConst, name.line));
    out->operands.back()->constant = Value(name.integer);
  } else {
    Throw(name.line, Describe(name), "a name or a number after '.'");
  }
  return Finish(std::move(out));
}

// After "[": an index, a tuple of them, or a slice.
ExprPtr ExpressionParser::ParseSubscribed(ExprPtr node) {
  ExprPtr out = Make(Expr::Kind::kItem, Current().line);
  out->operands.push_back(std::move(node));
  ExprPtr first = IsOperator(":") ? nullptr : IsOperator("]") ? nullptr : ParseExpression();
  if (SkipOperator(":")) {
    out->kind = Expr::Kind::kSlice;
    out->operands.push_back(std::move(first));
    const auto open_end = [this] { return IsOperator(":") || IsOperator("]") || IsOperator(","); };
    out->operands.push_back(open_end() ? nullptr : ParseExpression());
    out->operands.push_back(SkipOperator(":") && !open_end() ? ParseExpression() : nullptr);
    if (IsOperator(",")) Throw(Current().line, "a tuple of slices", "']'");
  } else if (first == nullptr || IsOperator(",")) {
    ExprPtr tuple = Make(Expr::Kind::kTuple, Current().line);
    if (first != nullptr) tuple->operands.push_back(std::move(first));
    while (SkipOperator(",")) tuple->operands.push_back(ParseExpression());
    out->operands.push_back(Finish(std::move(tuple)));
  } else {
    out->operands.push_back(std::move(first));
  }
  ExpectOperator("]");
  return Finish(std::move(out));
}

CallArgs ExpressionParser::ParseArguments() {
  CallArgs args;
  const int line = Current().line;
  const auto ensure = [&](bool ok) {
    if (!ok) Throw(line, "arguments in the wrong order", "positional, named, *args, **kwargs");
  };
  ExpectOperator("(");
  for (bool comma = false; !IsOperator(")"); comma = true) {
    if (comma) ExpectOperator(",");
    if (IsOperator(")")) break;
    if (SkipOperator("*")) {
      ensure(args.star == nullptr && args.double_star == nullptr);
      args.star = ParseExpression();
    } else if (SkipOperator("**")) {
      ensure(args.double_star == nullptr);
      args.double_star = ParseExpression();
    } else if (Current().kind == TokenKind::kName && Look().kind == TokenKind::kOperator && Look().text == "=") {
      ensure(args.double_star == nullptr);
      std::string name = Next().text;
      Next();
      const bool repeated = std::any_of(args.named.begin(), args.named.end(), [&](const auto& a) { return a.first == name; });
      if (repeated) Throw(line, "the argument " + Printable(name) + " twice");
      args.named.emplace_back(std::move(name), ParseExpression());
    } else {
      ensure(args.star == nullptr && args.double_star == nullptr && args.named.empty());
      args.positional.push_back(ParseExpression());
    }
  }
  ExpectOperator(")");
  return args;
}

ExprPtr ExpressionParser::ParseCall(ExprPtr node) {
  ExprPtr out = Make(Expr::Kind::kCall, Current().line);
  out->operands.push_back(std::move(node));
  out->args = ParseArguments();
  return Finish(std::move(out));
}

ExprPtr ExpressionParser::ParseFilters(ExprPtr operand, bool inline_start) {
  while (inline_start || SkipOperator("|")) {
    inline_start = false;
    ExprPtr out = Make(Expr::Kind::kFilter, Current().line);
    out->name = ExpectName();
    while (SkipOperator(".")) out->name.append(1, '.').append(ExpectName());
    if (FindFilter(out->name) == nullptr) unknown_.emplace_back(out->line, "the filter " + Printable(out->name));
    out->operands.push_back(std::move(operand));
    if (IsOperator("(")) out->args = ParseArguments();
    operand = Finish(std::move(out));
  }
  return operand;
}

ExprPtr ExpressionParser::ParseTest(ExprPtr node) {
  ExprPtr out = Make(Expr::Kind::kTest, Next().line);
  const bool negated = SkipName("not");
  out->name = ExpectName();
  while (SkipOperator(".")) out->name.append(1, '.').append(ExpectName());
  if (FindTest(out->name) == nullptr) unknown_.emplace_back(out->line, "the test " + Printable(out->name));
  out->operands.push_back(std::move(node));
  const TokenKind kind = Current().kind;
  const bool starts_value = kind == TokenKind::kName || kind == TokenKind::kString || kind == TokenKind::kInteger ||
                            kind == TokenKind::kFloat || IsOperator("[") || IsOperator("{");
  if (IsOperator("(")) {
    out->args = ParseArguments();
  } else if (starts_value && !IsName("else") && !IsName("or") && !IsName("and")) {
    if (IsName("is")) Throw(Current().line, "a chain of tests", "one test after 'is'");
    out->args.positional.push_back(ParsePostfix(ParsePrimary()));
  }
  out = Finish(std::move(out));
  if (!negated) return out;
  ExprPtr inverse = Make(Expr::Kind::kNot, out->line);
  inverse->operands.push_back(std::move(out));
  return Finish(std::move(inverse));
}

}  // namespace tidemark::jinja
