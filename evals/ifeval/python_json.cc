#include "evals/ifeval/python_json.h"

#include <vector>

namespace tidemark::python {
namespace {

constexpr size_t kMaxIntegerDigits = 4300;

class Scanner {
 public:
  explicit Scanner(std::u32string_view text) : text_(text) {}

  // A value, then the end. Open containers are kept on a stack of flags: true for an object.
  bool Document() {
    std::vector<bool> open;
    if (!text_.empty() && text_[0] == 0xFEFF) return false;
    SkipBlank();
    for (;;) {
      bool value_done = false;
      if (!ValueOrOpening(open, value_done)) return false;
      while (value_done) {
        SkipBlank();
        if (open.empty()) return pos_ == text_.size();
        if (Take(',')) {
          SkipBlank();
          if (open.back() && !Key()) return false;
          break;
        }
        if (!Take(open.back() ? '}' : ']')) return false;
        open.pop_back();
      }
    }
  }

 private:
  char32_t Peek() const { return pos_ < text_.size() ? text_[pos_] : 0; }

  bool Take(char32_t c) {
    if (pos_ >= text_.size() || text_[pos_] != c) return false;
    ++pos_;
    return true;
  }

  bool TakeWord(std::u32string_view word) {
    if (text_.substr(pos_, word.size()) != word) return false;
    pos_ += word.size();
    return true;
  }

  void SkipBlank() {
    while (pos_ < text_.size() && (text_[pos_] == ' ' || text_[pos_] == '\t' || text_[pos_] == '\n' || text_[pos_] == '\r'))
      ++pos_;
  }

  // A scalar or an empty container completes a value; a container with members is opened up to its first value.
  bool ValueOrOpening(std::vector<bool>& open, bool& value_done) {
    value_done = true;
    if (Take('{')) {
      SkipBlank();
      if (Take('}')) return true;
      open.push_back(true);
      value_done = false;
      return Key();
    }
    if (Take('[')) {
      SkipBlank();
      if (Take(']')) return true;
      open.push_back(false);
      value_done = false;
      return true;
    }
    if (Take('"')) return StringRest();
    if (TakeWord(U"null") || TakeWord(U"true") || TakeWord(U"false") || TakeWord(U"NaN")) return true;
    if (TakeWord(U"Infinity") || TakeWord(U"-Infinity")) return true;
    return Number();
  }

  bool Key() {
    if (!Take('"') || !StringRest()) return false;
    SkipBlank();
    if (!Take(':')) return false;
    SkipBlank();
    return true;
  }

  bool StringRest() {
    while (pos_ < text_.size()) {
      const char32_t c = text_[pos_++];
      if (c == '"') return true;
      if (c < 0x20) return false;
      if (c == '\\' && !Escape()) return false;
    }
    return false;
  }

  bool Escape() {
    if (pos_ >= text_.size()) return false;
    const char32_t c = text_[pos_++];
    if (c != 'u') return std::u32string_view(U"\"\\/bfnrt").find(c) != std::u32string_view::npos;
    for (int i = 0; i < 4; ++i) {
      const char32_t h = Peek();
      if (!((h >= '0' && h <= '9') || (h >= 'a' && h <= 'f') || (h >= 'A' && h <= 'F'))) return false;
      ++pos_;
    }
    return true;
  }

  size_t Digits() {
    const size_t start = pos_;
    while (Peek() >= '0' && Peek() <= '9') ++pos_;
    return pos_ - start;
  }

  // The longest prefix that is a number; what follows it is the caller's concern ("1." is 1 and then an error).
  bool Number() {
    Take('-');
    size_t digits = 1;
    if (!Take('0')) {
      digits = Digits();
      if (digits == 0) return false;
    }
    bool is_float = false;
    size_t back = pos_;
    if (Take('.') && Digits() > 0) {
      back = pos_;
      is_float = true;
    }
    pos_ = back;
    if (Take('e') || Take('E')) {
      if (!Take('+')) Take('-');
      if (Digits() > 0) {
        back = pos_;
        is_float = true;
      }
    }
    pos_ = back;
    return is_float || digits <= kMaxIntegerDigits;
  }

  std::u32string_view text_;
  size_t pos_ = 0;
};

}  // namespace

bool IsJson(std::u32string_view text) { return Scanner(text).Document(); }

}  // namespace tidemark::python
