// The tests behind `is`. Source: jinja2/tests.py.
#include <fmt/format.h>

#include "engine/chat/builtins.h"
#include "engine/chat/runtime.h"
#include "engine/chat/text.h"

namespace tidemark::jinja {
namespace {

bool Remainder(Runtime& runtime, const Value& self, const Value& by, int64_t wanted) {
  return Equal(Binary(runtime, "%", self, by), Value(wanted));
}

Value TestOdd(Runtime& r, const Value& self, Params&) { return Value(Remainder(r, self, Value(int64_t{2}), 1)); }
Value TestEven(Runtime& r, const Value& self, Params&) { return Value(Remainder(r, self, Value(int64_t{2}), 0)); }
Value TestDivisibleBy(Runtime& r, const Value& self, Params& p) { return Value(Remainder(r, self, p.values[0], 0)); }
Value TestDefined(Runtime&, const Value& self, Params&) { return Value(!self.IsUndefined()); }
Value TestUndefined(Runtime&, const Value& self, Params&) { return Value(self.IsUndefined()); }
Value TestNone(Runtime&, const Value& self, Params&) { return Value(self.IsNone()); }
Value TestBoolean(Runtime&, const Value& self, Params&) { return Value(self.As<bool>() != nullptr); }
Value TestTrue(Runtime&, const Value& self, Params&) { return Value(self.As<bool>() != nullptr && Truth(self)); }
Value TestFalse(Runtime&, const Value& self, Params&) { return Value(self.As<bool>() != nullptr && !Truth(self)); }
Value TestInteger(Runtime&, const Value& self, Params&) { return Value(self.As<int64_t>() != nullptr); }
Value TestFloat(Runtime&, const Value& self, Params&) { return Value(self.As<double>() != nullptr); }
Value TestNumber(Runtime&, const Value& self, Params&) { return Value(self.Number().has_value()); }
Value TestString(Runtime&, const Value& self, Params&) { return Value(self.IsString()); }
Value TestMapping(Runtime&, const Value& self, Params&) { return Value(self.dict() != nullptr); }
Value TestLower(Runtime&, const Value& self, Params&) { return Value(IsLower(ToText(self))); }
Value TestUpper(Runtime&, const Value& self, Params&) { return Value(IsUpper(ToText(self))); }
Value TestCallable(Runtime&, const Value& self, Params&) { return Value(self.callable() != nullptr || self.IsUndefined()); }
Value TestEscaped(Runtime&, const Value& self, Params&) { return Value(self.IsString() && self.text()->markup); }
Value TestFilter(Runtime&, const Value& self, Params&) {
  return Value(self.IsString() && FindFilter(self.text()->bytes) != nullptr);
}
Value TestTest(Runtime&, const Value& self, Params&) { return Value(self.IsString() && FindTest(self.text()->bytes) != nullptr); }
Value TestIterable(Runtime&, const Value& self, Params&) {
  return Value(self.IsUndefined() || self.IsString() || self.dict() != nullptr || self.sequence() != nullptr ||
               self.loop() != nullptr);
}
Value TestSequence(Runtime&, const Value& self, Params&) {
  const Sequence* s = self.sequence();
  const bool indexed = s != nullptr && (s->IsListOrTuple() || s->kind == Sequence::Kind::kRange);
  return Value(indexed || self.IsUndefined() || self.IsString() || self.dict() != nullptr);
}
// Python's `is`: one object, or one of the constants of which there is only one.
Value TestSameAs(Runtime&, const Value& self, Params& p) {
  const Value& other = p.values[0];
  if (self.sequence() != nullptr) return Value(self.sequence() == other.sequence());
  if (self.dict() != nullptr) return Value(self.dict() == other.dict());
  return Value(TypeName(self) == TypeName(other) && Equal(self, other));
}
Value TestIn(Runtime& r, const Value& self, Params& p) {
  r.Step(p.values[0].sequence() != nullptr ? static_cast<int64_t>(p.values[0].sequence()->items.size() / 8) : 0);
  return Value(Contains(p.values[0], self));
}
Value TestEq(Runtime&, const Value& self, Params& p) { return Value(Equal(self, p.values[0])); }
Value TestNe(Runtime&, const Value& self, Params& p) { return Value(!Equal(self, p.values[0])); }
Value TestGt(Runtime&, const Value& self, Params& p) { return Value(Less(p.values[0], self)); }
Value TestLt(Runtime&, const Value& self, Params& p) { return Value(Less(self, p.values[0])); }
Value TestGe(Runtime&, const Value& self, Params& p) { return Value(Less(p.values[0], self) || Equal(self, p.values[0])); }
Value TestLe(Runtime&, const Value& self, Params& p) { return Value(Less(self, p.values[0]) || Equal(self, p.values[0])); }

constexpr Builtin kTests[] = {
    {"odd", "", TestOdd},
    {"even", "", TestEven},
    {"divisibleby", "num!", TestDivisibleBy},
    {"defined", "", TestDefined},
    {"undefined", "", TestUndefined},
    {"filter", "", TestFilter},
    {"test", "", TestTest},
    {"none", "", TestNone},
    {"boolean", "", TestBoolean},
    {"false", "", TestFalse},
    {"true", "", TestTrue},
    {"integer", "", TestInteger},
    {"float", "", TestFloat},
    {"lower", "", TestLower},
    {"upper", "", TestUpper},
    {"string", "", TestString},
    {"mapping", "", TestMapping},
    {"number", "", TestNumber},
    {"sequence", "", TestSequence},
    {"iterable", "", TestIterable},
    {"callable", "", TestCallable},
    {"sameas", "other!", TestSameAs},
    {"escaped", "", TestEscaped},
    {"in", "seq!", TestIn},
    {"==", "other!", TestEq},
    {"eq", "other!", TestEq},
    {"equalto", "other!", TestEq},
    {"!=", "other!", TestNe},
    {"ne", "other!", TestNe},
    {">", "other!", TestGt},
    {"gt", "other!", TestGt},
    {"greaterthan", "other!", TestGt},
    {"ge", "other!", TestGe},
    {">=", "other!", TestGe},
    {"<", "other!", TestLt},
    {"lt", "other!", TestLt},
    {"lessthan", "other!", TestLt},
    {"<=", "other!", TestLe},
    {"le", "other!", TestLe},
};

}  // namespace

const Builtin* FindTest(std::string_view name) {
  for (const Builtin& row : kTests) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace tidemark::jinja
