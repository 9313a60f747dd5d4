// The key of an endpoint: read from an environment variable, sent in one header, and in no other place. Whatever a server says
// passes through Scrub before it is kept, since servers echo what they were sent.
#ifndef TIDEMARK_EVALS_MODELS_API_KEY_H_
#define TIDEMARK_EVALS_MODELS_API_KEY_H_

#include <string>
#include <string_view>

namespace tidemark {

inline constexpr const char* kDefaultApiKeyVariable = "TIDEMARK_API_KEY";

class ApiKey {
 public:
  ApiKey() = default;  // none

  // variable: as given by --api-key-env; empty: kDefaultApiKeyVariable, which need not be set. Throws Error, which never quotes
  // the key nor the flag's value (someone may have put the key itself there): no name of a variable, a named variable that is not
  // set, a key shorter than 8 characters (it could not be scrubbed from texts without harming them) or one that is not
  // printable ASCII without spaces.
  static ApiKey FromEnvironment(const std::string& variable);

  bool empty() const { return value_.empty(); }
  const std::string& variable() const { return variable_; }
  std::string Header() const { return "Authorization: Bearer " + value_; }

  // The text with every occurrence of the key replaced by "[api key]", also where some of its characters are escaped as JSON
  // ("\/", "\u002f") or URLs ("%2F") do it.
  std::string Scrub(std::string text) const;

 private:
  std::string value_, variable_;
};

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_MODELS_API_KEY_H_
