// Formulas and expressions at a place of a text; see the header.
#include "evals/math/answer_patterns.h"

#include <algorithm>
#include <array>

namespace tidemark::math {
namespace {

bool IsOperator(char c) { return c != '\0' && std::string_view("+-*/^()").find(c) != std::string_view::npos; }

// A currency sign at the start of s: its bytes, or 0. "$", pound, yen, baht and the block U+20A1..U+20BF.
size_t CurrencyLength(std::string_view s) {
  if (s.empty()) return 0;
  if (s[0] == '$') return 1;
  if (s.substr(0, 2) == "£" || s.substr(0, 2) == "¥") return 2;
  if (s.substr(0, 3) == "฿") return 3;
  if (s.size() >= 3 && s[0] == '\xE2' && s[1] == '\x82' && static_cast<unsigned char>(s[2]) >= 0xA1 &&
      static_cast<unsigned char>(s[2]) <= 0xBF) {
    return 3;
  }
  return 0;
}

// "%", "percent", "Percentage", "pct" at the start of s: its bytes, or 0. "percentage" counts up to its seventh letter, which
// leaves the value alone.
size_t PercentLength(std::string_view s) {
  if (!s.empty() && s[0] == '%') return 1;
  if (s.substr(0, 7) == "percent" || s.substr(0, 7) == "Percent") return 7;
  return s.substr(0, 3) == "pct" || s.substr(0, 3) == "Pct" ? 3 : 0;
}

}  // namespace

template <typename Stop>
size_t AnswerPatterns::Find(Search& search, size_t from, Stop stop) {
  if (search.from <= from && from <= search.result) return search.result;
  size_t at = from;
  while (at < text_.size() && !stop(at)) ++at;
  search = {from, at};
  return at;
}

size_t AnswerPatterns::SkipBlanks(size_t at) const {
  while (at < text_.size() && IsBlankCharacter(text_[at])) ++at;
  return at;
}

// $$..$$, \[..\], $..$, \(..\) at `at`: the end behind the closing delimiter; 0: none.
size_t AnswerPatterns::DelimitedEnd(size_t at, size_t& content_begin, size_t& content_end) {
  const std::string_view t = text_;
  if (at > 0 && t[at - 1] == '\\') return 0;
  const auto closed = [&](size_t begin, size_t close, size_t width) -> size_t {
    if (close >= t.size() || close == begin || t[close - 1] == '\\') return 0;
    content_begin = begin;
    content_end = close;
    return close + width;
  };
  if (Has(at, "$$")) {
    const size_t close = Find(dollars_, at + 2, [&](size_t i) { return t[i] == '$' && i + 1 < t.size() && t[i + 1] == '$'; });
    if (const size_t end = closed(at + 2, close, 2)) return end;
  }
  if (Has(at, "\\[")) {
    return closed(at + 2, Find(brackets_, at + 2, [&](size_t i) { return t[i] == '\\' && i + 1 < t.size() && t[i + 1] == ']'; }),
                  2);
  }
  if (t[at] == '$' && (at == 0 || !IsDigitCharacter(t[at - 1]))) {
    const size_t close = Find(dollar_, at + 1, [&](size_t i) { return t[i] == '\n' || (t[i] == '$' && t[i - 1] != '\\'); });
    return close < t.size() && t[close] == '\n' ? 0 : closed(at + 1, close, 1);
  }
  if (Has(at, "\\(")) {
    const size_t close = Find(parentheses_, at + 2,
                              [&](size_t i) { return t[i] == '\n' || (t[i] == '\\' && i + 1 < t.size() && t[i + 1] == ')'); });
    return close < t.size() && t[close] == '\n' ? 0 : closed(at + 2, close, 2);
  }
  return 0;
}

// A blank, [..] without brackets inside, a blank.
size_t AnswerPatterns::BracketEnd(size_t at, size_t& content_begin, size_t& content_end) const {
  if (!IsBlankCharacter(text_[at]) || !Has(at + 1, "[")) return 0;
  const size_t close = text_.find_first_of("[]\n", at + 2);
  if (close == std::string_view::npos || text_[close] != ']' || close == at + 2) return 0;
  if (close + 1 >= text_.size() || !IsBlankCharacter(text_[close + 1])) return 0;
  content_begin = at + 2;
  content_end = close;
  return close + 2;
}

// \frac{-1.5}{2} with a sign in front.
size_t AnswerPatterns::SimpleFractionEnd(size_t at) const {
  size_t next = at + (text_[at] == '-' ? 1 : 0);
  if (!Has(next, "\\frac")) return 0;
  next += 5;
  for (int i = 0; i < 2; ++i) {
    if (!Has(next, "{")) return 0;
    ++next;
    if (Has(next, "-")) ++next;
    size_t digits = next;
    while (next < text_.size() && IsDigitCharacter(text_[next])) ++next;
    if (next == digits) return 0;
    if (next + 1 < text_.size() && (text_[next] == '.' || text_[next] == ',') && IsDigitCharacter(text_[next + 1])) {
      ++next;
      while (next < text_.size() && IsDigitCharacter(text_[next])) ++next;
    }
    if (!Has(next, "}")) return 0;
    ++next;
  }
  return next;
}

bool AnswerPatterns::FormulaAt(size_t at, bool boxed, Formula& formula, size_t& end) {
  if (at >= text_.size()) return false;
  const char c = text_[at];
  size_t begin = 0, close = 0;
  end = 0;
  if (c == '$' || c == '\\') end = DelimitedEnd(at, begin, close);
  if (end == 0 && IsBlankCharacter(c)) end = BracketEnd(at, begin, close);
  if (end == 0 && !boxed && (c == '-' || c == '\\')) {
    end = SimpleFractionEnd(at);
    begin = at;
    close = end;
  }
  if (end == 0) return false;
  formula.content = text_.substr(begin, close - begin);
  if (boxed) {
    const size_t box = Find(box_, begin, [&](size_t i) { return text_[i] == '\\' && Has(i, "\\boxed{"); });
    if (box + 8 >= close || Find(brace_, box + 8, [&](size_t i) { return text_[i] == '}'; }) >= close) return false;
  }
  end = SkipBlanks(end);
  const size_t sign = end + (Has(end, "\\%") ? 1 : 0);
  const size_t length = PercentLength(text_.substr(sign));
  formula.percent = length > 0;
  if (length > 0) end = sign + length;
  return true;
}

bool AnswerPatterns::FormulasAt(size_t at, bool boxed, Match& match) {
  Formula formula;
  size_t end = 0;
  if (!FormulaAt(at, boxed, formula, end)) return false;
  match = Match{};
  match.begin = at;
  match.formulas.push_back(formula);
  while (match.formulas.size() < 6) {
    const size_t joint = SkipBlanks(end);
    const size_t word = joint + (Has(joint, ",") ? 1 : 0);
    size_t next = Has(word, "and") ? word + 3 : Has(word, "or") ? word + 2 : word;
    if (next == joint) break;
    const size_t start = SkipBlanks(next);
    size_t after = 0;
    if (!FormulaAt(start, boxed, formula, after) && !(start > next && FormulaAt(start - 1, boxed, formula, after))) break;
    match.formulas.push_back(formula);
    end = after;
  }
  match.end = boxed ? SkipBlanks(end) : end;
  return true;
}

bool AnswerPatterns::FormulasAfterBlanks(size_t at, Match& match) {
  const size_t start = SkipBlanks(at);
  return FormulasAt(start, false, match) || (start > at && FormulasAt(start - 1, false, match));
}

// Where an expression may begin whose prefix stands at `at`: the start of the text, a blank or "=", with or without "**".
AnswerPatterns::StartList AnswerPatterns::Starts(size_t at) const {
  StartList starts;
  const auto add = [&](size_t start) {
    if (Has(start, "**")) starts.places[starts.count++] = start + 2;
    starts.places[starts.count++] = start;
  };
  if (at == 0) add(0);
  if (at < text_.size() && (IsBlankCharacter(text_[at]) || text_[at] == '=')) add(at + 1);
  return starts;
}

// The bytes of one character that arithmetic may hold; 0: another one.
size_t AnswerPatterns::ExpressionCharacter(size_t at) const {
  if (at >= text_.size()) return 0;
  const char c = text_[at];
  if (IsDigitCharacter(c) || c == '.' || IsBlankCharacter(c) || IsOperator(c)) return 1;
  return Has(at, "×") || Has(at, "÷") ? 2 : 0;
}

// Behind arithmetic: a stop, comma, colon, blank, closing bracket, dollar or the end. Returns the end of the match; 0: none.
size_t AnswerPatterns::SuffixEnd(size_t at) const {
  for (size_t next : {Has(at, "**") ? at + 2 : at, at}) {
    if (next >= text_.size()) return text_.size();
    const char c = text_[next];
    if (c == '.' || c == ',' || c == ':' || c == ')' || c == '$' || IsBlankCharacter(c)) return next + 1;
  }
  return 0;
}

bool AnswerPatterns::EqualsFollows(size_t at) const { return Has(SkipBlanks(at), "="); }

// The last place in [least, run_end] with a suffix behind it, or least - 1; remembers how far down it has looked.
size_t AnswerPatterns::LastSuffix(size_t run_end, size_t least) {
  if (suffix_.from != run_end) suffix_ = {run_end, run_end + 1};
  // suffix_.result: the place found, or the lowest one known to have none.
  if (suffix_found_ != run_end) {
    while (suffix_.result > least) {
      --suffix_.result;
      if (SuffixEnd(suffix_.result) > 0) {
        suffix_found_ = run_end;
        break;
      }
    }
    if (suffix_found_ != run_end) return least - 1;
  }
  return std::max(suffix_.result, least - 1);
}

bool AnswerPatterns::ArithmeticAt(size_t at, Match& match, bool not_equated) {
  const StartList starts = Starts(at);
  for (int i = 0; i < starts.count; ++i) {
    const size_t start = starts.places[i];
    size_t digit = start;
    if (Has(digit, "-")) ++digit;
    if (Has(digit, "(")) ++digit;
    if (Has(digit, "-")) ++digit;
    if (digit >= text_.size() || !IsDigitCharacter(text_[digit])) continue;
    const size_t run_begin = digit + 1;
    // The second byte of a two-byte sign is no place to stop at.
    const size_t run_end = Find(
        run_, run_begin, [&](size_t i) { return ExpressionCharacter(i) == 0 && !(i > 0 && ExpressionCharacter(i - 1) == 2); });
    const size_t op = Find(operator_, run_begin, [&](size_t i) { return IsOperator(text_[i]) || ExpressionCharacter(i) == 2; });
    if (op >= run_end) continue;
    const size_t least = op + ExpressionCharacter(op) + 1;  // one more character after the operator
    // The longest end with a suffix behind it.
    for (size_t end = LastSuffix(run_end, least); end >= least; --end) {
      const size_t after = SuffixEnd(end);
      if (after == 0 || (not_equated && EqualsFollows(after))) continue;
      match = Match{};
      match.type = Match::Type::kArithmetic;
      match.begin = at;
      match.end = after;
      match.arithmetic = text_.substr(start, end - start);
      return true;
    }
  }
  return false;
}

bool AnswerPatterns::NumberAt(size_t at, Match& match, bool not_equated) {
  const StartList starts = Starts(at);
  for (int i = 0; i < starts.count; ++i) {
    const size_t start = starts.places[i];
    const size_t currency = start <= text_.size() ? CurrencyLength(text_.substr(start)) : 0;
    for (size_t number : {start + currency, start}) {
      if (number > 0 && number <= text_.size() && IsDigitCharacter(text_[number - 1])) continue;
      if (!NumberBody(number, match, not_equated)) continue;
      match.begin = at;
      return true;
    }
  }
  return false;
}

// 1,234.5 (thousands), 12.5 or 12,5 (decimals), .5, 12; then a percent sign or word.
bool AnswerPatterns::NumberBody(size_t at, Match& match, bool not_equated) const {
  const auto digits = [&](size_t from) {
    while (from < text_.size() && IsDigitCharacter(text_[from])) ++from;
    return from;
  };
  const auto take = [&](size_t integer_end, size_t end) {
    size_t sign = SkipBlanks(end);
    const size_t percent = PercentLength(text_.substr(sign));
    for (const bool with_percent : {true, false}) {
      if (with_percent && percent == 0) continue;
      const size_t after = with_percent ? sign + percent : end;
      if (not_equated && EqualsFollows(after)) continue;
      match = Match{};
      match.type = Match::Type::kNumber;
      match.integer = text_.substr(at, integer_end - at);
      match.decimal = text_.substr(integer_end, end - integer_end);
      match.percent = with_percent;
      match.end = after;
      return true;
    }
    return false;
  };
  const size_t first = at + (Has(at, "-") ? 1 : 0);
  const size_t integer = digits(first);
  if (integer > first && integer - first <= 3 && text_[first] != '0') {
    size_t end = integer;
    while (end + 3 < text_.size() && (text_[end] == ',' || text_[end] == ' ') && IsDigitCharacter(text_[end + 1]) &&
           IsDigitCharacter(text_[end + 2]) && IsDigitCharacter(text_[end + 3])) {
      end += 4;
    }
    if (end > integer) {
      const size_t decimal = Has(end, ".") ? digits(end + 1) : end;
      if (take(end, decimal > end + 1 ? decimal : end)) return true;
    }
  }
  if (integer > first && integer < text_.size() && (text_[integer] == '.' || text_[integer] == ',')) {
    // When "=" must not follow, the number may end one digit earlier: that is how a pattern backs off.
    const size_t end = digits(integer + 1);
    for (size_t stop = end; stop > integer + 1 && stop + 2 > end; --stop) {
      if (take(integer, stop)) return true;
    }
  }
  if (integer == first && Has(at, ".")) {
    const size_t end = digits(at + 1);
    for (size_t stop = end; stop > at + 1 && stop + 2 > end; --stop) {
      if (take(at, stop)) return true;
    }
  }
  for (size_t stop = integer; stop > first && stop + 2 > integer; --stop) {
    if (take(stop, stop)) return true;
  }
  return false;
}

}  // namespace tidemark::math
