// Code: compared exactly after what writing leaves open (spaces, quotes, a pair of empty brackets).
#include <algorithm>
#include <optional>

#include "evals/omniscience/match_rules.h"

namespace tidemark::omniscience {
namespace {

// Without spaces, quotes, a pair of empty brackets and a closing full stop. Case counts in names made of letters.
std::string CodeForm(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' && c != '"' && c != '\'' && c != '\n' && c != '*') out += c;
  }
  while (!out.empty() && (out.back() == '.' || out.back() == ';')) out.pop_back();
  if (out.size() > 2 && out.compare(out.size() - 2, 2, "()") == 0) out.resize(out.size() - 2);
  const bool name = std::all_of(out.begin(), out.end(), [](char c) { return c == '_' || c == '-' || IsAsciiLetter(c); });
  return name ? out : Fold(out);
}

bool IsCodeByte(char c) { return c == '_' || IsDigit(c) || IsAsciiLetter(c); }

// Stands alone: no letter, digit or underscore beside it, and not as a member (x.len).
bool StandsAlone(std::string_view text, size_t at, size_t length) {
  if (at > 0 && (IsCodeByte(text[at - 1]) || text[at - 1] == '-' || text[at - 1] == '^')) return false;
  if (at > 1 && text[at - 1] == '.' && IsCodeByte(text[at - 2])) return false;
  const size_t end = at + length;
  if (end == text.size()) return true;
  return !IsCodeByte(text[end]) && text[end] != '-' && text[end] != '^' &&
         !(text[end] == '.' && end + 1 < text.size() && IsCodeByte(text[end + 1]));
}

// "the len function" for len(): the name beside a word that says what it is. Where it stands; npos: nowhere.
size_t NamedInWords(const std::string& cleaned, std::string_view focus, const Words& words) {
  if (!cleaned.ends_with("()") || cleaned.size() < 4) return std::string::npos;
  const std::string_view name = std::string_view(cleaned).substr(0, cleaned.size() - 2);
  const auto says = [&](size_t i) {
    return i < words.size() && IsOneOf(words[i].stem, {"function", "method", "builtin", "built", "command", "call", "operator"});
  };
  for (size_t at = focus.find(name); at != focus.npos; at = focus.find(name, at + 1)) {
    const size_t i = WordAt(words, at);
    if (StandsAlone(focus, at, name.size()) && !Negated(words, i) &&
        (says(i + 1) || (i > 0 && says(i - 1)) || (i > 1 && says(i - 2))))
      return at;
  }
  return std::string::npos;
}

}  // namespace

Verdict MatchCode(const Gold& gold, std::string_view focus) {
  const Words words = SplitWords(focus);
  std::optional<size_t> first;
  for (const std::string& text : AllGolds(gold)) {
    const std::string cleaned = Clean(text);
    if (CodeForm(focus) == CodeForm(cleaned)) return {Grade::kCorrect, "code: equal"};
    // "sort()" for "list.sort()" where the question names the list.
    const size_t dot = cleaned.find_last_of('.');
    if (dot != cleaned.npos && dot > 0 && CodeForm(focus) == CodeForm(cleaned.substr(dot + 1)) &&
        Joined(SplitWords(Clean(gold.question))).find(" " + Fold(cleaned.substr(0, dot)) + " ") != std::string::npos)
      return {Grade::kCorrect, "code: its object left out"};
    for (size_t at = focus.find(cleaned); at != focus.npos && !cleaned.empty(); at = focus.find(cleaned, at + 1)) {
      if (StandsAlone(focus, at, cleaned.size()) && !Negated(words, WordAt(words, at))) {
        first = std::min(first.value_or(at), at);
        break;
      }
    }
    if (const size_t at = NamedInWords(cleaned, focus, words); at != std::string::npos) first = std::min(first.value_or(at), at);
  }
  if (!first) return {Grade::kIncorrect, "code: not given"};
  const size_t i = WordAt(words, *first);
  const bool behind_or = i > 0 && words[i - 1].text == "or";
  const size_t next = WordAt(words, *first + 1) + 1;
  const bool before_or = next < words.size() && words[next].text == "or" && next + 1 < words.size() &&
                         words[next].before.find('(') == std::string::npos;  // "-x (or --extract)" is one option
  if (behind_or || before_or) return {Grade::kIncorrect, "code: two given"};
  return {Grade::kCorrect, "code"};
}

}  // namespace tidemark::omniscience
