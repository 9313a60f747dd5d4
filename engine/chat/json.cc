// json.dumps as the chat template's tojson calls it: no HTML escaping, keys in their order. Source: Python's json/encoder.py.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/chat/builtins.h"
#include "engine/chat/text.h"

namespace tidemark::jinja {
namespace {

std::string JsonNumber(double d) {
  if (std::isnan(d)) return "NaN";
  if (std::isinf(d)) return d < 0 ? "-Infinity" : "Infinity";
  return FloatRepr(d);
}

std::string KeyText(const Value& key) {
  if (key.IsString()) return key.text()->bytes;
  if (key.IsNone()) return "null";
  if (const auto* b = key.As<bool>()) return *b ? "true" : "false";
  if (const auto* d = key.As<double>()) return JsonNumber(*d);
  if (key.As<int64_t>() != nullptr) return Repr(key);
  Fail(fmt::format("a JSON key of type {}", TypeName(key)), "a string, number, bool or none");
}

class Writer {
 public:
  explicit Writer(const JsonStyle& style) : style_(style) {}

  void Write(const Value& value, int depth) {
    if (value.IsNone()) {
      out += "null";
    } else if (const auto* b = value.As<bool>()) {
      out += *b ? "true" : "false";
    } else if (const auto* d = value.As<double>()) {
      out += JsonNumber(*d);
    } else if (value.As<int64_t>() != nullptr) {
      out += Repr(value);
    } else if (value.IsString()) {
      out += JsonText(value.text()->bytes, style_.ensure_ascii);
    } else if (const Dict* dict = value.dict()) {
      WriteDict(*dict, depth);
    } else if (const Sequence* s = value.sequence(); s != nullptr && s->IsListOrTuple()) {
      for (size_t i = 0; i < s->items.size(); ++i) {
        Open('[', i, depth);
        Write(s->items[i], depth + 1);
      }
      Close("[]", s->items.empty(), depth);
    } else {
      Fail(fmt::format("a {} in tojson", TypeName(value)), "what JSON can hold");
    }
  }

  std::string out;

 private:
  void Open(char bracket, size_t index, int depth) {
    out += index == 0 ? std::string(1, bracket) : style_.item_separator;
    NewLine(depth + 1);
  }
  void Close(const char* brackets, bool empty, int depth) {
    if (empty) {
      out += brackets;
    } else {
      NewLine(depth);
      out += brackets[1];
    }
  }
  void NewLine(int depth) {
    if (!style_.indent) return;
    out += '\n';
    for (int i = 0; i < depth; ++i) out += *style_.indent;
  }
  void WriteDict(const Dict& dict, int depth) {
    std::vector<const std::pair<Value, Value>*> entries;
    for (const auto& entry : dict.entries) entries.push_back(&entry);
    if (style_.sort_keys) {
      std::stable_sort(entries.begin(), entries.end(), [](const auto* a, const auto* b) { return Less(a->first, b->first); });
    }
    for (size_t i = 0; i < entries.size(); ++i) {
      Open('{', i, depth);
      out += JsonText(KeyText(entries[i]->first), style_.ensure_ascii) + style_.key_separator;
      Write(entries[i]->second, depth + 1);
    }
    Close("{}", entries.empty(), depth);
  }

  const JsonStyle& style_;
};

}  // namespace

std::string ToJson(const Value& value, const JsonStyle& style) {
  Writer writer(style);
  writer.Write(value, 0);
  return std::move(writer.out);
}

}  // namespace tidemark::jinja
