// The grammar behind ReadLatex: one method per rule, ordered choice, every choice remembered per place so that nesting costs
// linear time. Rules of scalars are in latex_scalars.cc, those of lists, sets and relations in latex_statements.cc.
#ifndef TIDEMARK_EVALS_MATH_LATEX_GRAMMAR_H_
#define TIDEMARK_EVALS_MATH_LATEX_GRAMMAR_H_

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "evals/math/budget.h"
#include "evals/math/expression.h"
#include "evals/math/flint.h"
#include "evals/math/latex_lexer.h"
#include "evals/math/latex_parser.h"

namespace tidemark::math {

class LatexGrammar {
 public:
  LatexGrammar(std::vector<Token> tokens, const Budget& budget);

  // The whole formula. False: it is not in the language.
  bool Read(Expression& result);

 private:
  // A node of the arena: trees share nothing, but the memo refers to nodes by number.
  struct Node {
    Kind kind = Kind::kNumber;
    std::string text;
    std::vector<int> args;
    uint8_t flags = 0;
    int columns = 0;
    int depth = 1;
    // What Math-Verify has already folded into one rational number when it goes on reading: whole numbers, quotients of two
    // whole numbers, mixed numbers, with their signs, in any brackets. Sums, products and powers stay unevaluated there.
    std::optional<Rational> literal;
  };
  // What a rule found: the node and the first token after it; node < 0: nothing.
  struct Found {
    int node = -1;
    uint32_t next = 0;
    explicit operator bool() const { return node >= 0; }
  };
  struct FoundList {
    std::vector<std::vector<int>> rows;  // of semicolon_elements: entries between commas, rows between semicolons
    uint32_t next = 0;
    bool ok = false;
  };
  enum Rule : uint8_t { kExpr, kComp, kCompPlain, kElement, kElementPlain, kSetAtom, kSetGroup, kRules };
  enum class Functions : uint8_t { kAllowed, kNot };  // \sin x \cos y: the argument of \sin ends before \cos

  class Nesting;  // counts open brackets

  Word At(uint32_t at) const { return tokens_[at].word; }
  int Make(Kind kind, std::string text, std::vector<int> args = {}, uint8_t flags = 0, int columns = 0);
  Expression Export(int node) const;
  template <typename Body>
  Found Remember(Rule rule, uint32_t at, Body body);

  // latex_scalars.cc
  Found Expr(uint32_t at);
  Found Product(uint32_t at, Functions functions);
  Found Unary(uint32_t at, Functions functions);
  Found Postfix(uint32_t at, Functions functions);
  Found Power(uint32_t at, Functions functions);
  Found Comp(uint32_t at, Functions functions);
  Found CompBody(uint32_t at, Functions functions);
  Found Group(uint32_t at);
  Found Bracketed(uint32_t at, Word close, const char* name);
  Found Atom(uint32_t at);
  Found AtomExpr(uint32_t at, bool superscript);
  Found Function(uint32_t at);
  Found NamedFunction(uint32_t at, const std::string& name);
  Found SumOrProduct(uint32_t at);
  Found Integral(uint32_t at);
  Found Limit(uint32_t at);
  Found Derivative(uint32_t at);
  bool IsOperator(int node) const { return nodes_[node].kind == Kind::kFunction && nodes_[node].text == "d"; }
  int Replace(int node, const std::string& symbol, int by);
  Found Application(uint32_t at);
  Found Arguments(uint32_t at, Word close);
  Found Root(uint32_t at);
  Found Fraction(uint32_t at);
  Found Binomial(uint32_t at);
  Found Matrix(uint32_t at);
  Found Braced(uint32_t at);
  Found Superscript(uint32_t at);
  bool Subscript(uint32_t at, uint32_t& next, std::string& text);
  int Juxtapose(const std::vector<int>& factors);
  int ApplyFunction(const std::string& name, int argument, int base, int power);
  int Number(const std::string& text);
  int Scientific(const std::string& text);
  int Integer(int value) { return Make(Kind::kNumber, std::to_string(value)); }
  int SymbolNode(const std::string& written);
  std::optional<Rational> Literal(const Node& node) const;

  // latex_statements.cc
  bool Statement(int& node);
  FoundList Rows(uint32_t at, Rule element);
  Found Element(uint32_t at, bool relations);
  Found Relation(uint32_t at);
  Found SetAtom(uint32_t at);
  Found SetAtomBody(uint32_t at);
  Found SetMinus(uint32_t at);
  Found SetUnion(uint32_t at);
  Found SetIntersection(uint32_t at);
  Found SetGroup(uint32_t at);
  Found SetRelation(uint32_t at);
  Found AtomList(uint32_t at);
  int ListNode(const std::vector<std::vector<int>>& rows);
  int Chain(int left, const std::string& relation, int right);
  bool OnlySymbols(int node) const;

  const std::vector<Token> tokens_;
  const Budget& budget_;
  std::vector<Node> nodes_;
  std::vector<Found> memo_;
  std::vector<bool> known_;
  int nesting_ = 0;
};

template <typename Body>
LatexGrammar::Found LatexGrammar::Remember(Rule rule, uint32_t at, Body body) {
  const size_t key = size_t{at} * kRules + rule;
  if (known_[key]) return memo_[key];
  const Found found = body();
  known_[key] = true;
  memo_[key] = found;
  return found;
}

class LatexGrammar::Nesting {
 public:
  explicit Nesting(int& count) : count_(count) {
    if (++count_ > 3 * kMaxNesting) {  // Expr, Comp and one rule of sets per bracket
      --count_;
      throw BudgetSpent("the formula is nested too deeply");
    }
  }
  ~Nesting() { --count_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  int& count_;
};

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_LATEX_GRAMMAR_H_
