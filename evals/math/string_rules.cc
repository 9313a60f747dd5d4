// String rules of the MATH graders; see the header for their source.
#include "evals/math/string_rules.h"

#include <vector>

#include "evals/ifeval/python_text.h"

namespace tidemark::math {
namespace {

using Text = std::u32string;
using View = std::u32string_view;

struct PythonError {};  // internal: where the reference raises

constexpr size_t kMaxPythonDigits = 4300;  // sys.get_int_max_str_digits()

// \frac12 and \frac1{2} to \frac{1}{2}; gives up on a single character after \frac at the end.
Text BraceFractions(const Text& text) {
  const std::vector<View> pieces = python::Split(text, U"\\frac");
  Text out(pieces[0]);
  for (size_t i = 1; i < pieces.size(); ++i) {
    const View piece = pieces[i];
    if (piece.empty()) throw PythonError();
    out += U"\\frac";
    if (piece[0] == U'{') {
      out += piece;
      continue;
    }
    if (piece.size() < 2) return text;
    out += U'{';
    out += piece[0];
    out += U'}';
    if (piece[1] == U'{') {
      out += piece.substr(1);
    } else {
      out += U'{';
      out += piece[1];
      out += U'}';
      out += piece.substr(2);
    }
  }
  return out;
}

Text BraceRoots(const Text& text) {
  const std::vector<View> pieces = python::Split(text, U"\\sqrt");
  Text out(pieces[0]);
  for (size_t i = 1; i < pieces.size(); ++i) {
    const View piece = pieces[i];
    if (piece.empty()) throw PythonError();
    out += U"\\sqrt";
    if (piece[0] == U'{') {
      out += piece;
    } else {
      out += U'{';
      out += piece[0];
      out += U'}';
      out += piece.substr(1);
    }
  }
  return out;
}

Text FractionOfQuotient(const Text& text, bool lenient) {
  const std::vector<View> parts = python::Split(text, U"/");
  if (parts.size() != 2) return text;
  const IntegerText a = ReadInteger(parts[0]);
  const IntegerText b = a == IntegerText::kNone ? IntegerText::kNone : ReadInteger(parts[1]);
  if (b == IntegerText::kNone) {
    if (!lenient) throw PythonError();
    return text;
  }
  if (a != IntegerText::kCanonical || b != IntegerText::kCanonical) return text;
  return U"\\frac{" + Text(parts[0]) + U"}{" + Text(parts[1]) + U"}";
}

Text Normalize(Text text, bool lenient_division) {
  text = ReplaceAll(text, U"\n", U"");
  text = ReplaceAll(text, U"\\!", U"");
  text = ReplaceAll(text, U"\\\\", U"\\");
  text = ReplaceAll(text, U"tfrac", U"frac");
  text = ReplaceAll(text, U"dfrac", U"frac");
  text = ReplaceAll(text, U"\\left", U"");
  text = ReplaceAll(text, U"\\right", U"");
  text = ReplaceAll(text, U"^{\\circ}", U"");
  text = ReplaceAll(text, U"^\\circ", U"");
  text = ReplaceAll(text, U"\\$", U"");
  const std::vector<View> units = python::Split(text, U"\\text{ ");
  if (units.size() > 2) throw PythonError();
  if (units.size() == 2) text = Text(units[0]);
  text = ReplaceAll(text, U"\\%", U"");
  text = ReplaceAll(text, U" .", U" 0.");
  text = ReplaceAll(text, U"{.", U"{0.");
  if (text.empty()) return text;
  if (text[0] == U'.') text.insert(0, U"0");
  const std::vector<View> sides = python::Split(text, U"=");
  if (sides.size() == 2 && sides[0].size() <= 2) text = Text(sides[1]);
  text = BraceRoots(text);
  text = ReplaceAll(text, U" ", U"");
  text = BraceFractions(text);
  if (text == U"0.5") text = U"\\frac{1}{2}";
  return FractionOfQuotient(text, lenient_division);
}

}  // namespace

Text ReplaceAll(View text, View before, View after) {
  Text out;
  size_t at = 0;
  for (size_t hit = text.find(before); hit != View::npos; hit = text.find(before, at)) {
    out += text.substr(at, hit - at);
    out += after;
    at = hit + before.size();
  }
  out += text.substr(at);
  return out;
}

size_t Count(View text, View part) { return python::Split(text, part).size() - 1; }

std::optional<Text> WholeText(View text) {
  constexpr View kOpen = U"\\text{";
  if (!python::StartsWith(text, kOpen)) return std::nullopt;
  if (text.back() == U'\n') text.remove_suffix(1);
  if (text.empty() || text.back() != U'}' || text.size() < kOpen.size() + 2) return std::nullopt;
  const View inner = text.substr(kOpen.size(), text.size() - kOpen.size() - 1);
  if (inner.find(U'\n') != View::npos) return std::nullopt;
  return Text(inner);
}

IntegerText ReadInteger(View text) {
  const View body = python::Strip(text);
  size_t at = !body.empty() && (body[0] == U'-' || body[0] == U'+') ? 1 : 0;
  const size_t first = at;
  size_t digits = 0;
  bool underscore = true;  // none at the start, none doubled, none at the end
  bool underscores = false;
  for (; at < body.size(); ++at) {
    if (body[at] == U'_' && !underscore) {
      underscore = underscores = true;
    } else if (body[at] >= U'0' && body[at] <= U'9') {
      underscore = false;
      ++digits;
    } else {
      return IntegerText::kNone;
    }
  }
  if (underscore || digits > kMaxPythonDigits) return IntegerText::kNone;
  const bool zero = body.substr(first) == U"0";
  const bool plain = body.size() == text.size() && !underscores && body[0] != U'+' && (zero ? first == 0 : body[first] != U'0');
  return plain ? IntegerText::kCanonical : IntegerText::kOther;
}

std::optional<Text> HendrycksNormalize(Text text, bool lenient_division) {
  try {
    return Normalize(std::move(text), lenient_division);
  } catch (const PythonError&) {
    return std::nullopt;
  }
}

}  // namespace tidemark::math
