// The tree of a parsed template: expressions and statements, one struct each with a kind, as the interpreter walks them.
#ifndef TIDEMARK_ENGINE_CHAT_AST_H_
#define TIDEMARK_ENGINE_CHAT_AST_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/chat/value.h"

namespace tidemark::jinja {

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

struct CallArgs {
  std::vector<ExprPtr> positional;
  std::vector<std::pair<std::string, ExprPtr>> named;
  ExprPtr star;         // *args
  ExprPtr double_star;  // **kwargs
};

struct Expr {
  enum class Kind {
    kConst,  // constant
    kName,   // name
    kNsRef,  // name.attribute, only as a target of set
    kList,
    kTuple,
    kDict,       // operands: key, value, key, value, ...
    kAttribute,  // operands[0].name
    kItem,       // operands[0][operands[1]]
    kSlice,      // operands[0][a:b:c]; operands 1-3, null where left out
    kCall,       // operands[0](args)
    kFilter,     // operands[0] | name(args); operand null inside filter blocks
    kTest,       // operands[0] is name(args)
    kNot,
    kAnd,
    kOr,
    kNegate,
    kPlus,
    kBinary,     // operands[0] name operands[1]; name is the operator
    kConcat,     // operands joined by ~
    kCompare,    // operands[0] names[0] operands[1] names[1] ...
    kCondition,  // operands[0] if operands[1] else operands[2] (may be null)
  };
  Kind kind = Kind::kConst;
  int line = 0;
  int depth = 1;  // of the tree below, bounded by the parser
  Value constant;
  std::string name;
  std::string attribute;
  std::vector<std::string> names;
  std::vector<ExprPtr> operands;
  CallArgs args;
};

struct Stmt;
using Block = std::vector<std::unique_ptr<Stmt>>;

// Parameters and body of a macro, a call block or a generation block.
struct Function {
  std::string name;
  std::vector<std::string> parameters;
  std::vector<ExprPtr> defaults;  // of the last parameters
  bool uses_caller = false;       // the body mentions these names; only then are they passed
  bool uses_kwargs = false;
  bool uses_varargs = false;
  Block body;
};

struct Stmt {
  enum class Kind {
    kText,        // text
    kOutput,      // value
    kIf,          // branches: condition (null: else) and body
    kFor,         // target in value if test: body else otherwise
    kSet,         // target = value
    kSetBlock,    // target = body | filter
    kWith,        // targets = values: body
    kMacro,       // function
    kCall,        // value is the call, function its body
    kGeneration,  // function
    kFilter,      // value is the filter chain, body
    kBreak,
    kContinue,
  };
  Kind kind = Kind::kText;
  int line = 0;
  std::string text;
  ExprPtr target, value, test;
  std::vector<std::pair<ExprPtr, ExprPtr>> bindings;
  std::vector<std::pair<ExprPtr, Block>> branches;
  Block body, otherwise;
  bool recursive = false;
  Function function;
};

}  // namespace tidemark::jinja

#endif  // TIDEMARK_ENGINE_CHAT_AST_H_
