// The two kinds of failure, kept apart.
//
// Wrong input (a file, a flag, a dataset row, a server's reply) throws Error: it names the place, what was found, what was
// expected and, where there is one, a hint. It is caught in main (message on stderr, exit 1) and once per request in the
// text-model adapters; nowhere else. Our own bug is a failed TM_CHECK: it prints the values and aborts.
#ifndef TIDEMARK_ENGINE_CORE_ERROR_H_
#define TIDEMARK_ENGINE_CORE_ERROR_H_

#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace tidemark {

class Error : public std::runtime_error {
 public:
  // what() reads "PLACE: found FOUND, expected EXPECTED (HINT)"; empty parts are left out.
  // place: file, tensor, key, flag or line, the most specific that is known.
  Error(std::string place, std::string found, std::string expected, std::string hint = {});

  const std::string& place() const { return place_; }
  const std::string& found() const { return found_; }
  const std::string& expected() const { return expected_; }
  const std::string& hint() const { return hint_; }

 private:
  std::string place_, found_, expected_, hint_;
};

// A piece of foreign text made safe to print inside a message: control bytes and invalid UTF-8 escaped, cut to max_bytes.
std::string Printable(std::string_view text, size_t max_bytes = 80);

namespace internal {
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line, const std::string& message);
}  // namespace internal

// Aborts with file, line, the condition and a formatted message: TM_CHECK(a == b, "a = {}, b = {}", a, b).
#define TM_CHECK(condition, ...)                                                                     \
  do {                                                                                               \
    if (!(condition)) [[unlikely]]                                                                   \
      ::tidemark::internal::CheckFailed(#condition, __FILE__, __LINE__, ::fmt::format(__VA_ARGS__)); \
  } while (false)

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_CORE_ERROR_H_
