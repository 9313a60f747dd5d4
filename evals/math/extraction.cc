// Sources of the rules: openai/prm800k prm800k/eval and lm_eval/tasks/{hendrycks_math,minerva_math}/utils.py of
// EleutherAI/lm-evaluation-harness 0.4.13 (last box, dollars, minerva), openai/simple-evals math_eval.py (answer line),
// Liquid4All/pipette-scores math_generic.py (box nested once, else last number).
#include "evals/math/extraction.h"

#include <array>
#include <optional>
#include <vector>

#include "engine/core/utf8.h"
#include "evals/ifeval/python_text.h"

namespace tidemark::math {
namespace {

constexpr size_t kNone = std::string_view::npos;

bool StartsAt(std::string_view text, size_t pos, std::string_view part) { return text.substr(pos, part.size()) == part; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char LowerAscii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

Extracted Found(std::string_view answer, std::string_view step) {
  if (StripSpace(answer).empty()) return {{}, "none"};
  return {answer, step};
}

// Start of the last code point of text[0, end); end > 0.
size_t PreviousCodePoint(std::string_view text, size_t end) {
  size_t pos = end - 1;
  while (pos > 0 && end - pos < 4 && (static_cast<unsigned char>(text[pos]) & 0xC0) == 0x80) --pos;
  return pos;
}

// text[pos] is white space as Python sees it; moves pos past it.
bool SkipSpace(std::string_view text, size_t& pos) {
  size_t next = pos;
  const std::optional<char32_t> c = NextCodePoint(text, next);
  if (!c || !python::IsSpace(*c)) return false;
  pos = next;
  return true;
}

// Where a command that draws a box ends (behind its name) if one begins at pos; kNone: none does.
size_t BoxCommand(std::string_view text, size_t pos) {
  static constexpr std::array<std::string_view, 3> kNames = {"\\boxed", "\\fbox", "\\framebox"};
  for (const std::string_view name : kNames) {
    const size_t end = pos + name.size();
    if (StartsAt(text, pos, name) && !(end < text.size() && IsLetter(text[end]))) return end;
  }
  return kNone;
}

// The last box that holds something: \boxed{...}, \fbox{...} or \framebox{...} with balanced braces, where \{ and \} are text
// and not braces as in LaTeX; or "\boxed x", which reaches to the next dollar sign or line end.
Extracted LastBox(std::string_view text) {
  struct Open {
    size_t content;  // behind the brace
    bool box;
  };
  std::vector<Open> open;  // braces not closed yet
  Extracted last = {{}, "none"};
  size_t last_begin = 0;  // of the content; the box that begins last wins, so an inner box beats the one around it
  const auto offer = [&](size_t begin, size_t end, std::string_view step) {
    const Extracted found = Found(text.substr(begin, end - begin), step);
    if (found.answer.empty() || begin < last_begin) return;
    last = {StripSpace(found.answer), step};
    last_begin = begin;
  };
  size_t bare_begin = kNone;  // content of a "\boxed x" not ended yet
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool bracket = c == '\\' && i + 1 < text.size() && (text[i + 1] == ')' || text[i + 1] == ']');
    if (bare_begin != kNone && (c == '$' || c == '\n' || bracket)) {
      offer(bare_begin, i, "boxed_bare");
      bare_begin = kNone;
    }
    if (c == '{') {
      open.push_back({i + 1, false});
    } else if (c == '}' && !open.empty()) {
      if (open.back().box) offer(open.back().content, i, "boxed");
      open.pop_back();
    } else if (c == '\\') {
      size_t end = BoxCommand(text, i);
      if (end == kNone) {
        // The escaped character is no brace, dollar sign or backslash of its own; but "\\\\boxed" was escaped once too often.
        if (BoxCommand(text, i + 1) == kNone) ++i;
        continue;
      }
      const size_t name_end = end;
      while (end < text.size() && (text[end] == ' ' || text[end] == '\t')) ++end;
      if (end < text.size() && text[end] == '{') {
        open.push_back({end + 1, true});
        i = end;
      } else {
        if (end > name_end) bare_begin = end;
        i = end - 1;
      }
    }
  }
  if (bare_begin != kNone) offer(bare_begin, text.size(), "boxed_bare");
  return last;
}

// A match of "answer is", "answer:" and the like.
struct Phrase {
  size_t begin = kNone;  // of what follows it
  bool final = false;    // the word "final" stands before it
};

// Behind an optional colon, asterisks of bold text and white space.
size_t SkipLead(std::string_view text, size_t pos) {
  while (pos < text.size() && (text[pos] == ':' || text[pos] == '*' || text[pos] == ' ' || text[pos] == '\t')) ++pos;
  return pos;
}

bool EqualIgnoringCase(std::string_view text, size_t pos, std::string_view lower) {
  if (text.size() - pos < lower.size()) return false;
  for (size_t i = 0; i < lower.size(); ++i) {
    if (LowerAscii(text[pos + i]) != lower[i]) return false;
  }
  return true;
}

// The phrase whose word "answer" begins at pos, if there is one: "answer is", "answer:", "**Answer**:", "ANSWER :".
Phrase PhraseAt(std::string_view text, size_t pos) {
  size_t end = pos + 6;
  while (end < text.size() && (text[end] == '*' || text[end] == ' ')) ++end;
  Phrase phrase;
  if (end < text.size() && text[end] == ':') {
    phrase.begin = SkipLead(text, end);
  } else if (EqualIgnoringCase(text, end, "is") && end + 2 < text.size() && !IsLetter(text[end + 2])) {
    phrase.begin = SkipLead(text, end + 2);
  }
  phrase.final = pos >= 6 && EqualIgnoringCase(text, pos - 6, "final ");
  return phrase;
}

// What follows a phrase: mathematics between dollar signs or \( \) if it begins so, else the rest of the line or sentence.
std::string_view AfterPhrase(std::string_view text, size_t begin) {
  size_t line_begin = begin;
  while (line_begin < text.size() && SkipSpace(text, line_begin)) {
  }
  std::string_view line = text.substr(line_begin, text.find('\n', line_begin) - line_begin);
  struct Pair {
    std::string_view open, close;
  };
  static constexpr std::array<Pair, 4> kPairs = {{{"$$", "$$"}, {"$", "$"}, {"\\(", "\\)"}, {"\\[", "\\]"}}};
  for (const Pair& pair : kPairs) {
    if (line.substr(0, pair.open.size()) != pair.open) continue;
    const size_t end = line.find(pair.close, pair.open.size());
    if (end != kNone) return StripSpace(line.substr(pair.open.size(), end - pair.open.size()));
  }
  for (const std::string_view stop : {". ", " I hope", "**"}) line = line.substr(0, line.find(stop));
  line = StripSpace(line);
  if (!line.empty() && line.back() == '.') line.remove_suffix(1);
  return StripSpace(line);
}

// The last phrase with something behind it; "final answer" beats a mere "answer", wherever it stands.
Extracted LastPhrase(std::string_view text) {
  size_t final_begin = kNone, any_begin = kNone;
  for (size_t i = 0; i + 6 <= text.size(); ++i) {
    if (LowerAscii(text[i]) != 'a' || !EqualIgnoringCase(text, i, "answer")) continue;
    const Phrase phrase = PhraseAt(text, i);
    if (phrase.begin == kNone || phrase.begin >= text.size()) continue;
    (phrase.final ? final_begin : any_begin) = phrase.begin;
  }
  if (final_begin != kNone) {
    const Extracted found = Found(AfterPhrase(text, final_begin), "final_answer");
    if (!found.answer.empty()) return found;
  }
  return any_begin == kNone ? Extracted{{}, "none"} : Found(AfterPhrase(text, any_begin), "answer");
}

// The last mathematics in the text: between single or double dollar signs, or in \( \) or \[ \].
Extracted LastMath(std::string_view text) {
  std::string_view last;
  size_t single = kNone, display = kNone, bracket = kNone;  // contents that are open
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '$' && single == kNone && i + 1 < text.size() && text[i + 1] == '$') {
      if (display != kNone) last = text.substr(display, i - display);
      display = display == kNone ? i + 2 : kNone;
      ++i;
    } else if (c == '$' && display == kNone) {
      if (single != kNone) last = text.substr(single, i - single);
      single = single == kNone ? i + 1 : kNone;
    } else if (c == '\\' && i + 1 < text.size()) {
      const char next = text[++i];
      if (next == '(' || next == '[') bracket = i + 1;
      if ((next == ')' || next == ']') && bracket != kNone) {
        last = text.substr(bracket, i - 1 - bracket);
        bracket = kNone;
      }
    }
  }
  return Found(StripSpace(last), "math");
}

// A number that begins at pos: digits with commas between thousands if wanted, a decimal part, and "/digits" if wanted.
size_t NumberEnd(std::string_view text, size_t pos, bool commas_and_fractions) {
  const auto digits = [&](size_t from) {
    while (from < text.size() && IsDigit(text[from])) ++from;
    return from;
  };
  size_t end = digits(pos);
  if (commas_and_fractions && end - pos <= 3) {
    while (end + 3 < text.size() && text[end] == ',' && digits(end + 1) == end + 4) end += 4;
  }
  if (end + 1 < text.size() && text[end] == '.' && IsDigit(text[end + 1])) end = digits(end + 1);
  if (commas_and_fractions && end + 1 < text.size() && text[end] == '/' && IsDigit(text[end + 1])) end = digits(end + 1);
  return end;
}

Extracted LastNumber(std::string_view text, bool commas_and_fractions) {
  std::string_view last;
  for (size_t i = 0; i < text.size();) {
    if (!IsDigit(text[i])) {
      ++i;
      continue;
    }
    // In "5-3" the reference pattern sees 5 and -3; where commas count, a sign behind a digit or letter is a minus between two.
    const bool sign =
        i > 0 && text[i - 1] == '-' && !(commas_and_fractions && i > 1 && (IsDigit(text[i - 2]) || IsLetter(text[i - 2])));
    const size_t begin = sign ? i - 1 : i;
    i = NumberEnd(text, i, commas_and_fractions);
    last = text.substr(begin, i - begin);
  }
  return Found(last, "number");
}

Extracted Boxed(std::string_view text) {
  Extracted found = LastBox(text);
  if (found.answer.empty()) found = LastPhrase(text);
  if (found.answer.empty()) found = LastMath(text);
  if (found.answer.empty()) found = LastNumber(text, /*commas_and_fractions=*/true);
  return found;
}

// The brace that closes the one at pos, every brace counted; kNone: none.
size_t ClosingBrace(std::string_view text, size_t pos) {
  size_t depth = 0;
  for (; pos < text.size(); ++pos) {
    if (text[pos] == '{') ++depth;
    if (text[pos] == '}' && --depth == 0) return pos;
  }
  return kNone;
}

Extracted BoxedStrict(std::string_view text) {
  const size_t bare = text.rfind("\\boxed ");
  if (bare != kNone) {
    const size_t begin = bare + 7;
    return Found(StripSpace(text.substr(begin, text.find('$', begin) - begin)), "boxed_bare");
  }
  size_t begin = text.rfind("\\boxed");
  const size_t name = begin == kNone ? 5 : 6;
  if (begin == kNone) begin = text.rfind("\\fbox");
  if (begin == kNone || begin + name >= text.size() || text[begin + name] != '{') return {{}, "none"};
  const size_t end = ClosingBrace(text, begin + name);
  if (end == kNone) return {{}, "none"};
  return Found(StripSpace(text.substr(begin + name + 1, end - begin - name - 1)), "boxed");
}

// The content's end if text[pos] begins "content}" with braces nested at most once inside; kNone otherwise.
size_t NestedOnce(std::string_view text, size_t pos) {
  bool inner = false;
  for (; pos < text.size(); ++pos) {
    if (text[pos] == '{') {
      if (inner) return kNone;
      inner = true;
    } else if (text[pos] == '}') {
      if (!inner) return pos;
      inner = false;
    }
  }
  return kNone;
}

Extracted BoxedOrNumber(std::string_view text) {
  std::optional<std::string_view> last;
  static constexpr std::array<std::string_view, 3> kNames = {"\\boxed{", "\\fbox{", "\\framebox{"};
  for (size_t i = text.find('\\'); i != kNone; i = text.find('\\', i)) {
    size_t next = i + 1;
    for (const std::string_view name : kNames) {
      if (!StartsAt(text, i, name)) continue;
      // Each attempt stops at the third open brace, so no part of the text is read more than a few times.
      const size_t end = NestedOnce(text, i + name.size());
      if (end == kNone) continue;
      last = text.substr(i + name.size(), end - i - name.size());
      next = end + 1;
    }
    i = next;
  }
  if (last && !StripSpace(*last).empty()) return {StripSpace(*last), "boxed"};
  return LastNumber(text, /*commas_and_fractions=*/false);
}

// Where the text behind "answer:" (in any case) begins if those words are at pos; white space there may hold line ends.
size_t AnswerBegin(std::string_view text, size_t pos) {
  if (!EqualIgnoringCase(text, pos, "answer")) return kNone;
  size_t end = pos + 6;
  while (end < text.size() && SkipSpace(text, end)) {
  }
  if (end >= text.size() || text[end] != ':') return kNone;
  ++end;
  while (end < text.size() && SkipSpace(text, end)) {
  }
  return end < text.size() ? end : kNone;
}

// Without the bold marks, dollar signs and full stop around it, which graders would have to guess away.
std::string_view Bare(std::string_view line) {
  line = StripSpace(line);
  while (line.size() >= 2 && line.substr(line.size() - 2) == "**") line = StripSpace(line.substr(0, line.size() - 2));
  while (line.substr(0, 2) == "**") line = StripSpace(line.substr(2));
  if (line.size() >= 2 && line.back() == '.' && line[line.size() - 2] != '.') line.remove_suffix(1);
  if (line.size() >= 2 && line.front() == '$' && line.find('$', 1) == line.size() - 1) line = line.substr(1, line.size() - 2);
  return StripSpace(line);
}

Extracted AnswerLine(std::string_view text, bool last) {
  size_t found = kNone;
  for (size_t i = 0; i + 6 < text.size() && (last || found == kNone); ++i) {
    if (LowerAscii(text[i]) != 'a') continue;
    const size_t begin = AnswerBegin(text, i);
    if (begin != kNone) found = begin;
  }
  return found == kNone ? Extracted{{}, "none"} : Found(Bare(text.substr(found, text.find('\n', found) - found)), "answer");
}

Extracted FirstAnswerLine(std::string_view text) { return AnswerLine(text, false); }
Extracted LastAnswerLine(std::string_view text) { return AnswerLine(text, true); }

Extracted Dollars(std::string_view text) {
  const size_t first = text.find('$'), last = text.rfind('$');
  if (first == last) return Found(text, "whole");
  return Found(text.substr(first + 1, last - first - 1), "dollars");
}

// The reference appends "I hope it is correct." itself, so an answer that a stop string cut still ends; its pattern takes any one
// character, meant to be a blank or the full stop, on either end of that phrase, and nothing across lines.
Extracted Minerva(std::string_view text) {
  static constexpr std::string_view kOpen = "Final Answer: The final answer is", kClose = " I hope it is correct";
  for (size_t pos = text.find(kOpen); pos != kNone;) {
    const size_t begin = pos + kOpen.size(), line_end = text.find('\n', begin);
    const bool last_line = line_end == kNone;  // the one that the phrase is appended to
    const std::string_view line = text.substr(begin, line_end - begin);
    size_t end = kNone;
    for (size_t at = line.find(kClose); at != kNone && end == kNone; at = line.find(kClose, at + 1)) {
      if (at > 0 && (last_line || at + kClose.size() < line.size())) end = at;
    }
    if (end == kNone && last_line && line.size() > 1 && line.back() == ' ') end = line.size() - 1;
    if (end != kNone) return Found(StripSpace(line.substr(0, PreviousCodePoint(line, end))), "final_answer");
    pos = last_line ? kNone : text.find(kOpen, line_end);  // a later phrase of the same line would need the same ending
  }
  return {{}, "none"};
}

}  // namespace

std::string_view StripSpace(std::string_view text) {
  size_t begin = 0;
  while (begin < text.size() && SkipSpace(text, begin)) {
  }
  size_t end = text.size();
  while (end > begin) {
    size_t pos = PreviousCodePoint(text, end);
    size_t next = pos;
    if (pos < begin || !SkipSpace(text, next) || next != end) break;
    end = pos;
  }
  return text.substr(begin, end - begin);
}

std::span<const ExtractionRule> AllExtractionRules() {
  static constexpr ExtractionRule kRules[] = {
      {"boxed",
       "last balanced box; else \"final answer is\", \"answer is\" or \"answer:\", the last mathematics, the last number",
       &Boxed},
      {"boxed-strict", "last \\boxed or \\fbox alone; unbalanced: none (PRM800K, Minerva)", &BoxedStrict},
      {"boxed-or-number", "last box with braces nested at most once, else the last number (pipette-scores)", &BoxedOrNumber},
      {"answer-line", "rest of the first line behind \"Answer:\", in any case (simple-evals)", &FirstAnswerLine},
      {"last-answer-line", "rest of the last line behind \"ANSWER:\" (the form lighteval asks for)", &LastAnswerLine},
      {"dollars", "between the first and the last dollar sign, else the whole response (lm-eval hendrycks_math)", &Dollars},
      {"minerva", "\"Final Answer: The final answer is ... I hope it is correct.\" (lm-eval minerva_math)", &Minerva},
  };
  return kRules;
}

}  // namespace tidemark::math
