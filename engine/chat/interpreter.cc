#include "engine/chat/interpreter.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/chat/builtins.h"
#include "engine/chat/runtime.h"
#include "engine/chat/variables.h"
#include "engine/core/error.h"

namespace tidemark::jinja {
namespace {

using Json = nlohmann::ordered_json;

struct Scope {
  Scope* parent = nullptr;
  std::vector<std::pair<std::string, Value>> names;
  bool captured = false;  // a macro may still read it

  Value* Find(std::string_view name) {
    for (auto& [key, value] : names) {
      if (key == name) return &value;
    }
    return nullptr;
  }
  void Set(const std::string& name, Value value) {
    if (Value* old = Find(name)) {
      *old = std::move(value);
    } else {
      names.emplace_back(name, std::move(value));
    }
  }
};

enum class Flow { kNext, kBreak, kContinue };

class Interpreter {
 public:
  Interpreter(const std::string& name, const RenderLimits& limits) : name_(name), runtime_(limits) {}
  ~Interpreter() {
    // A macro lives in the scope that it captured: values first, scopes after.
    for (const auto& scope : scopes_) scope->names.clear();
  }

  std::string Run(const Block& block, const Json& variables) try {
    if (!variables.is_object()) Fail("variables that are no object", "a JSON object");
    Scope* root = Open(nullptr);
    for (const auto& [key, value] : variables.items()) root->names.emplace_back(key, FromJson(value));
    std::string out;
    out_ = &out;
    Execute(block, Open(root));
    return out;
  } catch (Failure& failure) {
    throw Error(fmt::format("{}:{}", name_, runtime_.line), std::move(failure.found), std::move(failure.expected));
  }

 private:
  class Nested {
   public:
    explicit Nested(Interpreter* owner) : owner_(owner) {
      if (++owner_->depth_ > owner_->runtime_.limits().max_depth) {
        --owner_->depth_;
        Fail(fmt::format("nesting deeper than {}", owner_->runtime_.limits().max_depth), "shallower macros or expressions");
      }
    }
    ~Nested() { --owner_->depth_; }

   private:
    Interpreter* owner_;
  };

  Scope* Open(Scope* parent) {
    runtime_.Charge(64);
    scopes_.push_back(std::make_unique<Scope>());
    scopes_.back()->parent = parent;
    return scopes_.back().get();
  }

  // Scopes close in the order they opened, so an uncaptured one is the last.
  void Close(Scope* scope) {
    if (scopes_.back().get() == scope && !scope->captured) scopes_.pop_back();
  }

  void Write(std::string_view text) {
    if (static_cast<int64_t>(out_->size() + text.size()) > runtime_.limits().max_output_bytes) {
      Fail(fmt::format("more than {} bytes of output", runtime_.limits().max_output_bytes),
           "a shorter text (or raise max_output_bytes)");
    }
    out_->append(text);
  }

  // Runs fn with the output going to a string.
  template <typename Fn>
  std::string Capture(Fn&& fn) {
    std::string text;
    std::string* outer = std::exchange(out_, &text);
    try {
      fn();
    } catch (...) {
      out_ = outer;
      throw;
    }
    out_ = outer;
    runtime_.Charge(text.size());
    return text;
  }

  // ---- statements

  Flow Execute(const Block& block, Scope* scope) {
    const Nested nested(this);
    for (const auto& stmt : block) {
      const Flow flow = Execute(*stmt, scope);
      if (flow != Flow::kNext) return flow;
    }
    return Flow::kNext;
  }

  Flow ExecuteIn(const Block& block, Scope* scope) {
    const Flow flow = Execute(block, scope);
    Close(scope);
    return flow;
  }

  Flow Execute(const Stmt& stmt, Scope* scope) {
    runtime_.Step();
    runtime_.line = stmt.line;
    switch (stmt.kind) {
      case Stmt::Kind::kText:
        Write(stmt.text);
        return Flow::kNext;
      case Stmt::Kind::kOutput:
        Print(Evaluate(*stmt.value, scope), stmt.line);
        return Flow::kNext;
      case Stmt::Kind::kIf:
        for (const auto& [condition, body] : stmt.branches) {
          if (condition == nullptr || Truth(Evaluate(*condition, scope))) return Execute(body, scope);
        }
        return Flow::kNext;
      case Stmt::Kind::kFor:
        return For(stmt, scope);
      case Stmt::Kind::kSet:
        Assign(*stmt.target, Evaluate(*stmt.value, scope), scope);
        return Flow::kNext;
      case Stmt::Kind::kSetBlock:
      case Stmt::Kind::kFilter:
        return Captured(stmt, scope);
      case Stmt::Kind::kWith:
        return With(stmt, scope);
      case Stmt::Kind::kMacro:
        scope->Set(stmt.function.name, MakeMacro(stmt.function, scope));
        return Flow::kNext;
      case Stmt::Kind::kCall:
        Print(Call(*stmt.value, scope, MakeMacro(stmt.function, scope)), stmt.line);
        return Flow::kNext;
      case Stmt::Kind::kGeneration:
        return ExecuteIn(stmt.function.body, Open(scope));
      case Stmt::Kind::kBreak:
        return Flow::kBreak;
      case Stmt::Kind::kContinue:
        return Flow::kContinue;
    }
    return Flow::kNext;
  }

  void Print(const Value& value, int line) {
    runtime_.line = line;
    const std::string text = ToText(value);
    runtime_.Step(static_cast<int64_t>(text.size() / 64));
    Write(text);
  }

  Flow Captured(const Stmt& stmt, Scope* scope) {
    Flow flow = Flow::kNext;
    Value text{Capture([&] { flow = ExecuteIn(stmt.body, Open(scope)); })};
    if (flow != Flow::kNext) return flow;
    if (stmt.value != nullptr) text = Filter(*stmt.value, scope, &text);
    if (stmt.kind == Stmt::Kind::kSetBlock) {
      Assign(*stmt.target, std::move(text), scope);
    } else {
      Print(text, stmt.line);
    }
    return Flow::kNext;
  }

  Flow With(const Stmt& stmt, Scope* scope) {
    Scope* inner = Open(scope);
    for (const auto& [target, value] : stmt.bindings) Assign(*target, Evaluate(*value, scope), inner);
    return ExecuteIn(stmt.body, inner);
  }

  Flow For(const Stmt& stmt, Scope* scope) {
    if (stmt.recursive) Fail("a recursive loop", "a loop without 'recursive' (use a macro)");
    auto loop = std::make_shared<LoopState>();
    loop->source = runtime_.Walk(Evaluate(*stmt.value, scope));
    for (const Value& item : loop->source) loop->depth = std::max(loop->depth, Depth(item) + 1);
    if (stmt.test != nullptr) {
      loop->accept = [&](const Value& item) {
        const int line = std::exchange(runtime_.line, stmt.test->line);
        Scope* inner = Open(scope);
        Assign(*stmt.target, item, inner);
        const bool accepted = Truth(Evaluate(*stmt.test, inner));
        Close(inner);
        runtime_.line = line;
        return accepted;
      };
    }
    // A macro may keep `loop` beyond the statement whose test it calls.
    const auto release = [&loop] { loop->accept = nullptr; };
    Flow flow = Flow::kNext;
    while (flow != Flow::kBreak && loop->Advance()) {
      runtime_.Step();
      Scope* inner = Open(scope);
      inner->Set("loop", Value(loop));
      Assign(*stmt.target, loop->current, inner);
      flow = ExecuteIn(stmt.body, inner);
    }
    const bool none = loop->index0 < 0;
    release();
    return none ? ExecuteIn(stmt.otherwise, Open(scope)) : Flow::kNext;
  }

  void Assign(const Expr& target, Value value, Scope* scope) {
    if (target.kind == Expr::Kind::kName) return scope->Set(target.name, std::move(value));
    if (target.kind == Expr::Kind::kNsRef) {
      const Value holder = Lookup(target.name, scope);
      Namespace* space = holder.name_space();
      if (space == nullptr)
        Fail(fmt::format("an assignment to .{} of a {}", Printable(target.attribute), TypeName(holder)), "a namespace");
      if (target.attribute[0] == '_') Fail("a namespace attribute that begins with '_'");
      return space->attributes.Set(Value(target.attribute), std::move(value));
    }
    Values parts = runtime_.Walk(value);
    if (parts.size() != target.operands.size()) {
      Fail(fmt::format("{} values to unpack", parts.size()), fmt::format("{}", target.operands.size()));
    }
    for (size_t i = 0; i < parts.size(); ++i) Assign(*target.operands[i], std::move(parts[i]), scope);
  }

  Value Lookup(const std::string& name, Scope* scope) {
    for (; scope != nullptr; scope = scope->parent) {
      if (Value* value = scope->Find(name)) return *value;
    }
    if (std::optional<Value> global = FindGlobal(name)) return *global;
    return Value::MakeUndefined(fmt::format("the undefined variable '{}'", Printable(name)));
  }

  // ---- macros

  Value MakeMacro(const Function& function, Scope* scope) {
    for (Scope* s = scope; s != nullptr; s = s->parent) s->captured = true;
    auto callable = std::make_shared<Callable>();
    callable->name = function.name;
    callable->call = [this, &function, scope](Runtime&, Arguments& args) { return CallMacro(function, scope, args); };
    return Value(std::shared_ptr<const Callable>(std::move(callable)));
  }

  // jinja2.runtime.Macro.__call__: positional arguments, then names, then defaults, which may use earlier parameters.
  Value CallMacro(const Function& function, Scope* definition, Arguments& args) {
    const Nested nested(this);
    const int line = runtime_.line;
    Scope* scope = Open(definition);
    const size_t count = function.parameters.size();
    const auto take = [&args](std::string_view name) -> std::optional<Value> {
      for (auto it = args.named.begin(); it != args.named.end(); ++it) {
        if (it->first != name) continue;
        Value value = std::move(it->second);
        args.named.erase(it);
        return value;
      }
      return std::nullopt;
    };
    const size_t given = std::min(count, args.positional.size());
    for (size_t i = 0; i < given; ++i) scope->Set(function.parameters[i], args.positional[i]);
    std::vector<std::optional<Value>> rest;
    for (size_t i = given; i < count; ++i) rest.push_back(take(function.parameters[i]));
    const bool own_caller =
        std::find(function.parameters.begin(), function.parameters.end(), "caller") != function.parameters.end();
    if (function.uses_caller && !own_caller)
      scope->Set("caller", take("caller").value_or(Value::MakeUndefined("no caller defined")));
    if (function.uses_kwargs) {
      Dict kwargs;
      for (auto& [key, value] : args.named) kwargs.Set(Value(key), value);
      scope->Set("kwargs", MakeDict(std::move(kwargs)));
    } else if (!args.named.empty()) {
      Fail(fmt::format("macro '{}' called with '{}'", function.name, Printable(args.named[0].first)), "one of its parameters");
    }
    Values extra(args.positional.begin() + static_cast<ptrdiff_t>(given), args.positional.end());
    if (!function.uses_varargs && !extra.empty()) {
      Fail(fmt::format("macro '{}' called with {} arguments", function.name, args.positional.size()),
           fmt::format("at most {}", count));
    }
    if (function.uses_varargs) scope->Set("varargs", MakeTuple(std::move(extra)));
    for (size_t i = given; i < count; ++i) {
      const size_t first_default = count - function.defaults.size();
      std::optional<Value>& value = rest[i - given];
      if (!value && i >= first_default) value = Evaluate(*function.defaults[i - first_default], scope);
      const std::string& name = function.parameters[i];
      scope->Set(name, value ? *value : Value::MakeUndefined(fmt::format("the parameter '{}', which was not provided", name)));
    }
    std::string text = Capture([&] { ExecuteIn(function.body, scope); });
    runtime_.line = line;
    return Value(std::move(text));
  }

  // ---- expressions

  Arguments Collect(const CallArgs& args, Scope* scope) {
    Arguments out;
    for (const ExprPtr& e : args.positional) out.positional.push_back(Evaluate(*e, scope));
    for (const auto& [name, e] : args.named) out.named.emplace_back(name, Evaluate(*e, scope));
    if (args.star != nullptr) {
      for (Value& value : runtime_.Walk(Evaluate(*args.star, scope))) out.positional.push_back(std::move(value));
    }
    if (args.double_star != nullptr) {
      const Value more = Evaluate(*args.double_star, scope);
      if (more.dict() == nullptr) Fail(fmt::format("** before a {}", TypeName(more)), "a dict");
      for (const auto& [key, value] : more.dict()->entries) {
        if (!key.IsString()) Fail("a keyword that is no string");
        if (out.Named(key.text()->bytes) != nullptr) Fail("the argument " + Printable(key.text()->bytes) + " twice");
        out.named.emplace_back(key.text()->bytes, value);
      }
    }
    return out;
  }

  Value Call(const Expr& expr, Scope* scope, const Value& caller) {
    const Value callee = Evaluate(*expr.operands[0], scope);
    Arguments args = Collect(expr.args, scope);
    if (!caller.IsNone()) args.named.emplace_back("caller", caller);
    runtime_.line = expr.line;
    return runtime_.Call(callee, args);
  }

  Value Filter(const Expr& expr, Scope* scope, const Value* innermost) {
    const Expr* operand = expr.operands[0].get();
    const Value self = operand == nullptr                     ? *innermost
                       : operand->kind == Expr::Kind::kFilter ? Filter(*operand, scope, innermost)
                                                              : Evaluate(*operand, scope);
    Arguments args = Collect(expr.args, scope);
    runtime_.Step();
    runtime_.line = expr.line;
    const Builtin* filter = FindFilter(expr.name);
    if (filter == nullptr) Fail("the filter " + Printable(expr.name), "a known filter");
    return CallBuiltin(runtime_, *filter, self, args);
  }

  Value Test(const Expr& expr, Scope* scope) {
    const Value self = Evaluate(*expr.operands[0], scope);
    Arguments args = Collect(expr.args, scope);
    runtime_.line = expr.line;
    const Builtin* test = FindTest(expr.name);
    if (test == nullptr) Fail("the test " + Printable(expr.name), "a known test");
    return CallBuiltin(runtime_, *test, self, args);
  }

  Value Compare(const Expr& expr, Scope* scope) {
    Value left = Evaluate(*expr.operands[0], scope);
    for (size_t i = 0; i < expr.names.size(); ++i) {
      Value right = Evaluate(*expr.operands[i + 1], scope);
      runtime_.line = expr.line;
      runtime_.Visit(left);
      runtime_.Visit(right);
      const std::string& op = expr.names[i];
      bool holds = false;
      if (op == "==") holds = Equal(left, right);
      if (op == "!=") holds = !Equal(left, right);
      if (op == "<") holds = Less(left, right);
      if (op == ">") holds = Less(right, left);
      if (op == "<=") holds = Less(left, right) || Equal(left, right);
      if (op == ">=") holds = Less(right, left) || Equal(left, right);
      if (op == "in") holds = Contains(right, left);
      if (op == "not in") holds = !Contains(right, left);
      if (!holds) return Value(false);
      left = std::move(right);
    }
    return Value(true);
  }

  Values EvaluateAll(const std::vector<ExprPtr>& operands, Scope* scope) {
    Values out;
    for (const ExprPtr& e : operands) out.push_back(e == nullptr ? Value() : Evaluate(*e, scope));
    return out;
  }

  Value MakeDictOf(const Expr& expr, Scope* scope) {
    Dict dict;
    for (size_t i = 0; i < expr.operands.size(); i += 2) {
      Value key = Evaluate(*expr.operands[i], scope);
      dict.Set(std::move(key), Evaluate(*expr.operands[i + 1], scope));
    }
    return MakeDict(std::move(dict));
  }

  Value Concat(const Expr& expr, Scope* scope) {
    std::string out;
    for (const Value& part : EvaluateAll(expr.operands, scope)) {
      runtime_.Visit(part);
      out += ToText(part);
    }
    runtime_.line = expr.line;
    return runtime_.MakeText(std::move(out));
  }

  Value SliceOf(const Expr& expr, Scope* scope) {
    const Values parts = EvaluateAll(expr.operands, scope);
    runtime_.line = expr.line;
    return Slice(runtime_, parts[0], parts[1], parts[2], parts[3]);
  }

  static Value Plus(const Value& value) {
    if (value.Integer()) return Value(*value.Integer());  // +true is 1
    return value.Number() ? value : Negate(value);        // which refuses it
  }

  Value Evaluate(const Expr& expr, Scope* scope) {
    const Nested nested(this);
    runtime_.Step();
    runtime_.line = expr.line;
    const auto operand = [&](size_t i) {
      Value value = Evaluate(*expr.operands[i], scope);
      runtime_.line = expr.line;
      return value;
    };
    switch (expr.kind) {
      case Expr::Kind::kConst:
        return expr.constant;
      case Expr::Kind::kName:
        return Lookup(expr.name, scope);
      case Expr::Kind::kNsRef:
        return Value();
      case Expr::Kind::kList:
        return MakeList(EvaluateAll(expr.operands, scope));
      case Expr::Kind::kTuple:
        return MakeTuple(EvaluateAll(expr.operands, scope));
      case Expr::Kind::kDict:
        return MakeDictOf(expr, scope);
      case Expr::Kind::kAttribute:
        return runtime_.Attribute(operand(0), expr.name);
      case Expr::Kind::kItem: {
        const Value object = operand(0);
        return runtime_.Item(object, operand(1));
      }
      case Expr::Kind::kSlice:
        return SliceOf(expr, scope);
      case Expr::Kind::kCall:
        return Call(expr, scope, Value());
      case Expr::Kind::kFilter:
        return Filter(expr, scope, nullptr);
      case Expr::Kind::kTest:
        return Test(expr, scope);
      case Expr::Kind::kNot:
        return Value(!Truth(operand(0)));
      case Expr::Kind::kNegate:
        return Negate(operand(0));
      case Expr::Kind::kPlus:
        return Plus(operand(0));
      case Expr::Kind::kAnd:
      case Expr::Kind::kOr: {
        Value left = operand(0);
        return Truth(left) == (expr.kind == Expr::Kind::kOr) ? left : operand(1);
      }
      case Expr::Kind::kBinary: {
        const Value left = operand(0);
        return Binary(runtime_, expr.name, left, operand(1));
      }
      case Expr::Kind::kConcat:
        return Concat(expr, scope);
      case Expr::Kind::kCompare:
        return Compare(expr, scope);
      case Expr::Kind::kCondition:
        if (Truth(operand(1))) return operand(0);
        if (expr.operands[2] != nullptr) return operand(2);
        return Value::MakeUndefined("an inline if that was false and has no else");
    }
    return Value();
  }

  const std::string& name_;
  std::vector<std::unique_ptr<Scope>> scopes_;  // outlives runtime_'s namespaces, which may hold macros
  Runtime runtime_;
  std::string* out_ = nullptr;
  int depth_ = 0;
};

}  // namespace

std::string Interpret(const Block& block, const std::string& name, const Json& variables, const RenderLimits& limits) {
  return Interpreter(name, limits).Run(block, variables);
}

}  // namespace tidemark::jinja
