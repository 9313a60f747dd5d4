// The values of a template: Python's, as far as a template can tell them apart.
//
// Everything but a namespace and a running loop is immutable (the sandbox forbids list.append and its kin), so values share
// their storage freely and no cycle can form. Nesting is counted while a container is built: comparing, printing and
// destroying a value recurse, and a template can wrap a list in a list as often as it likes.
// Source: the Python language reference, chapter 3 (data model), and jinja2/runtime.py for Undefined, Macro and LoopContext.
#ifndef TIDEMARK_ENGINE_CHAT_VALUE_H_
#define TIDEMARK_ENGINE_CHAT_VALUE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace tidemark::jinja {

class Runtime;
struct Sequence;
struct Dict;
struct Namespace;
struct Callable;
struct LoopState;

// A failed operation without a place; the interpreter turns it into Error with the line number.
struct Failure {
  std::string found;     // what went wrong
  std::string expected;  // what the operation wants, may be empty
};
[[noreturn]] void Fail(std::string found, std::string expected = {});

// Nodes of a value plus its text in units of 64 bytes, shared parts counted as often as they occur: what comparing or printing it
// costs. Sixty lines of {% set x = [x, x] %} make a value of 2^60 nodes in a few kilobytes.
inline constexpr int64_t kMaxValueWeight = 1 << 21;
inline constexpr int kMaxValueDepth = 200;  // lists within lists; Python's own recursion limit is of this order

struct Undefined {
  std::string what;  // "'x' is undefined"; said when the value is used
};
struct None {};

// Text in UTF-8, always valid. markup: result of `safe` or `escape`; `+` escapes what is joined to it, as markupsafe does.
struct Text {
  std::string bytes;
  bool markup = false;
};

class Value {
 public:
  Value() : data_(None{}) {}
  Value(bool b) : data_(b) {}     // NOLINT: literals read better
  Value(int64_t i) : data_(i) {}  // NOLINT
  Value(double d) : data_(d) {}   // NOLINT
  Value(std::string text, bool markup = false) : data_(std::make_shared<const Text>(Text{std::move(text), markup})) {}  // NOLINT
  Value(const char*) = delete;
  Value(std::shared_ptr<const Sequence> s) : data_(std::move(s)) {}  // NOLINT
  Value(std::shared_ptr<const Dict> d) : data_(std::move(d)) {}      // NOLINT
  Value(std::shared_ptr<Namespace> n) : data_(std::move(n)) {}       // NOLINT
  Value(std::shared_ptr<const Callable> c) : data_(std::move(c)) {}  // NOLINT
  Value(std::shared_ptr<LoopState> l) : data_(std::move(l)) {}       // NOLINT
  static Value MakeUndefined(std::string what);

  template <typename T>
  const T* As() const {
    return std::get_if<T>(&data_);
  }
  bool IsUndefined() const { return std::holds_alternative<std::shared_ptr<const Undefined>>(data_); }
  bool IsNone() const { return std::holds_alternative<None>(data_); }
  const std::string& UndefinedReason() const { return (*As<std::shared_ptr<const Undefined>>())->what; }
  const Text* text() const;
  const Sequence* sequence() const;  // list, tuple, range, view or generator
  const Dict* dict() const;
  Namespace* name_space() const;
  const Callable* callable() const;
  LoopState* loop() const;
  std::optional<int64_t> Integer() const;  // int or bool, as Python's isinstance(x, int)
  std::optional<double> Number() const;    // int, bool or float
  bool IsString() const { return text() != nullptr; }

 private:
  std::variant<None, std::shared_ptr<const Undefined>, bool, int64_t, double, std::shared_ptr<const Text>,
               std::shared_ptr<const Sequence>, std::shared_ptr<const Dict>, std::shared_ptr<Namespace>,
               std::shared_ptr<const Callable>, std::shared_ptr<LoopState>>
      data_;
};

using Values = std::vector<Value>;

// Everything that is a row of items. A generator (what map, select or reverse return) can be walked once.
struct Sequence {
  enum class Kind { kList, kTuple, kRange, kKeys, kValues, kItems, kGenerator };
  Kind kind = Kind::kList;
  Values items;
  int depth = 1;
  int64_t weight = 1;
  std::string repr;               // ranges only: "range(0, 3)"
  mutable bool consumed = false;  // generators only

  bool IsListOrTuple() const { return kind == Kind::kList || kind == Kind::kTuple; }
};

// Insertion-ordered; a key set twice keeps its first place and takes the last value.
struct Dict {
  std::vector<std::pair<Value, Value>> entries;
  std::unordered_map<std::string, size_t> by_text;  // string keys; all others are searched one by one
  int depth = 1;
  int64_t weight = 1;

  const Value* Find(const Value& key) const;
  const Value* Find(const std::string& key) const;
  void Set(Value key, Value value);  // only while building. Throws Failure: an unhashable key, too deep or too heavy a value.
};

struct Namespace {
  Dict attributes;
};

struct Arguments {
  Values positional;
  std::vector<std::pair<std::string, Value>> named;

  const Value* Named(std::string_view name) const;
};

// A macro, a bound method or a global function.
struct Callable {
  std::string name;
  std::function<Value(Runtime&, Arguments&)> call;
  int depth = 1;  // of the value a bound method holds
};

// The variable `loop`. The items of a filtered loop are tested as late as possible, because the body may change a namespace
// that the test reads; `last`, `nextitem` and `length` look ahead.
struct LoopState {
  Values source;
  size_t next = 0;
  std::function<bool(const Value&)> accept;  // empty: every item
  int64_t index0 = -1;
  Value before, current;
  std::optional<Value> after;
  std::optional<int64_t> length;
  int64_t depth0 = 0;
  int depth = 1;  // of the values it holds, as for containers

  bool Peek();     // whether there is a next item
  bool Advance();  // makes it the current one
  int64_t Length();
};

Value MakeSequence(Sequence::Kind kind, Values items);  // Throws Failure if too deep or too heavy
inline Value MakeList(Values items) { return MakeSequence(Sequence::Kind::kList, std::move(items)); }
inline Value MakeTuple(Values items) { return MakeSequence(Sequence::Kind::kTuple, std::move(items)); }
inline Value MakeGenerator(Values items) { return MakeSequence(Sequence::Kind::kGenerator, std::move(items)); }
Value MakeDict(Dict dict);
int Depth(const Value& value);
int64_t Weight(const Value& value);  // see kMaxValueWeight; what a namespace, loop or callable holds does not count

std::string TypeName(const Value& value);                  // "str", "int", "list", ... as Python's type(x).__name__
bool Truth(const Value& value);                            // bool(x)
bool Equal(const Value& a, const Value& b);                // a == b, never fails
bool Less(const Value& a, const Value& b);                 // a < b. Throws Failure for types without an order
bool Contains(const Value& container, const Value& item);  // item in container. Throws Failure
bool Hashable(const Value& value);
std::string ToText(const Value& value);               // str(x)
std::string Repr(const Value& value, int depth = 0);  // repr(x). Throws Failure where Python prints an address, and
                                                      // for a namespace inside another value
std::string FloatRepr(double d);                      // the shortest decimal that reads back the same, in Python's layout
int64_t Length(const Value& value);                   // len(x). Throws Failure
Values Items(const Value& value);                     // list(x). Throws Failure; empties a generator

}  // namespace tidemark::jinja

#endif  // TIDEMARK_ENGINE_CHAT_VALUE_H_
