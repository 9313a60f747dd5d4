// Functions that a template finds without being given them: Jinja's, with the chat template's own raise_exception,
// strftime_now, dict and namespace. Source: jinja2/defaults.py and transformers/utils/chat_template_utils.py.
#include <fmt/format.h>

#include <ctime>

#include "engine/chat/builtins.h"
#include "engine/chat/runtime.h"
#include "engine/core/error.h"

namespace tidemark::jinja {
namespace {

constexpr int64_t kMaxRange = 100'000;  // jinja2.sandbox.MAX_RANGE

Value Range(Runtime& runtime, const Value&, Params& p) {
  const Values& args = p.rest.positional;
  if (args.empty() || args.size() > 3 || !p.rest.named.empty()) Fail("range with wrong arguments", "one to three integers");
  int64_t bounds[3] = {0, 0, 1};
  for (size_t i = 0; i < args.size(); ++i) {
    const auto value = args[i].Integer();
    if (!value) Fail(fmt::format("range with a {}", TypeName(args[i])), "integers");
    bounds[args.size() == 1 ? 1 : i] = *value;
  }
  const auto [start, stop, step] = bounds;
  if (step == 0) Fail("range with a step of zero");
  __extension__ using Wide = __int128;
  const Wide span = step > 0 ? Wide{stop} - start : Wide{start} - stop;
  const Wide stride = step > 0 ? Wide{step} : -Wide{step};
  const Wide count = span <= 0 ? 0 : (span + stride - 1) / stride;
  if (count > kMaxRange) Fail("a range that is too long", fmt::format("at most {} items", kMaxRange));
  runtime.Step(static_cast<int64_t>(count) / 8);
  Values items;
  for (int64_t i = 0; i < static_cast<int64_t>(count); ++i) items.emplace_back(start + i * step);
  runtime.Charge(items.size() * 16);
  auto sequence = std::make_shared<Sequence>();
  sequence->kind = Sequence::Kind::kRange;
  sequence->items = std::move(items);
  sequence->repr = step == 1 ? fmt::format("range({}, {})", start, stop) : fmt::format("range({}, {}, {})", start, stop, step);
  return Value(std::shared_ptr<const Sequence>(std::move(sequence)));
}

// dict(mapping or pairs, **more)
Dict BuildDict(Runtime& runtime, Params& p) {
  if (p.rest.positional.size() > 1) Fail("dict with several positional arguments", "at most one");
  Dict dict;
  for (const Value& source : p.rest.positional) {
    if (const Dict* other = source.dict()) {
      dict = *other;
      runtime.Charge(dict.entries.size() * 64);
      continue;
    }
    for (const Value& pair : runtime.Walk(source)) {
      Values parts = runtime.Walk(pair);
      if (parts.size() != 2) Fail(fmt::format("a dict entry of {} parts", parts.size()), "2");
      if (!parts[0].IsString()) runtime.Step(static_cast<int64_t>(dict.entries.size() / 8));  // Set searches them one by one
      dict.Set(std::move(parts[0]), std::move(parts[1]));
    }
  }
  for (auto& [key, value] : p.rest.named) dict.Set(Value(key), value);
  return dict;
}

Value MakeDictFrom(Runtime& runtime, const Value&, Params& p) { return MakeDict(BuildDict(runtime, p)); }

Value MakeNamespace(Runtime& runtime, const Value&, Params& p) {
  const std::shared_ptr<Namespace> space = runtime.NewNamespace();
  space->attributes = BuildDict(runtime, p);
  for (const auto& [key, value] : space->attributes.entries) {
    if (key.IsString() && key.text()->bytes.substr(0, 1) == "_") Fail("a namespace attribute that begins with '_'");
  }
  return Value(space);
}

Value RaiseException(Runtime&, const Value&, Params& p) {
  Fail("an input that the template refuses: " + Printable(ToText(p.values[0]), 1000));
}

Value StrftimeNow(Runtime& runtime, const Value&, Params& p) {
  const std::string& format = p.Str(0);
  if (format.size() > 1000) Fail("a time format of more than 1000 bytes");
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  std::string out(16 * format.size() + 64, '\0');
  out.resize(std::strftime(out.data(), out.size(), format.c_str(), &local));
  return runtime.MakeText(std::move(out));
}

Value NotOffered(Runtime&, const Value&, Params&) { Fail("one of lipsum, cycler and joiner", "a template without them"); }

constexpr Builtin kGlobals[] = {
    {"range", "*", Range},
    {"dict", "*", MakeDictFrom},
    {"namespace", "*", MakeNamespace},
    {"raise_exception", "message!", RaiseException},
    {"strftime_now", "format!", StrftimeNow},
    {"lipsum", "*", NotOffered},
    {"cycler", "*", NotOffered},
    {"joiner", "*", NotOffered},
};

}  // namespace

std::optional<Value> FindGlobal(std::string_view name) {
  for (const Builtin& row : kGlobals) {
    if (row.name != name) continue;
    auto callable = std::make_shared<Callable>();
    callable->name = std::string(name);
    callable->call = [&row](Runtime& runtime, Arguments& args) { return CallBuiltin(runtime, row, Value(), args); };
    return Value(std::shared_ptr<const Callable>(std::move(callable)));
  }
  return std::nullopt;
}

}  // namespace tidemark::jinja
