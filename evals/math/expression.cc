// Expressions as text, for tests and reports.
#include "evals/math/expression.h"

#include <string_view>

namespace tidemark::math {
namespace {

std::string_view Name(Kind kind) {
  switch (kind) {
    case Kind::kNumber:
      return "number";
    case Kind::kSymbol:
      return "symbol";
    case Kind::kConstant:
      return "constant";
    case Kind::kAdd:
      return "add";
    case Kind::kMultiply:
      return "multiply";
    case Kind::kNegate:
      return "negate";
    case Kind::kDivide:
      return "divide";
    case Kind::kPower:
      return "power";
    case Kind::kRoot:
      return "root";
    case Kind::kFunction:
      return "function";
    case Kind::kPlusMinus:
      return "plus_minus";
    case Kind::kRelation:
      return "relation";
    case Kind::kAnd:
      return "and";
    case Kind::kMember:
      return "member";
    case Kind::kTuple:
      return "tuple";
    case Kind::kList:
      return "list";
    case Kind::kSet:
      return "set";
    case Kind::kInterval:
      return "interval";
    case Kind::kUnion:
      return "union";
    case Kind::kIntersection:
      return "intersection";
    case Kind::kDifference:
      return "difference";
    case Kind::kNamedSet:
      return "named_set";
    case Kind::kMatrix:
      return "matrix";
    case Kind::kText:
      return "text";
  }
  return "?";
}

void Append(const Expression& expression, std::string& out) {
  switch (expression.kind) {
    case Kind::kNumber:
    case Kind::kSymbol:
    case Kind::kConstant:
    case Kind::kNamedSet:
      out += expression.text;
      return;
    case Kind::kText:
      out += '"' + expression.text + '"';
      return;
    case Kind::kFunction:
      out += expression.text;
      break;
    case Kind::kRelation:
      out += "relation " + expression.text;
      break;
    case Kind::kMatrix:
      out += "matrix " + std::to_string(expression.columns);
      break;
    case Kind::kInterval:
      out += "interval ";
      out += (expression.flags & kOpenLeft) != 0 ? '(' : '[';
      out += (expression.flags & kOpenRight) != 0 ? ')' : ']';
      break;
    default:
      out += Name(expression.kind);
      break;
  }
  out += '(';
  for (size_t i = 0; i < expression.args.size(); ++i) {
    if (i != 0) out += ", ";
    Append(expression.args[i], out);
  }
  out += ')';
}

}  // namespace

std::string ToText(const Expression& expression) {
  std::string out;
  Append(expression, out);
  return out;
}

}  // namespace tidemark::math
