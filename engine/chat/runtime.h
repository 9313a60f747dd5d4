// What a running template may use: the budget, attribute lookup and calls. The interpreter owns one for each Render.
#ifndef TIDEMARK_ENGINE_CHAT_RUNTIME_H_
#define TIDEMARK_ENGINE_CHAT_RUNTIME_H_

#include <memory>
#include <string>
#include <vector>

#include "engine/chat/chat_template.h"
#include "engine/chat/value.h"

namespace tidemark::jinja {

class Runtime {
 public:
  explicit Runtime(const RenderLimits& limits) : limits_(limits) {}
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  const RenderLimits& limits() const { return limits_; }
  int line = 0;  // of the node being evaluated, for error messages

  // Counts work; every evaluated node is one step, a walk over n items is n / 8 more.
  void Step(int64_t steps = 1);
  // Counts bytes of strings and items that values were made of, over the whole run: what bounds memory.
  void Charge(size_t bytes);
  void Visit(const Value& value);   // counts the work of comparing, printing or searching all of it
  Values Walk(const Value& value);  // Items() with its cost counted
  Value MakeText(std::string text, bool markup = false);

  Value Attribute(const Value& object, const std::string& name);  // object.name
  Value Item(const Value& object, const Value& key);              // object[key]
  // Filters' attribute="a.b.0". otherwise: replaces every undefined step.
  Value Path(const Value& object, const Value& path, const Value* otherwise = nullptr);
  Value Call(const Value& callee, Arguments& arguments);

  std::shared_ptr<Namespace> NewNamespace();

 private:
  RenderLimits limits_;
  int64_t steps_ = 0;
  int64_t bytes_ = 0;
  std::vector<std::shared_ptr<Namespace>> namespaces_;  // emptied at the end: a namespace may hold itself
};

}  // namespace tidemark::jinja

#endif  // TIDEMARK_ENGINE_CHAT_RUNTIME_H_
