// Identifiers: compared exactly, after what writing leaves open (spaces, "v1.2", "Art." for "Article", "XIX" for 19).
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "evals/omniscience/match_rules.h"
#include "evals/omniscience/quantity.h"

namespace tidemark::omniscience {
namespace {

constexpr size_t kMostCandidates = 64;  // in one answer: more would only cost time

// A piece between spaces, without the punctuation around it: "47", "230(c)(1)", "c++17".
struct Chunk {
  std::string text;  // folded, numbers in figures
  std::string original;
  size_t begin = 0;  // byte of the cleaned text
};

bool IsLabel(std::string_view w) {
  return IsOneOf(w, {"article",  "art",   "section", "sec",  "\xC2\xA7", "s",      "amendment", "paragraph", "para",
                     "chapter",  "title", "part",    "rule", "version",  "v",      "number",    "no",        "clause",
                     "schedule", "annex", "signal",  "port", "code",     "status", "regulation"});
}

int Roman(std::string_view text) {
  int total = 0, before = 0;
  for (size_t i = text.size(); i-- > 0;) {
    static constexpr std::string_view kLetters = "ivxlc";
    static constexpr int kValues[] = {1, 5, 10, 50, 100};
    const size_t at = kLetters.find(text[i]);
    if (at == kLetters.npos) return 0;
    total += kValues[at] < before ? -kValues[at] : kValues[at];
    before = std::max(before, kValues[at]);
  }
  return text.empty() || text.size() > 8 ? 0 : total;
}

// Takes punctuation off both ends; brackets only where they do not belong to the piece.
std::string_view TrimPunctuation(std::string_view text) {
  if (text.size() >= 3 && text.size() <= 5 && text.front() == '(' && text.back() == ')') return text;  // a subdivision, perhaps
  const auto unbalanced = [&](char open, char close) {
    return std::count(text.begin(), text.end(), open) != std::count(text.begin(), text.end(), close);
  };
  while (!text.empty() && (std::string_view(".,;:!?\"'=").find(text.back()) != std::string_view::npos ||
                           (text.back() == ')' && unbalanced('(', ')')) || (text.back() == ']' && unbalanced('[', ']'))))
    text.remove_suffix(1);
  while (!text.empty() && (std::string_view(",;:!?\"'=").find(text.front()) != std::string_view::npos || text.front() == '[' ||
                           (text.front() == '(' && (unbalanced('(', ')') || text.back() == ')'))))
    text.remove_prefix(1);
  while (!text.empty() && text.back() == ')' && unbalanced('(', ')')) text.remove_suffix(1);
  if (text.size() > 1 && text.back() == '+' && IsDigit(text[text.size() - 2])) text.remove_suffix(1);  // 3.6+
  return text;
}

// "19th" and "nineteenth" are 19; a Roman numeral beside a label too.
std::string Figures(const std::string& text, bool beside_label) {
  if (text.size() > 2 && IsDigit(text[0]) && IsOneOf(std::string_view(text).substr(text.size() - 2), {"st", "nd", "rd", "th"}) &&
      IsDigit(text[text.size() - 3])) {
    return text.substr(0, text.size() - 2);
  }
  std::vector<std::string> parts(1);
  for (const char c : text) c == '-' ? parts.emplace_back() : parts.back() += c, void();
  double value = 0;
  const size_t n = ParseNumberWords(parts, 0, value);
  if (n == parts.size() && n > 0 && value < 1e6) return fmt::format("{}", static_cast<int64_t>(value));
  if (const int roman = beside_label ? Roman(text) : 0; roman > 0) return fmt::format("{}", roman);
  return text;
}

std::vector<Chunk> Chunks(std::string_view cleaned) {
  std::vector<Chunk> pieces, chunks;
  size_t pos = 0;
  while (pos < cleaned.size()) {
    const size_t end = std::min(cleaned.find_first_of(" \n", pos), cleaned.size());
    std::string_view piece = cleaned.substr(pos, end - pos);
    const size_t begin = pos;
    pos = end + 1;
    if (piece.substr(0, 2) == "\xC2\xA7") piece.remove_prefix(2);
    piece = TrimPunctuation(piece);
    if (!piece.empty()) pieces.push_back({Fold(piece), std::string(piece), begin});
  }
  for (size_t i = 0; i < pieces.size(); ++i) {
    std::string text = pieces[i].text;
    const bool beside = (i > 0 && IsLabel(TrimPunctuation(pieces[i - 1].text))) ||
                        (i + 1 < pieces.size() && IsLabel(TrimPunctuation(pieces[i + 1].text)));
    if (text.size() > 1 && text[0] == 'v' && IsDigit(text[1])) text.erase(0, 1);
    text = Figures(text, beside);
    const bool bracketed = text.size() > 2 && text.front() == '(' && text.back() == ')';
    if (bracketed && !chunks.empty() && HasDigit(chunks.back().text)) {
      chunks.back().text += text;  // "Article 6 (1)" is 6(1)
      continue;
    }
    if (bracketed) text = text.substr(1, text.size() - 2);
    chunks.push_back({std::move(text), pieces[i].original, pieces[i].begin});
  }
  return chunks;
}

bool IsAcronym(std::string_view text) {
  return text.size() >= 2 && std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

// The last piece with a digit is what identifies; the pieces before it are its label. Without a digit the whole is.
struct Target {
  std::string core, label, compact;
  std::string initials;  // "s7e20" for "Season 7, Episode 20"; empty with one number
  std::vector<std::string> all_numbers;
  bool digits = false;
  int numbers = 0;  // pieces with a digit
};

std::string Compact(const std::vector<Chunk>& chunks) {
  std::string all;
  for (const Chunk& c : chunks) all += c.text;
  return all;
}

Target MakeTarget(const std::string& gold) {
  const std::vector<Chunk> chunks = Chunks(Clean(gold));
  Target target;
  target.compact = Compact(chunks);
  for (size_t i = 0; i < chunks.size(); ++i) {
    if (!HasDigit(chunks[i].text)) continue;
    target.digits = true;
    ++target.numbers;
    target.core = chunks[i].text;
    target.label = i > 0 ? chunks[i - 1].text : "";
    target.all_numbers.push_back(target.core);
    target.initials += target.label.substr(0, 1) + target.core;
  }
  if (target.numbers < 2) target.initials.clear();
  if (!target.digits) target.core = target.compact;
  return target;
}

// What a piece says beside notation: "443" of "443/tcp" and "tcp/443" (a port with its transport), "append" of ".append" unless
// the gold begins with the dot.
std::string_view Bare(std::string_view text, const Target& target) {
  if (text.size() > 1 && text.front() == '.' && !target.core.starts_with('.') && !IsDigit(text[1])) text.remove_prefix(1);
  const size_t slash = text.find('/');
  if (slash == text.npos || target.core.find('/') != target.core.npos) return text;
  const auto transport = [](std::string_view part) { return IsOneOf(part, {"tcp", "udp", "sctp", "dccp"}); };
  if (transport(text.substr(slash + 1))) return text.substr(0, slash);
  if (transport(text.substr(0, slash))) return text.substr(slash + 1);
  return text;
}

// Candidates of the same shape as the gold: with digits, or all upper case and as long.
bool SameShape(const Chunk& chunk, const Target& target) {
  if (target.digits) return HasDigit(chunk.text);
  const bool upper = std::all_of(chunk.original.begin(), chunk.original.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  return Bare(chunk.text, target) == target.core ? upper || target.core.size() > 2
                                                 : upper && chunk.text.size() == target.core.size();
}

// "IAS 16" where the gold is "IFRS 16": an acronym before the number that is neither the gold's nor the question's.
bool OfSomethingElse(const std::string& before, const std::vector<Target>& targets, const std::vector<Chunk>& asked) {
  if (!IsAcronym(before)) return false;
  bool asked_alone = false;  // not as the label of another number, as in "what replaced IAS 17"
  for (size_t i = 0; i < asked.size(); ++i) {
    asked_alone = asked_alone || (asked[i].original == before && (i + 1 == asked.size() || !HasDigit(asked[i + 1].text)));
  }
  const auto named = [](const Target& t) { return !t.label.empty() && !IsLabel(t.label); };
  return std::any_of(targets.begin(), targets.end(), named) &&
         std::none_of(targets.begin(), targets.end(), [&](const Target& t) { return t.label == Fold(before); }) && !asked_alone;
}

// Kinds of provisions, each with its abbreviations; 0: no such word.
int Provision(const std::string& word) {
  static constexpr std::pair<std::string_view, int> kKinds[] = {
      {"article", 1},   {"art", 1},  {"section", 2},   {"sec", 2},  {"chapter", 3}, {"title", 4},      {"part", 5},
      {"amendment", 6}, {"rule", 7}, {"paragraph", 8}, {"para", 8}, {"clause", 9},  {"regulation", 10}};
  const std::string_view bare = TrimPunctuation(word);
  for (const auto& [name, kind] : kKinds) {
    if (bare == name) return kind;
  }
  return 0;
}

// Without hyphens, commas of thousands and the full stops of abbreviations: "rfc7540" for "RFC-7540", "15usc78j(b)" for "15
// U.S.C. § 78j(b)".
std::string Squeeze(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool between = i > 0 && i + 1 < text.size() && IsDigit(text[i - 1]) && IsDigit(text[i + 1]);
    const bool inner = i > 0 && i + 1 < text.size() && !IsDigit(text[i - 1]) && IsDigit(text[i + 1]);
    if ((text[i] == '.' && !between) || (text[i] == '-' && inner) || (text[i] == ',' && between)) continue;
    out += text[i];
  }
  return out;
}

// "4xx" is the class of 404.
bool IsClassOf(std::string_view text, std::string_view core) {
  if (text.size() != core.size() || text.size() < 3 || text.back() != 'x' || !IsDigit(text[0])) return false;
  const size_t known = text.find('x');
  return text.substr(0, known) == core.substr(0, known) && text.find_first_not_of('x', known) == text.npos;
}

// Runs of digits as '9', of letters as 'a': "a-9-9" for "cve-2021-44228".
std::string Pattern(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const char kind = IsDigit(c) ? '9' : (c >= 'a' && c <= 'z') ? 'a' : c;
    if (out.empty() || out.back() != kind || (kind != 'a' && kind != '9')) out += kind;
  }
  return out;
}

// "S07E20" is s7e20.
std::string WithoutZeros(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool leading = text[i] == '0' && (i == 0 || !IsDigit(text[i - 1])) && i + 1 < text.size() && IsDigit(text[i + 1]);
    if (!leading) out += text[i];
  }
  return out;
}

// "in 2012", "(1963)": when, not which.
bool IsYearOf(const std::vector<Chunk>& chunks, size_t i, std::string_view cleaned) {
  const std::string& text = chunks[i].text;
  if (text.size() != 4 || text.find_first_not_of("0123456789") != text.npos || text < "1500" || text > "2100") return false;
  const bool led =
      i > 0 && IsOneOf(chunks[i - 1].text, {"in",     "since",   "of",       "by",        "from",    "until",    "before",
                                            "after",  "year",    "may",      "march",     "june",    "july",     "april",
                                            "august", "january", "february", "september", "october", "november", "december"});
  return led || (chunks[i].begin < cleaned.size() && cleaned[chunks[i].begin] == '(');
}

// Candidates that carry what marks the gold: its acronym or kind of provision before them, or its pattern of letters, points
// and digits. Where there are any, no other number of the answer is meant.
bool Marked(const std::vector<Chunk>& chunks, size_t i, const Target& target) {
  const std::string& before = i > 0 ? chunks[i - 1].text : chunks[i].text;
  const int provision = Provision(target.label);
  if (provision > 0) return i > 0 && Provision(before) == provision;
  if (!target.label.empty() && !IsLabel(target.label) && !HasDigit(target.label)) {
    const std::string squeezed = Squeeze(chunks[i].text);
    const bool glued = squeezed.size() > target.label.size() && squeezed.compare(0, target.label.size(), target.label) == 0;
    return glued || (i > 0 && before == target.label && IsAcronym(chunks[i - 1].original));
  }
  const std::string pattern = Pattern(target.core);
  return pattern != "9" && Pattern(chunks[i].text) == pattern;
}

bool StartsWith(const std::string& text, const std::string& prefix) { return text.compare(0, prefix.size(), prefix) == 0; }

bool IsAsked(const std::vector<Chunk>& asked, const Chunk& chunk) {
  return std::any_of(asked.begin(), asked.end(), [&](const Chunk& a) { return a.text == chunk.text; });
}

// "Season 7" for "Season 7, Episode 20": numbers of the gold in its order, not all of them, and no others.
std::optional<Verdict> MatchPartOf(const std::vector<Target>& targets, const std::vector<Chunk>& chunks,
                                   const std::vector<Chunk>& asked, std::string_view focus) {
  for (const Target& t : targets) {
    if (t.numbers < 2) continue;
    size_t found = 0;
    bool other = false;
    for (size_t i = 0; i < chunks.size() && !other; ++i) {
      if (!HasDigit(chunks[i].text) || IsAsked(asked, chunks[i]) || IsYearOf(chunks, i, focus)) continue;
      other = found >= t.all_numbers.size() || chunks[i].text != t.all_numbers[found];
      ++found;
    }
    if (!other && found > 0 && found < t.all_numbers.size()) return Verdict{Grade::kPartial, "identifier: part of it"};
  }
  return std::nullopt;
}

// "Season 7, Episode 20: White Wedding" by its name alone.
bool GivesName(const std::string& gold, std::string_view focus) {
  const size_t colon = gold.find(": ");
  if (colon == gold.npos || HasDigit(gold.substr(colon))) return false;
  const Words name = ContentWords(Clean(gold.substr(colon + 2))), said = ContentWords(focus);
  for (size_t i = 0; name.size() > 1 && i < said.size(); ++i) {
    if (Matches(said, i, name) && !Negated(said, i)) return true;
  }
  return false;
}

// A citation of several numbers, written in a row somewhere in the answer.
bool GivesRow(const std::vector<Target>& targets, const std::vector<Chunk>& chunks, const Words& words) {
  for (size_t i = 0; i < chunks.size(); ++i) {
    std::string row;
    for (size_t k = i; k < std::min(chunks.size(), i + 6); ++k) {
      row += chunks[k].text;
      const auto same = [&](const Target& t) { return t.numbers > 1 && Squeeze(row) == Squeeze(t.compact); };
      if (std::any_of(targets.begin(), targets.end(), same) && !Negated(words, WordAt(words, chunks[i].begin))) return true;
    }
  }
  return false;
}

// Another candidate right behind an "or", its label repeated or not: "RFC 8446 or 8447", "RFC 8446 or RFC 8447".
bool AnotherBehindOr(const std::vector<Chunk>& chunks, size_t i, const Target& target) {
  if (i + 2 >= chunks.size() || chunks[i + 1].text != "or") return false;
  const auto other = [&](size_t k) {
    return k < chunks.size() && SameShape(chunks[k], target) && chunks[k].text != chunks[i].text;
  };
  return other(i + 2) || (i > 0 && chunks[i + 2].text == chunks[i - 1].text && other(i + 3));
}

// The candidate chunks[i] against every writing of the gold.
Verdict Compare(const std::vector<Target>& targets, const std::vector<Chunk>& chunks, size_t i) {
  const std::string& text = chunks[i].text;
  Verdict verdict{Grade::kIncorrect, "identifier: differs"};
  for (const Target& t : targets) {
    const std::string squeezed = Squeeze(text), core = Squeeze(t.core);
    const bool letters = Pattern(t.core) != "9" && Pattern(t.core).find('a') != std::string::npos;
    const bool split = letters && i > 0 && Squeeze(chunks[i - 1].text) + squeezed == core;  // "STI 571" for STI-571
    if (Bare(text, t) == t.core || squeezed == t.label + t.core || text == t.compact || (letters && squeezed == core) || split ||
        (!t.initials.empty() && WithoutZeros(squeezed) == t.initials))
      return {Grade::kCorrect, "identifier"};
    if (IsClassOf(text, t.core)) verdict = {Grade::kPartial, "identifier: its class"};
    if (t.digits && StartsWith(text, t.core + "(")) verdict = {Grade::kPartial, "identifier: more precise"};
    if (t.digits && (StartsWith(t.core, text + ".") || StartsWith(t.core, text + "(")))
      verdict = {Grade::kIncorrect, "identifier: incomplete"};
  }
  return verdict;
}

// The candidate that is meant, with what stands before it.
Verdict CompareChosen(const std::vector<Target>& targets, const std::vector<Chunk>& chunks, size_t i,
                      const std::vector<Chunk>& asked) {
  if (AnotherBehindOr(chunks, i, targets.front())) return {Grade::kIncorrect, "identifier: two given"};
  if (i > 0 && OfSomethingElse(chunks[i - 1].original, targets, asked))
    return {Grade::kIncorrect, "identifier: of something else"};
  const int provision = i > 0 ? Provision(chunks[i - 1].text) : 0;
  const auto other_provision = [&](const Target& t) { return Provision(t.label) > 0 && Provision(t.label) != provision; };
  if (provision > 0 && std::any_of(targets.begin(), targets.end(), other_provision))
    return {Grade::kIncorrect, "identifier: of another kind of provision"};
  return Compare(targets, chunks, i);
}

}  // namespace

Verdict MatchIdentifier(const Gold& gold, std::string_view focus) {
  std::vector<Target> targets;
  for (const std::string& text : AllGolds(gold)) {
    targets.push_back(MakeTarget(text));
    const size_t colon = text.find(": ");
    if (colon != text.npos) targets.push_back(MakeTarget(text.substr(0, colon)));
    if (GivesName(text, focus)) return {Grade::kCorrect, "identifier: its name"};
  }
  const std::vector<Chunk> chunks = Chunks(focus);
  const std::string question = Clean(gold.question);
  const std::vector<Chunk> asked = Chunks(question);
  const Words words = SplitWords(focus);
  for (const Target& t : targets) {
    if (Compact(chunks) == t.compact && !t.compact.empty()) return {Grade::kCorrect, "identifier: equal"};
  }
  if (GivesRow(targets, chunks, words)) return {Grade::kCorrect, "identifier"};
  if (const auto part = MatchPartOf(targets, chunks, asked, focus)) return *part;
  bool marked = false;
  for (size_t i = 0; i < chunks.size() && !marked; ++i) {
    marked = HasDigit(chunks[i].text) && !IsAsked(asked, chunks[i]) &&
             std::any_of(targets.begin(), targets.end(), [&](const Target& t) { return Marked(chunks, i, t); }) &&
             !Negated(words, WordAt(words, chunks[i].begin));
  }
  std::vector<size_t> candidates, places;  // those that nothing rules out, and where they stand
  for (size_t i = 0; i < chunks.size() && candidates.size() < kMostCandidates; ++i) {
    const Chunk& chunk = chunks[i];
    if (marked && std::none_of(targets.begin(), targets.end(), [&](const Target& t) { return Marked(chunks, i, t); })) continue;
    if (!marked && IsYearOf(chunks, i, focus) && targets.front().core.size() != 4) continue;
    const bool shaped = std::any_of(targets.begin(), targets.end(), [&](const Target& t) { return SameShape(chunk, t); });
    const size_t place = WordAt(words, chunk.begin);
    if (!shaped || IsAsked(asked, chunk) || Negated(words, place)) continue;
    candidates.push_back(i);
    places.push_back(place);
  }
  if (candidates.empty()) return {Grade::kIncorrect, "identifier: none given"};
  // "HTTP/1.1 404" for 404: digits alone where there are some and the gold is so.
  const auto figures = [&](size_t i) { return Pattern(Bare(chunks[i].text, targets.front())) == "9"; };
  if (Pattern(targets.front().core) == "9" && std::any_of(candidates.begin(), candidates.end(), figures)) {
    for (size_t k = candidates.size(); k-- > 0;) {
      if (figures(candidates[k]) || chunks[candidates[k]].text.find('/') == std::string::npos) continue;
      candidates.erase(candidates.begin() + static_cast<std::ptrdiff_t>(k));
      places.erase(places.begin() + static_cast<std::ptrdiff_t>(k));
    }
  }
  // "According to RFC 6409, port 587 is used": the number of something else, where the gold has no such label and a number
  // without one follows.
  const bool unlabelled = std::all_of(targets.begin(), targets.end(), [](const Target& t) { return t.label.empty(); });
  const auto plain = [&](size_t i) { return i == 0 || !IsAcronym(chunks[i - 1].original) || IsAsked(asked, chunks[i - 1]); };
  const auto first_plain = std::find_if(candidates.begin(), candidates.end(), plain);
  size_t chosen = unlabelled && first_plain != candidates.end() ? static_cast<size_t>(first_plain - candidates.begin()) : 0;
  if (const auto asked_for = InClauseAskedFor(places, words, SplitWords(question)); asked_for && chosen == 0) chosen = *asked_for;
  return CompareChosen(targets, chunks, candidates[chosen], asked);
}

bool GivesClass(const Gold& gold, std::string_view focus) {
  const std::vector<Chunk> chunks = Chunks(focus);
  return std::any_of(chunks.begin(), chunks.end(), [&](const Chunk& c) { return IsClassOf(c.text, gold.answer); });
}

}  // namespace tidemark::omniscience
