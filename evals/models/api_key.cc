#include "evals/models/api_key.h"

#include <algorithm>
#include <cstdlib>

#include "engine/core/error.h"

namespace tidemark {
namespace {

bool IsVariableName(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
  return !name.empty() && letter(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

void ReplaceAll(std::string& text, const std::string& from, std::string_view to) {
  for (size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
}

// What is optional in JSON but common: a slash escaped; and what is not: quotes and backslashes.
std::string EscapeAsJson(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '/' || c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

ApiKey ApiKey::FromEnvironment(const std::string& variable) {
  if (!variable.empty() && !IsVariableName(variable)) {
    throw Error("--api-key-env", "something else (not shown)", "the name of an environment variable that holds the key");
  }
  ApiKey key;
  key.variable_ = variable.empty() ? kDefaultApiKeyVariable : variable;
  const char* value = std::getenv(key.variable_.c_str());
  if (value == nullptr || *value == '\0') {
    if (variable.empty()) return {};
    throw Error("--api-key-env", "a variable that is not set (its name is not shown, in case it is the key)",
                "the name of an environment variable that holds the key");
  }
  key.value_ = value;
  const std::string place = "the environment variable of the API key";
  constexpr size_t kShortest = 8;
  if (key.value_.size() < kShortest) {
    throw Error(place, "fewer than 8 characters", "a key", "unset the variable if the server asks for none");
  }
  if (!std::all_of(key.value_.begin(), key.value_.end(), [](char c) { return c > ' ' && c < '\x7f'; })) {
    throw Error(place, "a space, a line end or another character that no header may hold", "a key of printable ASCII characters");
  }
  key.escaped_ = EscapeAsJson(key.value_);
  return key;
}

std::string ApiKey::Scrub(std::string text) const {
  if (value_.empty()) return text;
  constexpr std::string_view kInstead = "[api key]";
  ReplaceAll(text, value_, kInstead);
  if (escaped_ != value_) ReplaceAll(text, escaped_, kInstead);
  return text;
}

}  // namespace tidemark
