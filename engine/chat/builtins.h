// Filters, tests, methods and global functions: one function and one row each, in filters.cc, tests.cc, methods.cc, globals.cc.
#ifndef TIDEMARK_ENGINE_CHAT_BUILTINS_H_
#define TIDEMARK_ENGINE_CHAT_BUILTINS_H_

#include <optional>
#include <string>
#include <string_view>

#include "engine/chat/value.h"

namespace tidemark::jinja {

// Arguments sorted into a builtin's parameters.
struct Params {
  Values values;
  std::vector<bool> given;
  Arguments rest;  // of a builtin whose parameter list ends in "*"

  bool Has(size_t i) const { return given[i] && !values[i].IsNone(); }
  int64_t Int(size_t i, int64_t otherwise) const;  // Throws Failure if given and not an integer
  bool Bool(size_t i, bool otherwise) const { return given[i] ? Truth(values[i]) : otherwise; }
  const std::string& Str(size_t i) const;  // Throws Failure if not a string
};

struct Builtin {
  std::string_view name;
  std::string_view params;  // "old! new! count": ! required, * anything else goes to rest
  Value (*call)(Runtime&, const Value& self, Params&);
};

const Builtin* FindFilter(std::string_view name);  // nullptr: unknown
const Builtin* FindTest(std::string_view name);
const Builtin* FindMethod(const Value& self, std::string_view name);
// A method that exists in Python but would change its object or is not offered here; undefined or an error, never a dict key.
bool IsForbiddenMethod(const Value& self, std::string_view name);
std::optional<Value> FindGlobal(std::string_view name);

Value CallBuiltin(Runtime& runtime, const Builtin& builtin, const Value& self, Arguments& args);

// json.dumps with the chat template's options. indent: nullopt for one line.
struct JsonStyle {
  bool ensure_ascii = false;
  std::optional<std::string> indent;
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  bool sort_keys = false;
};
std::string ToJson(const Value& value, const JsonStyle& style);

// Operators. All throw Failure.
Value Binary(Runtime& runtime, std::string_view op, const Value& a, const Value& b);
Value Negate(const Value& value);
Value FormatPercent(Runtime& runtime, const std::string& format, const Value& arguments);  // str % x
// value[start:stop:step]; an absent bound is none.
Value Slice(Runtime& runtime, const Value& value, const Value& start, const Value& stop, const Value& step);

}  // namespace tidemark::jinja

#endif  // TIDEMARK_ENGINE_CHAT_BUILTINS_H_
