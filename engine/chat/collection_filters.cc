// Filters of sequences and dicts. What jinja2 returns lazily is a generator here, too: it can be walked once.
// Source: jinja2/filters.py.
#include "engine/chat/collection_filters.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/chat/runtime.h"
#include "engine/chat/text.h"
#include "engine/core/error.h"

namespace tidemark::jinja {
namespace {

Value IgnoreCase(const Value& value) { return value.IsString() ? Value(Lower(value.text()->bytes)) : value; }

// The key by which sort, unique, min and max see an item.
Value KeyOf(Runtime& r, const Value& item, const Value& attribute, bool case_sensitive) {
  const Value key = r.Path(item, attribute);
  return case_sensitive ? key : IgnoreCase(key);
}

void ChargeSort(Runtime& r, size_t n) { r.Step(static_cast<int64_t>(n)); }

Values SortBy(Runtime& r, Values items, Values keys, bool reverse) {
  std::vector<size_t> order(items.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  ChargeSort(r, order.size());
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return reverse ? Less(keys[b], keys[a]) : Less(keys[a], keys[b]); });
  Values out;
  for (const size_t i : order) out.push_back(items[i]);
  return out;
}

Value FilterSort(Runtime& r, const Value& self, Params& p) {
  Values items = r.Walk(self);
  Values keys;
  for (const Value& item : items) {
    Values parts;
    if (p.values[2].IsString()) {
      for (const std::string& path : Split(p.Str(2), ",", -1)) parts.push_back(KeyOf(r, item, Value(path), p.Bool(1, false)));
    } else {
      parts.push_back(KeyOf(r, item, p.values[2], p.Bool(1, false)));
    }
    keys.push_back(MakeList(std::move(parts)));
  }
  return MakeList(SortBy(r, std::move(items), std::move(keys), p.Bool(0, false)));
}

Value FilterDictSort(Runtime& r, const Value& self, Params& p) {
  if (self.dict() == nullptr) Fail(fmt::format("dictsort of a {}", TypeName(self)), "a dict");
  const std::string by = p.given[1] ? ToText(p.values[1]) : "key";
  if (by != "key" && by != "value") Fail("dictsort by " + Printable(by), "key or value");
  Values items, keys;
  for (const auto& [key, value] : self.dict()->entries) {
    items.push_back(MakeTuple({key, value}));
    const Value& chosen = by == "key" ? key : value;
    keys.push_back(p.Bool(0, false) ? chosen : IgnoreCase(chosen));
  }
  r.Charge(items.size() * 64);
  return MakeList(SortBy(r, std::move(items), std::move(keys), p.Bool(2, false)));
}

Value FilterUnique(Runtime& r, const Value& self, Params& p) {
  Dict seen;
  Values out;
  for (const Value& item : r.Walk(self)) {
    const Value key = KeyOf(r, item, p.values[1], p.Bool(0, false));
    if (!key.IsString()) r.Step(static_cast<int64_t>(seen.entries.size() / 8));
    if (seen.Find(key) != nullptr && Hashable(key)) continue;
    seen.Set(key, Value());
    out.push_back(item);
  }
  return MakeGenerator(std::move(out));
}

Value Extreme(Runtime& r, const Value& self, const Params& p, bool maximum) {
  const Values items = r.Walk(self);
  if (items.empty()) return Value::MakeUndefined("the extreme of an empty sequence");
  size_t best = 0;
  Value best_key = KeyOf(r, items[0], p.values[1], p.Bool(0, false));
  for (size_t i = 1; i < items.size(); ++i) {
    Value key = KeyOf(r, items[i], p.values[1], p.Bool(0, false));
    if (!(maximum ? Less(best_key, key) : Less(key, best_key))) continue;
    best = i;
    best_key = std::move(key);
  }
  return items[best];
}
Value FilterMin(Runtime& r, const Value& self, Params& p) { return Extreme(r, self, p, false); }
Value FilterMax(Runtime& r, const Value& self, Params& p) { return Extreme(r, self, p, true); }

Value FilterSum(Runtime& r, const Value& self, Params& p) {
  Value total = p.given[1] ? p.values[1] : Value(int64_t{0});
  if (total.IsString()) Fail("sum starting from a string", "a number or list (use join)");
  for (const Value& item : r.Walk(self)) total = Binary(r, "+", total, r.Path(item, p.values[0]));
  return total;
}

Value FilterJoin(Runtime& r, const Value& self, Params& p) {
  const std::string separator = p.given[0] ? ToText(p.values[0]) : "";
  std::string out;
  bool first = true;
  for (const Value& item : r.Walk(self)) {
    if (!std::exchange(first, false)) out += separator;
    out += ToText(p.Has(1) ? r.Path(item, p.values[1]) : item);
    if (static_cast<int64_t>(out.size()) > r.limits().max_output_bytes) Fail("a string longer than the output may be");
  }
  return r.MakeText(std::move(out));
}

Value FilterLength(Runtime& r, const Value& self, Params&) {
  if (self.IsString()) r.Step(static_cast<int64_t>(self.text()->bytes.size() / 64));
  return Value(Length(self));
}
Value FilterList(Runtime& r, const Value& self, Params&) { return MakeList(r.Walk(self)); }
Value FilterFirst(Runtime& r, const Value& self, Params&) {
  const Values items = r.Walk(self);
  return items.empty() ? Value::MakeUndefined("the first item of an empty sequence") : items.front();
}
Value FilterLast(Runtime& r, const Value& self, Params&) {
  if (self.sequence() != nullptr && self.sequence()->kind == Sequence::Kind::kGenerator)
    Fail("the last item of a generator", "a list (apply |list first)");
  const Values items = r.Walk(self);
  return items.empty() ? Value::MakeUndefined("the last item of an empty sequence") : items.back();
}
Value FilterReverse(Runtime& r, const Value& self, Params&) {
  Values items = r.Walk(self);
  std::reverse(items.begin(), items.end());
  if (!self.IsString()) return MakeGenerator(std::move(items));
  std::string out;
  for (const Value& item : items) out += item.text()->bytes;
  return r.MakeText(std::move(out), self.text()->markup);
}
Value FilterItems(Runtime& r, const Value& self, Params&) {
  if (self.IsUndefined()) return MakeGenerator({});
  if (self.dict() == nullptr) Fail(fmt::format("items of a {}", TypeName(self)), "a dict");
  Values items;
  r.Charge(self.dict()->entries.size() * 64);
  for (const auto& [key, value] : self.dict()->entries) items.push_back(MakeTuple({key, value}));
  return MakeGenerator(std::move(items));
}
Value FilterAttr(Runtime& r, const Value& self, Params& p) {
  if (self.dict() != nullptr && FindMethod(self, p.Str(0)) == nullptr)
    return Value::MakeUndefined("an attribute that a dict does not have");
  return r.Attribute(self, p.Str(0));
}

Value FilterBatch(Runtime& r, const Value& self, Params& p) {
  const int64_t size = p.Int(0, 0);
  Values out, row;
  for (Value& item : r.Walk(self)) {
    if (static_cast<int64_t>(row.size()) == size) out.push_back(MakeList(std::exchange(row, {})));
    row.push_back(std::move(item));
  }
  if (!row.empty()) {
    if (p.Has(1) && size > static_cast<int64_t>(row.size())) {
      if (size > 100'000) Fail("a batch that is too long");
      r.Charge(static_cast<size_t>(size) * 16);
      row.resize(static_cast<size_t>(size), p.values[1]);
    }
    out.push_back(MakeList(std::move(row)));
  }
  return MakeGenerator(std::move(out));
}

// ---- map, select and their relatives

Value ApplyFilter(Runtime& r, const Value& item, const Params& p) {
  const Builtin* filter = p.rest.positional[0].IsString() ? FindFilter(p.rest.positional[0].text()->bytes) : nullptr;
  if (filter == nullptr) Fail("map with an unknown filter", "the name of a filter");
  Arguments args;
  args.positional.assign(p.rest.positional.begin() + 1, p.rest.positional.end());
  args.named = p.rest.named;
  r.Step();
  return CallBuiltin(r, *filter, item, args);
}

Value FilterMap(Runtime& r, const Value& self, Params& p) {
  if (!Truth(self)) return MakeGenerator({});
  const Value* attribute = p.rest.positional.empty() ? p.rest.Named("attribute") : nullptr;
  if (attribute == nullptr && p.rest.positional.empty()) Fail("map without a filter", "a filter or attribute=");
  Values out;
  for (const Value& item : r.Walk(self)) {
    if (attribute == nullptr) {
      out.push_back(ApplyFilter(r, item, p));
      continue;
    }
    for (const auto& [key, value] : p.rest.named) {
      if (key != "attribute" && key != "default") Fail("map with the argument " + Printable(key), "attribute or default");
    }
    const Value* otherwise = p.rest.Named("default");
    out.push_back(r.Path(item, *attribute, otherwise != nullptr && !otherwise->IsNone() ? otherwise : nullptr));
  }
  return MakeGenerator(std::move(out));
}

Value Choose(Runtime& r, const Value& self, const Params& p, bool by_attribute, bool wanted) {
  if (!Truth(self)) return MakeGenerator({});
  const size_t skip = by_attribute ? 1 : 0;
  const Values& args = p.rest.positional;
  if (args.size() < skip) Fail("selectattr or rejectattr without an attribute");
  Values out;
  for (const Value& item : r.Walk(self)) {
    const Value subject = by_attribute ? r.Path(item, args[0]) : item;
    bool holds = false;
    if (args.size() == skip) {
      holds = Truth(subject);
    } else {
      const Builtin* test = args[skip].IsString() ? FindTest(args[skip].text()->bytes) : nullptr;
      if (test == nullptr) Fail("an unknown test", "the name of a test");
      Arguments rest;
      rest.positional.assign(args.begin() + static_cast<ptrdiff_t>(skip) + 1, args.end());
      rest.named = p.rest.named;
      holds = Truth(CallBuiltin(r, *test, subject, rest));
    }
    if (holds == wanted) out.push_back(item);
  }
  return MakeGenerator(std::move(out));
}
Value FilterSelect(Runtime& r, const Value& self, Params& p) { return Choose(r, self, p, false, true); }
Value FilterReject(Runtime& r, const Value& self, Params& p) { return Choose(r, self, p, false, false); }
Value FilterSelectAttr(Runtime& r, const Value& self, Params& p) { return Choose(r, self, p, true, true); }
Value FilterRejectAttr(Runtime& r, const Value& self, Params& p) { return Choose(r, self, p, true, false); }

constexpr Builtin kRows[] = {
    {"attr", "name!", FilterAttr},
    {"batch", "linecount! fill_with", FilterBatch},
    {"count", "", FilterLength},
    {"dictsort", "case_sensitive by reverse", FilterDictSort},
    {"first", "", FilterFirst},
    {"items", "", FilterItems},
    {"join", "d attribute", FilterJoin},
    {"last", "", FilterLast},
    {"length", "", FilterLength},
    {"list", "", FilterList},
    {"map", "*", FilterMap},
    {"max", "case_sensitive attribute", FilterMax},
    {"min", "case_sensitive attribute", FilterMin},
    {"reject", "*", FilterReject},
    {"rejectattr", "*", FilterRejectAttr},
    {"reverse", "", FilterReverse},
    {"select", "*", FilterSelect},
    {"selectattr", "*", FilterSelectAttr},
    {"sort", "reverse case_sensitive attribute", FilterSort},
    {"sum", "attribute start", FilterSum},
    {"unique", "case_sensitive attribute", FilterUnique},
};

}  // namespace

std::span<const Builtin> CollectionFilters() { return kRows; }

}  // namespace tidemark::jinja
