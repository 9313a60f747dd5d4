#include "engine/chat/runtime.h"

#include <fmt/format.h>

#include "engine/chat/builtins.h"
#include "engine/chat/text.h"
#include "engine/core/error.h"

namespace tidemark::jinja {

Runtime::~Runtime() {
  for (const auto& space : namespaces_) space->attributes = Dict();
}

void Runtime::Step(int64_t steps) {
  steps_ += steps;
  if (steps_ > limits_.max_steps)
    Fail(fmt::format("more than {} steps", limits_.max_steps), "a template that ends (raise max_steps)");
}

void Runtime::Charge(size_t bytes) {
  bytes_ += static_cast<int64_t>(bytes);
  if (bytes_ / 16 > limits_.max_output_bytes)
    Fail("strings and lists that use too much memory", "a smaller result (or raise max_output_bytes)");
}

void Runtime::Visit(const Value& value) {
  const Text* text = value.text();
  Step(text != nullptr ? static_cast<int64_t>(text->bytes.size() / 64) : Weight(value) / 64);
  if (const Dict* dict = value.dict()) {  // keys that are no strings are compared one by one
    const auto other_keys = static_cast<int64_t>(dict->entries.size() - dict->by_text.size());
    Step(other_keys * other_keys / 64);
  }
}

Values Runtime::Walk(const Value& value) {
  Values items = Items(value);
  Step(static_cast<int64_t>(items.size() / 8));
  Charge(items.size() * 16);
  return items;
}

Value Runtime::MakeText(std::string text, bool markup) {
  Charge(text.size());
  if (static_cast<int64_t>(text.size()) > limits_.max_output_bytes) Fail("a string longer than the output may be");
  return Value(std::move(text), markup);
}

std::shared_ptr<Namespace> Runtime::NewNamespace() {
  Charge(256);
  namespaces_.push_back(std::make_shared<Namespace>());
  return namespaces_.back();
}

namespace {

Value BoundMethod(const Value& self, const Builtin& method) {
  auto callable = std::make_shared<Callable>();
  callable->name = std::string(method.name);
  callable->depth = Depth(self) + 1;
  callable->call = [self, &method](Runtime& runtime, Arguments& args) { return CallBuiltin(runtime, method, self, args); };
  return Value(std::shared_ptr<const Callable>(std::move(callable)));
}

std::optional<Value> LoopAttribute(const Value& object, const std::string& name) {
  LoopState& loop = *object.loop();
  if (name == "index") return Value(loop.index0 + 1);
  if (name == "index0") return Value(loop.index0);
  if (name == "first") return Value(loop.index0 == 0);
  if (name == "last") return Value(!loop.Peek());
  if (name == "length") return Value(loop.Length());
  if (name == "revindex") return Value(loop.Length() - loop.index0);
  if (name == "revindex0") return Value(loop.Length() - loop.index0 - 1);
  if (name == "depth") return Value(loop.depth0 + 1);
  if (name == "depth0") return Value(loop.depth0);
  if (name == "previtem") return loop.index0 == 0 ? Value::MakeUndefined("there is no previous item") : loop.before;
  if (name == "nextitem") return loop.Peek() ? *loop.after : Value::MakeUndefined("there is no next item");
  return std::nullopt;
}

// The attribute proper, without falling back to items.
std::optional<Value> OwnAttribute(const Value& object, const std::string& name) {
  if (Namespace* space = object.name_space()) {
    const Value* value = space->attributes.Find(name);
    return value == nullptr ? std::nullopt : std::optional<Value>(*value);
  }
  if (object.loop() != nullptr) {
    if (std::optional<Value> value = LoopAttribute(object, name)) return value;
  }
  if (const Callable* callable = object.callable(); callable != nullptr && name == "name") return Value(callable->name);
  if (const Builtin* method = FindMethod(object, name)) return BoundMethod(object, *method);
  if (IsForbiddenMethod(object, name)) {
    return Value::MakeUndefined(
        fmt::format("the attribute '{}' of a {}, which the sandbox does not offer", Printable(name), TypeName(object)));
  }
  return std::nullopt;
}

std::optional<Value> Subscript(Runtime& runtime, const Value& object, const Value& key) {
  if (const Dict* dict = object.dict()) {
    const Value* value = Hashable(key) ? dict->Find(key) : nullptr;
    return value == nullptr ? std::nullopt : std::optional<Value>(*value);
  }
  const std::optional<int64_t> index = key.Integer();
  if (!index) return std::nullopt;
  const Sequence* sequence = object.sequence();
  if (sequence != nullptr && (sequence->IsListOrTuple() || sequence->kind == Sequence::Kind::kRange)) {
    const auto size = static_cast<int64_t>(sequence->items.size());
    const int64_t at = *index < 0 ? *index + size : *index;
    if (at < 0 || at >= size) return std::nullopt;
    return sequence->items[static_cast<size_t>(at)];
  }
  if (const Text* text = object.text()) {
    const auto size = static_cast<int64_t>(CodePoints(text->bytes));
    runtime.Step(size / 64);
    const int64_t at = *index < 0 ? *index + size : *index;
    if (at < 0 || at >= size) return std::nullopt;
    return Slice(runtime, object, Value(at), Value(at + 1), Value());
  }
  return std::nullopt;
}

Value Missing(const Value& object, const Value& key) {
  return Value::MakeUndefined(fmt::format("'{}' has no {} {}", TypeName(object), key.IsString() ? "attribute" : "element",
                                          key.Integer() || key.IsString() ? Printable(Repr(key)) : "of that key"));
}

}  // namespace

Value Runtime::Attribute(const Value& object, const std::string& name) {
  if (object.IsUndefined()) Fail(object.UndefinedReason(), "a defined value before ." + Printable(name));
  if (std::optional<Value> value = OwnAttribute(object, name)) return *value;
  const Value key{std::string(name)};
  if (std::optional<Value> value = Subscript(*this, object, key)) return *value;
  return Missing(object, key);
}

Value Runtime::Item(const Value& object, const Value& key) {
  if (object.IsUndefined()) Fail(object.UndefinedReason(), "a defined value before [...]");
  if (std::optional<Value> value = Subscript(*this, object, key)) return *value;
  if (const Text* name = key.text()) {
    if (std::optional<Value> value = OwnAttribute(object, name->bytes)) return *value;
  }
  return Missing(object, key);
}

Value Runtime::Path(const Value& object, const Value& path, const Value* otherwise) {
  const Text* text = path.text();
  if (text == nullptr) {
    const Value value = path.IsNone() ? object : Item(object, path);
    return value.IsUndefined() && otherwise != nullptr ? *otherwise : value;
  }
  Value value = object;
  for (const std::string& part : Split(text->bytes, ".", -1)) {
    const bool number = !part.empty() && part.size() < 18 && part.find_first_not_of("0123456789") == std::string::npos;
    value = Item(value, number ? Value(int64_t{std::stoll(part)}) : Value(part));
    if (value.IsUndefined() && otherwise != nullptr) value = *otherwise;
  }
  return value;
}

Value Runtime::Call(const Value& callee, Arguments& arguments) {
  if (callee.IsUndefined()) Fail(callee.UndefinedReason(), "something to call");
  const Callable* callable = callee.callable();
  if (callable == nullptr) Fail(fmt::format("a call of a {}", TypeName(callee)), "a macro, method or function");
  return callable->call(*this, arguments);
}

}  // namespace tidemark::jinja
