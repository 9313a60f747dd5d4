// The two halves of the parser share a token stream: ExpressionParser reads expressions, parser.cc builds statements on it.
#ifndef TIDEMARK_ENGINE_CHAT_PARSER_BASE_H_
#define TIDEMARK_ENGINE_CHAT_PARSER_BASE_H_

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/chat/ast.h"
#include "engine/chat/lexer.h"

namespace tidemark::jinja {

class ExpressionParser {
 public:
  ExpressionParser(std::vector<Token> tokens, const std::string& name) : tokens_(std::move(tokens)), name_(name) {}

 protected:
  // Counts recursion; the parser's own stack must survive any text.
  class Nested {
   public:
    explicit Nested(ExpressionParser* parser);
    ~Nested() { --parser_->depth_; }

   private:
    ExpressionParser* parser_;
  };

  [[noreturn]] void Throw(int line, std::string found, std::string expected = {}) const;
  const Token& Current() const { return tokens_[pos_]; }
  const Token& Look() const { return tokens_[std::min(pos_ + 1, tokens_.size() - 1)]; }
  const Token& Next() { return tokens_[pos_ + 1 < tokens_.size() ? pos_++ : pos_]; }
  bool IsOperator(std::string_view op) const { return Current().kind == TokenKind::kOperator && Current().text == op; }
  bool IsName(std::string_view word) const { return Current().kind == TokenKind::kName && Current().text == word; }
  bool SkipOperator(std::string_view op);
  bool SkipName(std::string_view word);
  void ExpectOperator(std::string_view op);
  std::string ExpectName();
  void Expect(TokenKind kind, std::string_view what);
  static std::string Describe(const Token& token);

  ExprPtr Make(Expr::Kind kind, int line);
  ExprPtr Finish(ExprPtr expr);  // computes and bounds the depth
  ExprPtr ParseExpression(bool with_condition = true);
  struct TupleRules {
    bool simplified = false;  // primaries only: targets of for and set
    bool with_condition = true;
    bool parentheses = false;        // () is allowed
    bool with_namespace = false;     // name.attribute is a target
    std::string_view end_name = {};  // this name ends the tuple, too
  };
  ExprPtr ParseTuple(const TupleRules& rules);
  ExprPtr ParsePrimary(bool with_namespace = false);
  ExprPtr ParseFilters(ExprPtr operand, bool inline_start);
  ExprPtr ParseTarget(const TupleRules& rules);

  // Names of filters and tests that do not exist, with their lines; an enclosing condition forgives them.
  std::vector<std::pair<int, std::string>> unknown_;
  std::vector<Function*> functions_;  // macros around the current token, for uses_caller and its kin

 private:
  ExprPtr ParseOr();
  ExprPtr ParseAnd();
  ExprPtr ParseNot();
  ExprPtr ParseCompare();
  ExprPtr ParseSum();
  ExprPtr ParseConcat();
  ExprPtr ParseProduct();
  ExprPtr ParsePower();
  ExprPtr ParseUnary(bool with_filter);
  ExprPtr ParsePostfix(ExprPtr node, bool calls_only = false);
  ExprPtr ParseSubscript(ExprPtr node);
  ExprPtr ParseSubscribed(ExprPtr node);
  ExprPtr ParseCall(ExprPtr node);
  ExprPtr ParseTest(ExprPtr node);
  ExprPtr ParseListOrDict();
  ExprPtr ParseLeft(std::initializer_list<std::string_view> operators, ExprPtr (ExpressionParser::*next)());
  ExprPtr ParseUnaryWithFilter() { return ParseUnary(true); }
  CallArgs ParseArguments();
  bool IsTupleEnd(const TupleRules& rules) const;
  void CheckTarget(const Expr& target) const;

  std::vector<Token> tokens_;
  const std::string& name_;
  size_t pos_ = 0;
  int depth_ = 0;
};

}  // namespace tidemark::jinja

#endif  // TIDEMARK_ENGINE_CHAT_PARSER_BASE_H_
