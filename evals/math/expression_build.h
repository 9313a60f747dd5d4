// The shortest way to write a tree down, for the parsers of text.
#ifndef TIDEMARK_EVALS_MATH_EXPRESSION_BUILD_H_
#define TIDEMARK_EVALS_MATH_EXPRESSION_BUILD_H_

#include <string>
#include <utility>
#include <vector>

#include "evals/math/expression.h"

namespace tidemark::math {

inline Expression Leaf(Kind kind, std::string text) { return {kind, std::move(text), {}}; }
inline Expression Make(Kind kind, std::vector<Expression> args) { return {kind, "", std::move(args)}; }

// Moves its arguments; an initializer list would copy whole trees.
template <typename... Args>
Expression With(Kind kind, const std::string& text, Args&&... args) {
  Expression out{kind, text, {}};
  out.args.reserve(sizeof...(args));
  (out.args.push_back(std::forward<Args>(args)), ...);
  return out;
}

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_EXPRESSION_BUILD_H_
