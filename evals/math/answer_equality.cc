// The order of the rules matters: assignments are opened first, then relations, sets, words, matrices and values are told apart.
#include "evals/math/answer_equality.h"

#include <algorithm>
#include <numeric>

#include "evals/math/algebra.h"
#include "evals/math/calculus.h"
#include "evals/math/real_sets.h"

namespace tidemark::math {
namespace {

std::string LowerCase(std::string s) {
  for (char& c : s) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return s;
}

bool IsSet(const Expression& e) {
  return e.kind == Kind::kSet || e.kind == Kind::kInterval || e.kind == Kind::kUnion || e.kind == Kind::kIntersection ||
         e.kind == Kind::kDifference || e.kind == Kind::kNamedSet;
}
bool IsSetOrTuple(const Expression& e) { return IsSet(e) || e.kind == Kind::kTuple; }

bool IsSymbol(const Expression& e) { return e.kind == Kind::kSymbol; }

bool IsRelation(const Expression& e) {
  if (e.kind == Kind::kRelation) return true;
  return e.kind == Kind::kAnd && std::all_of(e.args.begin(), e.args.end(), IsRelation);
}
bool IsEquation(const Expression& e) {
  if (e.kind == Kind::kRelation) return e.text == "=";
  return e.kind == Kind::kAnd && std::all_of(e.args.begin(), e.args.end(), IsEquation);
}

// Built of letters alone: "x", "AB", "f(x)", "x+y", "A/S". A divisor may also be a number: x/2 counts, 2x does not.
bool IsOnlySymbols(const Expression& e) {
  if (IsSymbol(e)) return true;
  if (e.kind == Kind::kNumber || e.kind == Kind::kNegate || e.args.empty()) return false;
  if (e.kind != Kind::kDivide) return std::all_of(e.args.begin(), e.args.end(), IsOnlySymbols);
  const Expression& divisor = e.args[1];
  return IsOnlySymbols(e.args[0]) && (IsSymbol(divisor) || std::all_of(divisor.args.begin(), divisor.args.end(), IsOnlySymbols));
}

const Expression& FirstRelation(const Expression& e) { return e.kind == Kind::kAnd ? e.args.front() : e; }
const Expression& LastRelation(const Expression& e) { return e.kind == Kind::kAnd ? e.args.back() : e; }
bool IsAssignment(const Expression& e) { return IsEquation(e) && IsOnlySymbols(FirstRelation(e).args[0]); }

Expression PrepareInterval(Expression e, const Budget& budget) {
  const int low = InfinitySign(e.args[0]), high = InfinitySign(e.args[1]);
  std::optional<int> order;  // of the ends
  if (low != 0 || high != 0) {
    order = high - low == 0 ? 0 : high - low > 0 ? 1 : -1;
  } else if (IsScalar(e.args[0].kind) && IsScalar(e.args[1].kind)) {
    order = Sign(Difference(e.args[1], e.args[0]), budget);
    if (!order && (IsConstant(e.args[0]) && IsConstant(e.args[1]))) order = -1;  // complex: a point of the plane
  } else {
    order = -1;
  }
  const bool open = (e.flags & kOpenLeft) && (e.flags & kOpenRight), closed = e.flags == 0;
  if (order && ((open && *order <= 0) || (closed && *order < 0))) return {Kind::kTuple, "", std::move(e.args), 0, 0};
  if (order && *order < 0) return {Kind::kSet, "", {}, 0, 0};
  if (order && *order == 0) {
    if (!closed) return {Kind::kSet, "", {}, 0, 0};
    e.args.pop_back();
    return {Kind::kSet, "", std::move(e.args), 0, 0};
  }
  if (low < 0) e.flags |= kOpenLeft;
  if (high > 0) e.flags |= kOpenRight;
  return e;
}

void ExpandPlusMinus(std::vector<Expression>& entries) {
  std::vector<Expression> expanded;
  for (Expression& entry : entries) {
    if (entry.kind != Kind::kPlusMinus) {
      expanded.push_back(std::move(entry));
    } else if (entry.args.size() == 1) {
      expanded.push_back({Kind::kNegate, "", entry.args, 0, 0});
      expanded.push_back(std::move(entry.args[0]));
    } else {
      expanded.push_back({Kind::kAdd, "", entry.args, 0, 0});
      expanded.push_back(Difference(entry.args[0], entry.args[1]));
    }
  }
  entries = std::move(expanded);
}

Expression Prepare(const Expression& read, const Budget& budget) {
  budget.CheckTime();
  Expression e = read;
  for (Expression& arg : e.args) arg = Prepare(arg, budget);
  switch (e.kind) {
    case Kind::kSymbol:
      e.text = LowerCase(e.text);
      return e;
    case Kind::kMember:
      e.kind = Kind::kRelation;
      e.text = "=";
      return e;
    case Kind::kList:
    case Kind::kSet:
      e.kind = Kind::kSet;
      ExpandPlusMinus(e.args);
      return e;
    case Kind::kTuple:
      ExpandPlusMinus(e.args);
      return e;
    case Kind::kUnion:
    case Kind::kIntersection:
    case Kind::kDifference:
      // A point cannot be united with anything; its entries can.
      for (Expression& arg : e.args) {
        if (arg.kind == Kind::kTuple) arg.kind = Kind::kSet;
      }
      return e;
    case Kind::kInterval:
      return PrepareInterval(std::move(e), budget);
    default:
      return e;
  }
}

// Without repetitions: as written, and (in sets of ordinary size) of the same constant in two forms.
std::vector<Expression> Distinct(const std::vector<Expression>& entries, const Budget& budget) {
  constexpr size_t kOrdinary = 100;
  const auto same = [&](const Expression& a, const Expression& b) {
    if (a == b) return true;
    if (entries.size() > kOrdinary || !IsScalar(a.kind) || !IsScalar(b.kind) || !IsConstant(a) || !IsConstant(b)) return false;
    if (InfinitySign(a) != 0 || InfinitySign(b) != 0) return InfinitySign(a) == InfinitySign(b);
    return DecideEqual(a, b, budget).equality == Equality::kEqual;
  };
  std::vector<Expression> distinct;
  for (const Expression& entry : entries) {
    budget.CheckTime();
    if (std::none_of(distinct.begin(), distinct.end(), [&](const Expression& e) { return same(e, entry); })) {
      distinct.push_back(entry);
    }
  }
  return distinct;
}

class Comparison {
 public:
  Comparison(const Budget& budget, std::string& why) : budget_(budget), why_(why) {}

  bool Equal(Expression gold, Expression answer) {
    budget_.CheckTime();
    const bool gold_assigns = IsAssignment(gold), gold_equates = IsEquation(gold), answer_equates = IsEquation(answer);
    // A chain x = 2 + 3 = 5 assigns its last side.
    if (gold_assigns) gold = Assignment(gold);
    if (IsAssignment(answer)) answer = Assignment(answer);
    if (answer_equates && !gold_equates) {
      answer = Expression(LastRelation(answer).args[1]);
    } else if (gold_assigns && !answer_equates) {
      gold = Expression(LastRelation(gold).args[1]);
    }
    if (IsRelation(gold) && IsSet(answer)) {
      // -2 <= x <= 7 as a set; relations in several unknowns stay relations.
      if (const std::optional<RealSet> solutions = SolutionSet(gold, budget_)) {
        const std::optional<RealSet> given = ToRealSet(answer, budget_);
        return Decide(given && SameRealSet(*solutions, *given, budget_).value_or(false), "as solution sets");
      }
    }
    if (gold == answer) return Decide(true, "as written");
    if (IsRelation(gold) && IsRelation(answer)) return Decide(RelationsEqual(gold, answer), "as relations");
    if (IsSetOrTuple(gold) || IsSetOrTuple(answer)) return SetsEqual(gold, answer);
    if (IsSymbol(gold) || IsSymbol(answer)) return Decide(SymbolsEqual(gold, answer), "as names");
    if (gold.kind == Kind::kMatrix || answer.kind == Kind::kMatrix) return Decide(MatricesEqual(gold, answer), "as matrices");
    if (!IsScalar(gold.kind) || !IsScalar(answer.kind)) return Decide(false, "of different kinds");
    return Decide(ScalarsEqual(gold, answer, budget_), "as values");
  }

 private:
  bool Decide(bool equal, const char* how) {
    why_ = std::string(equal ? "equal " : "different ") + how;
    return equal;
  }

  static Expression Assignment(const Expression& e) {
    return {Kind::kRelation, "=", {FirstRelation(e).args[0], LastRelation(e).args[1]}, 0, 0};
  }

  // A one-to-one pairing of equal elements (augmenting paths).
  template <typename Same>
  bool Pairing(size_t n, Same same) {
    std::vector<int> partner(n, -1);
    std::vector<int8_t> known(n * n, -1);
    const auto equal = [&](size_t i, size_t j) {
      int8_t& cell = known[i * n + j];
      if (cell < 0) cell = same(i, j) ? 1 : 0;
      return cell == 1;
    };
    for (size_t i = 0; i < n; ++i) {
      std::vector<bool> tried(n, false);
      const auto place = [&](const auto& self, size_t from) -> bool {
        for (size_t j = 0; j < n; ++j) {
          if (tried[j] || !equal(from, j)) continue;
          tried[j] = true;
          if (partner[j] < 0 || self(self, static_cast<size_t>(partner[j]))) {
            partner[j] = static_cast<int>(from);
            return true;
          }
        }
        return false;
      };
      if (!place(place, i)) return false;
    }
    return true;
  }

  // Real constants by size, then at most one set or statement. False and unchanged: something else, or not known.
  bool SortByValue(std::vector<Expression>& entries) const {
    const auto is_value = [](const Expression& e) { return IsScalar(e.kind) && IsConstant(e) && InfinitySign(e) == 0; };
    std::vector<Expression> sorted = entries;
    const auto values = std::stable_partition(sorted.begin(), sorted.end(), is_value);
    if (sorted.end() - values > 1 || sorted.size() > 20) return false;
    for (auto next = sorted.begin(); next != values; ++next) {
      for (auto at = next; at != sorted.begin(); --at) {
        const std::optional<int> order = Sign(Difference(*at, *(at - 1)), budget_);
        if (!order) return false;
        if (*order >= 0) break;
        std::iter_swap(at, at - 1);
      }
    }
    entries = std::move(sorted);
    return true;
  }

  bool Unordered(std::vector<Expression> gold, std::vector<Expression> answer) {
    if (gold.size() != answer.size()) return false;
    // "{3}, 5, 7": Math-Verify pairs the entries in sorted order, numbers before sets, so that {3} meets 7.
    const auto is_nested = [](const Expression& e) { return IsSetOrTuple(e) || (IsRelation(e) && !IsAssignment(e)); };
    if (std::any_of(answer.begin(), answer.end(), is_nested) && std::none_of(gold.begin(), gold.end(), is_nested) &&
        SortByValue(gold) && SortByValue(answer)) {
      return InOrder(gold, answer);
    }
    budget_.CheckBytes(static_cast<int64_t>(gold.size()) * static_cast<int64_t>(gold.size()) * 2);
    return Pairing(gold.size(), [&](size_t i, size_t j) { return Equal(gold[i], answer[j]); });
  }

  bool InOrder(const std::vector<Expression>& gold, const std::vector<Expression>& answer) {
    if (gold.size() != answer.size()) return false;
    for (size_t i = 0; i < gold.size(); ++i) {
      if (!Equal(gold[i], answer[i])) return false;
    }
    return true;
  }

  // Sets without order, tuples in order; a set given for a tuple counts in the order in which it was written.
  bool ElementsEqual(const Expression& gold, const Expression& answer) {
    if (gold.kind == Kind::kSet) {
      return Unordered(Distinct(gold.args, budget_), answer.kind == Kind::kSet ? Distinct(answer.args, budget_) : answer.args);
    }
    if (answer.kind == Kind::kSet && Distinct(answer.args, budget_).size() != answer.args.size()) return false;
    return InOrder(gold.args, answer.args);
  }

  bool SetsEqual(const Expression& gold, const Expression& answer) {
    const Expression a = IsSetOrTuple(gold) ? gold : Expression{Kind::kSet, "", {gold}, 0, 0};
    const Expression b = IsSetOrTuple(answer) ? answer : Expression{Kind::kSet, "", {answer}, 0, 0};
    if (a == b) return Decide(true, "as written");
    if (a.kind == Kind::kInterval && b.kind == Kind::kInterval) {
      return Decide(a.flags == b.flags && Equal(a.args[0], b.args[0]) && Equal(a.args[1], b.args[1]), "as intervals");
    }
    const bool a_lists = a.kind == Kind::kSet || a.kind == Kind::kTuple, b_lists = b.kind == Kind::kSet || b.kind == Kind::kTuple;
    if (a_lists && b_lists) return Decide(ElementsEqual(a, b), "element by element");
    // "(1,2)" may be a point; it then equals the list of its entries.
    const Expression point_a = AsPoint(a), point_b = AsPoint(b);
    if (point_a.kind == Kind::kTuple && b_lists) return Decide(b.args.size() == 2 && ElementsEqual(point_a, b), "as points");
    if (point_b.kind == Kind::kTuple && a_lists) return Decide(a.args.size() == 2 && ElementsEqual(a, point_b), "as points");
    if (!IsSet(a) || !IsSet(b)) return Decide(false, "of different kinds");
    const std::optional<RealSet> real_a = ToRealSet(a, budget_), real_b = ToRealSet(b, budget_);
    if (real_a && real_b) return Decide(SameRealSet(*real_a, *real_b, budget_).value_or(false), "as sets of reals");
    if (a.kind != b.kind || a.text != b.text) return Decide(false, "of different kinds");
    const bool ordered = a.kind == Kind::kDifference;
    return Decide(ordered ? InOrder(a.args, b.args) : Unordered(Distinct(a.args, budget_), Distinct(b.args, budget_)),
                  "part by part");
  }

  static Expression AsPoint(const Expression& e) {
    if (e.kind != Kind::kInterval || e.flags != (kOpenLeft | kOpenRight)) return e;
    return {Kind::kTuple, "", e.args, 0, 0};
  }

  bool MatricesEqual(const Expression& gold, const Expression& answer) {
    if (gold.kind != answer.kind || gold.columns != answer.columns || gold.args.size() != answer.args.size()) return false;
    for (size_t i = 0; i < gold.args.size(); ++i) {
      if (!IsScalar(gold.args[i].kind) || !IsScalar(answer.args[i].kind)) return false;
      if (!(gold.args[i] == answer.args[i]) && !EntriesEqual(gold.args[i], answer.args[i], budget_)) return false;
    }
    return true;
  }

  // A word in letters: "east" is e times a times s times t. Empty: not only letters.
  static std::string Word(const Expression& e) {
    if (IsSymbol(e)) return e.text;  // real or complex
    if (e.kind == Kind::kConstant && e.text == "e") return e.text;
    if (e.kind != Kind::kMultiply || !e.text.empty()) return "";
    std::string word;
    for (const Expression& factor : e.args) {
      const std::string part = factor.kind == Kind::kMultiply ? "" : Word(factor);
      if (part.empty()) return "";
      word += part;
    }
    return word;
  }

  // An integer or a reduced fraction as one writes it in a line; empty: something else.
  static std::string Digits(const Expression& e) {
    if (e.kind == Kind::kNegate) {
      const std::string digits = Digits(e.args[0]);
      return digits.empty() || digits[0] == '-' ? "" : "-" + digits;
    }
    if (e.kind == Kind::kNumber) return e.text.find('.') == std::string::npos ? e.text : "";
    if (e.kind != Kind::kDivide || e.args[0].kind != Kind::kNumber || e.args[1].kind != Kind::kNumber) return "";
    const std::string upper = Digits(e.args[0]), lower = Digits(e.args[1]);
    if (upper.empty() || lower.empty() || upper.size() > 9 || lower.size() > 9 ||
        lower.find_first_not_of('0') == std::string::npos)
      return "";
    const long n = std::stol(upper), d = std::stol(lower), common = std::gcd(n, d);
    return d == common ? std::to_string(n / common) : std::to_string(n / common) + "/" + std::to_string(d / common);
  }

  bool SymbolsEqual(const Expression& gold, const Expression& answer) {
    const std::string a = Word(gold), b = Word(answer);
    if (!a.empty() && a == b) return true;
    // \text{12} is a name that reads like a number.
    const auto names = [](const Expression& symbol, const Expression& number) {
      return IsSymbol(symbol) && !symbol.text.empty() && symbol.text == Digits(number);
    };
    return names(gold, answer) || names(answer, gold);
  }

  bool RelationsEqual(const Expression& gold, const Expression& answer) {
    if (gold.kind != answer.kind) return false;
    if (gold.kind == Kind::kAnd) {
      // Link by link as written: 8 >= x >= -3 is not -3 <= x <= 8 to Math-Verify.
      if (gold.args.size() != answer.args.size()) return false;
      for (size_t i = 0; i < gold.args.size(); ++i) {
        if (!RelationsEqual(gold.args[i], answer.args[i])) return false;
      }
      return true;
    }
    for (const Expression* side : {&gold.args[0], &gold.args[1], &answer.args[0], &answer.args[1]}) {
      if (!IsScalar(side->kind)) {
        // Sets have no difference: only the same set will do, not {5} for 5 or -2.0 for -2.
        return gold.text == answer.text && gold.args[0] == answer.args[0] && gold.args[1].kind == answer.args[1].kind &&
               HasDecimal(gold) == HasDecimal(answer) && Equal(gold.args[1], answer.args[1]);
      }
    }
    const Expression a = Difference(gold.args[0], gold.args[1]), b = Difference(answer.args[0], answer.args[1]);
    const auto equal = [this](const Expression& x, const Expression& y) {
      return DecideEqual(x, y, budget_).equality == Equality::kEqual;
    };
    if (gold.text == answer.text && equal(a, b)) return true;
    const std::string flipped = gold.text[0] == '<'   ? ">" + gold.text.substr(1)
                                : gold.text[0] == '>' ? "<" + gold.text.substr(1)
                                                      : gold.text;
    if (flipped == answer.text && equal(a, Difference(answer.args[1], answer.args[0]))) return true;
    // Math-Verify solves equations in several unknowns for one of them; an equation in one unknown that is not yet solved does
    // not count for the solved one.
    return gold.text == "=" && answer.text == "=" && Proportional(a, b);
  }

  // a is a constant times b, in at least two unknowns: at some point p, a(x) b(p) = a(p) b(x) with neither value zero.
  bool Proportional(const Expression& a, const Expression& b) {
    std::vector<std::string> symbols = FreeSymbols(a), others = FreeSymbols(b);
    std::sort(symbols.begin(), symbols.end());
    std::sort(others.begin(), others.end());
    if (symbols != others || symbols.size() < 2) return false;
    for (int attempt = 0; attempt < 3; ++attempt) {
      Expression at_a = a, at_b = b;
      for (size_t i = 0; i < symbols.size(); ++i) {
        const Expression value = IntegerNumber(static_cast<int64_t>(7 * i + 3) * (attempt + 1) + 2 * attempt);
        at_a = Substitute(at_a, symbols[i], value);
        at_b = Substitute(at_b, symbols[i], value);
      }
      const Expression zero = IntegerNumber(0);
      if (DecideEqual(at_a, zero, budget_).equality != Equality::kDifferent) continue;
      if (DecideEqual(at_b, zero, budget_).equality != Equality::kDifferent) continue;
      const Expression left{Kind::kMultiply, "", {a, at_b}, 0, 0}, right{Kind::kMultiply, "", {at_a, b}, 0, 0};
      return DecideEqual(left, right, budget_).equality == Equality::kEqual;
    }
    return false;
  }

  const Budget& budget_;
  std::string& why_;
};

}  // namespace

Expression PrepareAnswer(const Expression& read, const Budget& budget) {
  Expression e = Prepare(EvaluateCalculus(EvaluateMatrices(read, budget), budget), budget);
  if (e.kind == Kind::kPlusMinus) {
    std::vector<Expression> both = {std::move(e)};
    ExpandPlusMinus(both);
    return {Kind::kSet, "", std::move(both), 0, 0};
  }
  return e;
}

bool AnswersEqual(const Expression& gold, const Expression& answer, const Budget& budget, std::string& why) {
  return Comparison(budget, why).Equal(gold, answer);
}

}  // namespace tidemark::math
