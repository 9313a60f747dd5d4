// All operations bring two sets to common cuts and then work cut by cut; see the header.
#include "evals/math/real_sets.h"

#include <functional>

#include "evals/math/algebra.h"
#include "evals/math/answer_equality.h"

namespace tidemark::math {
namespace {

// Both sets over the same cuts. False: the order of two cuts is undecided.
bool Align(RealSet& a, RealSet& b, const Budget& budget) {
  RealSet x, y;
  x.between.clear();
  y.between.clear();
  size_t i = 0, j = 0;
  while (i < a.cuts.size() || j < b.cuts.size()) {
    budget.CheckTime();
    int order = 0;  // of a's next cut against b's
    if (i == a.cuts.size()) {
      order = 1;
    } else if (j == b.cuts.size()) {
      order = -1;
    } else {
      const std::optional<int> sign = Sign(Difference(a.cuts[i], b.cuts[j]), budget);
      if (!sign) return false;
      order = *sign;
    }
    const Expression& cut = order <= 0 ? a.cuts[i] : b.cuts[j];
    x.cuts.push_back(cut);
    y.cuts.push_back(cut);
    x.between.push_back(a.between[i]);
    y.between.push_back(b.between[j]);
    x.at.push_back(order <= 0 ? a.at[i] : a.between[i]);
    y.at.push_back(order >= 0 ? b.at[j] : b.between[j]);
    if (order <= 0) ++i;
    if (order >= 0) ++j;
  }
  x.between.push_back(a.between[i]);
  y.between.push_back(b.between[j]);
  a = std::move(x);
  b = std::move(y);
  return true;
}

std::optional<RealSet> Combine(std::optional<RealSet> a, std::optional<RealSet> b, const std::function<bool(bool, bool)>& keep,
                               const Budget& budget) {
  if (!a || !b || !Align(*a, *b, budget)) return std::nullopt;
  for (size_t i = 0; i < a->at.size(); ++i) a->at[i] = keep(a->at[i], b->at[i]);
  for (size_t i = 0; i < a->between.size(); ++i) a->between[i] = keep(a->between[i], b->between[i]);
  return a;
}

bool Or(bool a, bool b) { return a || b; }
bool And(bool a, bool b) { return a && b; }
bool Without(bool a, bool b) { return a && !b; }

std::optional<RealSet> FromInterval(const Expression& e, const Budget& budget) {
  RealSet set;
  const bool lower = InfinitySign(e.args[0]) == 0, upper = InfinitySign(e.args[1]) == 0;
  if ((!lower && InfinitySign(e.args[0]) > 0) || (!upper && InfinitySign(e.args[1]) < 0)) return std::nullopt;
  if (lower && !Sign(e.args[0], budget)) return std::nullopt;
  if (upper && !Sign(e.args[1], budget)) return std::nullopt;
  set.between.clear();
  if (lower) {
    set.cuts.push_back(e.args[0]);
    set.at.push_back((e.flags & kOpenLeft) == 0);
    set.between.push_back(false);
  }
  set.between.push_back(true);
  if (upper) {
    set.cuts.push_back(e.args[1]);
    set.at.push_back((e.flags & kOpenRight) == 0);
    set.between.push_back(false);
  }
  return set;
}

// The first symbol of e, as it is written there; e has one.
const Expression* FirstSymbol(const Expression& e) {
  if (e.kind == Kind::kSymbol) return &e;
  for (const Expression& arg : e.args) {
    if (const Expression* symbol = FirstSymbol(arg)) return symbol;
  }
  return nullptr;
}

// The ray or point where a*x + b stands in the relation to 0.
std::optional<RealSet> LinearSolutions(const Expression& relation, const Budget& budget) {
  if (relation.kind != Kind::kRelation || !IsScalar(relation.args[0].kind) || !IsScalar(relation.args[1].kind))
    return std::nullopt;
  const Expression f = Difference(relation.args[0], relation.args[1]);
  const std::vector<std::string> symbols = FreeSymbols(f);
  if (symbols.size() != 1) return std::nullopt;
  const Expression& x = *FirstSymbol(f);
  const Expression constant = Substitute(f, symbols[0], IntegerNumber(0));
  const Expression slope = Difference(Substitute(f, symbols[0], IntegerNumber(1)), constant);
  const Expression line{Kind::kAdd, "", {constant, Expression{Kind::kMultiply, "", {slope, x}, 0, 0}}, 0, 0};
  if (DecideEqual(f, line, budget).equality != Equality::kEqual) return std::nullopt;
  const std::optional<int> sign = Sign(slope, budget);
  if (!sign || *sign == 0) return std::nullopt;
  const Expression root{Kind::kNegate, "", {Expression{Kind::kDivide, "", {constant, slope}, 0, 0}}, 0, 0};
  if (!Sign(root, budget)) return std::nullopt;
  const std::string& op = relation.text;
  RealSet set;
  set.cuts = {root};
  if (op == "=" || op == "!=") {
    set.at = {op == "="};
    set.between = {op != "=", op != "="};
    return set;
  }
  const bool below = (op[0] == '<') == (*sign > 0);
  set.at = {op.size() == 2};
  set.between = {below, !below};
  return set;
}

}  // namespace

std::optional<RealSet> ToRealSet(const Expression& e, const Budget& budget) {
  switch (e.kind) {
    case Kind::kInterval:
      return FromInterval(e, budget);
    case Kind::kNamedSet: {
      if (e.text != "R") return std::nullopt;
      RealSet line;
      line.between = {true};
      return line;
    }
    case Kind::kSet: {
      std::optional<RealSet> set = RealSet{};
      for (const Expression& element : e.args) {
        if (!IsScalar(element.kind) || InfinitySign(element) != 0 || !Sign(element, budget)) return std::nullopt;
        RealSet point;
        point.cuts = {element};
        point.at = {true};
        point.between = {false, false};
        set = Combine(std::move(set), std::move(point), Or, budget);
        if (!set) return set;
      }
      return set;
    }
    case Kind::kUnion:
    case Kind::kIntersection:
    case Kind::kDifference: {
      std::optional<RealSet> set = ToRealSet(e.args[0], budget);
      const auto keep = e.kind == Kind::kUnion ? Or : e.kind == Kind::kIntersection ? And : Without;
      for (size_t i = 1; i < e.args.size() && set; ++i) {
        set = Combine(std::move(set), ToRealSet(e.args[i], budget), keep, budget);
      }
      return set;
    }
    default:
      return std::nullopt;
  }
}

std::optional<RealSet> SolutionSet(const Expression& relation, const Budget& budget) {
  if (relation.kind != Kind::kAnd) return LinearSolutions(relation, budget);
  if (FreeSymbols(relation).size() != 1) return std::nullopt;
  std::optional<RealSet> set = LinearSolutions(relation.args[0], budget);
  for (size_t i = 1; i < relation.args.size() && set; ++i) {
    set = Combine(std::move(set), LinearSolutions(relation.args[i], budget), And, budget);
  }
  return set;
}

std::optional<bool> SameRealSet(const RealSet& a, const RealSet& b, const Budget& budget) {
  RealSet x = a, y = b;
  if (!Align(x, y, budget)) return std::nullopt;
  return x.at == y.at && x.between == y.between;
}

}  // namespace tidemark::math
