#include "engine/chat/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "engine/chat/text.h"
#include "engine/core/error.h"
#include "engine/core/utf8.h"

namespace tidemark::jinja {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string NormalizeNewlines(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      out += source[i];
    } else {
      out += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    }
  }
  return out;
}

class Lexer {
 public:
  Lexer(std::string source, const std::string& name) : source_(std::move(source)), name_(name) {}

  std::vector<Token> Run() {
    while (pos_ < source_.size()) Root();
    Add(TokenKind::kEnd, {});
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void Throw(std::string found, std::string expected = {}) const {
    throw Error(fmt::format("{}:{}", name_, line_), std::move(found), std::move(expected));
  }

  std::string_view Rest() const { return std::string_view(source_).substr(pos_); }
  bool Starts(std::string_view text) const { return Rest().substr(0, text.size()) == text; }

  void Add(TokenKind kind, std::string text) {
    Token token;
    token.kind = kind;
    token.line = line_;
    token.text = std::move(text);
    tokens_.push_back(std::move(token));
  }

  // Moves over `bytes`, counting lines; the next tag is at the start of a line if the piece ended one.
  void Take(size_t bytes) {
    const std::string_view piece = Rest().substr(0, bytes);
    line_ += static_cast<int>(std::count(piece.begin(), piece.end(), '\n'));
    line_starting_ = !piece.empty() && piece.back() == '\n';
    pos_ += bytes;
  }

  size_t SpacesAt(size_t pos) const {
    const std::string_view rest = std::string_view(source_).substr(pos);
    return rest.size() - LeftStrip(rest).size();
  }

  // Data that precedes a tag: `-` strips all white space, otherwise blanks alone on the tag's line go (lstrip_blocks).
  void AddData(std::string_view text, char sign, bool is_variable) {
    if (sign == '-') {
      text = RightStrip(text);
    } else if (sign != '+' && !is_variable) {
      const size_t newline = text.rfind('\n');
      const size_t start = newline == std::string_view::npos ? 0 : newline + 1;
      if ((start > 0 || line_starting_) && LeftStrip(text.substr(start)).empty()) text = text.substr(0, start);
    }
    if (!text.empty()) Add(TokenKind::kData, std::string(text));
  }

  void Root() {
    size_t open = pos_;
    for (;; ++open) {
      open = source_.find('{', open);
      if (open == std::string::npos || open + 1 >= source_.size()) {
        Add(TokenKind::kData, source_.substr(pos_));
        pos_ = source_.size();
        return;
      }
      const char next = source_[open + 1];
      if (next == '%' || next == '{' || next == '#') break;
    }
    const char type = source_[open + 1];
    const char after = open + 2 < source_.size() ? source_[open + 2] : '\0';
    const char sign = after == '-' || after == '+' ? after : '\0';
    AddData(std::string_view(source_).substr(pos_, open - pos_), sign, type == '{');
    Take(open - pos_);
    if (type == '%' && Raw(sign)) return;
    Take(sign == '\0' ? 2 : 3);
    if (type == '#') return Comment();
    Add(type == '%' ? TokenKind::kBlockBegin : TokenKind::kVariableBegin, {});
    Tag(type == '%');
  }

  // Length of a closing tag at pos: "+%}", "-%}" and the blanks after it, or "%}" and one newline; 0: none. plus: `+` allowed.
  size_t CloseAt(size_t pos, std::string_view close, bool plus_and_trim) const {
    const std::string_view rest = std::string_view(source_).substr(pos);
    const char sign = rest.empty() ? '\0' : rest[0];
    if ((sign == '-' || (sign == '+' && plus_and_trim)) && rest.substr(1, 2) == close)
      return 3 + (sign == '-' ? SpacesAt(pos + 3) : 0);
    if (rest.substr(0, 2) != close) return 0;
    return plus_and_trim && rest.size() > 2 && rest[2] == '\n' ? 3 : 2;
  }

  void Comment() {
    if (pos_ >= source_.size()) return;  // jinja2 lets an opening at the very end pass
    for (size_t end = pos_; end < source_.size(); ++end) {
      if (const size_t close = CloseAt(end, "#}", true)) {
        Take(end + close - pos_);
        return;
      }
    }
    Throw("a comment without an end", "#}");
  }

  // {% raw %} ... {% endraw %}: false if the tag here is another one.
  bool Raw(char sign) {
    size_t pos = pos_ + (sign == '\0' ? 2 : 3);
    pos += SpacesAt(pos);
    if (std::string_view(source_).substr(pos, 3) != "raw") return false;
    pos += 3 + SpacesAt(pos + 3);
    if (std::string_view(source_).substr(pos, 3) == "-%}") {
      pos += 3 + SpacesAt(pos + 3);
    } else if (std::string_view(source_).substr(pos, 2) == "%}") {
      pos += 2;
    } else {
      return false;
    }
    Take(pos - pos_);
    if (pos_ >= source_.size()) return true;  // as for comments
    for (size_t open = source_.find("{%", pos_); open != std::string::npos; open = source_.find("{%", open + 1)) {
      size_t end = open + 2;
      const char inner = end < source_.size() && (source_[end] == '-' || source_[end] == '+') ? source_[end] : '\0';
      if (inner != '\0') ++end;
      end += SpacesAt(end);
      if (std::string_view(source_).substr(end, 6) != "endraw") continue;
      end += 6 + SpacesAt(end + 6);
      const size_t close = CloseAt(end, "%}", true);
      if (close == 0) continue;
      AddData(std::string_view(source_).substr(pos_, open - pos_), inner, false);
      Take(end + close - pos_);
      return true;
    }
    Throw("a raw block without an end", "{% endraw %}");
  }

  void Tag(bool block) {
    std::string brackets;  // closing brackets that are still open, innermost last
    while (pos_ < source_.size()) {
      const size_t spaces = SpacesAt(pos_);
      if (brackets.empty()) {
        if (const size_t close = CloseAt(pos_, block ? "%}" : "}}", block)) {
          Add(block ? TokenKind::kBlockEnd : TokenKind::kVariableEnd, {});
          Take(close);
          return;
        }
      }
      if (spaces > 0) {
        Take(spaces);
      } else if (!Number() && !Name() && !String()) {
        Operator(brackets);
      }
    }
    // The end of the text inside a tag: the parser reports what it was waiting for.
  }

  // Digits with single underscores between them, from pos; the position after them.
  template <typename Accept>
  size_t DigitRun(size_t pos, Accept accept) const {
    while (pos < source_.size()) {
      if (accept(source_[pos])) {
        ++pos;
      } else if (source_[pos] == '_' && pos + 1 < source_.size() && accept(source_[pos + 1])) {
        pos += 2;
      } else {
        break;
      }
    }
    return pos;
  }

  bool Number() {
    if (!IsDigit(source_[pos_])) return false;
    if (!(pos_ > 0 && source_[pos_ - 1] == '.') && Float()) return true;
    size_t end = pos_;
    int base = 10;
    size_t prefix = 0;
    if (source_[pos_] == '0' && pos_ + 1 < source_.size()) {
      const char letter = static_cast<char>(source_[pos_ + 1] | 0x20);
      base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 10;
      const auto accept = [base](char c) {
        return base == 16 ? std::isxdigit(static_cast<unsigned char>(c)) != 0 : c >= '0' && c < '0' + base;
      };
      if (base != 10) {
        size_t digits = pos_ + 2;
        if (digits < source_.size() && source_[digits] == '_') ++digits;
        end = DigitRun(digits, accept);
        prefix = 2;
        if (end == digits) base = 10, prefix = 0;
      }
    }
    if (base == 10) {
      const bool zero = source_[pos_] == '0';
      end = DigitRun(pos_, [zero](char c) { return zero ? c == '0' : IsDigit(c); });
    }
    std::string digits = source_.substr(pos_ + prefix, end - pos_ - prefix);
    digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
    errno = 0;
    const long long value = std::strtoll(digits.c_str(), nullptr, base);
    if (errno == ERANGE) Throw("the integer " + Printable(digits), "one that fits in 64 bits");
    Add(TokenKind::kInteger, digits);
    tokens_.back().integer = value;
    Take(end - pos_);
    return true;
  }

  bool Float() {
    size_t end = DigitRun(pos_, IsDigit);
    bool is_float = false;
    if (end + 1 < source_.size() && source_[end] == '.' && IsDigit(source_[end + 1])) {
      end = DigitRun(end + 1, IsDigit);
      is_float = true;
    }
    if (end < source_.size() && (source_[end] | 0x20) == 'e') {
      size_t exponent = end + 1;
      if (exponent < source_.size() && (source_[exponent] == '+' || source_[exponent] == '-')) ++exponent;
      if (exponent < source_.size() && IsDigit(source_[exponent])) {
        end = DigitRun(exponent, IsDigit);
        is_float = true;
      }
    }
    if (!is_float) return false;
    std::string digits = source_.substr(pos_, end - pos_);
    digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
    Add(TokenKind::kFloat, digits);
    tokens_.back().number = std::strtod(digits.c_str(), nullptr);
    Take(end - pos_);
    return true;
  }

  bool Name() {
    size_t end = pos_;
    while (end < source_.size()) {
      const auto c = static_cast<unsigned char>(source_[end]);
      const size_t bytes = CodePointBytes(source_, end);
      // Digits may stand inside a name, so a letter is put before what is asked about.
      if (c < 0x80 ? !(std::isalnum(c) || c == '_') : !IsIdentifier(std::string(1, 'a').append(source_, end, bytes))) break;
      end += bytes;
    }
    if (end == pos_) return false;
    std::string name = source_.substr(pos_, end - pos_);
    if (!IsIdentifier(name)) Throw("the name " + Printable(name), "an identifier");
    Add(TokenKind::kName, std::move(name));
    Take(end - pos_);
    return true;
  }

  bool String() {
    const char quote = source_[pos_];
    if (quote != '\'' && quote != '"') return false;
    size_t end = pos_ + 1;
    while (end < source_.size() && source_[end] != quote) end += source_[end] == '\\' ? 2 : 1;
    if (end >= source_.size()) Throw("a string without an end", fmt::format("a closing {}", quote));
    Add(TokenKind::kString, Unescape(std::string_view(source_).substr(pos_ + 1, end - pos_ - 1)));
    Take(end + 1 - pos_);
    return true;
  }

  // Python's unicode-escape codec over the text written in ASCII: a backslash before a non-ASCII character stays, and so
  // does the \x.. form of that character.
  std::string Unescape(std::string_view raw) const {
    std::string out;
    for (size_t i = 0; i < raw.size();) {
      if (raw[i] != '\\') {
        out += raw[i++];
        continue;
      }
      const auto c = static_cast<unsigned char>(raw[i + 1]);
      i += 2;
      static constexpr std::string_view kLetters = "\\'\"abfnrtv";
      static constexpr std::string_view kMeanings = "\\'\"\a\b\f\n\r\t\v";
      const size_t simple = kLetters.find(static_cast<char>(c));
      if (simple != std::string_view::npos) {
        out += kMeanings[simple];
      } else if (c >= '0' && c <= '7') {
        char32_t value = c - '0';
        for (int n = 0; n < 2 && i < raw.size() && raw[i] >= '0' && raw[i] <= '7'; ++n)
          value = value * 8 + static_cast<char32_t>(raw[i++] - '0');
        AppendUtf8(value, out);
      } else if (c == 'x' || c == 'u' || c == 'U') {
        AppendHex(raw, i, c == 'x' ? 2 : c == 'u' ? 4 : 8, out);
      } else if (c == 'N') {
        Throw("a \\N{...} escape", "the character itself or \\uXXXX");
      } else if (c >= 0x80) {
        --i;
        const std::u32string one = DecodeUtf8(raw.substr(i, CodePointBytes(raw, i)));
        const auto v = static_cast<uint32_t>(one[0]);
        out += v < 0x100 ? fmt::format("\\x{:02x}", v) : v < 0x10000 ? fmt::format("\\u{:04x}", v) : fmt::format("\\U{:08x}", v);
        i += CodePointBytes(raw, i);
      } else if (c != '\n') {
        out += '\\';
        out += static_cast<char>(c);
      }
    }
    return out;
  }

  void AppendHex(std::string_view raw, size_t& i, size_t digits, std::string& out) const {
    char32_t value = 0;
    for (size_t n = 0; n < digits; ++n, ++i) {
      if (i >= raw.size() || !std::isxdigit(static_cast<unsigned char>(raw[i])))
        Throw("a truncated escape in a string", fmt::format("{} hex digits", digits));
      const char c = raw[i];
      value = value * 16 + static_cast<char32_t>(IsDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    if (value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
      Throw("an escape that is no character", "a Unicode scalar value");
    AppendUtf8(value, out);
  }

  void Operator(std::string& brackets) {
    static constexpr std::string_view kTwo[] = {"//", "**", "==", "!=", ">=", "<="};
    static constexpr std::string_view kOne = "+-/*%~[](){}><=.:|,;";
    size_t bytes = 0;
    for (const std::string_view two : kTwo) {
      if (Starts(two)) bytes = 2;
    }
    const char c = source_[pos_];
    if (bytes == 0 && kOne.find(c) != std::string_view::npos) bytes = 1;
    if (bytes == 0)
      Throw("the character " + Printable(Rest().substr(0, CodePointBytes(source_, pos_))), "a name, a literal or an operator");
    if (c == '{' || c == '(' || c == '[') brackets += c == '{' ? '}' : c == '(' ? ')' : ']';
    if (c == '}' || c == ')' || c == ']') {
      if (brackets.empty() || brackets.back() != c) {
        Throw(fmt::format("'{}'", c), brackets.empty() ? "no closing bracket here" : fmt::format("'{}'", brackets.back()));
      }
      brackets.pop_back();
    }
    Add(TokenKind::kOperator, source_.substr(pos_, bytes));
    Take(bytes);
  }

  std::string source_;
  const std::string& name_;
  size_t pos_ = 0;
  int line_ = 1;
  bool line_starting_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> Tokenize(std::string_view source, const std::string& name) {
  if (!IsValidUtf8(source)) throw Error(name, "bytes that are not UTF-8", "a template in UTF-8");
  std::string text = NormalizeNewlines(source);
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return Lexer(std::move(text), name).Run();
}

}  // namespace tidemark::jinja
