// Arithmetic with Python's rules. Integers are 64 bits wide: where Python would grow one, we refuse.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "engine/chat/builtins.h"
#include "engine/chat/runtime.h"
#include "engine/chat/text.h"
#include "engine/core/error.h"

namespace tidemark::jinja {
namespace {

[[noreturn]] void Overflow() { Fail("an integer result beyond 64 bits"); }

int64_t FloorDiv(int64_t a, int64_t b) {
  if (b == 0) Fail("a division by zero");
  if (a == std::numeric_limits<int64_t>::min() && b == -1) Overflow();
  const int64_t quotient = a / b;
  return quotient - ((a % b != 0) && ((a < 0) != (b < 0)) ? 1 : 0);
}

double FloatMod(double a, double b) {
  double rest = std::fmod(a, b);
  if (rest != 0 && (b < 0) != (rest < 0)) rest += b;
  return rest == 0 ? std::copysign(0.0, b) : rest;
}

// CPython's float_floor_div: the quotient comes from the remainder, so that it is exact where a / b rounds.
double FloatFloorDiv(double a, double b) {
  const double rest = std::fmod(a, b);
  double quotient = (a - rest) / b;
  if (rest != 0 && (b < 0) != (rest < 0)) quotient -= 1;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double floor = std::floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

Value IntegerPower(int64_t base, int64_t exponent) {
  if (exponent < 0) {
    if (base == 0) Fail("zero raised to a negative power");
    return Value(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  }
  int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) Overflow();
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) Overflow();
  }
  return Value(result);
}

Value IntegerBinary(std::string_view op, int64_t a, int64_t b) {
  int64_t result = 0;
  if (op == "+" && __builtin_add_overflow(a, b, &result)) Overflow();
  if (op == "-" && __builtin_sub_overflow(a, b, &result)) Overflow();
  if (op == "*" && __builtin_mul_overflow(a, b, &result)) Overflow();
  if (op == "//") return Value(FloorDiv(a, b));
  if (op == "%") {
    if (b == 0) Fail("a modulo by zero");
    return Value(b == -1 ? int64_t{0} : a - FloorDiv(a, b) * b);
  }
  if (op == "**") return IntegerPower(a, b);
  if (op == "/") {
    if (b == 0) Fail("a division by zero");
    return Value(static_cast<double>(static_cast<long double>(a) / static_cast<long double>(b)));
  }
  return Value(result);
}

Value FloatBinary(std::string_view op, double a, double b) {
  if (op == "+") return Value(a + b);
  if (op == "-") return Value(a - b);
  if (op == "*") return Value(a * b);
  if (op == "**") {
    if (a == 0 && b < 0) Fail("zero raised to a negative power");
    if (a < 0 && std::isfinite(a) && std::isfinite(b) && b != std::floor(b)) Fail("a negative number raised to a fraction");
    const double result = std::pow(a, b);
    if (std::isinf(result) && std::isfinite(a) && std::isfinite(b)) Fail("a power beyond the range of float");
    return Value(result);
  }
  if (b == 0) Fail("a division by zero");
  if (op == "/") return Value(a / b);
  return Value(op == "//" ? FloatFloorDiv(a, b) : FloatMod(a, b));
}

Value AddTexts(Runtime& runtime, const Text& a, const Text& b) {
  if (a.markup == b.markup) return runtime.MakeText(a.bytes + b.bytes, a.markup);
  return runtime.MakeText(a.markup ? a.bytes + EscapeHtml(b.bytes) : EscapeHtml(a.bytes) + b.bytes, true);
}

Value Repeat(Runtime& runtime, const Value& value, int64_t times) {
  times = std::max<int64_t>(times, 0);
  const Text* text = value.text();
  const size_t size = text != nullptr ? text->bytes.size() : value.sequence()->items.size() * sizeof(Value);
  if (size != 0 && times > runtime.limits().max_output_bytes / static_cast<int64_t>(size)) {
    Fail("a repetition longer than the output may be");
  }
  if (text != nullptr) {
    std::string out;
    for (int64_t i = 0; size != 0 && i < times; ++i) out += text->bytes;
    return runtime.MakeText(std::move(out), text->markup);
  }
  runtime.Charge(size * static_cast<size_t>(times));
  Values items;
  for (int64_t i = 0; size != 0 && i < times; ++i) {
    items.insert(items.end(), value.sequence()->items.begin(), value.sequence()->items.end());
  }
  return MakeSequence(value.sequence()->kind, std::move(items));
}

bool IsListOrTuple(const Value& value) { return value.sequence() != nullptr && value.sequence()->IsListOrTuple(); }

}  // namespace

Value Binary(Runtime& runtime, std::string_view op, const Value& a, const Value& b) {
  if (a.IsString() && op == "%") return FormatPercent(runtime, a.text()->bytes, b);
  for (const Value* v : {&a, &b}) {
    if (v->IsUndefined()) Fail(v->UndefinedReason(), fmt::format("a defined value for {}", op));
  }
  if (a.Integer() && b.Integer()) return IntegerBinary(op, *a.Integer(), *b.Integer());
  if (a.Number() && b.Number()) return FloatBinary(op, *a.Number(), *b.Number());
  if (op == "+") {
    if (a.IsString() && b.IsString()) return AddTexts(runtime, *a.text(), *b.text());
    if (IsListOrTuple(a) && IsListOrTuple(b) && a.sequence()->kind == b.sequence()->kind) {
      Values items = a.sequence()->items;
      items.insert(items.end(), b.sequence()->items.begin(), b.sequence()->items.end());
      runtime.Charge(items.size() * sizeof(Value));
      return MakeSequence(a.sequence()->kind, std::move(items));
    }
  }
  if (op == "*") {
    if ((a.IsString() || IsListOrTuple(a)) && b.Integer()) return Repeat(runtime, a, *b.Integer());
    if ((b.IsString() || IsListOrTuple(b)) && a.Integer()) return Repeat(runtime, b, *a.Integer());
  }
  Fail(fmt::format("{} {} {}", TypeName(a), op, TypeName(b)), "operands that go together");
}

Value Negate(const Value& value) {
  if (const auto i = value.Integer()) {
    if (*i == std::numeric_limits<int64_t>::min()) Overflow();
    return Value(-*i);
  }
  if (const auto* d = value.As<double>()) return Value(-*d);
  Fail(value.IsUndefined() ? value.UndefinedReason() : fmt::format("a minus before a {}", TypeName(value)), "a number");
}

namespace {

struct SliceRange {
  int64_t start, stop, step;
};

// PySlice_AdjustIndices.
SliceRange Adjust(int64_t size, const Value& start, const Value& stop, const Value& step) {
  const auto whole = [](const Value& v) -> std::optional<int64_t> {
    if (v.IsNone()) return std::nullopt;
    if (!v.Integer()) Fail(fmt::format("a slice bound of type {}", TypeName(v)), "an integer or none");
    return v.Integer();
  };
  SliceRange range{0, 0, whole(step).value_or(1)};
  if (range.step == 0) Fail("a slice step of zero");
  range.step = std::max(range.step, -std::numeric_limits<int64_t>::max());
  const bool down = range.step < 0;
  const auto clip = [&](std::optional<int64_t> bound, int64_t otherwise) {
    if (!bound) return otherwise;
    int64_t at = *bound;
    if (at < 0) at = std::max<int64_t>(at + size, down ? -1 : 0);
    return std::min(at, down ? size - 1 : size);
  };
  range.start = clip(whole(start), down ? size - 1 : 0);
  range.stop = clip(whole(stop), down ? -1 : size);
  return range;
}

}  // namespace

Value Slice(Runtime& runtime, const Value& value, const Value& start, const Value& stop, const Value& step) {
  if (value.IsUndefined()) Fail(value.UndefinedReason(), "a defined value before [...]");
  const Text* text = value.text();
  const Sequence* sequence = value.sequence();
  if (text == nullptr && !IsListOrTuple(value) && (sequence == nullptr || sequence->kind != Sequence::Kind::kRange)) {
    return Value::MakeUndefined(fmt::format("'{}' has no slice", TypeName(value)));
  }
  if (text != nullptr) {
    std::vector<size_t> offsets;  // of the characters, and the end
    for (size_t pos = 0; pos < text->bytes.size(); pos += CodePointBytes(text->bytes, pos)) offsets.push_back(pos);
    const auto size = static_cast<int64_t>(offsets.size());
    offsets.push_back(text->bytes.size());
    runtime.Step(size / 64);
    const SliceRange range = Adjust(size, start, stop, step);
    std::string out;
    for (int64_t i = range.start; range.step > 0 ? i < range.stop : i > range.stop;) {
      const auto at = static_cast<size_t>(i);
      out += text->bytes.substr(offsets[at], offsets[at + 1] - offsets[at]);
      if (__builtin_add_overflow(i, range.step, &i)) break;
    }
    return runtime.MakeText(std::move(out), text->markup);
  }
  const SliceRange range = Adjust(static_cast<int64_t>(sequence->items.size()), start, stop, step);
  Values items;
  for (int64_t i = range.start; range.step > 0 ? i < range.stop : i > range.stop;) {
    items.push_back(sequence->items[static_cast<size_t>(i)]);
    if (__builtin_add_overflow(i, range.step, &i)) break;
  }
  runtime.Charge(items.size() * sizeof(Value));
  return MakeSequence(sequence->kind, std::move(items));
}

}  // namespace tidemark::jinja
