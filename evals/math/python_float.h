// Numbers as Python's float() reads them.
#ifndef TIDEMARK_EVALS_MATH_PYTHON_FLOAT_H_
#define TIDEMARK_EVALS_MATH_PYTHON_FLOAT_H_

#include <optional>
#include <string_view>

namespace tidemark::math {

// float(text): surrounding whitespace, sign, digits with single underscores between them, point, exponent, "inf", "infinity",
// "nan" in any case. Correctly rounded; too large is infinite. nullopt: ValueError. ASCII digits only.
std::optional<double> ReadPythonFloat(std::u32string_view text);

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_PYTHON_FLOAT_H_
