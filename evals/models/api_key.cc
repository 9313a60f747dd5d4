#include "evals/models/api_key.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <vector>

#include "engine/core/error.h"

namespace tidemark {
namespace {

bool IsVariableName(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
  return !name.empty() && letter(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

// The ways to write a character: itself and its escapes.
std::vector<std::string> Spellings(char c) {
  std::vector<std::string> all = {std::string(1, c), std::string("\\") + c};
  for (const char* form : {"\\u{:04x}", "\\u{:04X}", "%{:02x}", "%{:02X}"}) {
    all.push_back(fmt::format(fmt::runtime(form), static_cast<unsigned>(c)));
  }
  return all;
}

// How many bytes at text[begin] spell the key, at most; 0: they do not. Each character may be spelt in its own way, and a
// backslash in the key makes two readings possible, hence a set of ends.
size_t MatchLength(std::string_view text, size_t begin, const std::vector<std::vector<std::string>>& key) {
  std::set<size_t> ends = {begin};
  for (const auto& spellings : key) {
    std::set<size_t> next;
    for (const size_t end : ends) {
      for (const std::string& s : spellings) {
        if (text.substr(end, s.size()) == s) next.insert(end + s.size());
      }
    }
    if (next.empty()) return 0;
    ends = std::move(next);
  }
  return *ends.rbegin() - begin;
}

}  // namespace

ApiKey ApiKey::FromEnvironment(const std::string& variable) {
  if (!variable.empty() && !IsVariableName(variable)) {
    throw Error("--api-key-env", "something else (not shown)", "the name of an environment variable that holds the key",
                "for example: export MY_KEY=..., then --api-key-env MY_KEY");
  }
  ApiKey key;
  key.variable_ = variable.empty() ? kDefaultApiKeyVariable : variable;
  const char* value = std::getenv(key.variable_.c_str());
  if (value == nullptr || *value == '\0') {
    if (variable.empty()) return {};
    throw Error("--api-key-env", "a variable that is not set (its name is not shown, in case it is the key)",
                "the name of an environment variable that holds the key",
                "for example: export MY_KEY=..., then --api-key-env MY_KEY");
  }
  key.value_ = value;
  const std::string place = "the environment variable of the API key";
  constexpr size_t kShortest = 8;
  if (key.value_.size() < kShortest) {
    throw Error(place, "fewer than 8 characters", "a key", "unset the variable if the server asks for none");
  }
  if (!std::all_of(key.value_.begin(), key.value_.end(), [](char c) { return c > ' ' && c < '\x7f'; })) {
    throw Error(place, "a space, a line end or another character that no header may hold", "a key of printable ASCII characters",
                "for example: export MY_KEY=..., then --api-key-env MY_KEY");
  }
  return key;
}

std::string ApiKey::Scrub(std::string text) const {
  if (value_.empty()) return text;
  std::vector<std::vector<std::string>> key;
  for (const char c : value_) key.push_back(Spellings(c));
  // Only where the first character stands in one of its spellings can a match begin.
  const std::string begins = {value_[0], '\\', '%'};
  for (size_t at = text.find_first_of(begins); at != text.npos; at = text.find_first_of(begins, at)) {
    const size_t length = MatchLength(text, at, key);
    if (length > 0) text.replace(at, length, "[api key]");
    at += length > 0 ? std::string_view("[api key]").size() : 1;
  }
  return text;
}

}  // namespace tidemark
