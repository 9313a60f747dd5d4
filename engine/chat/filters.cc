// Filters of one value. Source: jinja2/filters.py; tojson: transformers/utils/chat_template_utils.py.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "engine/chat/builtins.h"
#include "engine/chat/collection_filters.h"
#include "engine/chat/runtime.h"
#include "engine/chat/text.h"
#include "engine/core/error.h"

namespace tidemark::jinja {
namespace {

// soft_str: a string stays what it is, anything else becomes one.
Value Soft(Runtime& r, const Value& self) { return self.IsString() ? self : r.MakeText(ToText(self)); }
Value Like(Runtime& r, const Value& self, std::string text) {
  return r.MakeText(std::move(text), self.IsString() && self.text()->markup);
}

Value FilterUpper(Runtime& r, const Value& self, Params&) { return Like(r, self, Upper(ToText(self))); }
Value FilterLower(Runtime& r, const Value& self, Params&) { return Like(r, self, Lower(ToText(self))); }
Value FilterCapitalize(Runtime& r, const Value& self, Params&) { return Like(r, self, Capitalize(ToText(self))); }
Value FilterString(Runtime& r, const Value& self, Params&) { return Soft(r, self); }
Value FilterSafe(Runtime& r, const Value& self, Params&) { return r.MakeText(ToText(self), true); }
Value FilterEscape(Runtime& r, const Value& self, Params&) {
  if (self.IsString() && self.text()->markup) return self;
  return r.MakeText(EscapeHtml(ToText(self)), true);
}
Value FilterForceEscape(Runtime& r, const Value& self, Params&) { return r.MakeText(EscapeHtml(ToText(self)), true); }

Value FilterTrim(Runtime& r, const Value& self, Params& p) {
  const std::string text = ToText(self);
  const std::string_view trimmed = p.Has(0) ? RightStrip(LeftStrip(text, p.Str(0)), p.Str(0)) : RightStrip(LeftStrip(text));
  return Like(r, self, std::string(trimmed));
}

// Words begin after blanks, hyphens and opening brackets.
Value FilterTitle(Runtime& r, const Value& self, Params&) {
  const std::string text = ToText(self);
  std::string out, word;
  const auto flush = [&] {
    if (word.empty()) return;
    const size_t head = CodePointBytes(word, 0);
    out += Upper(word.substr(0, head)) + Lower(word.substr(head));
    word.clear();
  };
  for (size_t pos = 0; pos < text.size();) {
    const size_t bytes = CodePointBytes(text, pos);
    const std::string one = text.substr(pos, bytes);
    pos += bytes;
    const bool splits =
        LeftStrip(one).empty() || (bytes == 1 && std::string_view("-({[<").find(one[0]) != std::string_view::npos);
    if (!splits) {
      word += one;
      continue;
    }
    flush();
    out += one;
  }
  flush();
  return r.MakeText(std::move(out));
}

Value FilterReplace(Runtime& r, const Value& self, Params& p) {
  const std::string text = ToText(self);
  const std::string from = ToText(p.values[0]);
  const std::string to = ToText(p.values[1]);
  const size_t times = text.size() / std::max<size_t>(from.size(), 1) + 1;
  if (!to.empty() && times > static_cast<size_t>(r.limits().max_output_bytes) / to.size())
    Fail("a replacement longer than the output may be");
  return r.MakeText(Replace(text, from, to, p.Has(2) ? p.Int(2, -1) : -1));
}

Value FilterIndent(Runtime& r, const Value& self, Params& p) {
  if (!self.IsString()) Fail(fmt::format("indent of a {}", TypeName(self)), "a string");
  std::string indent;
  if (p.given[0] && p.values[0].IsString()) {
    indent = p.Str(0);
  } else {
    const int64_t width = p.Int(0, 4);
    if (width > 100'000) Fail("an indentation that is too wide");
    indent = std::string(static_cast<size_t>(std::max<int64_t>(width, 0)), ' ');
  }
  const bool blank = p.Bool(2, false);
  const std::vector<std::string> lines = SplitLines(ToText(self) + "\n", false);
  std::string out = p.Bool(1, false) ? indent : "";
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += "\n";
    if (i > 0 && (blank || !lines[i].empty())) out += indent;
    out += lines[i];
    if (static_cast<int64_t>(out.size()) > r.limits().max_output_bytes) Fail("a string longer than the output may be");
  }
  return Like(r, self, std::move(out));
}

Value FilterDefault(Runtime&, const Value& self, Params& p) {
  if (self.IsUndefined() || (p.Bool(1, false) && !Truth(self))) return p.given[0] ? p.values[0] : Value(std::string());
  return self;
}

Value FilterToJson(Runtime& r, const Value& self, Params& p) {
  JsonStyle style;
  style.ensure_ascii = p.Bool(0, false);
  if (p.Has(1)) {
    const int64_t width = p.values[1].IsString() ? 0 : p.Int(1, 0);
    if (width > 1000) Fail("a JSON indentation beyond 1000");
    style.indent = p.values[1].IsString() ? p.Str(1) : std::string(static_cast<size_t>(std::max<int64_t>(width, 0)), ' ');
    style.item_separator.pop_back();  // json.dumps: "," instead of ", " when it breaks lines
  }
  if (p.Has(2)) {
    const Values parts = r.Walk(p.values[2]);
    if (parts.size() != 2 || !parts[0].IsString() || !parts[1].IsString())
      Fail("tojson separators of another form", "two strings");
    style.item_separator = ToText(parts[0]);
    style.key_separator = ToText(parts[1]);
  }
  style.sort_keys = p.Bool(3, false);
  return r.MakeText(ToJson(self, style));
}

// ---- numbers

std::optional<int64_t> ParseInteger(std::string_view text, int64_t base) {
  std::string s(RightStrip(LeftStrip(text)));
  bool negative = false;
  size_t i = 0;
  if (i < s.size() && (s[i] == '+' || s[i] == '-')) negative = s[i++] == '-';
  if (base < 0 || base == 1 || base > 36) return std::nullopt;
  if (i + 1 < s.size() && s[i] == '0') {
    const char letter = static_cast<char>(s[i + 1] | 0x20);
    const int64_t named = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
    if (named != 0 && (base == named || base == 0)) {
      base = named;
      i += 2;
      if (i < s.size() && s[i] == '_') ++i;
    }
  }
  if (base == 0) base = 10;
  if (i >= s.size()) return std::nullopt;
  int64_t value = 0;
  bool digit_before = false;
  for (; i < s.size(); ++i) {
    const char c = s[i];
    if (c == '_' && digit_before && i + 1 < s.size()) {
      digit_before = false;
      continue;
    }
    const int digit = c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'z' ? (c | 0x20) - 'a' + 10 : 99;
    if (digit >= base) return std::nullopt;
    if (__builtin_mul_overflow(value, base, &value) || __builtin_add_overflow(value, negative ? -digit : digit, &value)) {
      Fail("an integer beyond 64 bits");
    }
    digit_before = true;
  }
  return value;
}

std::optional<double> ParseFloat(std::string_view text) {
  std::string s(RightStrip(LeftStrip(text)));
  for (size_t i = 0; i < s.size(); ++i) {  // underscores stand between digits
    if (s[i] != '_') continue;
    const auto digit = [&](size_t at) { return at < s.size() && s[at] >= '0' && s[at] <= '9'; };
    if (i == 0 || !digit(i - 1) || !digit(i + 1)) return std::nullopt;
  }
  s.erase(std::remove(s.begin(), s.end(), '_'), s.end());
  const std::string word = Lower(s.substr(!s.empty() && (s[0] == '+' || s[0] == '-') ? 1 : 0));
  const bool special = word == "inf" || word == "infinity" || word == "nan";
  if (s.empty() || (!special && s.find_first_not_of("0123456789+-.eE") != std::string::npos)) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(s.c_str(), &end);
  if (*end != '\0' || end == s.c_str()) return std::nullopt;
  return value;
}

std::optional<double> AsFloat(const Value& self) {
  if (self.IsUndefined()) Fail(self.UndefinedReason(), "a defined value");
  return self.IsString() ? ParseFloat(self.text()->bytes) : self.Number();
}

std::optional<int64_t> Truncate(std::optional<double> d) {
  if (!d || !std::isfinite(*d)) return std::nullopt;
  if (std::fabs(*d) >= 9223372036854775808.0) Fail("an integer beyond 64 bits");
  return static_cast<int64_t>(*d);
}

Value FilterInt(Runtime&, const Value& self, Params& p) {
  const Value otherwise = p.given[0] ? p.values[0] : Value(int64_t{0});
  if (self.IsString()) {
    if (const auto i = ParseInteger(self.text()->bytes, p.Int(1, 10))) return Value(*i);
  } else if (const auto i = self.Integer()) {
    return Value(*i);
  }
  if (const auto i = Truncate(AsFloat(self))) return Value(*i);
  return otherwise;
}

Value FilterFloat(Runtime&, const Value& self, Params& p) {
  if (const auto d = AsFloat(self)) return Value(*d);
  return p.given[0] ? p.values[0] : Value(0.0);
}

Value FilterAbs(Runtime&, const Value& self, Params&) {
  if (const auto i = self.Integer()) return *i < 0 ? Negate(self) : Value(*i);
  if (const auto* d = self.As<double>()) return Value(std::fabs(*d));
  Fail(self.IsUndefined() ? self.UndefinedReason() : fmt::format("abs of a {}", TypeName(self)), "a number");
}

// round(): halves go to the even neighbour of the exact binary value, which is what printf does.
double RoundTo(double value, int64_t digits) {
  if (!std::isfinite(value) || digits > 322) return value;
  if (digits < 0) {
    const double unit = std::pow(10.0, static_cast<double>(std::min<int64_t>(-digits, 400)));
    return std::isinf(unit) ? std::copysign(0.0, value) : std::nearbyint(value / unit) * unit;
  }
  char buffer[800];
  std::snprintf(buffer, sizeof buffer, "%.*f", static_cast<int>(digits), value);
  return std::strtod(buffer, nullptr);
}

Value FilterRound(Runtime&, const Value& self, Params& p) {
  const int64_t digits = p.Int(0, 0);
  const std::string method = p.given[1] ? ToText(p.values[1]) : "common";
  if (method != "common" && method != "ceil" && method != "floor")
    Fail("a rounding method " + Printable(method), "common, ceil or floor");
  if (!self.Number())
    Fail(self.IsUndefined() ? self.UndefinedReason() : fmt::format("round of a {}", TypeName(self)), "a number");
  if (method == "common") {
    if (self.Integer() && digits >= 0) return Value(*self.Integer());
    if (!self.Integer()) return Value(RoundTo(*self.Number(), digits));
    int64_t unit = 1;
    for (int64_t i = digits; i < 0; ++i) {
      if (__builtin_mul_overflow(unit, int64_t{10}, &unit)) return Value(int64_t{0});
    }
    const int64_t value = *self.Integer();
    const int64_t rest = ((value % unit) + unit) % unit;
    const int64_t low = value - rest;
    const bool up = rest > unit - rest || (rest == unit - rest && ((low / unit) & 1) != 0);
    return Value(up ? low + unit : low);
  }
  const double unit = std::pow(10.0, static_cast<double>(digits));
  const double scaled = *self.Number() * unit;
  if (!std::isfinite(scaled)) Fail("a number without a whole part rounded");
  return Value((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / unit);
}

Value FilterFormat(Runtime& r, const Value& self, Params& p) {
  if (!p.rest.positional.empty() && !p.rest.named.empty()) Fail("format with positional and named arguments", "one kind");
  if (p.rest.named.empty()) return FormatPercent(r, ToText(self), MakeTuple(std::move(p.rest.positional)));
  Dict dict;
  for (auto& [key, value] : p.rest.named) dict.Set(Value(key), value);
  return FormatPercent(r, ToText(self), MakeDict(std::move(dict)));
}

Value FilterWordCount(Runtime&, const Value& self, Params&) {
  const std::string text = ToText(self);
  int64_t words = 0;
  bool inside = false;
  for (size_t pos = 0; pos < text.size();) {
    const size_t bytes = CodePointBytes(text, pos);
    const std::string one = text.substr(pos, bytes);
    const bool word = one == "_" || All(one, CharClass::kAlnum);
    words += word && !inside;
    inside = word;
    pos += bytes;
  }
  return Value(words);
}

constexpr Builtin kFilters[] = {
    {"abs", "", FilterAbs},
    {"capitalize", "", FilterCapitalize},
    {"d", "default_value boolean", FilterDefault},
    {"default", "default_value boolean", FilterDefault},
    {"e", "", FilterEscape},
    {"escape", "", FilterEscape},
    {"float", "default", FilterFloat},
    {"forceescape", "", FilterForceEscape},
    {"format", "*", FilterFormat},
    {"indent", "width first blank", FilterIndent},
    {"int", "default base", FilterInt},
    {"lower", "", FilterLower},
    {"replace", "old! new! count", FilterReplace},
    {"round", "precision method", FilterRound},
    {"safe", "", FilterSafe},
    {"string", "", FilterString},
    {"title", "", FilterTitle},
    {"tojson", "ensure_ascii indent separators sort_keys", FilterToJson},
    {"trim", "chars", FilterTrim},
    {"upper", "", FilterUpper},
    {"wordcount", "", FilterWordCount},
};

}  // namespace

const Builtin* FindFilter(std::string_view name) {
  for (const Builtin& row : kFilters) {
    if (row.name == name) return &row;
  }
  for (const Builtin& row : CollectionFilters()) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace tidemark::jinja
