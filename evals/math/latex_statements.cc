// Lists, sets, intervals, relations and whole statements of the grammar; how a tree is built and taken out of the arena.
#include "evals/math/latex_grammar.h"
#include "evals/math/latex_parser.h"

namespace tidemark::math {

LatexGrammar::LatexGrammar(std::vector<Token> tokens, const Budget& budget) : tokens_(std::move(tokens)), budget_(budget) {
  memo_.resize(tokens_.size() * kRules);
  known_.resize(tokens_.size() * kRules);
}

bool LatexGrammar::Read(Expression& result) {
  int node = -1;
  if (!Statement(node)) return false;
  result = Export(node);
  return true;
}

int LatexGrammar::Make(Kind kind, std::string text, std::vector<int> args, uint8_t flags, int columns) {
  Node node{kind, std::move(text), std::move(args), flags, columns, 1, std::nullopt};
  for (int arg : node.args) node.depth = std::max(node.depth, nodes_[arg].depth + 1);
  if (node.depth > kMaxTreeDepth) throw BudgetSpent("the formula is nested too deeply");
  node.literal = Literal(node);
  nodes_.push_back(std::move(node));
  if (nodes_.size() % 1024 == 0) budget_.CheckTime();
  return static_cast<int>(nodes_.size()) - 1;
}

Expression LatexGrammar::Export(int node) const {
  const Node& from = nodes_[node];
  Expression to;
  to.kind = from.kind;
  to.text = from.text;
  to.flags = from.flags;
  to.columns = from.columns;
  to.args.reserve(from.args.size());
  for (int arg : from.args) to.args.push_back(Export(arg));
  return to;
}

// Three readings in this order: "x = 1, 2" (the right side is a list without relations of its own), a list of elements, an
// expression of sets.
bool LatexGrammar::Statement(int& node) {
  if (const Found left = AtomList(0)) {
    const Word word = At(left.next);
    if (word == Word::kIn || word == Word::kAssign) {
      const FoundList right = Rows(left.next + 1, kElementPlain);
      if (right.ok && At(right.next) == Word::kEnd) {
        const int list = ListNode(right.rows);
        node = word == Word::kIn ? Make(Kind::kMember, "", {left.node, list}) : Make(Kind::kRelation, "=", {left.node, list});
        return true;
      }
    }
  }
  const FoundList elements = Rows(0, kElement);
  if (elements.ok && At(elements.next) == Word::kEnd) {
    node = ListNode(elements.rows);
    return true;
  }
  const Found sets = SetRelation(0);
  node = sets.node;
  return sets && At(sets.next) == Word::kEnd;
}

LatexGrammar::FoundList LatexGrammar::Rows(uint32_t at, Rule element) {
  FoundList list;
  list.rows.emplace_back();
  while (true) {
    const Found found = Element(at, element == kElement);
    if (!found) return list;
    list.rows.back().push_back(found.node);
    at = found.next;
    if (At(at) == Word::kSemicolon) {
      list.rows.emplace_back();
    } else if (At(at) != Word::kComma) {
      break;
    }
    ++at;
  }
  list.next = at;
  list.ok = true;
  return list;
}

// One entry stands for itself; several are a list; rows of several are a list of tuples.
int LatexGrammar::ListNode(const std::vector<std::vector<int>>& rows) {
  bool single = true;
  for (const auto& row : rows) single = single && row.size() == 1 && nodes_[row[0]].kind != Kind::kPlusMinus;
  if (rows.size() == 1) return single ? rows[0][0] : Make(Kind::kList, "", rows[0]);
  std::vector<int> entries;
  for (const auto& row : rows) entries.push_back(single ? row[0] : Make(Kind::kTuple, "", row));
  return Make(Kind::kList, "", std::move(entries));
}

LatexGrammar::Found LatexGrammar::Element(uint32_t at, bool relations) {
  return Remember(relations ? kElement : kElementPlain, at, [&]() -> Found {
    const Nesting nesting(nesting_);
    if (At(at) == Word::kPlusMinus) {
      const Found value = Expr(at + 1);
      return value ? Found{Make(Kind::kPlusMinus, "", {value.node}), value.next} : Found{};
    }
    const Found expression = Expr(at);
    if (expression && At(expression.next) == Word::kPlusMinus) {
      if (const Found second = Expr(expression.next + 1)) {
        return {Make(Kind::kPlusMinus, "", {expression.node, second.node}), second.next};
      }
    }
    if (const Found set = SetAtom(at)) {
      // Only if the element ends here: "(x+1)(x+2)" is a product.
      switch (At(set.next)) {
        case Word::kEnd:
        case Word::kComma:
        case Word::kSemicolon:
        case Word::kRightParen:
        case Word::kRightParenVisual:
        case Word::kRightBracket:
        case Word::kRightBrace:
        case Word::kRightBraceVisual:
          return set;
        default:
          break;
      }
    }
    return relations ? Relation(at) : expression;
  });
}

bool LatexGrammar::OnlySymbols(int node) const {
  const Node& n = nodes_[node];
  switch (n.kind) {
    case Kind::kSymbol:
      return true;
    case Kind::kConstant:
    case Kind::kNumber:
      return false;
    default:
      for (int arg : n.args) {
        if (!OnlySymbols(arg)) return false;
      }
      return !n.args.empty();
  }
}

// A chain a < b < c is the conjunction of its links.
int LatexGrammar::Chain(int left, const std::string& relation, int right) {
  if (nodes_[left].kind == Kind::kAnd) {
    std::vector<int> links = nodes_[left].args;
    links.push_back(Make(Kind::kRelation, relation, {nodes_[links.back()].args[1], right}));
    return Make(Kind::kAnd, "", std::move(links));
  }
  if (nodes_[left].kind == Kind::kRelation) {
    const int middle = nodes_[left].args[1];
    return Make(Kind::kAnd, "", {left, Make(Kind::kRelation, relation, {middle, right})});
  }
  return Make(Kind::kRelation, relation, {left, right});
}

LatexGrammar::Found LatexGrammar::Relation(uint32_t at) {
  Found left = Expr(at);
  while (left) {
    std::string relation;
    switch (At(left.next)) {
      case Word::kAssign:
      case Word::kEquivalent:
        relation = "=";
        break;
      case Word::kApproximately:
        relation = "~";
        break;
      case Word::kLess:
        relation = "<";
        break;
      case Word::kLessEqual:
        relation = "<=";
        break;
      case Word::kGreater:
        relation = ">";
        break;
      case Word::kGreaterEqual:
        relation = ">=";
        break;
      case Word::kUnequal:
        relation = "!=";
        break;
      default:
        return left;
    }
    const Found right = Expr(left.next + 1);
    if (!right) return left;
    if (relation == "~") {
      // "x \approx 2" is the value 2; of "1/3 \approx 0.33" the exact side counts.
      left = {OnlySymbols(left.node) ? right.node : left.node, right.next};
    } else {
      left = {Chain(left.node, relation, right.node), right.next};
    }
  }
  return left;
}

LatexGrammar::Found LatexGrammar::SetAtom(uint32_t at) {
  return Remember(kSetAtom, at, [&] { return SetAtomBody(at); });
}

LatexGrammar::Found LatexGrammar::SetAtomBody(uint32_t at) {
  const Nesting nesting(nesting_);
  const Word open = At(at);
  if (open == Word::kNamedSet) return {Make(Kind::kNamedSet, tokens_[at].text), at + 1};
  if (open == Word::kEmptySet) return {Make(Kind::kSet, ""), at + 1};
  if (open == Word::kLeftBrace && At(at + 1) == Word::kRightBrace) return {Make(Kind::kSet, ""), at + 2};
  const bool round = open == Word::kLeftParen || open == Word::kLeftParenVisual || open == Word::kLeftGroup;
  if (round || open == Word::kLeftBracket || open == Word::kLeftBrack) {
    const Found low = Expr(at + 1);
    if (low && At(low.next) == Word::kComma) {
      if (const Found high = Expr(low.next + 1)) {
        const Word close = At(high.next);
        const bool round_close = close == Word::kRightParen || close == Word::kRightParenVisual || close == Word::kRightGroup;
        if (round_close || close == Word::kRightBracket || close == Word::kRightBrack) {
          const uint8_t flags = (round ? kOpenLeft : 0) | (round_close ? kOpenRight : 0);
          return {Make(Kind::kInterval, "", {low.node, high.node}, flags), high.next + 1};
        }
      }
    }
  }
  const uint32_t inside = open == Word::kBoxed && At(at + 1) == Word::kLeftBrace ? at + 2 : at + 1;
  Word close = Word::kEnd;
  if (open == Word::kLeftParen) close = Word::kRightParen;
  if (open == Word::kLeftParenVisual) close = Word::kRightParenVisual;
  if (open == Word::kLeftBracket) close = Word::kRightBracket;
  const bool tuple = close != Word::kEnd;
  if (open == Word::kLeftBrace || (open == Word::kBoxed && inside == at + 2)) close = Word::kRightBrace;
  if (open == Word::kLeftBraceVisual) close = Word::kRightBraceVisual;
  if (close == Word::kEnd) return {};
  const FoundList list = Rows(inside, kElement);
  if (!list.ok || At(list.next) != close) return {};
  if (open == Word::kBoxed) return {ListNode(list.rows), list.next + 1};
  if (tuple && list.rows.size() == 1 && list.rows[0].size() == 1 && nodes_[list.rows[0][0]].kind != Kind::kPlusMinus) {
    return {list.rows[0][0], list.next + 1};  // there are no tuples of one
  }
  std::vector<int> entries;
  for (const auto& row : list.rows) entries.insert(entries.end(), row.begin(), row.end());
  return {Make(tuple ? Kind::kTuple : Kind::kSet, "", std::move(entries)), list.next + 1};
}

LatexGrammar::Found LatexGrammar::SetGroup(uint32_t at) {
  return Remember(kSetGroup, at, [&]() -> Found {
    const Nesting nesting(nesting_);
    if (At(at) == Word::kLeftParen) {
      const Found inner = SetMinus(at + 1);
      if (inner && At(inner.next) == Word::kRightParen) return {inner.node, inner.next + 1};
    }
    return SetAtom(at);
  });
}

LatexGrammar::Found LatexGrammar::SetIntersection(uint32_t at) {
  Found left = SetGroup(at);
  while (left && At(left.next) == Word::kIntersection) {
    const Found right = SetGroup(left.next + 1);
    if (!right) break;
    left = {Make(Kind::kIntersection, "", {left.node, right.node}), right.next};
  }
  return left;
}

LatexGrammar::Found LatexGrammar::SetUnion(uint32_t at) {
  Found left = SetIntersection(at);
  if (!left) return left;
  std::vector<int> parts = {left.node};
  uint32_t next = left.next;
  while (At(next) == Word::kUnion) {
    const Found right = SetIntersection(next + 1);
    if (!right) break;
    parts.push_back(right.node);
    next = right.next;
  }
  return parts.size() == 1 ? left : Found{Make(Kind::kUnion, "", std::move(parts)), next};
}

LatexGrammar::Found LatexGrammar::SetMinus(uint32_t at) {
  Found left = SetUnion(at);
  while (left && At(left.next) == Word::kSetMinus) {
    const Found right = SetUnion(left.next + 1);
    if (!right) break;
    left = {Make(Kind::kDifference, "", {left.node, right.node}), right.next};
  }
  return left;
}

// "x", "(x, y)": what may stand left of "=" and "\in".
LatexGrammar::Found LatexGrammar::AtomList(uint32_t at) {
  if (At(at) != Word::kLeftParen) return AtomExpr(at, true);
  std::vector<int> atoms;
  do {
    const Found atom = AtomExpr(at + 1, true);
    if (!atom) return {};
    atoms.push_back(atom.node);
    at = atom.next;
  } while (At(at) == Word::kComma);
  if (At(at) != Word::kRightParen) return {};
  return {atoms.size() == 1 ? atoms[0] : Make(Kind::kTuple, "", std::move(atoms)), at + 1};
}

LatexGrammar::Found LatexGrammar::SetRelation(uint32_t at) {
  if (const Found left = AtomList(at)) {
    const Word word = At(left.next);
    if (word == Word::kIn || word == Word::kNotIn || word == Word::kAssign) {
      if (const Found right = SetMinus(left.next + 1)) {
        if (word == Word::kIn) return {Make(Kind::kMember, "", {left.node, right.node}), right.next};
        return {Make(Kind::kRelation, word == Word::kAssign ? "=" : "!=", {left.node, right.node}), right.next};
      }
    }
  }
  return SetMinus(at);
}

}  // namespace tidemark::math
