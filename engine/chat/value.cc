#include "engine/chat/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/chat/text.h"
#include "engine/core/error.h"

namespace tidemark::jinja {

void Fail(std::string found, std::string expected) { throw Failure{std::move(found), std::move(expected)}; }

Value Value::MakeUndefined(std::string what) {
  Value value;
  value.data_ = std::make_shared<const Undefined>(Undefined{std::move(what)});
  return value;
}

namespace {
template <typename T>
T* Get(const std::shared_ptr<T>* pointer) {
  return pointer == nullptr ? nullptr : pointer->get();
}
}  // namespace

const Text* Value::text() const { return Get(As<std::shared_ptr<const Text>>()); }
const Sequence* Value::sequence() const { return Get(As<std::shared_ptr<const Sequence>>()); }
const Dict* Value::dict() const { return Get(As<std::shared_ptr<const Dict>>()); }
Namespace* Value::name_space() const { return Get(As<std::shared_ptr<Namespace>>()); }
const Callable* Value::callable() const { return Get(As<std::shared_ptr<const Callable>>()); }
LoopState* Value::loop() const { return Get(As<std::shared_ptr<LoopState>>()); }

std::optional<int64_t> Value::Integer() const {
  if (const auto* i = As<int64_t>()) return *i;
  if (const auto* b = As<bool>()) return *b ? 1 : 0;
  return std::nullopt;
}

std::optional<double> Value::Number() const {
  if (const auto* d = As<double>()) return *d;
  if (const auto i = Integer()) return static_cast<double>(*i);
  return std::nullopt;
}

const Value* Arguments::Named(std::string_view name) const {
  for (const auto& [key, value] : named) {
    if (key == name) return &value;
  }
  return nullptr;
}

// ---- containers

int Depth(const Value& value) {
  if (const Sequence* s = value.sequence()) return s->depth;
  if (const Dict* d = value.dict()) return d->depth;
  if (const Callable* c = value.callable()) return c->depth;
  if (const LoopState* l = value.loop()) return l->depth;
  return 0;
}

int64_t Weight(const Value& value) {
  if (const Text* t = value.text()) return 1 + static_cast<int64_t>(t->bytes.size() / 64);
  if (const Sequence* s = value.sequence()) return s->weight;
  if (const Dict* d = value.dict()) return d->weight;
  return 1;
}

namespace {

void CheckWeight(int64_t weight) {
  if (weight > kMaxValueWeight) {
    Fail(fmt::format("a value of more than {} parts, shared ones counted as often as they occur", kMaxValueWeight));
  }
}

}  // namespace

Value MakeSequence(Sequence::Kind kind, Values items) {
  auto sequence = std::make_shared<Sequence>();
  sequence->kind = kind;
  for (const Value& item : items) {
    sequence->depth = std::max(sequence->depth, Depth(item) + 1);
    sequence->weight += Weight(item);
    CheckWeight(sequence->weight);
  }
  if (sequence->depth > kMaxValueDepth) Fail(fmt::format("lists nested deeper than {}", kMaxValueDepth));
  sequence->items = std::move(items);
  return Value(std::shared_ptr<const Sequence>(std::move(sequence)));
}

Value MakeDict(Dict dict) { return Value(std::shared_ptr<const Dict>(std::make_shared<Dict>(std::move(dict)))); }

bool Hashable(const Value& value) {
  if (value.dict() != nullptr) return false;
  const Sequence* s = value.sequence();
  if (s == nullptr) return true;
  if (s->kind == Sequence::Kind::kList || s->kind == Sequence::Kind::kKeys || s->kind == Sequence::Kind::kItems) return false;
  return s->kind != Sequence::Kind::kTuple || std::all_of(s->items.begin(), s->items.end(), Hashable);
}

const Value* Dict::Find(const std::string& key) const {
  const auto found = by_text.find(key);
  return found == by_text.end() ? nullptr : &entries[found->second].second;
}

const Value* Dict::Find(const Value& key) const {
  if (const Text* text = key.text()) return Find(text->bytes);
  if (by_text.size() == entries.size()) return nullptr;
  for (const auto& [k, v] : entries) {
    if (!k.IsString() && Equal(k, key)) return &v;
  }
  return nullptr;
}

void Dict::Set(Value key, Value value) {
  if (!Hashable(key)) Fail(fmt::format("a dict key of type {}", TypeName(key)), "a hashable key");
  depth = std::max({depth, Depth(key) + 1, Depth(value) + 1});
  if (depth > kMaxValueDepth) Fail(fmt::format("dicts nested deeper than {}", kMaxValueDepth));
  if (const Value* old = Find(key)) {
    weight += Weight(value) - Weight(*old);
    CheckWeight(weight);
    *const_cast<Value*>(old) = std::move(value);  // the entry is ours: Find is const for readers
    return;
  }
  weight += Weight(key) + Weight(value);
  CheckWeight(weight);
  if (const Text* text = key.text()) by_text.emplace(text->bytes, entries.size());
  entries.emplace_back(std::move(key), std::move(value));
}

// ---- loops

bool LoopState::Peek() {
  while (!after && next < source.size()) {
    const Value& candidate = source[next++];
    if (!accept || accept(candidate)) after = candidate;
  }
  return after.has_value();
}

bool LoopState::Advance() {
  if (!Peek()) return false;
  before = std::move(current);
  current = std::move(*after);
  after.reset();
  ++index0;
  return true;
}

int64_t LoopState::Length() {
  if (length) return *length;
  if (!accept) {
    length = static_cast<int64_t>(source.size());
    return *length;
  }
  Values rest;
  for (; next < source.size(); ++next) {
    if (accept(source[next])) rest.push_back(source[next]);
  }
  length = static_cast<int64_t>(rest.size()) + index0 + 1 + (after ? 1 : 0);
  source = std::move(rest);
  next = 0;
  accept = nullptr;
  return *length;
}

// ---- what Python's built-in functions say

std::string TypeName(const Value& value) {
  if (value.IsUndefined()) return "Undefined";
  if (value.IsNone()) return "NoneType";
  if (value.As<bool>() != nullptr) return "bool";
  if (value.As<int64_t>() != nullptr) return "int";
  if (value.As<double>() != nullptr) return "float";
  if (value.IsString()) return "str";
  if (value.dict() != nullptr) return "dict";
  if (value.name_space() != nullptr) return "Namespace";
  if (value.callable() != nullptr) return "callable";
  if (value.loop() != nullptr) return "LoopContext";
  static constexpr const char* kNames[] = {"list", "tuple", "range", "dict_keys", "dict_values", "dict_items", "generator"};
  return kNames[static_cast<int>(value.sequence()->kind)];
}

bool Truth(const Value& value) {
  if (value.IsUndefined() || value.IsNone()) return false;
  if (const auto* d = value.As<double>()) return *d != 0;
  if (const auto i = value.Integer()) return *i != 0;
  if (const Text* t = value.text()) return !t->bytes.empty();
  if (const Dict* d = value.dict()) return !d->entries.empty();
  if (const Sequence* s = value.sequence()) return s->kind == Sequence::Kind::kGenerator || !s->items.empty();
  return true;
}

namespace {

// Python compares int with float exactly; a double holds every integer below 2^53, beyond that the integer part decides.
int CompareIntFloat(int64_t i, double d) {
  if (std::isnan(d)) return 2;  // unordered
  if (d >= 9223372036854775808.0) return -1;
  if (d < -9223372036854775808.0) return 1;
  const auto whole = static_cast<int64_t>(d);
  if (i != whole) return i < whole ? -1 : 1;
  const double rest = d - static_cast<double>(whole);
  return rest > 0 ? -1 : rest < 0 ? 1 : 0;
}

// -1, 0, 1, or 2 for unordered. Both are numbers.
int CompareNumbers(const Value& a, const Value& b) {
  const auto ia = a.Integer();
  const auto ib = b.Integer();
  if (ia && ib) return *ia < *ib ? -1 : *ia > *ib ? 1 : 0;
  if (ia) return CompareIntFloat(*ia, *b.As<double>());
  if (ib) {
    const int reversed = CompareIntFloat(*ib, *a.As<double>());
    return reversed == 2 ? 2 : -reversed;
  }
  const double x = *a.As<double>();
  const double y = *b.As<double>();
  return x < y ? -1 : x > y ? 1 : x == y ? 0 : 2;
}

bool EqualSequences(const Sequence& a, const Sequence& b) {
  if (a.kind != b.kind) return false;
  if (a.kind == Sequence::Kind::kGenerator || a.kind == Sequence::Kind::kValues) return &a == &b;
  return a.items.size() == b.items.size() && std::equal(a.items.begin(), a.items.end(), b.items.begin(), Equal);
}

bool EqualDicts(const Dict& a, const Dict& b) {
  if (a.entries.size() != b.entries.size()) return false;
  for (const auto& [key, value] : a.entries) {
    const Value* other = b.Find(key);
    if (other == nullptr || !Equal(value, *other)) return false;
  }
  return true;
}

}  // namespace

bool Equal(const Value& a, const Value& b) {
  if (a.IsUndefined() || b.IsUndefined()) return a.IsUndefined() && b.IsUndefined();
  if (a.IsNone() || b.IsNone()) return a.IsNone() && b.IsNone();
  if (a.Number() && b.Number()) return CompareNumbers(a, b) == 0;
  if (a.IsString() && b.IsString()) return a.text()->bytes == b.text()->bytes;
  if (a.sequence() != nullptr && b.sequence() != nullptr) return EqualSequences(*a.sequence(), *b.sequence());
  if (a.dict() != nullptr && b.dict() != nullptr) return a.dict() == b.dict() || EqualDicts(*a.dict(), *b.dict());
  if (a.name_space() != nullptr) return a.name_space() == b.name_space();
  if (a.callable() != nullptr) return a.callable() == b.callable();
  if (a.loop() != nullptr) return a.loop() == b.loop();
  return false;
}

bool Less(const Value& a, const Value& b) {
  if (a.IsUndefined()) Fail(a.UndefinedReason(), "a defined value to compare");
  if (b.IsUndefined()) Fail(b.UndefinedReason(), "a defined value to compare");
  if (a.Number() && b.Number()) return CompareNumbers(a, b) == -1;
  // Byte order of UTF-8 is code point order.
  if (a.IsString() && b.IsString()) return a.text()->bytes < b.text()->bytes;
  const Sequence* x = a.sequence();
  const Sequence* y = b.sequence();
  if (x != nullptr && y != nullptr && x->kind == y->kind && x->IsListOrTuple()) {
    const size_t common = std::min(x->items.size(), y->items.size());
    for (size_t i = 0; i < common; ++i) {
      if (!Equal(x->items[i], y->items[i])) return Less(x->items[i], y->items[i]);
    }
    return x->items.size() < y->items.size();
  }
  Fail(fmt::format("a comparison of {} with {}", TypeName(a), TypeName(b)), "two values with an order");
}

bool Contains(const Value& container, const Value& item) {
  if (container.IsUndefined()) return false;
  if (const Text* text = container.text()) {
    if (!item.IsString()) Fail(fmt::format("'in' of a str with a {}", TypeName(item)), "a str on the left");
    return text->bytes.find(item.text()->bytes) != std::string::npos;
  }
  if (const Dict* dict = container.dict()) {
    if (!Hashable(item)) Fail(fmt::format("an unhashable {} looked up in a dict", TypeName(item)));
    return dict->Find(item) != nullptr;
  }
  if (const Sequence* s = container.sequence()) {
    if (s->kind == Sequence::Kind::kKeys && !Hashable(item)) {
      Fail(fmt::format("an unhashable {} looked up in dict keys", TypeName(item)));
    }
    const Values items = Items(container);
    return std::any_of(items.begin(), items.end(), [&](const Value& v) { return Equal(v, item); });
  }
  Fail(fmt::format("'in' with a {} on the right", TypeName(container)), "a container");
}

int64_t Length(const Value& value) {
  if (value.IsUndefined()) return 0;
  if (const Text* t = value.text()) return static_cast<int64_t>(CodePoints(t->bytes));
  if (const Dict* d = value.dict()) return static_cast<int64_t>(d->entries.size());
  if (LoopState* l = value.loop()) return l->Length();
  const Sequence* s = value.sequence();
  if (s == nullptr || s->kind == Sequence::Kind::kGenerator) {
    Fail(fmt::format("the length of a {}", TypeName(value)), "a string, list or dict");
  }
  return static_cast<int64_t>(s->items.size());
}

Values Items(const Value& value) {
  if (value.IsUndefined()) return {};
  Values items;
  if (const Sequence* s = value.sequence()) {
    if (s->kind == Sequence::Kind::kGenerator && std::exchange(s->consumed, true)) return {};
    return s->items;
  }
  if (const Dict* d = value.dict()) {
    items.reserve(d->entries.size());
    for (const auto& entry : d->entries) items.push_back(entry.first);
    return items;
  }
  if (const Text* t = value.text()) {
    for (size_t pos = 0; pos < t->bytes.size();) {
      const size_t start = pos;
      pos += CodePointBytes(t->bytes, pos);
      items.emplace_back(t->bytes.substr(start, pos - start));
    }
    return items;
  }
  Fail(fmt::format("iteration over a {}", TypeName(value)), "something iterable");
}

// ---- printing

std::string FloatRepr(double d) {
  if (std::isnan(d)) return "nan";
  if (std::isinf(d)) return d < 0 ? "-inf" : "inf";
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, d, std::chars_format::scientific).ptr;
  std::string text(buffer, end);  // D.DDDe+XX, shortest
  const size_t e = text.find('e');
  const int exponent = std::atoi(text.c_str() + e + 1);
  const bool negative = text[0] == '-';
  std::string digits = text.substr(negative ? 1 : 0, e - (negative ? 1 : 0));
  if (digits.size() > 1) digits.erase(1, 1);
  std::string out = negative ? "-" : "";
  const int count = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= 16) {
    out += digits.substr(0, 1);
    if (count > 1) out.append(1, '.').append(digits, 1);
    return out + fmt::format("e{}{:02}", exponent < 0 ? '-' : '+', std::abs(exponent));
  }
  if (exponent < 0) return out + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  if (count <= exponent + 1) return out + digits + std::string(static_cast<size_t>(exponent + 1 - count), '0') + ".0";
  return out + digits.substr(0, static_cast<size_t>(exponent) + 1) + "." + digits.substr(static_cast<size_t>(exponent) + 1);
}

namespace {

std::string ReprItems(const Values& items, int depth) {
  std::string out;
  for (const Value& item : items) {
    if (!out.empty()) out += ", ";
    out += Repr(item, depth + 1);
  }
  return out;
}

std::string ReprSequence(const Sequence& s, int depth) {
  using Kind = Sequence::Kind;
  switch (s.kind) {
    case Kind::kList:
      return fmt::format("[{}]", ReprItems(s.items, depth));
    case Kind::kTuple:
      return fmt::format("({}{})", ReprItems(s.items, depth), s.items.size() == 1 ? "," : "");
    case Kind::kKeys:
      return fmt::format("dict_keys([{}])", ReprItems(s.items, depth));
    case Kind::kValues:
      return fmt::format("dict_values([{}])", ReprItems(s.items, depth));
    case Kind::kItems:
      return fmt::format("dict_items([{}])", ReprItems(s.items, depth));
    case Kind::kRange:
      if (!s.repr.empty()) return s.repr;
      break;
    case Kind::kGenerator:
      break;
  }
  Fail("a generator or a slice of a range printed", "a value with a text (apply |list first)");
}

std::string ReprDict(const Dict& dict, int depth) {
  std::string out = "{";
  for (const auto& [key, value] : dict.entries) {
    if (out.size() > 1) out += ", ";
    out += Repr(key, depth + 1) + ": " + Repr(value, depth + 1);
  }
  return out + "}";
}

}  // namespace

std::string Repr(const Value& value, int depth) {
  if (value.IsUndefined()) return "Undefined";
  if (value.IsNone()) return "None";
  if (const auto* b = value.As<bool>()) return *b ? "True" : "False";
  if (const auto* i = value.As<int64_t>()) return std::to_string(*i);
  if (const auto* d = value.As<double>()) return FloatRepr(*d);
  if (const Text* t = value.text()) return t->markup ? "Markup(" + ReprText(t->bytes) + ")" : ReprText(t->bytes);
  if (const Dict* d = value.dict()) return ReprDict(*d, depth);
  if (const Sequence* s = value.sequence()) return ReprSequence(*s, depth);
  // A namespace changes after it was put somewhere, so only this keeps its text finite.
  if (value.name_space() != nullptr && depth > 0)
    Fail("a namespace printed inside a value, which may be one that contains itself");
  if (const Namespace* n = value.name_space()) return "<Namespace " + ReprDict(n->attributes, depth + 1) + ">";
  if (LoopState* l = value.loop()) return fmt::format("<LoopContext {}/{}>", l->index0 + 1, l->Length());
  Fail(fmt::format("the function {} printed", Printable(value.callable()->name)), "a value with a text");
}

std::string ToText(const Value& value) {
  if (value.IsUndefined()) return {};
  if (const Text* t = value.text()) return t->bytes;
  return Repr(value);
}

}  // namespace tidemark::jinja
