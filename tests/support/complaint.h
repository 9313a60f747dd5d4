// The message of the Error that a call throws.
#ifndef TIDEMARK_TESTS_SUPPORT_COMPLAINT_H_
#define TIDEMARK_TESTS_SUPPORT_COMPLAINT_H_

#include <functional>
#include <string>

#include "engine/core/error.h"

namespace tidemark::test {

// Empty: nothing was thrown.
inline std::string Complaint(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_SUPPORT_COMPLAINT_H_
