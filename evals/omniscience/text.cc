#include "evals/omniscience/text.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/utf8.h"

namespace tidemark::omniscience {
namespace {

// Letters that no decomposition takes apart.
char32_t BaseLetter(char32_t c) {
  switch (c) {
    case U'ø':
      return U'o';
    case U'đ':
    case U'ð':
      return U'd';
    case U'ł':
      return U'l';
    case U'ħ':
      return U'h';
    case U'ı':
      return U'i';
    default:
      return c;
  }
}

// 0 to 9 for a raised digit, 10 for a raised minus, -1 otherwise.
int Raised(char32_t c) {
  if (c == U'\u2070') return 0;
  if (c == U'\u00B9') return 1;
  if (c == U'\u00B2' || c == U'\u00B3') return static_cast<int>(c - U'\u00B2') + 2;
  if (c >= U'\u2074' && c <= U'\u2079') return static_cast<int>(c - U'\u2070');
  return c == U'\u207B' ? 10 : -1;
}

char32_t Plain(char32_t c) {
  if (c == U'\u2018' || c == U'\u2019' || c == U'\u02BC' || c == U'\u00B4') return U'\'';
  if (c == U'\u201C' || c == U'\u201D' || c == U'\u201E' || c == U'\u00AB' || c == U'\u00BB') return U'"';
  if (c == U'\u2010' || c == U'\u2011' || c == U'\u2012' || c == U'\u2212') return U'-';
  if (c == U'\u00A0' || c == U'\u2009' || c == U'\u202F' || c == U'\u2007' || c == U'\t' || c == U'\r') return U' ';
  return c;
}

bool IsWordCharacter(char32_t c) {
  const auto u = static_cast<UChar32>(c);
  return u_isalnum(u) || (U_GET_GC_MASK(u) & U_GC_M_MASK) != 0;
}

// alpha to omega; the second sigma ends words.
constexpr std::string_view kGreek[] = {"alpha", "beta",   "gamma",   "delta", "epsilon", "zeta",    "eta",  "theta", "iota",
                                       "kappa", "lambda", "mu",      "nu",    "xi",      "omicron", "pi",   "rho",   "sigma",
                                       "sigma", "tau",    "upsilon", "phi",   "chi",     "psi",     "omega"};

// A Greek letter that names something: not the signs of micro and ohm.
bool IsGreek(char32_t c) {
  return ((c >= U'\u03B1' && c <= U'\u03C9') || (c >= U'\u0391' && c <= U'\u03A9')) && c != U'\u03BC' && c != U'\u03A9';
}

std::string Spelled(std::string folded) {
  size_t pos = 0;
  const auto c = NextCodePoint(folded, pos);
  if (c && pos == folded.size() && *c >= U'\u03B1' && *c <= U'\u03C9') return std::string(kGreek[*c - U'\u03B1']);
  return folded;
}

}  // namespace

std::string Clean(std::string_view original) {
  if (original.size() > kMostBytes) original = original.substr(0, CompleteUtf8Prefix(original.substr(0, kMostBytes)));
  const std::string plain = WithoutLatex(original);
  const std::string_view text = plain;
  std::u32string out;
  bool raised = false;
  for (const char32_t c : DecodeUtf8(text)) {
    const int digit = Raised(c);
    if (digit >= 0) {
      if (!raised) out += U'^';
      out += digit == 10 ? U'-' : U'0' + static_cast<char32_t>(digit);
    } else if (c == U'\u2013' || c == U'\u2014') {
      out += U" - ";  // a dash stands between thoughts or the ends of a range
    } else if (c != U'*' && c != U'`' && c != U'#' && c != U'\u200B' && c != U'\u00AD') {
      out += Plain(c);
    } else if (c == U'#' && !out.empty() && IsWordCharacter(out.back())) {
      out += c;  // C#
    } else if (c == U'*' && !out.empty() && out.back() == U' ') {
      out += U' ';
    }
    raised = digit >= 0;
  }
  return EncodeUtf8(out);
}

std::string Fold(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* fold = icu::Normalizer2::getNFKCCasefoldInstance(status);
  const icu::Normalizer2* decompose = icu::Normalizer2::getNFDInstance(status);
  TM_CHECK(U_SUCCESS(status), "ICU without normalisation data: {}", u_errorName(status));
  const icu::UnicodeString source =
      icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
  const icu::UnicodeString folded = decompose->normalize(fold->normalize(source, status), status);
  TM_CHECK(U_SUCCESS(status), "normalisation failed: {}", u_errorName(status));
  std::string out;
  for (int32_t i = 0; i < folded.length(); i = folded.moveIndex32(i, 1)) {
    const UChar32 c = folded.char32At(i);
    if ((U_GET_GC_MASK(c) & U_GC_M_MASK) != 0) continue;
    AppendUtf8(BaseLetter(static_cast<char32_t>(c)), out);
  }
  return out;
}

Words SplitWords(std::string_view cleaned) {
  Words words;
  std::string before;
  size_t pos = 0;
  const auto next_is_letter = [&](size_t at) {
    if (at >= cleaned.size()) return false;
    const auto c = NextCodePoint(cleaned, at);
    return c && u_isalpha(static_cast<UChar32>(*c));
  };
  while (pos < cleaned.size()) {
    const size_t begin = pos;
    const auto c = NextCodePoint(cleaned, pos);
    if (!c || !IsWordCharacter(*c)) {
      const std::string_view piece = cleaned.substr(begin, pos - begin);
      if (piece != " " || before.empty() || before.back() != ' ') before += piece;
      continue;
    }
    Word word;
    word.begin = begin;
    word.capital = u_isupper(static_cast<UChar32>(*c));
    word.before = std::exchange(before, {});
    bool greek = IsGreek(*c);
    while (pos < cleaned.size()) {
      size_t after = pos;
      const auto d = NextCodePoint(cleaned, after);
      const bool inside = d && (IsWordCharacter(*d) || (*d == U'\'' && next_is_letter(after)));
      if (!inside || (IsGreek(*d) != greek && *d != U'\'')) break;
      pos = after;
    }
    word.end = pos;
    word.original = cleaned.substr(begin, pos - begin);
    word.text = Spelled(Fold(word.original));
    const size_t owner = word.text.size() > 2 && word.text.ends_with("'s") ? word.text.size() - 2 : 0;
    const std::string_view stem = std::string_view(word.text).substr(0, owner);
    const bool decade = stem.ends_with('0') && std::all_of(stem.begin(), stem.end(), IsDigit);  // "the 1990's"
    if (owner > 0 && !decade && !IsOneOf(stem, {"it", "there", "he", "she", "what", "that", "who", "here", "let", "where"}))
      word.text.resize(owner);
    std::erase(word.text, '\'');
    word.stem = Stem(word.text);
    words.push_back(std::move(word));
  }
  return words;
}

Words ContentWords(std::string_view cleaned) {
  Words words = SplitWords(cleaned), kept;
  std::string carried;  // separators before a dropped article still separate
  for (size_t i = 0; i < words.size(); ++i) {
    const bool last = i + 1 == words.size() || (words[i + 1].before != " ");
    const bool a = (words[i].text == "a" || words[i].text == "an") && !last && (!words[i].capital || i == 0);
    if (words[i].text == "the" || a) {
      carried += words[i].before;
      continue;
    }
    words[i].before = carried + words[i].before;
    carried.clear();
    kept.push_back(std::move(words[i]));
  }
  return kept;
}

bool BeginsSentence(const Words& words, size_t i) {
  if (i == 0) return true;
  const std::string& gap = words[i].before;
  if (gap.find('\n') != gap.npos || gap.find(';') != gap.npos || gap.find('!') != gap.npos || gap.find('?') != gap.npos)
    return true;
  // A full stop ends a sentence before a space, but not after an initial or in "vs. ".
  const size_t stop = gap.find('.');
  if (stop == gap.npos || gap.find(' ', stop) == gap.npos) return false;
  const std::string& previous = words[i - 1].text;
  const bool initial = previous.size() == 1 && words[i - 1].capital && words[i].capital;
  return !initial &&
         !IsOneOf(previous, {"vs", "v", "dr", "mr", "mrs", "st", "art", "sec", "no", "approx", "ca", "u", "s", "m", "mt"});
}

bool BeginsClause(const Words& words, size_t i) {
  return BeginsSentence(words, i) || words[i].before.find_first_of(",:()[]") != std::string::npos ||
         words[i].before.find(" - ") != std::string::npos || words[i].text == "but";
}

std::string Joined(const Words& words) {
  std::string joined = " ";
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0 && BeginsSentence(words, i)) joined += "| ";
    joined += words[i].text + " ";
  }
  return joined;
}

bool HasAny(std::string_view joined, std::span<const std::string_view> phrases) {
  return std::any_of(phrases.begin(), phrases.end(), [&](std::string_view p) { return joined.find(p) != joined.npos; });
}

bool HasAny(std::string_view joined, std::initializer_list<std::string_view> phrases) {
  return HasAny(joined, std::span(phrases.begin(), phrases.size()));
}

bool IsOneOf(std::string_view word, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool Contains(const Words& words, std::string_view text) {
  return std::any_of(words.begin(), words.end(), [&](const Word& w) { return w.text == text; });
}

bool HasDigit(std::string_view text) { return std::any_of(text.begin(), text.end(), IsDigit); }
bool HasDigit(const Words& words) {
  return std::any_of(words.begin(), words.end(), [](const Word& w) { return HasDigit(w.text); });
}

bool Matches(const Words& words, size_t at, const Words& part) {
  if (part.empty() || at + part.size() > words.size()) return false;
  for (size_t i = 0; i < part.size(); ++i) {
    const Word &a = words[at + i], &b = part[i];
    if (a.text != b.text && ((a.capital && b.capital) || a.stem != b.stem)) return false;
  }
  return true;
}

bool IsFiller(std::string_view word) {
  return IsOneOf(
      word, {"a",       "an",     "the",      "it",      "its",       "is",    "was",      "are",    "were",    "be",
             "that",    "this",   "would",    "answer",  "my",        "final", "i",        "think",  "believe", "of",
             "in",      "on",     "by",       "at",      "to",        "for",   "with",     "as",     "from",    "and",
             "he",      "she",    "they",     "sure",    "certainly", "yes",   "well",     "okay",   "ok",      "course",
             "great",   "good",   "question", "called",  "known",     "named", "probably", "likely", "about",   "approximately",
             "exactly", "around", "has",      "have",    "does",      "did",   "must",     "should", "there",   "which",
             "who",     "what",   "im",       "correct", "simply",    "guess", "perhaps",  "maybe",  "also",    "these",
             "those",   "here",   "most",     "very",    "one"});
}

bool IsFunctionWord(std::string_view word) {
  return IsFiller(word) ||
         IsOneOf(word,
                 {"although", "though",  "while",    "whereas",   "when",   "where",     "since",    "because", "after",
                  "before",   "then",    "however",  "later",     "only",   "but",       "if",       "unlike",  "like",
                  "both",     "even",    "not",      "no",        "or",     "nor",       "than",     "into",    "during",
                  "under",    "over",    "between",  "among",     "until",  "through",   "against",  "can",     "could",
                  "may",      "might",   "will",     "do",        "done",   "had",       "been",     "being",   "his",
                  "her",      "their",   "our",      "your",      "you",    "we",        "him",      "them",    "me",
                  "so",       "thus",    "hence",    "therefore", "other",  "others",    "some",     "any",     "all",
                  "each",     "such",    "whose",    "whom",      "how",    "why",       "just",     "still",   "yet",
                  "often",    "usually", "commonly", "instead",   "rather", "together",  "today",    "now",     "without",
                  "within",   "per",     "via",      "upon",      "near",   "including", "actually", "indeed",  "respectively",
                  "made",     "used",    "first",    "let",       "many",   "more",      "much"});
}

}  // namespace tidemark::omniscience
