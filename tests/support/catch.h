// Catch2 2.13 (Debian 12, Ubuntu 24.04 has 3) behind one include, and visible skips for both.
#ifndef TIDEMARK_TESTS_SUPPORT_CATCH_H_
#define TIDEMARK_TESTS_SUPPORT_CATCH_H_

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
using Catch::Approx;  // where 2.x has it
namespace tidemark::test {
inline auto Contains(const std::string& text) { return Catch::Matchers::ContainsSubstring(text); }
}  // namespace tidemark::test
#else
#include <catch2/catch.hpp>
namespace tidemark::test {
inline auto Contains(const std::string& text) { return Catch::Matchers::Contains(text); }
}  // namespace tidemark::test
#endif

// Ends the test case as skipped; ctest shows it so. reason: what is missing and where to get it.
#define TM_SKIP(reason)            \
  do {                             \
    WARN("SKIPPED: " << (reason)); \
    return;                        \
  } while (false)

#endif  // TIDEMARK_TESTS_SUPPORT_CATCH_H_
