// Methods of str, dict, list and tuple. Source: Python documentation, "Built-in Types".
#include <fmt/format.h>

#include <algorithm>

#include "engine/chat/builtins.h"
#include "engine/chat/runtime.h"
#include "engine/chat/text.h"
#include "engine/core/error.h"

namespace tidemark::jinja {
namespace {

const std::string& S(const Value& self) { return self.text()->bytes; }
Value Same(Runtime& r, const Value& self, std::string text) { return r.MakeText(std::move(text), self.text()->markup); }
Value TextList(Runtime& r, const Value& self, std::vector<std::string> parts) {
  Values items;
  r.Charge(parts.size() * 64);
  for (std::string& part : parts) items.push_back(Same(r, self, std::move(part)));
  return MakeList(std::move(items));
}

Value StrUpper(Runtime& r, const Value& self, Params&) { return Same(r, self, Upper(S(self))); }
Value StrLower(Runtime& r, const Value& self, Params&) { return Same(r, self, Lower(S(self))); }
Value StrCaseFold(Runtime& r, const Value& self, Params&) { return Same(r, self, CaseFold(S(self))); }
Value StrSwapCase(Runtime& r, const Value& self, Params&) { return Same(r, self, SwapCase(S(self))); }
Value StrCapitalize(Runtime& r, const Value& self, Params&) { return Same(r, self, Capitalize(S(self))); }
Value StrTitle(Runtime& r, const Value& self, Params&) { return Same(r, self, TitleCase(S(self))); }

std::string Strip(const Value& self, const Params& p, bool left, bool right) {
  std::string_view s = S(self);
  if (left) s = p.Has(0) ? LeftStrip(s, p.Str(0)) : LeftStrip(s);
  if (right) s = p.Has(0) ? RightStrip(s, p.Str(0)) : RightStrip(s);
  return std::string(s);
}
Value StrStrip(Runtime& r, const Value& self, Params& p) { return Same(r, self, Strip(self, p, true, true)); }
Value StrLStrip(Runtime& r, const Value& self, Params& p) { return Same(r, self, Strip(self, p, true, false)); }
Value StrRStrip(Runtime& r, const Value& self, Params& p) { return Same(r, self, Strip(self, p, false, true)); }

std::optional<std::string_view> Separator(const Params& p) {
  if (!p.Has(0)) return std::nullopt;
  if (p.Str(0).empty()) Fail("an empty separator");
  return p.Str(0);
}
Value StrSplit(Runtime& r, const Value& self, Params& p) { return TextList(r, self, Split(S(self), Separator(p), p.Int(1, -1))); }
Value StrRSplit(Runtime& r, const Value& self, Params& p) {
  return TextList(r, self, RightSplit(S(self), Separator(p), p.Int(1, -1)));
}
Value StrSplitLines(Runtime& r, const Value& self, Params& p) { return TextList(r, self, SplitLines(S(self), p.Bool(0, false))); }

// The part of the string that start and stop, in code points, select; offset: of that part in bytes.
std::string_view Window(const std::string& s, const Params& p, size_t& offset, int64_t& first) {
  const auto size = static_cast<int64_t>(CodePoints(s));
  const auto clip = [&](size_t i, int64_t otherwise) {
    const int64_t at = p.Has(i) ? p.Int(i, otherwise) : otherwise;
    return std::clamp<int64_t>(at < 0 ? at + size : at, 0, size);
  };
  const bool beyond = p.Has(1) && p.Int(1, 0) > size;
  first = clip(1, 0);
  const int64_t last = clip(2, size);
  offset = 0;
  for (int64_t i = 0; i < first; ++i) offset += CodePointBytes(s, offset);
  size_t end = offset;
  for (int64_t i = first; i < last; ++i) end += CodePointBytes(s, end);
  if (beyond || last < first) return {};  // data() is null: nothing matches, not even the empty string
  return std::string_view(s).substr(offset, end - offset);
}

bool Affix(const Value& self, const Params& p, bool start) {
  size_t offset = 0;
  int64_t first = 0;
  const std::string_view s = Window(S(self), p, offset, first);
  const auto matches = [&](const Value& affix) {
    if (!affix.IsString()) Fail(fmt::format("an affix of type {}", TypeName(affix)), "a string or a tuple of them");
    const std::string& a = affix.text()->bytes;
    if (s.data() == nullptr || a.size() > s.size()) return false;
    return (start ? s.substr(0, a.size()) : s.substr(s.size() - a.size())) == a;
  };
  const Sequence* tuple = p.values[0].sequence();
  if (tuple == nullptr || tuple->kind != Sequence::Kind::kTuple) return matches(p.values[0]);
  return std::any_of(tuple->items.begin(), tuple->items.end(), matches);
}
Value StrStartsWith(Runtime&, const Value& self, Params& p) { return Value(Affix(self, p, true)); }
Value StrEndsWith(Runtime&, const Value& self, Params& p) { return Value(Affix(self, p, false)); }

int64_t Search(const Value& self, const Params& p, bool from_end) {
  size_t offset = 0;
  int64_t first = 0;
  const std::string& wanted = p.Str(0);
  const std::string_view s = Window(S(self), p, offset, first);
  if (s.data() == nullptr) return -1;
  const size_t hit = from_end ? s.rfind(wanted) : s.find(wanted);
  return hit == std::string_view::npos ? -1 : first + static_cast<int64_t>(CodePoints(s.substr(0, hit)));
}
Value Found(int64_t at) {
  if (at < 0) Fail("a substring that is not there");
  return Value(at);
}
Value StrFind(Runtime&, const Value& self, Params& p) { return Value(Search(self, p, false)); }
Value StrRFind(Runtime&, const Value& self, Params& p) { return Value(Search(self, p, true)); }
Value StrIndex(Runtime&, const Value& self, Params& p) { return Found(Search(self, p, false)); }
Value StrRIndex(Runtime&, const Value& self, Params& p) { return Found(Search(self, p, true)); }
Value StrCount(Runtime&, const Value& self, Params& p) {
  size_t offset = 0;
  int64_t first = 0;
  const std::string& wanted = p.Str(0);
  const std::string_view s = Window(S(self), p, offset, first);
  if (s.data() == nullptr) return Value(int64_t{0});
  if (wanted.empty()) return Value(static_cast<int64_t>(CodePoints(s)) + 1);
  int64_t count = 0;
  for (size_t hit = s.find(wanted); hit != std::string_view::npos; hit = s.find(wanted, hit + wanted.size())) ++count;
  return Value(count);
}

Value StrReplace(Runtime& r, const Value& self, Params& p) {
  const size_t gain = p.Str(1).size();
  const size_t times = S(self).size() / std::max<size_t>(p.Str(0).size(), 1) + 1;
  if (gain != 0 && times > static_cast<size_t>(r.limits().max_output_bytes) / gain)
    Fail("a replacement longer than the output may be");
  return Same(r, self, Replace(S(self), p.Str(0), p.Str(1), p.Int(2, -1)));
}

Value StrJoin(Runtime& r, const Value& self, Params& p) {
  std::string out;
  bool first = true;
  for (const Value& item : r.Walk(p.values[0])) {
    if (!item.IsString()) Fail(fmt::format("join of a {}", TypeName(item)), "strings");
    if (!std::exchange(first, false)) out += S(self);
    out += item.text()->bytes;
    if (static_cast<int64_t>(out.size()) > r.limits().max_output_bytes) Fail("a string longer than the output may be");
  }
  return Same(r, self, std::move(out));
}

Value StrIsAlpha(Runtime&, const Value& self, Params&) { return Value(All(S(self), CharClass::kAlpha)); }
Value StrIsDigit(Runtime&, const Value& self, Params&) { return Value(All(S(self), CharClass::kDigit)); }
Value StrIsDecimal(Runtime&, const Value& self, Params&) { return Value(All(S(self), CharClass::kDecimal)); }
Value StrIsNumeric(Runtime&, const Value& self, Params&) { return Value(All(S(self), CharClass::kNumeric)); }
Value StrIsAlnum(Runtime&, const Value& self, Params&) { return Value(All(S(self), CharClass::kAlnum)); }
Value StrIsSpace(Runtime&, const Value& self, Params&) { return Value(All(S(self), CharClass::kSpace)); }
Value StrIsUpper(Runtime&, const Value& self, Params&) { return Value(IsUpper(S(self))); }
Value StrIsLower(Runtime&, const Value& self, Params&) { return Value(IsLower(S(self))); }

Value StrRemovePrefix(Runtime& r, const Value& self, Params& p) {
  const std::string& s = S(self);
  return Same(r, self, s.compare(0, p.Str(0).size(), p.Str(0)) == 0 ? s.substr(p.Str(0).size()) : s);
}
Value StrRemoveSuffix(Runtime& r, const Value& self, Params& p) {
  const std::string& s = S(self);
  const size_t n = p.Str(0).size();
  return Same(r, self, s.size() >= n && s.compare(s.size() - n, n, p.Str(0)) == 0 ? s.substr(0, s.size() - n) : s);
}

Value Partition(Runtime& r, const Value& self, const Params& p, bool last) {
  const std::string& s = S(self);
  if (p.Str(0).empty()) Fail("an empty separator");
  const size_t hit = last ? s.rfind(p.Str(0)) : s.find(p.Str(0));
  const auto text = [&](std::string part) { return Same(r, self, std::move(part)); };
  if (hit == std::string::npos) {
    return last ? MakeTuple({text(""), text(""), text(s)}) : MakeTuple({text(s), text(""), text("")});
  }
  return MakeTuple({text(s.substr(0, hit)), text(p.Str(0)), text(s.substr(hit + p.Str(0).size()))});
}
Value StrPartition(Runtime& r, const Value& self, Params& p) { return Partition(r, self, p, false); }
Value StrRPartition(Runtime& r, const Value& self, Params& p) { return Partition(r, self, p, true); }

Value StrFormat(Runtime& r, const Value& self, Params& p) {
  const std::string& format = S(self);
  std::string out;
  size_t next = 0;
  for (size_t i = 0; i < format.size(); ++i) {
    const char c = format[i];
    if (c != '{' && c != '}') {
      out += c;
      continue;
    }
    if (i + 1 < format.size() && format[i + 1] == c) {
      out += c;
      ++i;
      continue;
    }
    const size_t end = c == '{' ? format.find('}', i) : std::string::npos;
    if (end == std::string::npos) Fail("a single brace in a format string", "{} or {name}");
    const std::string field = format.substr(i + 1, end - i - 1);
    const bool number = field.find_first_not_of("0123456789") == std::string::npos && field.size() < 9;
    if (!number && !IsIdentifier(field)) Fail("the format field " + Printable(field), "{}, {0} or {name}");
    const size_t index = number && !field.empty() ? std::stoul(field) : next++;
    const Value* value = number ? (index < p.rest.positional.size() ? &p.rest.positional[index] : nullptr) : p.rest.Named(field);
    if (value == nullptr) Fail("a format field without its argument");
    out += ToText(*value);
    r.Step();
    i = end;
  }
  return Same(r, self, std::move(out));
}

Value DictGet(Runtime&, const Value& self, Params& p) {
  if (!Hashable(p.values[0])) Fail(fmt::format("an unhashable {} looked up in a dict", TypeName(p.values[0])));
  const Value* value = self.dict()->Find(p.values[0]);
  return value != nullptr ? *value : p.values[1];
}
Value View(Runtime& r, const Value& self, Sequence::Kind kind) {
  Values items;
  r.Charge(self.dict()->entries.size() * 16);
  r.Step(static_cast<int64_t>(self.dict()->entries.size() / 8));
  for (const auto& [key, value] : self.dict()->entries) {
    items.push_back(kind == Sequence::Kind::kKeys ? key : kind == Sequence::Kind::kValues ? value : MakeTuple({key, value}));
  }
  return MakeSequence(kind, std::move(items));
}
Value DictItems(Runtime& r, const Value& self, Params&) { return View(r, self, Sequence::Kind::kItems); }
Value DictKeys(Runtime& r, const Value& self, Params&) { return View(r, self, Sequence::Kind::kKeys); }
Value DictValues(Runtime& r, const Value& self, Params&) { return View(r, self, Sequence::Kind::kValues); }
Value Copy(Runtime&, const Value& self, Params&) { return self; }

Value ListCount(Runtime& r, const Value& self, Params& p) {
  const Values& items = self.sequence()->items;
  r.Step(static_cast<int64_t>(items.size() / 8));
  return Value(
      static_cast<int64_t>(std::count_if(items.begin(), items.end(), [&](const Value& v) { return Equal(v, p.values[0]); })));
}
Value ListIndex(Runtime& r, const Value& self, Params& p) {
  const Values& items = self.sequence()->items;
  r.Step(static_cast<int64_t>(items.size() / 8));
  for (size_t i = 0; i < items.size(); ++i) {
    if (Equal(items[i], p.values[0])) return Value(static_cast<int64_t>(i));
  }
  Fail("an item that is not in the list");
}

Value LoopCycle(Runtime&, const Value& self, Params& p) {
  const Values& args = p.rest.positional;
  if (args.empty()) Fail("loop.cycle without arguments");
  return args[static_cast<size_t>(self.loop()->index0) % args.size()];
}

constexpr Builtin kStrMethods[] = {
    {"upper", "", StrUpper},
    {"lower", "", StrLower},
    {"casefold", "", StrCaseFold},
    {"swapcase", "", StrSwapCase},
    {"capitalize", "", StrCapitalize},
    {"title", "", StrTitle},
    {"strip", "chars", StrStrip},
    {"lstrip", "chars", StrLStrip},
    {"rstrip", "chars", StrRStrip},
    {"split", "sep maxsplit", StrSplit},
    {"rsplit", "sep maxsplit", StrRSplit},
    {"splitlines", "keepends", StrSplitLines},
    {"startswith", "prefix! start end", StrStartsWith},
    {"endswith", "suffix! start end", StrEndsWith},
    {"find", "sub! start end", StrFind},
    {"rfind", "sub! start end", StrRFind},
    {"index", "sub! start end", StrIndex},
    {"rindex", "sub! start end", StrRIndex},
    {"count", "sub! start end", StrCount},
    {"replace", "old! new! count", StrReplace},
    {"join", "iterable!", StrJoin},
    {"isalpha", "", StrIsAlpha},
    {"isdigit", "", StrIsDigit},
    {"isdecimal", "", StrIsDecimal},
    {"isnumeric", "", StrIsNumeric},
    {"isalnum", "", StrIsAlnum},
    {"isspace", "", StrIsSpace},
    {"isupper", "", StrIsUpper},
    {"islower", "", StrIsLower},
    {"removeprefix", "prefix!", StrRemovePrefix},
    {"removesuffix", "suffix!", StrRemoveSuffix},
    {"partition", "sep!", StrPartition},
    {"rpartition", "sep!", StrRPartition},
    {"format", "*", StrFormat},
};
constexpr Builtin kDictMethods[] = {
    {"get", "key! default", DictGet}, {"items", "", DictItems}, {"keys", "", DictKeys},
    {"values", "", DictValues},       {"copy", "", Copy},
};
constexpr Builtin kListMethods[] = {{"count", "value!", ListCount}, {"index", "value!", ListIndex}, {"copy", "", Copy}};
constexpr Builtin kLoopMethods[] = {{"cycle", "*", LoopCycle}};

template <size_t n>
const Builtin* FindRow(const Builtin (&rows)[n], std::string_view name) {
  for (const Builtin& row : rows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace

const Builtin* FindMethod(const Value& self, std::string_view name) {
  if (self.IsString()) return FindRow(kStrMethods, name);
  if (self.dict() != nullptr) return FindRow(kDictMethods, name);
  if (self.loop() != nullptr) return FindRow(kLoopMethods, name);
  if (const Sequence* s = self.sequence(); s != nullptr && (s->IsListOrTuple() || s->kind == Sequence::Kind::kRange)) {
    return s->kind == Sequence::Kind::kList || name != "copy" ? FindRow(kListMethods, name) : nullptr;
  }
  return nullptr;
}

bool IsForbiddenMethod(const Value& self, std::string_view name) {
  if (name.substr(0, 2) == "__" && name.size() > 4 && name.substr(name.size() - 2) == "__") return true;
  if (self.dict() == nullptr) return false;
  static constexpr std::string_view kNames[] = {"clear", "pop", "popitem", "setdefault", "update", "fromkeys"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

}  // namespace tidemark::jinja
