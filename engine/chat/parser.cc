#include "engine/chat/parser.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/chat/parser_base.h"
#include "engine/core/error.h"

namespace tidemark::jinja {
namespace {

using StmtPtr = std::unique_ptr<Stmt>;
using EndTags = std::initializer_list<std::string_view>;

class StatementParser : public ExpressionParser {
 public:
  using ExpressionParser::ExpressionParser;

  Block ParseTemplate() {
    Block block = ParseBlock({});
    Forget(0);
    return block;
  }

 private:
  StmtPtr MakeStmt(Stmt::Kind kind, int line) {
    auto stmt = std::make_unique<Stmt>();
    stmt->kind = kind;
    stmt->line = line;
    return stmt;
  }

  // Reports unknown filters and tests read since `mark`, unless a condition directly around them forgives them.
  void Forget(size_t mark) {
    if (unknown_.size() <= mark) return;
    if (!guarded_) Throw(unknown_[mark].first, unknown_[mark].second, "a name from Jinja's or the chat template's list");
    unknown_.resize(mark);
  }

  // Statements up to one of the end tags, which is left as the current token; no tags: up to the end of the template.
  Block ParseBlock(EndTags end) {
    const Nested nested(this);
    Block block;
    while (Current().kind != TokenKind::kEnd) {
      const Token token = Current();
      const size_t mark = unknown_.size();
      Next();
      if (token.kind == TokenKind::kData) {
        block.push_back(MakeStmt(Stmt::Kind::kText, token.line));
        block.back()->text = token.text;
      } else if (token.kind == TokenKind::kVariableBegin) {
        StmtPtr output = MakeStmt(Stmt::Kind::kOutput, token.line);
        output->value = ParseTuple({});
        Expect(TokenKind::kVariableEnd, "'}}'");
        block.push_back(std::move(output));
      } else {
        if (std::any_of(end.begin(), end.end(), [this](std::string_view tag) { return IsName(tag); })) return block;
        ParseStatement(block);
        Expect(TokenKind::kBlockEnd, "'%}'");
      }
      Forget(mark);
    }
    if (end.size() > 0) Throw(Current().line, "the end of the template", fmt::format("'{}'", *end.begin()));
    return block;
  }

  Block ParseBody(EndTags end) {
    SkipOperator(":");
    Expect(TokenKind::kBlockEnd, "'%}'");
    return ParseBlock(end);
  }

  // A body that Jinja compiles in a frame of its own: a condition around it does not reach inside.
  Block ParseFrame(EndTags end) {
    const bool guarded = std::exchange(guarded_, false);
    Block body = ParseBody(end);
    guarded_ = guarded;
    return body;
  }

  void ParseStatement(Block& block) {
    if (Current().kind != TokenKind::kName) Throw(Current().line, Describe(Current()), "the name of a tag");
    const Token tag = Next();
    struct Row {
      std::string_view name;
      StmtPtr (StatementParser::*parse)(int line);
    };
    static constexpr Row kRows[] = {
        {"if", &StatementParser::ParseIf},
        {"for", &StatementParser::ParseFor},
        {"set", &StatementParser::ParseSet},
        {"macro", &StatementParser::ParseMacro},
        {"call", &StatementParser::ParseCallBlock},
        {"generation", &StatementParser::ParseGeneration},
        {"filter", &StatementParser::ParseFilterBlock},
        {"with", &StatementParser::ParseWith},
        {"break", &StatementParser::ParseBreak},
        {"continue", &StatementParser::ParseContinue},
    };
    for (const Row& row : kRows) {
      if (row.name == tag.text) {
        block.push_back((this->*row.parse)(tag.line));
        return;
      }
    }
    if (tag.text == "print") return ParsePrint(tag.line, block);
    static constexpr std::string_view kOther[] = {"block", "extends", "include", "import", "from", "autoescape"};
    const bool known = std::find(std::begin(kOther), std::end(kOther), tag.text) != std::end(kOther);
    Throw(tag.line, fmt::format("the tag '{}'", Printable(tag.text)),
          known ? "a template that stands alone (no inheritance, inclusion or autoescape)"
                : "a tag that is open or can be opened here");
  }

  void ParsePrint(int line, Block& block) {
    for (bool comma = false; Current().kind != TokenKind::kBlockEnd; comma = true) {
      if (comma) ExpectOperator(",");
      StmtPtr output = MakeStmt(Stmt::Kind::kOutput, line);
      output->value = ParseExpression();
      block.push_back(std::move(output));
    }
  }

  StmtPtr ParseIf(int line) {
    StmtPtr stmt = MakeStmt(Stmt::Kind::kIf, line);
    const bool guarded = std::exchange(guarded_, true);
    TupleRules rules;
    rules.with_condition = false;
    ExprPtr condition = ParseTuple(rules);
    while (true) {
      const bool last = condition == nullptr;
      Block body = last ? ParseBody({"endif"}) : ParseBody({"endif", "elif", "else"});
      stmt->branches.emplace_back(std::move(condition), std::move(body));
      const std::string tag = Next().text;
      if (tag == "endif") break;
      condition = tag == "elif" ? ParseTuple(rules) : nullptr;
    }
    guarded_ = guarded;
    return stmt;
  }

  StmtPtr ParseFor(int line) {
    StmtPtr stmt = MakeStmt(Stmt::Kind::kFor, line);
    TupleRules target;
    target.simplified = true;
    target.end_name = "in";
    stmt->target = ParseTarget(target);
    CheckLoopName(*stmt->target);
    if (!SkipName("in")) Throw(Current().line, Describe(Current()), "'in'");
    TupleRules source;
    source.with_condition = false;
    source.end_name = "recursive";
    stmt->value = ParseTuple(source);
    if (SkipName("if")) stmt->test = ParseExpression();
    stmt->recursive = SkipName("recursive");
    ++loops_;
    stmt->body = ParseFrame({"endfor", "else"});
    --loops_;
    if (Next().text == "else") {
      stmt->otherwise = ParseFrame({"endfor"});
      Next();
    }
    return stmt;
  }

  void CheckLoopName(const Expr& target) const {
    if (target.kind == Expr::Kind::kName && target.name == "loop") Throw(target.line, "an assignment to 'loop'", "another name");
    for (const ExprPtr& part : target.operands) CheckLoopName(*part);
  }

  StmtPtr ParseSet(int line) {
    StmtPtr stmt = MakeStmt(Stmt::Kind::kSet, line);
    TupleRules rules;
    rules.simplified = true;
    rules.with_namespace = true;
    stmt->target = ParseTarget(rules);
    if (SkipOperator("=")) {
      stmt->value = ParseTuple({});
      return stmt;
    }
    stmt->kind = Stmt::Kind::kSetBlock;
    stmt->value = ParseFilters(nullptr, false);
    stmt->body = ParseFrame({"endset"});
    Next();
    return stmt;
  }

  StmtPtr ParseWith(int line) {
    StmtPtr stmt = MakeStmt(Stmt::Kind::kWith, line);
    while (Current().kind != TokenKind::kBlockEnd) {
      if (!stmt->bindings.empty()) ExpectOperator(",");
      TupleRules rules;
      rules.simplified = true;
      ExprPtr target = ParseTarget(rules);
      ExpectOperator("=");
      stmt->bindings.emplace_back(std::move(target), ParseExpression());
    }
    stmt->body = ParseFrame({"endwith"});
    Next();
    return stmt;
  }

  void ParseSignature(Function& function) {
    ExpectOperator("(");
    while (!IsOperator(")")) {
      if (!function.parameters.empty()) ExpectOperator(",");
      const int line = Current().line;
      std::string parameter = ExpectName();
      if (std::find(function.parameters.begin(), function.parameters.end(), parameter) != function.parameters.end()) {
        Throw(line, "the parameter " + Printable(parameter) + " twice");
      }
      function.parameters.push_back(std::move(parameter));
      if (SkipOperator("=")) {
        function.defaults.push_back(ParseExpression());
      } else if (!function.defaults.empty()) {
        Throw(Current().line, "a parameter without default after one with a default");
      }
    }
    ExpectOperator(")");
  }

  void ParseFunctionBody(Function& function, std::string_view end) {
    functions_.push_back(&function);
    const int loops = std::exchange(loops_, 0);
    function.body = ParseFrame({end});
    loops_ = loops;
    functions_.pop_back();
    Next();
  }

  StmtPtr ParseMacro(int line) {
    StmtPtr stmt = MakeStmt(Stmt::Kind::kMacro, line);
    stmt->function.name = ExpectName();
    ParseSignature(stmt->function);
    ParseFunctionBody(stmt->function, "endmacro");
    const auto& parameters = stmt->function.parameters;
    const auto caller = std::find(parameters.begin(), parameters.end(), "caller");
    const auto required = static_cast<ptrdiff_t>(parameters.size() - stmt->function.defaults.size());
    if (stmt->function.uses_caller && caller != parameters.end() && caller - parameters.begin() < required) {
      Throw(line, "a parameter 'caller' without a default", "no such parameter, or a default");
    }
    return stmt;
  }

  StmtPtr ParseCallBlock(int line) {
    StmtPtr stmt = MakeStmt(Stmt::Kind::kCall, line);
    stmt->function.name = "caller";
    if (IsOperator("(")) ParseSignature(stmt->function);
    stmt->value = ParseExpression();
    if (stmt->value->kind != Expr::Kind::kCall) Throw(line, "a call block without a call", "a macro call");
    ParseFunctionBody(stmt->function, "endcall");
    return stmt;
  }

  StmtPtr ParseGeneration(int line) {
    StmtPtr stmt = MakeStmt(Stmt::Kind::kGeneration, line);
    stmt->function.name = "generation";
    ParseFunctionBody(stmt->function, "endgeneration");
    return stmt;
  }

  StmtPtr ParseFilterBlock(int line) {
    StmtPtr stmt = MakeStmt(Stmt::Kind::kFilter, line);
    stmt->value = ParseFilters(nullptr, true);
    stmt->body = ParseFrame({"endfilter"});
    Next();
    return stmt;
  }

  StmtPtr LoopControl(Stmt::Kind kind, int line) {
    if (loops_ == 0) Throw(line, "break or continue", "a for loop around it");
    return MakeStmt(kind, line);
  }
  StmtPtr ParseBreak(int line) { return LoopControl(Stmt::Kind::kBreak, line); }
  StmtPtr ParseContinue(int line) { return LoopControl(Stmt::Kind::kContinue, line); }

  int loops_ = 0;         // for loops around the current token within the current macro
  bool guarded_ = false;  // directly inside an if
};

}  // namespace

Block Parse(std::string_view source, const std::string& name) {
  return StatementParser(Tokenize(source, name), name).ParseTemplate();
}

}  // namespace tidemark::jinja
