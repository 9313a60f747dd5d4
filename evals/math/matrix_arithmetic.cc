// Sums, multiples and products of matrices, transposes and small determinants, entry by entry as unevaluated scalars.
#include <algorithm>

#include "evals/math/answer_equality.h"

namespace tidemark::math {
namespace {

constexpr size_t kMaxEntries = 400;
constexpr int kMaxDeterminant = 5;

Expression Node(Kind kind, std::vector<Expression> args) { return {kind, "", std::move(args), 0, 0}; }

bool IsMatrix(const Expression& e) { return e.kind == Kind::kMatrix; }
int RowCount(const Expression& m) { return static_cast<int>(m.args.size()) / m.columns; }

Expression Product(const Expression& a, const Expression& b) {
  Expression result{Kind::kMatrix, "", {}, 0, b.columns};
  for (int row = 0; row < RowCount(a); ++row) {
    for (int column = 0; column < b.columns; ++column) {
      std::vector<Expression> summands;
      for (int k = 0; k < a.columns; ++k) {
        summands.push_back(Node(Kind::kMultiply, {a.args[row * a.columns + k], b.args[k * b.columns + column]}));
      }
      result.args.push_back(summands.size() == 1 ? summands[0] : Node(Kind::kAdd, std::move(summands)));
    }
  }
  return result;
}

Expression Map(const Expression& matrix, Kind kind, const Expression* second) {
  Expression result = matrix;
  for (Expression& entry : result.args) {
    std::vector<Expression> args = {entry};
    if (second != nullptr) args.push_back(*second);
    entry = Node(kind, std::move(args));
  }
  return result;
}

Expression Determinant(const std::vector<Expression>& entries, int n) {
  if (n == 1) return entries[0];
  std::vector<Expression> summands;
  for (int column = 0; column < n; ++column) {
    std::vector<Expression> minor;
    for (int row = 1; row < n; ++row) {
      for (int k = 0; k < n; ++k) {
        if (k != column) minor.push_back(entries[row * n + k]);
      }
    }
    Expression term = Node(Kind::kMultiply, {entries[column], Determinant(minor, n - 1)});
    summands.push_back(column % 2 == 0 ? std::move(term) : Node(Kind::kNegate, {std::move(term)}));
  }
  return Node(Kind::kAdd, std::move(summands));
}

Expression Transpose(const Expression& m) {
  Expression result{Kind::kMatrix, "", {}, 0, RowCount(m)};
  for (int column = 0; column < m.columns; ++column) {
    for (int row = 0; row < RowCount(m); ++row) result.args.push_back(m.args[row * m.columns + column]);
  }
  return result;
}

// The product of matrices and scalars in order; false: shapes do not fit.
bool Multiply(const Expression& e, Expression& result) {
  std::vector<Expression> scalars;
  const Expression* seen = nullptr;
  for (const Expression& factor : e.args) {
    if (!IsMatrix(factor)) {
      scalars.push_back(factor);
    } else if (seen == nullptr) {
      result = factor;
      seen = &result;
    } else {
      if (result.columns != RowCount(factor)) return false;
      result = Product(result, factor);
    }
  }
  if (scalars.empty()) return true;
  const Expression scalar = scalars.size() == 1 ? scalars[0] : Node(Kind::kMultiply, std::move(scalars));
  result = Map(result, Kind::kMultiply, &scalar);
  return true;
}

bool Add(const Expression& e, Expression& result) {
  result = e.args[0];
  for (const Expression& summand : e.args) {
    if (!IsMatrix(summand) || summand.columns != result.columns || summand.args.size() != result.args.size()) return false;
  }
  for (size_t i = 0; i < result.args.size(); ++i) {
    std::vector<Expression> summands;
    for (const Expression& summand : e.args) summands.push_back(summand.args[i]);
    result.args[i] = Node(Kind::kAdd, std::move(summands));
  }
  return true;
}

}  // namespace

Expression EvaluateMatrices(const Expression& e, const Budget& budget) {
  budget.CheckTime();
  Expression node = e;
  for (Expression& arg : node.args) arg = EvaluateMatrices(arg, budget);
  if (std::none_of(node.args.begin(), node.args.end(), IsMatrix)) return node;
  for (const Expression& arg : node.args) {
    if (IsMatrix(arg) && arg.args.size() > kMaxEntries) throw BudgetSpent("a matrix of more than 400 entries");
  }
  Expression result;
  switch (node.kind) {
    case Kind::kAdd:
      return Add(node, result) ? result : node;
    case Kind::kMultiply:
      return Multiply(node, result) ? result : node;
    case Kind::kNegate:
      return Map(node.args[0], Kind::kNegate, nullptr);
    case Kind::kDivide:
      if (IsMatrix(node.args[1])) return node;
      return Map(node.args[0], Kind::kDivide, &node.args[1]);
    case Kind::kFunction:
      if (node.text == "transpose") return Transpose(node.args[0]);
      if (node.text == "det" && RowCount(node.args[0]) == node.args[0].columns && node.args[0].columns <= kMaxDeterminant) {
        return Determinant(node.args[0].args, node.args[0].columns);
      }
      return node;
    default:
      return node;
  }
}

}  // namespace tidemark::math
