// The grader of the PRM800K data: equal under the MATH string rule, or equal after its own normalisation, or, element by
// element, a symbolic difference of zero. Source: openai/prm800k prm800k/grading/grader.py (grade_answer).
#include <unicode/uchar.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>
#include <vector>

#include "engine/core/utf8.h"
#include "evals/ifeval/python_text.h"
#include "evals/math/algebra.h"
#include "evals/math/graders.h"
#include "evals/math/latex_text.h"
#include "evals/math/python_float.h"
#include "evals/math/string_rules.h"
#include "evals/math/text_expression.h"

namespace tidemark::math {
namespace {

using Text = std::u32string;
using View = std::u32string_view;

bool IsDigit(char32_t c) { return c >= U'0' && c <= U'9'; }

Text MathNormalize(View answer) {
  Text text(python::Strip(answer));
  if (const auto inner = WholeText(text)) text = Text(python::Strip(*inner));
  auto normal = HendrycksNormalize(text, true);
  return normal ? std::move(*normal) : text;
}

size_t TakeDigits(View text, size_t at) {
  while (at < text.size() && IsDigit(text[at])) ++at;
  return at;
}

size_t TakeBlanks(View text, size_t at) {
  while (at < text.size() && text[at] == U' ') ++at;
  return at;
}

// Deletes unit, an "es", an "s" and an exponent of digits after it, wherever the unit occurs, also inside of words.
Text DeleteUnit(View text, View unit) {
  Text out;
  size_t at = 0;
  for (size_t hit = text.find(unit); hit != View::npos; hit = text.find(unit, at)) {
    out += text.substr(at, hit - at);
    at = hit + unit.size();
    if (python::StartsWith(text.substr(at), U"es")) at += 2;
    if (at < text.size() && text[at] == U's') ++at;
    at = TakeBlanks(text, at);
    if (at + 1 < text.size() && text[at] == U'^' && IsDigit(text[at + 1])) at = TakeDigits(text, at + 1);
  }
  return out + Text(text.substr(at));
}

// Deletes a caret, blanks, \circ.
Text DeleteDegrees(View text) {
  Text out;
  for (size_t at = 0; at < text.size();) {
    const size_t after = TakeBlanks(text, at + 1);
    if (text[at] == U'^' && python::StartsWith(text.substr(std::min(after, text.size())), U"\\circ")) {
      at = after + 5;
    } else {
      out += text[at++];
    }
  }
  return out;
}

// Deletes what follows `mark` as blanks do: ",\! " wholly, "- " down to the minus.
Text DropBlanksAfter(View text, View mark, View replacement) {
  Text out;
  size_t at = 0;
  for (size_t hit = text.find(mark); hit != View::npos; hit = text.find(mark, at)) {
    out += text.substr(at, hit - at);
    out += replacement;
    at = TakeBlanks(text, hit + mark.size());
  }
  return out + Text(text.substr(at));
}

// "7 3/4" to "7+3/4"; matches do not overlap, so "1 2 3" becomes "1+2 3".
Text AddMixedNumbers(View text) {
  Text out;
  for (size_t at = 0; at < text.size();) {
    const size_t after = TakeBlanks(text, at + 1);
    if (IsDigit(text[at]) && after > at + 1 && after < text.size() && IsDigit(text[after])) {
      out += text[at];
      out += U'+';
      out += text[after];
      at = after + 1;
    } else {
      out += text[at++];
    }
  }
  return out;
}

// Removes commas before groups of exactly three digits until nothing changes.
Text DropThousandsCommas(Text text) {
  while (true) {
    Text out;
    for (size_t at = 0; at < text.size();) {
      const bool group = at + 4 < text.size() && python::IsDigit(text[at]) && text[at + 1] == U',' &&
                         python::IsDigit(text[at + 2]) && python::IsDigit(text[at + 3]) && python::IsDigit(text[at + 4]) &&
                         (at + 5 == text.size() || !python::IsDigit(text[at + 5]));
      out += text[at];
      if (!group) {
        ++at;
        continue;
      }
      out += text.substr(at + 2, 4);  // with the character that ends the group
      at += 6;
    }
    if (out == text) return out;
    text = std::move(out);
  }
}

Text AsciiText(const std::string& text) { return Text(text.begin(), text.end()); }

bool IsIntegral(std::optional<double> value) {
  return value && std::isfinite(*value) && std::abs(*value - std::nearbyint(*value)) <= 1e-7;
}

// str(int(value)) of an integral double.
Text IntegerDigits(double value) {
  char buffer[400];
  std::snprintf(buffer, sizeof buffer, "%.0f", value == 0 ? 0.0 : value);
  return AsciiText(buffer);
}

bool IsIntegerText(const Text& text) { return IsIntegral(ReadPythonFloat(DropThousandsCommas(text))); }

Text WithoutLatex(Text text) {
  text = ReplaceAll(text, U"\\tfrac", U"\\frac");
  text = ReplaceAll(text, U"\\dfrac", U"\\frac");
  text = ReplaceAll(text, U"\\frac", U" \\frac");
  Text plain = LatexToText(text).value_or(text);
  const View names[][2] = {{U"√", U"sqrt"}, {U"π", U"pi"}, {U"∞", U"inf"}, {U"∪", U"U"}, {U"·", U"*"}, {U"×", U"*"}};
  for (const auto& name : names) plain = ReplaceAll(plain, name[0], name[1]);
  return Text(python::Strip(plain));
}

Text Normalize(View answer) {
  Text text = WholeText(answer).value_or(Text(answer));
  const View plain[][2] = {{U"\\%", U"%"},
                           {U"\\$", U"$"},
                           {U"$", U""},
                           {U"%", U""},
                           {U" or ", U" , "},
                           {U" and ", U" , "},
                           {U"million", U"*10^6"},
                           {U"billion", U"*10^9"},
                           {U"trillion", U"*10^12"}};
  for (const auto& rule : plain) text = ReplaceAll(text, rule[0], rule[1]);
  for (const View unit : {U"degree", U"cm", U"centimeter", U"meter", U"mile", U"second", U"minute", U"hour", U"day", U"week",
                          U"month", U"year", U"foot", U"feet", U"inch", U"yard"}) {
    text = DeleteUnit(text, unit);
  }
  text = DeleteDegrees(text);
  if (!text.empty() && text.front() == U'{' && text.back() == U'}') text = text.substr(1, std::max<size_t>(text.size(), 2) - 2);
  text = DropBlanksAfter(text, U",\\!", U"");
  const auto value = ReadPythonFloat(text);
  if (IsIntegral(value)) text = IntegerDigits(std::nearbyint(*value));
  if (text.find(U'\\') != Text::npos) text = WithoutLatex(text);
  text = AddMixedNumbers(DropBlanksAfter(text, U"-", U"-"));
  for (const View gone : {U" ", U"{", U"}"}) text = ReplaceAll(text, gone, U"");
  text = python::Lower(text);
  if (IsIntegerText(text)) text = IntegerDigits(std::trunc(*ReadPythonFloat(ReplaceAll(text, U",", U""))));
  return text;
}

// -?[0-9]+.?/0*[1-9][0-9]*.? and nothing else
bool IsPlainFraction(View text) {
  if (!text.empty() && text.back() == U'\n') text.remove_suffix(1);
  size_t at = !text.empty() && text[0] == U'-' ? 1 : 0;
  const size_t digits = TakeDigits(text, at);
  if (digits == at || digits >= text.size()) return false;
  at = digits;
  if (at + 1 < text.size() && text[at + 1] == U'/' && text[at] != U'\n') ++at;
  if (text[at] != U'/') return false;
  const size_t end = TakeDigits(text, at + 1);
  const View below = text.substr(at + 1, end - at - 1);
  if (below.find_first_not_of(U'0') == View::npos) return false;
  return end == text.size() || (end + 1 == text.size() && text[end] != U'\n');
}

std::vector<Text> Elements(const Text& normal) {
  const Text text = DropThousandsCommas(normal);
  if (text.empty()) return {};
  constexpr View kBrackets = U"()[]";
  const View inner = View(text).substr(1, std::max<size_t>(text.size(), 2) - 2);
  if (text.size() <= 2 || kBrackets.find(text.front()) == View::npos || kBrackets.find(text.back()) == View::npos ||
      inner.find_first_of(kBrackets) != View::npos) {
    return {text};
  }
  std::vector<Text> out;
  for (const View element : python::Split(inner, U",")) out.emplace_back(python::Strip(element));
  return out;
}

bool HasLongExponent(View text) {
  for (size_t at = text.find(U'^'); at != View::npos; at = text.find(U'^', at + 1)) {
    if (at + 1 < text.size() && (text[at + 1] == U'{' || text[at + 1] == U'(')) return true;
    const size_t end = TakeDigits(text, at + 1);
    if (end - at > 2 || (end - at == 2 && end < text.size() && text[end] == U'^')) return true;
  }
  return false;
}

bool MayEvaluate(const Text& text) {
  const Text bare = ReplaceAll(ReplaceAll(text, U"sqrt", U""), U"frac", U"");
  std::set<char32_t> letters;
  for (const char32_t c : bare) {
    if (u_isalpha(static_cast<UChar32>(c))) letters.insert(c);
  }
  return letters.size() <= 2 && !HasLongExponent(text);
}

bool EqualBySymbols(const Text& gold, const Text& given, const Budget& budget) {
  const Text difference = U"(" + gold + U")-(" + given + U")";
  if (!MayEvaluate(difference)) return false;
  const auto parsed = ParseTextExpression(EncodeUtf8(difference), budget);
  if (!parsed) return false;
  return DecideEqual(parsed->expression, {Kind::kNumber, "0", {}}, budget).equality == Equality::kEqual;
}

Grade GradeElements(const Text& gold, const Text& given) {
  const std::vector<Text> wanted = Elements(gold), found = Elements(given);
  if (wanted.size() > 1 && (gold.front() != given.front() || gold.back() != given.back()))
    return {Outcome::kWrong, "other brackets"};
  if (wanted.size() != found.size()) return {Outcome::kWrong, "other number of elements"};
  const Budget budget(std::chrono::milliseconds(900));
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (IsPlainFraction(wanted[i]) && IsPlainFraction(found[i])) {
      if (wanted[i] != found[i]) return {Outcome::kWrong, "fractions differ as written"};
    } else if (IsIntegerText(wanted[i]) != IsIntegerText(found[i])) {
      return {Outcome::kWrong, "one of the two is an integer"};
    } else if (!EqualBySymbols(wanted[i], found[i], budget)) {
      return {Outcome::kWrong, "the difference is not zero"};
    }
  }
  return {Outcome::kCorrect, "the difference is zero"};
}

}  // namespace

Grade GradePrm800k(std::string_view gold, const MathResponse& response) {
  if (gold.size() > kMaxAnswerBytes || response.answer.size() > kMaxAnswerBytes) return {Outcome::kTooExpensive, "too long"};
  const Text wanted = DecodeUtf8(gold), given = DecodeUtf8(response.answer);
  if (MathNormalize(wanted) == MathNormalize(given)) return {Outcome::kCorrect, "equal strings under the MATH rule"};
  const Text gold_normal = Normalize(wanted), given_normal = Normalize(given);
  if (gold_normal == given_normal) return {Outcome::kCorrect, "equal strings after normalisation"};
  if (given_normal.empty()) return {Outcome::kWrong, "no answer"};
  if (gold_normal.empty()) return {Outcome::kWrong, "other number of elements"};
  try {
    return GradeElements(gold_normal, given_normal);
  } catch (const BudgetSpent& spent) {
    return {Outcome::kTooExpensive, spent.what()};
  }
}

}  // namespace tidemark::math
