#include "engine/chat/builtins.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/chat/runtime.h"
#include "engine/chat/text.h"
#include "engine/core/error.h"

namespace tidemark::jinja {

int64_t Params::Int(size_t i, int64_t otherwise) const {
  if (!given[i]) return otherwise;
  const std::optional<int64_t> value = values[i].Integer();
  if (!value) Fail(fmt::format("an argument of type {}", TypeName(values[i])), "an integer");
  return *value;
}

const std::string& Params::Str(size_t i) const {
  if (!values[i].IsString()) Fail(fmt::format("an argument of type {}", TypeName(values[i])), "a string");
  return values[i].text()->bytes;
}

Value CallBuiltin(Runtime& runtime, const Builtin& builtin, const Value& self, Arguments& args) {
  Params params;
  std::vector<std::string> names;
  bool open = false;
  for (std::string name : Split(builtin.params, std::nullopt, -1)) {
    if (name == "*") {
      open = true;
      continue;
    }
    const bool required = name.back() == '!';
    if (required) name.pop_back();
    const size_t i = names.size();
    names.push_back(name);
    params.values.emplace_back();
    params.given.push_back(false);
    const Value* named = args.Named(name);
    if (i < args.positional.size()) {
      if (named != nullptr) Fail(fmt::format("{} with '{}' twice", builtin.name, name));
      params.values[i] = args.positional[i];
      params.given[i] = true;
    } else if (named != nullptr) {
      params.values[i] = *named;
      params.given[i] = true;
    } else if (required) {
      Fail(fmt::format("{} without '{}'", builtin.name, name), "that argument");
    }
  }
  for (size_t i = names.size(); i < args.positional.size(); ++i) {
    if (!open)
      Fail(fmt::format("{} with {} arguments", builtin.name, args.positional.size()), fmt::format("at most {}", names.size()));
    params.rest.positional.push_back(args.positional[i]);
  }
  for (auto& [key, value] : args.named) {
    if (std::find(names.begin(), names.end(), key) != names.end()) continue;
    if (!open) Fail(fmt::format("{} with the argument '{}'", builtin.name, Printable(key)), "one that it has");
    params.rest.named.emplace_back(key, value);
  }
  runtime.Visit(self);
  for (const Value& value : params.values) runtime.Visit(value);
  return builtin.call(runtime, self, params);
}

}  // namespace tidemark::jinja
