// str % x. Source: Python documentation, "printf-style String Formatting".
#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "engine/chat/builtins.h"
#include "engine/chat/runtime.h"
#include "engine/chat/text.h"

namespace tidemark::jinja {
namespace {

struct Spec {
  bool left = false, zero = false, plus = false, space = false, alternate = false;
  int width = 0;
  int precision = -1;
};

std::string Pad(std::string text, const Spec& spec, bool numeric) {
  const auto missing = static_cast<int64_t>(spec.width) - static_cast<int64_t>(CodePoints(text));
  if (missing <= 0) return text;
  const auto count = static_cast<size_t>(missing);
  if (spec.left) return text + std::string(count, ' ');
  if (!numeric || !spec.zero) return std::string(count, ' ') + text;
  const size_t sign = !text.empty() && (text[0] == '-' || text[0] == '+' || text[0] == ' ') ? 1 : 0;
  return text.substr(0, sign) + std::string(count, '0') + text.substr(sign);
}

std::string FormatInteger(const Value& value, char type, const Spec& spec) {
  int64_t number = 0;
  if (const auto i = value.Integer()) {
    number = *i;
  } else if (const auto* d = value.As<double>();
             d != nullptr && (type == 'd' || type == 'i' || type == 'u') && std::fabs(*d) < 9.2e18) {
    number = static_cast<int64_t>(*d);
  } else {
    Fail(fmt::format("%{} of a {}", type, TypeName(value)), "a number");
  }
  if (spec.alternate) Fail("the flag # in a format", "another format");
  const uint64_t size = number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
  std::string digits = type == 'x'   ? fmt::format("{:x}", size)
                       : type == 'X' ? fmt::format("{:X}", size)
                       : type == 'o' ? fmt::format("{:o}", size)
                                     : fmt::format("{}", size);
  if (spec.precision > static_cast<int>(digits.size()))
    digits.insert(0, static_cast<size_t>(spec.precision) - digits.size(), '0');
  return Pad((number < 0 ? "-" : spec.plus ? "+" : spec.space ? " " : "") + digits, spec, true);
}

std::string FormatFloat(const Value& value, char type, const Spec& spec) {
  const auto number = value.Number();
  if (!number) Fail(fmt::format("%{} of a {}", type, TypeName(value)), "a number");
  if (spec.alternate) Fail("the flag # in a format", "another format");
  const char pattern[] = {'%', '.', '*', type, '\0'};
  char buffer[1200];
  const int size = std::snprintf(buffer, sizeof buffer, pattern, spec.precision < 0 ? 6 : spec.precision, *number);
  std::string text;
  if (buffer[0] != '-' && (spec.plus || spec.space)) text += spec.plus ? '+' : ' ';
  text.append(buffer, static_cast<size_t>(size));
  return Pad(std::move(text), spec, std::isfinite(*number));
}

// Digits at text[i], which moves past them; none: 0.
int ReadNumber(const std::string& text, size_t& i) {
  if (i < text.size() && text[i] == '*') Fail("a '*' in a format", "a width in digits");
  int value = 0;
  for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
    value = value * 10 + (text[i] - '0');
    if (value > 800) Fail("a format wider than 800");
  }
  return value;
}

// Flags, width and precision at text[i], which moves to the type.
Spec ReadSpec(const std::string& text, size_t& i) {
  Spec spec;
  for (; i < text.size(); ++i) {
    switch (text[i]) {
      case '-':
        spec.left = true;
        continue;
      case '0':
        spec.zero = true;
        continue;
      case '+':
        spec.plus = true;
        continue;
      case ' ':
        spec.space = true;
        continue;
      case '#':
        spec.alternate = true;
        continue;
      default:
        break;
    }
    break;
  }
  spec.width = ReadNumber(text, i);
  if (i < text.size() && text[i] == '.') spec.precision = ReadNumber(text, ++i);
  if (i >= text.size()) Fail("an incomplete format");
  return spec;
}

std::string FormatValue(Runtime& runtime, const Value& value, char type, const Spec& spec) {
  if (type == 's' || type == 'r') {
    std::string text = type == 's' ? ToText(value) : Repr(value);
    if (spec.precision >= 0) text = ToText(Slice(runtime, Value(text), Value(), Value(int64_t{spec.precision}), Value()));
    return Pad(std::move(text), spec, false);
  }
  if (std::string_view("diuxXo").find(type) != std::string_view::npos) return FormatInteger(value, type, spec);
  if (std::string_view("eEfFgG").find(type) != std::string_view::npos) return FormatFloat(value, type, spec);
  Fail(fmt::format("the format type with code {}", static_cast<int>(static_cast<unsigned char>(type))),
       "one of s r d i u x X o e E f F g G %");
}

}  // namespace

Value FormatPercent(Runtime& runtime, const std::string& format, const Value& arguments) {
  const Sequence* tuple = arguments.sequence();
  if (tuple != nullptr && tuple->kind != Sequence::Kind::kTuple) tuple = nullptr;
  size_t used = 0;
  bool named = false;
  std::string out;
  const auto next = [&]() -> Value {
    if (tuple == nullptr ? used > 0 : used >= tuple->items.size()) Fail("a format with too few arguments");
    return tuple == nullptr ? (++used, arguments) : tuple->items[used++];
  };
  for (size_t i = 0; i < format.size();) {
    if (format[i] != '%') {
      out += format[i++];
      continue;
    }
    runtime.Step();
    ++i;
    std::optional<Value> keyed;
    if (i < format.size() && format[i] == '(') {
      const size_t close = format.find(')', i);
      if (close == std::string::npos || arguments.dict() == nullptr) Fail("a format key without a dict");
      const Value* value = arguments.dict()->Find(format.substr(i + 1, close - i - 1));
      if (value == nullptr) Fail("a format key that the dict lacks");
      keyed = *value;
      named = true;
      i = close + 1;
    }
    const Spec spec = ReadSpec(format, i);
    const char type = format[i++];
    out += type == '%' ? "%" : FormatValue(runtime, keyed ? *keyed : next(), type, spec);
    runtime.Charge(static_cast<size_t>(spec.width));
  }
  // Python lets a mapping go unused; a list and an undefined value count as one there.
  const bool mapping =
      arguments.dict() != nullptr || arguments.IsUndefined() || (arguments.sequence() != nullptr && tuple == nullptr);
  if (!named && !mapping && used < (tuple != nullptr ? tuple->items.size() : 1)) Fail("a format with too many arguments");
  return runtime.MakeText(std::move(out));
}

}  // namespace tidemark::jinja
