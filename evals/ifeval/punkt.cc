#include "evals/ifeval/punkt.h"

#include <algorithm>
#include <optional>

#include "engine/core/utf8.h"
#include "evals/ifeval/python_text.h"
#include "evals/ifeval/table_reader.h"

namespace tidemark {
namespace {

// Orthographic contexts: where and how a word type was seen in training.
constexpr uint8_t kUpperAtStart = 2, kUpperMid = 4, kUpperUnknown = 8;
constexpr uint8_t kLowerAtStart = 16, kLowerMid = 32, kLowerUnknown = 64;
constexpr uint8_t kUpperAnywhere = kUpperAtStart | kUpperMid | kUpperUnknown;
constexpr uint8_t kLowerAnywhere = kLowerAtStart | kLowerMid | kLowerUnknown;

constexpr size_t kMaxWordBytes = 1000;
constexpr std::u32string_view kNumberType = U"##number##";

bool IsOneOf(char32_t c, std::u32string_view set) { return set.find(c) != set.npos; }
bool IsTerminator(char32_t c) { return c == '.' || c == '?' || c == '!'; }
bool IsNonWord(char32_t c) { return c < 0x80 && IsOneOf(c, U"?!)\";}]*:@'({["); }
bool IsWordStart(char32_t c) { return !IsOneOf(c, U"(\"`{[:;&#*@)}]-,"); }
bool IsCloser(char32_t c) { return IsOneOf(c, U"\"')]}"); }

char32_t At(std::u32string_view text, size_t i) { return i < text.size() ? text[i] : U'\0'; }

// Length of the multi-character punctuation at text[i]: hyphens, dots, or three or more dots with one whitespace between; else 0.
// full = false answers only whether there is one (any positive number), in constant time.
size_t MultiCharLength(std::u32string_view text, size_t i, bool full) {
  const char32_t c = At(text, i);
  if (c != '-' && c != '.') return 0;
  if (At(text, i + 1) == c) {
    if (!full) return 2;
    size_t end = i + 2;
    while (At(text, end) == c) ++end;
    return end - i;
  }
  if (c == '-') return 0;
  size_t dots = 1, end = i + 1;
  while (end + 1 < text.size() && python::IsSpace(text[end]) && text[end + 1] == '.' && (full || dots < 3)) {
    ++dots;
    end += 2;
  }
  return dots >= 3 ? end - i : 0;
}

// A word that began before q ends at q.
bool EndsWordAt(std::u32string_view line, size_t q) {
  if (q >= line.size()) return true;
  const char32_t c = line[q];
  if (python::IsSpace(c) || IsNonWord(c) || MultiCharLength(line, q, false) > 0) return true;
  if (c != ',') return false;
  const size_t next = q + 1;
  return next >= line.size() || python::IsSpace(line[next]) || IsNonWord(line[next]) || MultiCharLength(line, next, false) > 0;
}

// -?[.,]?\d[\d,.-]*\.? over the whole token.
bool IsNumeric(std::u32string_view token) {
  size_t i = 0;
  if (At(token, i) == '-') ++i;
  if (At(token, i) == '.' || At(token, i) == ',') ++i;
  if (i >= token.size() || !python::IsDigit(token[i])) return false;
  return std::all_of(token.begin() + i, token.end(),
                     [](char32_t c) { return python::IsDigit(c) || c == ',' || c == '.' || c == '-'; });
}

// A terminator that may end a sentence, and the text that decides.
struct Candidate {
  size_t terminator;     // its position
  size_t context_begin;  // of the word before it
  size_t after_end;      // of the lookahead: one punctuation mark, or whitespace and the next token
  size_t next_token;     // where that token starts; 0: punctuation follows directly
};

// The lookahead after the terminator at i, if it is a candidate at all.
std::optional<Candidate> CandidateAt(std::u32string_view text, size_t i) {
  if (!IsTerminator(text[i]) || i + 1 >= text.size()) return std::nullopt;
  if (IsNonWord(text[i + 1])) return Candidate{i, 0, i + 2, 0};
  size_t token = i + 1;
  while (token < text.size() && python::IsSpace(text[token])) ++token;
  if (token == i + 1 || token == text.size()) return std::nullopt;
  size_t end = token;
  while (end < text.size() && !python::IsSpace(text[end])) ++end;
  return Candidate{i, 0, end, token};
}

// All candidates whose word does not run into the next candidate's. The word before a terminator starts after the last ASCII
// whitespace since the previous terminator; without one (or with one right there: a quirk) it starts where the previous word did.
std::vector<Candidate> Candidates(std::u32string_view text) {
  std::vector<Candidate> found;
  std::optional<Candidate> previous;
  size_t previous_begin = 0, previous_end = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    std::optional<Candidate> candidate = CandidateAt(text, i);
    if (!candidate) continue;
    size_t space = i;
    while (space > previous_end && !python::IsAsciiSpace(text[space - 1])) --space;
    // space - 1 is the last whitespace, if any.
    const bool has_space = space > previous_end && space - 1 > previous_end;
    candidate->context_begin = has_space ? space : previous_begin;
    if (previous && previous_end <= candidate->context_begin) found.push_back(*previous);
    previous = candidate;
    previous_begin = candidate->context_begin;
    previous_end = i;
  }
  if (previous) found.push_back(*previous);
  return found;
}

struct Slice {
  size_t begin, end;  // begin > end: empty
};

// Moves closing quotes and brackets at the start of a slice to the sentence before. Empty slices are dropped.
std::vector<std::u32string_view> Realign(std::u32string_view text, const std::vector<Slice>& slices) {
  std::vector<std::u32string_view> sentences;
  size_t moved = 0;
  for (size_t k = 0; k < slices.size(); ++k) {
    const size_t begin = slices[k].begin + moved, end = slices[k].end;
    moved = 0;
    if (k + 1 < slices.size() && slices[k + 1].begin < slices[k + 1].end) {
      const std::u32string_view next = text.substr(slices[k + 1].begin, slices[k + 1].end - slices[k + 1].begin);
      size_t run = 0;
      while (run < next.size() && IsCloser(next[run])) ++run;
      size_t blank = run;
      while (blank < next.size() && python::IsSpace(next[blank])) ++blank;
      if (run > 0 && (run == next.size() || blank > run || next.substr(run, 2) == U"--")) {
        const size_t stop = slices[k + 1].begin + run;
        sentences.push_back(begin < stop ? text.substr(begin, stop - begin) : std::u32string_view());
        moved = blank;
        continue;
      }
    }
    if (begin < end) sentences.push_back(text.substr(begin, end - begin));
  }
  return sentences;
}

}  // namespace

struct Punkt::Token {
  explicit Token(std::u32string_view token) : text(token), type(python::Lower(token)) {
    if (IsNumeric(type)) type = kNumberType;
  }

  bool EndsWithDot() const { return text.back() == '.'; }
  // A letter (or anything else in \w but no digit) and a dot.
  bool IsInitial() const { return text.size() == 2 && text[1] == '.' && python::IsWord(text[0]) && !python::IsDigit(text[0]); }
  bool StartsUpper() const { return python::IsUpper(text[0]); }
  bool StartsLower() const { return python::IsLower(text[0]); }
  std::u32string TypeWithoutDot() const { return type.size() > 1 && type.back() == '.' ? type.substr(0, type.size() - 1) : type; }
  std::u32string TypeWithoutSentenceDot() const { return is_break ? TypeWithoutDot() : type; }

  std::u32string_view text;
  std::u32string type;
  bool is_break = false, is_abbreviation = false, is_ellipsis = false;
};

std::vector<std::u32string_view> PunktTokens(std::u32string_view line) {
  std::vector<std::u32string_view> tokens;
  for (size_t i = 0; i < line.size();) {
    if (python::IsSpace(line[i])) {
      ++i;
      continue;
    }
    size_t length = MultiCharLength(line, i, true);
    if (length == 0) {
      length = 1;
      if (IsWordStart(line[i])) {
        while (!EndsWordAt(line, i + length)) ++length;
      }
    }
    tokens.push_back(line.substr(i, length));
    i += length;
  }
  return tokens;
}

void SortedWords::Append(std::string_view word) {
  bytes_ += word;
  begins_.push_back(static_cast<uint32_t>(bytes_.size()));
}

size_t SortedWords::Find(std::u32string_view word) const {
  const std::string wanted = EncodeUtf8(word);
  size_t low = 0, high = begins_.size() - 1;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (Word(middle) < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low + 1 < begins_.size() && Word(low) == wanted ? low : kAbsent;
}

Punkt::Punkt(std::string_view bytes) {
  TableReader in("punkt", bytes, "TMPUNKT1");
  for (SortedWords* table : {&abbreviations_, &starters_, &collocations_, &ortho_words_}) {
    std::string word;
    for (uint32_t n = in.Count(); n > 0; --n) {
      const uint32_t shared = in.Varint();
      if (shared > word.size()) in.Fail("a prefix longer than the previous word", "at most its length");
      const std::string_view tail = in.Bytes(in.Varint());
      if (tail <= std::string_view(word).substr(shared)) in.Fail("words out of order", "ascending order");
      word.replace(shared, std::string::npos, tail);
      if (word.size() > kMaxWordBytes) in.Fail("a word of " + std::to_string(word.size()) + " bytes", "at most 1000");
      table->Append(word);
      if (table == &ortho_words_) ortho_masks_.push_back(in.Byte());
    }
  }
  in.ExpectEnd();
}

uint8_t Punkt::OrthographicContext(const std::u32string& type) const {
  const size_t i = ortho_words_.Find(type);
  return i == SortedWords::kAbsent ? 0 : ortho_masks_[i];
}

void Punkt::FirstPass(Token& token) const {
  const std::u32string_view text = token.text;
  if (text.size() == 1 && IsTerminator(text[0])) {
    token.is_break = true;
  } else if (text.size() >= 2 && text.find_first_not_of(U'.') == text.npos) {
    token.is_ellipsis = true;
  } else if (token.EndsWithDot() && !python::EndsWith(text, U"..")) {
    const std::u32string word = python::Lower(text.substr(0, text.size() - 1));
    const size_t hyphen = word.rfind(U'-');
    const bool known = abbreviations_.Contains(word) || (hyphen != word.npos && abbreviations_.Contains(word.substr(hyphen + 1)));
    (known ? token.is_abbreviation : token.is_break) = true;
  }
}

Punkt::Starter Punkt::OrthographicHeuristic(const Token& token) const {
  if (token.text.size() == 1 && IsOneOf(token.text[0], U";:,.!?")) return Starter::kNo;
  const uint8_t context = OrthographicContext(token.TypeWithoutSentenceDot());
  if (token.StartsUpper() && (context & kLowerAnywhere) && !(context & kUpperMid)) return Starter::kYes;
  if (token.StartsLower() && ((context & kUpperAnywhere) || !(context & kLowerAtStart))) return Starter::kNo;
  return Starter::kUnknown;
}

void Punkt::SecondPass(Token& first, const Token& second) const {
  if (!first.EndsWithDot()) return;
  const std::u32string type = first.TypeWithoutDot();
  const std::u32string next = second.TypeWithoutSentenceDot();
  const bool initial = first.IsInitial();
  if (collocations_.Contains(type + U' ' + next)) {
    first.is_break = false;
    first.is_abbreviation = true;
    return;
  }
  if ((first.is_abbreviation || first.is_ellipsis) && !initial) {
    if (OrthographicHeuristic(second) == Starter::kYes || (second.StartsUpper() && starters_.Contains(next))) {
      first.is_break = true;
      return;
    }
  }
  if (!initial && type != kNumberType) return;
  const Starter starter = OrthographicHeuristic(second);
  const bool never_lower = !(OrthographicContext(next) & kLowerAnywhere);
  if (starter == Starter::kNo || (starter == Starter::kUnknown && initial && second.StartsUpper() && never_lower)) {
    first.is_break = false;
    first.is_abbreviation = true;
  }
}

bool Punkt::HasBreak(std::u32string_view context) const {
  std::vector<Token> tokens;
  for (std::u32string_view line : python::Split(context, U"\n")) {
    for (std::u32string_view token : PunktTokens(line)) tokens.emplace_back(token);
  }
  for (Token& token : tokens) FirstPass(token);
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    SecondPass(tokens[i], tokens[i + 1]);
    if (tokens[i].is_break) return true;
  }
  return false;
}

std::vector<std::u32string_view> Punkt::Sentences(std::u32string_view text) const {
  std::vector<Slice> slices;
  size_t begin = 0;
  for (const Candidate& candidate : Candidates(text)) {
    const std::u32string_view context = text.substr(candidate.context_begin, candidate.after_end - candidate.context_begin);
    if (!HasBreak(context)) continue;
    slices.push_back({begin, candidate.terminator + 1});
    begin = candidate.next_token != 0 ? candidate.next_token : candidate.terminator + 1;
  }
  slices.push_back({begin, python::StripRight(text).size()});
  return Realign(text, slices);
}

}  // namespace tidemark
