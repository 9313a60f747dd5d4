// The rule of Lewkowycz et al. (2022), appendix D, as lm-evaluation-harness runs it: units and wrappings are cut away, then the
// strings are identical or sympy's difference of both simplifies to zero. The answer is what the protocol extracted.
// Source: lm_eval 0.4.13 lm_eval/tasks/minerva_math/utils.py (normalize_final_answer, is_equiv).
#include <algorithm>

#include "engine/core/utf8.h"
#include "evals/ifeval/python_text.h"
#include "evals/math/algebra.h"
#include "evals/math/graders.h"
#include "evals/math/string_rules.h"
#include "evals/math/sympy_latex.h"

namespace tidemark::math {
namespace {

using Text = std::u32string;
using View = std::u32string_view;

constexpr View kSubstitutions[][2] = {
    {U"an ", U""}, {U"a ", U""},       {U".$", U"$"},           {U"\\$", U""},          {U"\\ ", U""},
    {U" ", U""},   {U"mbox", U"text"}, {U",\\text{and}", U","}, {U"\\text{and}", U","}, {U"\\text{m}", U"\\text{}"}};

constexpr View kWords[] = {U"square",       U"ways",
                           U"integers",     U"dollars",
                           U"mph",          U"inches",
                           U"ft",           U"hours",
                           U"km",           U"units",
                           U"\\ldots",      U"sue",
                           U"points",       U"feet",
                           U"minutes",      U"digits",
                           U"cents",        U"degrees",
                           U"cm",           U"gm",
                           U"pounds",       U"meters",
                           U"meals",        U"edges",
                           U"students",     U"childrentickets",
                           U"multiples",    U"\\text{s}",
                           U"\\text{.}",    U"\\text{\ns}",
                           U"\\text{}^2",   U"\\text{}^3",
                           U"\\text{\n}",   U"\\text{}",
                           U"\\mathrm{th}", U"^\\circ",
                           U"^{\\circ}",    U"\\;",
                           U",\\!",         U"{,}",
                           U"\"",           U"\\dots"};

bool IsLetter(char32_t c) { return (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z'); }
bool IsDigit(char32_t c) { return c >= U'0' && c <= U'9'; }
bool IsPlainWord(View word) { return std::all_of(word.begin(), word.end(), IsLetter); }

// Deletes a word that stands alone and is no command.
Text DeleteWord(View text, View word) {
  Text out;
  size_t at = 0;
  for (size_t hit = text.find(word); hit != View::npos; hit = text.find(word, at)) {
    const size_t end = hit + word.size();
    const bool alone =
        (hit == 0 || text[hit - 1] != U'\\') && python::IsWordBoundary(text, hit) && python::IsWordBoundary(text, end);
    out += text.substr(at, alone ? hit - at : hit + 1 - at);
    at = alone ? end : hit + 1;
  }
  return out + Text(text.substr(at));
}

// Deletes the letters wherever they stand outside of command names.
Text DeleteLetters(View text, View word) {
  Text out;
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    if (text[at] == U'\\' && at + 1 < text.size() && IsLetter(text[at + 1])) {
      end = at + 1;
      while (end < text.size() && IsLetter(text[end])) ++end;
      out += text.substr(at, end - at);
    } else {
      do {
        ++end;
      } while (end < text.size() && !(text[end] == U'\\' && end + 1 < text.size() && IsLetter(text[end + 1])));
      out += ReplaceAll(text.substr(at, end - at), word, U"");
    }
    at = end;
  }
  return out;
}

// In every line with two dollar signs: what the first two enclose.
Text KeepMath(View text) {
  Text out;
  const auto lines = python::Split(text, U"\n");
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i != 0) out += U'\n';
    const size_t open = lines[i].find(U'$');
    const size_t close = open == View::npos ? open : lines[i].find(U'$', open + 1);
    out += close == View::npos ? lines[i] : lines[i].substr(open, close + 1 - open);
  }
  return out;
}

// \command{inside} to inside, up to the next closing brace of the line, or the last one.
Text Unwrap(View text, View opening, bool last) {
  Text out;
  size_t at = 0;
  for (size_t hit = text.find(opening); hit != View::npos; hit = text.find(opening, at)) {
    const size_t start = hit + opening.size();
    const View line = text.substr(start, text.find(U'\n', start) - start);
    const size_t close = last ? line.rfind(U'}') : line.find(U'}');
    if (close == View::npos) {
      out += text.substr(at, hit + 1 - at);
      at = hit + 1;
      continue;
    }
    out += text.substr(at, hit - at);
    out += line.substr(0, close);
    at = start + close + 1;
  }
  return out + Text(text.substr(at));
}

// frac12 to frac{1}{2}
Text BraceFractions(View text) {
  constexpr View kName = U"frac";
  Text out;
  size_t at = 0;
  for (size_t hit = text.find(kName); hit != View::npos; hit = text.find(kName, at)) {
    const size_t a = hit + kName.size();
    out += text.substr(at, a - at);
    at = a;
    if (a + 1 >= text.size() || text[a] == U'{' || text[a + 1] == U'\n') continue;
    out += U'{';
    out += text[a];
    out += U"}{";
    out += text[a + 1];
    out += U'}';
    at = a + 2;
  }
  return out + Text(text.substr(at));
}

// sqrt3 to sqrt{3}; sqrt[3]2 to sqrt[3]{2}.
Text BraceRoots(View text, bool with_degree) {
  constexpr View kName = U"sqrt";
  Text out;
  size_t at = 0;
  for (size_t hit = text.find(kName); hit != View::npos; hit = text.find(kName, at)) {
    size_t a = hit + kName.size();
    const bool bracket = a < text.size() && text[a] == U'[';
    if (with_degree && bracket) {
      const size_t close = text.find(U']', a);
      a = close == View::npos ? text.size() : close + 1;
    }
    const bool applies = a < text.size() && bracket == with_degree && (with_degree ? python::IsWord(text[a]) : text[a] != U'{');
    if (!applies) a = hit + kName.size();
    out += text.substr(at, a - at);
    at = a;
    if (!applies) continue;
    out += U'{';
    out += text[a];
    out += U'}';
    at = a + 1;
  }
  return out + Text(text.substr(at));
}

bool IsGroupedInteger(View text) {
  if (!text.empty() && text[0] == U'-') text.remove_prefix(1);
  const auto groups = python::Split(text, U",");
  if (groups.size() < 2) return false;
  for (size_t i = 0; i < groups.size(); ++i) {
    const bool length = i == 0 ? !groups[i].empty() && groups[i].size() <= 3 : groups[i].size() == 3;
    if (!length || !std::all_of(groups[i].begin(), groups[i].end(), IsDigit)) return false;
  }
  return true;
}

Text Normalize(const Text& answer) {
  Text text(python::Split(answer, U"=").back());
  for (const View word : kWords) {
    if (IsPlainWord(word)) text = DeleteWord(text, word);
  }
  for (const auto& rule : kSubstitutions) text = ReplaceAll(text, rule[0], rule[1]);
  for (const View word : kWords) text = IsPlainWord(word) ? DeleteLetters(text, word) : ReplaceAll(text, word, U"");
  text = KeepMath(text);
  for (const View opening : {U"\\text{", U"\\textbf{", U"\\overline{"}) text = Unwrap(text, opening, false);
  text = Unwrap(text, U"\\boxed{", true);
  text = BraceRoots(BraceRoots(BraceFractions(text), true), false);
  text = ReplaceAll(text, U"$", U"");
  if (IsGroupedInteger(text)) text = ReplaceAll(text, U",", U"");
  return text;
}

bool HasSymbols(const Expression& e) {
  const bool applied = e.kind == Kind::kFunction && e.text.rfind("applied ", 0) == 0;
  return e.kind == Kind::kSymbol || applied || std::any_of(e.args.begin(), e.args.end(), HasSymbols);
}

bool HasInfinity(const Expression& e) {
  return e.kind == Kind::kConstant || std::any_of(e.args.begin(), e.args.end(), HasInfinity);  // the parser's only constant
}

void MakeInfinityUnknown(Expression& e) {
  if (e.kind == Kind::kConstant) e.kind = Kind::kSymbol;
  for (Expression& arg : e.args) MakeInfinityUnknown(arg);
}

Grade GradeNormalized(const Text& gold, const Text& given) {
  const Budget budget(std::chrono::milliseconds(900));
  auto wanted = ParseSympyLatex(gold, budget), found = ParseSympyLatex(given, budget);
  if (!found) return {Outcome::kUnreadable, "the answer is not an expression"};
  if (!wanted) return {Outcome::kWrong, "the gold is not an expression"};
  // A difference of infinities is no number, unless sympy has cancelled them as the same product with an unknown.
  if (HasInfinity(*wanted) || HasInfinity(*found)) {
    if (!HasSymbols(*wanted) || !HasSymbols(*found)) return {Outcome::kWrong, "a difference of infinities"};
    MakeInfinityUnknown(*wanted);
    MakeInfinityUnknown(*found);
  }
  if (DecideEqual(*wanted, *found, budget).equality == Equality::kEqual) return {Outcome::kCorrect, "the difference is zero"};
  return {Outcome::kWrong, "the difference is not zero"};
}

}  // namespace

Grade GradeMinerva(std::string_view gold, const MathResponse& response) {
  if (gold.size() > kMaxAnswerBytes || response.answer.size() > kMaxAnswerBytes) return {Outcome::kTooExpensive, "too long"};
  const Text wanted = Normalize(DecodeUtf8(gold)), given = Normalize(DecodeUtf8(response.answer));
  if (given.empty()) return {Outcome::kUnreadable, "no answer"};
  if (wanted == given) return {Outcome::kCorrect, "equal strings after normalisation"};
  try {
    return GradeNormalized(wanted, given);
  } catch (const BudgetSpent& spent) {
    return {Outcome::kTooExpensive, spent.what()};
  }
}

}  // namespace tidemark::math
