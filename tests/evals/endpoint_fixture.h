// What the tests of the endpoint adapter share.
#ifndef TIDEMARK_TESTS_EVALS_ENDPOINT_FIXTURE_H_
#define TIDEMARK_TESTS_EVALS_ENDPOINT_FIXTURE_H_

#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "evals/models/openai_model.h"

namespace tidemark::test {

inline constexpr const char* kVariable = "TIDEMARK_TEST_KEY";
inline constexpr const char* kKey = "sk-test/0123456789\"abcdef";

// For one test: the environment as the adapter should see it.
struct Environment {
  Environment() {
    setenv("NO_PROXY", "127.0.0.1", 1);
    unsetenv(kDefaultApiKeyVariable);
    setenv(kVariable, kKey, 1);
  }
  ~Environment() { unsetenv(kVariable); }
};

inline ModelOptions Options() {
  ModelOptions options;
  options.generator.max_batch = 4;
  options.endpoint.attempts = 3;
  options.endpoint.backoff_seconds = 0.002;
  return options;
}

inline std::vector<Request> Ask(const std::vector<std::string>& contents, const GenerateOptions& generate = {}) {
  std::vector<Request> requests;
  for (const std::string& content : contents) {
    requests.push_back({std::to_string(requests.size()), 0, {{"user", content}}, generate});
  }
  return requests;
}

inline Completion AskOne(OpenAiModel& model, const std::string& content, const GenerateOptions& generate = {}) {
  return model.Complete(Ask({content}, generate), {}, nullptr).at(0);
}

inline std::string ErrorOf(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

inline bool Contains(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_EVALS_ENDPOINT_FIXTURE_H_
