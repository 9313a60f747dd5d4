#include "engine/tokenizer/pre_tokenizer.h"

#include <algorithm>

namespace tidemark {
namespace {

// A position in valid UTF-8 text together with the class of the character there.
class Cursor {
 public:
  Cursor(const CharClassTable& classes, std::string_view text, size_t pos) : classes_(&classes), text_(text), pos_(pos) {
    Look();
  }

  bool AtEnd() const { return length_ == 0; }
  size_t pos() const { return pos_; }
  uint8_t char_class() const { return class_; }
  char32_t character() const { return character_; }
  // False at the end, whatever the bits.
  bool Is(uint8_t bits) const { return (class_ & bits) != 0; }
  bool IsOther() const { return length_ != 0 && class_ == kCharOther; }

  void Next() {
    pos_ += length_;
    Look();
  }
  // Moves past all characters that have one of the bits; true if there was one.
  bool Skip(uint8_t bits) {
    const size_t start = pos_;
    while (Is(bits)) Next();
    return pos_ > start;
  }
  bool SkipOther() {
    const size_t start = pos_;
    while (IsOther()) Next();
    return pos_ > start;
  }

 private:
  void Look() {
    if (pos_ >= text_.size()) {
      length_ = 0;
      class_ = 0;
      character_ = 0;
      return;
    }
    // Well-formed input is a precondition, so the lead byte alone gives the length.
    const auto byte = [this](size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text_[pos_ + i])); };
    const char32_t lead = byte(0);
    if (lead < 0x80) {
      length_ = 1;
      character_ = lead;
    } else if (lead < 0xE0) {
      length_ = 2;
      character_ = (lead & 0x1F) << 6 | (byte(1) & 0x3F);
    } else if (lead < 0xF0) {
      length_ = 3;
      character_ = (lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    } else {
      length_ = 4;
      character_ = (lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
    }
    class_ = (*classes_)[character_];
  }

  const CharClassTable* classes_;
  std::string_view text_;
  size_t pos_;
  size_t length_ = 0;  // bytes of the character; 0 at the end
  char32_t character_ = 0;
  uint8_t class_ = 0;
};

// Lower case of a character as far as the contractions need it. Case folding also equates U+017F (long s) with s.
char32_t FoldCase(char32_t c) {
  if (c >= 'A' && c <= 'Z') return c + ('a' - 'A');
  return c == 0x17F ? U's' : c;
}

// 's 't 're 've 'm 'll 'd: the end of a contraction whose apostrophe is at `at`; 0: there is none.
size_t ContractionEnd(Cursor at, bool any_case) {
  if (at.character() != '\'') return 0;
  at.Next();
  const auto letter = [&] { return any_case ? FoldCase(at.character()) : at.character(); };
  const char32_t first = letter();
  if (at.AtEnd()) return 0;
  at.Next();
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return at.pos();
  const char32_t second = letter();
  if (at.AtEnd()) return 0;
  at.Next();
  const bool pair = (second == 'e' && (first == 'r' || first == 'v')) || (second == 'l' && first == 'l');
  return pair ? at.pos() : 0;
}

// White space at `at`, by the last alternatives of each pattern. newline_branch: `\s*[\r\n]+` comes first. Then `\s+(?!\S)`: a
// run that is followed by a word leaves its last character to that word; then `\s+`.
size_t SpaceEnd(Cursor at, bool newline_branch) {
  const size_t start = at.pos();
  size_t last = start;         // start of the run's last character
  size_t newline_end = start;  // after the run's last CR or LF
  while (at.Is(kCharSpace)) {
    last = at.pos();
    const bool newline = at.Is(kCharNewline);
    at.Next();
    if (newline) newline_end = at.pos();
  }
  if (newline_branch && newline_end > start) return newline_end;
  return at.AtEnd() || last == start ? at.pos() : last;
}

// '(s|t|re|ve|m|ll|d) in any case | [^\r\n\p{L}\p{N}]?\p{L}+ | \p{N}{1,max_digits} |  ?[^\s\p{L}\p{N}]+[\r\n]* | \s*[\r\n]+ |
// \s+(?!\S) | \s+
size_t ModernWordEnd(const CharClassTable& classes, std::string_view text, size_t pos, int max_digits) {
  Cursor at(classes, text, pos);
  if (const size_t end = ContractionEnd(at, true)) return end;
  if (at.Skip(kCharLetter)) return at.pos();
  if (at.Is(kCharNumber)) {
    for (int digits = 0; digits < max_digits && at.Is(kCharNumber); ++digits) at.Next();
    return at.pos();
  }
  const Cursor start = at;
  if (!at.Is(kCharNewline)) {
    at.Next();
    if (at.Skip(kCharLetter)) return at.pos();
  }
  at = start;
  if (at.character() == ' ') at.Next();
  if (at.SkipOther()) {
    at.Skip(kCharNewline);
    return at.pos();
  }
  return SpaceEnd(start, true);
}

size_t Llama3WordEnd(const CharClassTable& classes, std::string_view text, size_t pos) {
  return ModernWordEnd(classes, text, pos, 3);
}
size_t Qwen2WordEnd(const CharClassTable& classes, std::string_view text, size_t pos) {
  return ModernWordEnd(classes, text, pos, 1);
}

// '(s|t|re|ve|m|ll|d) |  ?\p{L}+ |  ?\p{N}+ |  ?[^\s\p{L}\p{N}]+ | \s+(?!\S) | \s+
size_t Gpt2WordEnd(const CharClassTable& classes, std::string_view text, size_t pos) {
  Cursor at(classes, text, pos);
  if (const size_t end = ContractionEnd(at, false)) return end;
  const Cursor start = at;
  if (at.character() == ' ') at.Next();
  if (at.Skip(kCharLetter) || at.Skip(kCharNumber) || at.SkipOther()) return at.pos();
  return SpaceEnd(start, false);
}

constexpr std::string_view kLlama3Patterns[] = {
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
    // The cl100k writing: possessive where nothing could be given back anyway, and one newline after a greedy run of white space.
    R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)",
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)",
};
constexpr std::string_view kLlama3Names[] = {"lfm2", "llama-bpe", "llama3", "llama-v3"};
constexpr std::string_view kGpt2Patterns[] = {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
                                              R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)"};
constexpr std::string_view kGpt2Names[] = {"gpt-2"};
constexpr std::string_view kQwen2Patterns[] = {
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};
constexpr std::string_view kQwen2Names[] = {"qwen2"};

constexpr PreTokenizer kPreTokenizers[] = {
    {"llama3", Llama3WordEnd, kLlama3Patterns, kLlama3Names, true, true, false},
    {"gpt2", Gpt2WordEnd, kGpt2Patterns, kGpt2Names, false, false, false},
    {"qwen2", Qwen2WordEnd, kQwen2Patterns, kQwen2Names, false, false, true},
};

bool Holds(std::span<const std::string_view> list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

}  // namespace

std::span<const PreTokenizer> AllPreTokenizers() { return kPreTokenizers; }

const PreTokenizer* FindPreTokenizerByGgufName(std::string_view name) {
  for (const PreTokenizer& p : kPreTokenizers) {
    if (Holds(p.gguf_names, name)) return &p;
  }
  return nullptr;
}

const PreTokenizer* FindPreTokenizerByPattern(std::string_view pattern) {
  for (const PreTokenizer& p : kPreTokenizers) {
    if (Holds(p.patterns, pattern)) return &p;
  }
  return nullptr;
}

const PreTokenizer& Gpt2PreTokenizer() { return kPreTokenizers[1]; }

}  // namespace tidemark
