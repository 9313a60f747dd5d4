// Would json.loads of CPython accept this text? Only the verdict is needed, so nothing is built.
#ifndef TIDEMARK_EVALS_IFEVAL_PYTHON_JSON_H_
#define TIDEMARK_EVALS_IFEVAL_PYTHON_JSON_H_

#include <string_view>

namespace tidemark::python {

// RFC 8259 with Python's additions: NaN, Infinity and -Infinity are numbers, duplicate keys and lone surrogate escapes are fine,
// any value may stand at the top. Integers of more than 4300 digits are refused, as int() does. Linear time, constant stack:
// depth is unlimited, where the reference gives up (with an exception, not a verdict) at about a thousand levels.
// Source: CPython 3.11 Lib/json/decoder.py, Modules/_json.c.
bool IsJson(std::u32string_view text);

}  // namespace tidemark::python

#endif  // TIDEMARK_EVALS_IFEVAL_PYTHON_JSON_H_
