// Groups of patterns and what their matches are worth; see the header.
#include "evals/math/answer_extraction.h"

#include <algorithm>
#include <functional>

#include "evals/math/answer_patterns.h"
#include "evals/math/latex_normalize.h"
#include "evals/math/latex_parser.h"

namespace tidemark::math {
namespace {

constexpr std::string_view kFinalAnswer = "final answer";
constexpr std::string_view kFinalAnswerIs = "final answer is";
constexpr std::string_view kFormulaStarts = "$\\- \t\n\v\f\r";
constexpr std::string_view kExpressionStarts = "= \t\n\v\f\r";

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// The next place of `word` (lower case) in any case.
size_t FindWord(std::string_view text, std::string_view word, size_t from) {
  for (size_t at = from; at + word.size() <= text.size(); ++at) {
    size_t i = 0;
    while (i < word.size() && Lower(text[at + i]) == word[i]) ++i;
    if (i == word.size()) return at;
  }
  return std::string_view::npos;
}

size_t NextCharacter(std::string_view text, size_t at) {
  ++at;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
  return at;
}

size_t SkipBlanks(std::string_view text, size_t at) {
  while (at < text.size() && IsBlankCharacter(text[at])) ++at;
  return at;
}

class Extraction {
 public:
  Extraction(std::string_view text, const Budget& budget) : text_(text), budget_(budget), patterns_(text) {}

  FoundAnswer Run() {
    FoundAnswer answer;
    using Collect = void (Extraction::*)();
    for (Collect collect : {&Extraction::FinalAnswersWithHope, &Extraction::FinalAnswersAndBoxes, &Extraction::AnswersWithColon,
                            &Extraction::Answers, &Extraction::Anything}) {
      places_.clear();
      patterns_of_group_.clear();
      (this->*collect)();
      std::stable_sort(places_.begin(), places_.end(),
                       [](const Place& a, const Place& b) { return a.end != b.end ? a.end > b.end : a.begin < b.begin; });
      for (const Place& place : places_) {
        budget_.CheckTime();
        Match match;
        if (!patterns_of_group_[place.pattern](place.begin, match)) continue;
        std::string text;
        std::optional<Expression> value = Read(match, text, answer.refused);
        if (answer.text.empty()) answer.text = text;
        if (value) {
          answer.value = std::move(value);
          return answer;
        }
      }
    }
    return answer;
  }

 private:
  using Pattern = std::function<bool(size_t, Match&)>;
  // Where a pattern of the group matches. Matches are worked out again when their turn comes: hostile text has very many.
  struct Place {
    uint32_t begin = 0, end = 0;
    uint32_t pattern = 0;  // of patterns_of_group_
  };

  // Tries `pattern` at every place that `next` names, continuing behind each match.
  template <typename Next>
  void Collect(Next next, Pattern pattern) {
    size_t at = 0;
    Match match;
    while ((at = next(at)) < text_.size()) {
      if (++steps_ % 256 == 0) budget_.CheckTime();
      if (pattern(at, match) && match.end > at) {
        places_.push_back(
            {static_cast<uint32_t>(at), static_cast<uint32_t>(match.end), static_cast<uint32_t>(patterns_of_group_.size())});
        at = match.end;
      } else {
        ++at;
      }
    }
    patterns_of_group_.push_back(std::move(pattern));
  }
  // Places with one of these characters.
  auto Characters(std::string_view characters) {
    return [this, characters](size_t from) { return text_.find_first_of(characters, from); };
  }
  auto Word(std::string_view word) {
    return [this, word](size_t from) { return FindWord(text_, word, from); };
  }
  bool Has(size_t at, std::string_view word) const { return at <= text_.size() && text_.substr(at, word.size()) == word; }

  // "final answer is X. I hope"
  void FinalAnswersWithHope() {
    const auto hoped = [this](Match& match) {
      size_t at = match.end + (Has(match.end, ".") ? 1 : 0);
      if (at < text_.size() && IsBlankCharacter(text_[at])) ++at;
      match.end = at + 6;
      return Has(at, "I hope");
    };
    const auto start = [this](size_t at) { return at + kFinalAnswerIs.size() + (Has(at + kFinalAnswerIs.size(), ":") ? 1 : 0); };
    Collect(Word(kFinalAnswerIs),
            [=, this](size_t at, Match& match) { return patterns_.FormulasAfterBlanks(start(at), match) && hoped(match); });
    Collect(Word(kFinalAnswerIs), [=, this](size_t at, Match& match) {
      const size_t from = start(at), number = SkipBlanks(text_, from);
      if (patterns_.ExpressionAt(number, false, match) && hoped(match)) return true;
      return number > from && patterns_.ExpressionAt(number - 1, false, match) && hoped(match);
    });
  }

  // "final answer ... is X", boxes.
  void FinalAnswersAndBoxes() {
    const auto after_is = [this](size_t at, auto match_at) {
      size_t gap = at + kFinalAnswer.size();
      for (int i = 0; i <= 100 && gap < text_.size(); ++i, gap = NextCharacter(text_, gap)) {
        if (!IsBlankCharacter(text_[gap])) continue;
        const size_t is = SkipBlanks(text_, gap);
        if (!Has(is, "is")) continue;
        if (match_at(is + 2 + (Has(is + 2, ":") ? 1 : 0))) return true;
      }
      return false;
    };
    Collect(Word(kFinalAnswer), [=, this](size_t at, Match& match) {
      return after_is(at, [&](size_t from) { return patterns_.FormulasAfterBlanks(from, match); });
    });
    Collect(Characters(kFormulaStarts), [this](size_t at, Match& match) { return patterns_.FormulasAt(at, true, match); });
    Collect([this](size_t from) { return text_.find("\\boxed{", from); },
            [this](size_t at, Match& match) {
              const size_t last = text_.rfind('}');
              if (last < at + 8) return false;
              match = Match{};
              match.begin = at;
              match.end = last + 1;
              match.formulas.push_back({text_.substr(at, last + 1 - at), false, true});
              return true;
            });
    Collect(Word(kFinalAnswer), [=, this](size_t at, Match& match) {
      return after_is(at, [&](size_t from) { return patterns_.ExpressionAt(from, false, match); });
    });
  }

  void AnswersWithColon() { AnswersAfter("answer:"); }
  void Answers() { AnswersAfter("answer"); }

  void AnswersAfter(std::string_view word) {
    Collect(Word(word), [=, this](size_t at, Match& match) {
      size_t gap = at + word.size();
      for (int i = 0; i <= 50 && gap <= text_.size(); ++i, gap = NextCharacter(text_, gap)) {
        if (patterns_.FormulasAt(gap, false, match)) return true;
      }
      return false;
    });
    Collect(Word(word), [=, this](size_t at, Match& match) { return ExpressionAfter(at + word.size(), match); });
  }

  // On the same line: behind the last "=" among the next hundred characters that has an expression behind it, else the first
  // expression among the next fifty.
  bool ExpressionAfter(size_t from, Match& match) {
    std::vector<size_t> equals;
    size_t gap = from;
    for (int i = 0; i <= 100 && gap < text_.size() && text_[gap] != '\n'; ++i, gap = NextCharacter(text_, gap)) {
      if (text_[gap] == '=') equals.push_back(gap);
    }
    for (size_t i = equals.size(); i-- > 0;) {
      const size_t begin = equals[i] + 1, number = SkipBlanks(text_, begin);
      if (patterns_.ExpressionAt(number, true, match)) return true;
      if (number > begin && patterns_.ExpressionAt(number - 1, true, match)) return true;
    }
    gap = from;
    for (int i = 0; i <= 50 && gap <= text_.size(); ++i, gap = NextCharacter(text_, gap)) {
      if (patterns_.ExpressionAt(gap, true, match)) return true;
      if (gap < text_.size() && text_[gap] == '\n') break;
    }
    return false;
  }

  void Anything() {
    Collect(Characters(kFormulaStarts), [this](size_t at, Match& match) { return patterns_.FormulasAt(at, false, match); });
    // Expressions begin with the text or behind a blank or "=".
    const auto behind = [this](size_t from) { return from == 0 ? 0 : text_.find_first_of(kExpressionStarts, from); };
    Collect(behind, [this](size_t at, Match& match) { return patterns_.ArithmeticAt(at, match); });
    Collect(behind, [this](size_t at, Match& match) { return patterns_.NumberAt(at, match); });
  }

  std::optional<Expression> Read(const Match& match, std::string& text, bool& refused) {
    try {
      switch (match.type) {
        case Match::Type::kNumber:
          return ReadNumber(match, text);
        case Match::Type::kArithmetic:
          text = match.arithmetic;
          return ReadArithmetic(match.arithmetic, budget_);
        case Match::Type::kFormulas:
          return ReadFormulas(match, text);
      }
    } catch (const BudgetSpent&) {
      budget_.CheckTime();  // throws again when it was the time; a long or deep formula is passed over
      refused = true;
    }
    return std::nullopt;
  }

  static Expression Percent(Expression value) {
    const Expression one{Kind::kNumber, "1", {}, 0, 0}, hundred{Kind::kNumber, "100", {}, 0, 0};
    return {Kind::kMultiply, "%", {std::move(value), Expression{Kind::kDivide, "", {one, hundred}, 0, 0}}, 0, 0};
  }

  static std::optional<Expression> ReadNumber(const Match& match, std::string& text) {
    std::string integer = match.integer;
    integer.erase(std::remove_if(integer.begin(), integer.end(), [](char c) { return c == ',' || c == ' '; }), integer.end());
    integer.erase(0, std::min(integer.find_first_not_of('0'), integer.size()));
    if (integer.empty()) integer = "0";
    std::string decimal = match.decimal;
    std::replace(decimal.begin(), decimal.end(), ',', '.');
    text = integer + decimal;
    if (text.size() > kMaxFormulaBytes) throw BudgetSpent("a number of more than 32 KiB");
    const bool negative = text[0] == '-';
    Expression value{Kind::kNumber, text.substr(negative ? 1 : 0), {}, 0, 0};
    if (negative) value = {Kind::kNegate, "", {std::move(value)}, 0, 0};
    if (match.percent) value = Percent(std::move(value));
    return value;
  }

  std::optional<Expression> ReadFormula(std::string_view latex) const {
    std::optional<Expression> value = ReadLatex(latex, budget_);
    if (value || latex.find_first_of(",;") != std::string_view::npos) return value;
    // A chain of more than one "=" that cannot be read: its last side.
    size_t parts = 1, last = 0;
    for (size_t i = 0; i < latex.size(); ++i) {
      if (latex[i] != '=' || (i > 0 && std::string_view("\\<!>").find(latex[i - 1]) != std::string_view::npos)) continue;
      ++parts;
      last = i + 1;
    }
    return parts > 2 ? ReadLatex(latex.substr(last), budget_) : std::nullopt;
  }

  std::optional<Expression> ReadFormulas(const Match& match, std::string& text) const {
    std::vector<std::optional<Expression>> values;
    std::string first, joined;
    for (const Formula& formula : match.formulas) {
      const std::string latex = NormalizeLatex(formula.content, formula.plain_box ? Boxes::kLast : Boxes::kAll, kMaxFormulaBytes);
      if (values.empty()) first = latex;
      joined += (values.empty() ? "" : " and ") + latex;
      if (latex.empty() && formula.content.size() > kMaxFormulaBytes) throw BudgetSpent("a formula of more than 32 KiB");
      values.push_back(ReadFormula(latex));
      if (values.back() && formula.percent) values.back() = Percent(std::move(*values.back()));
    }
    text = first;
    const bool all = std::all_of(values.begin(), values.end(), [](const auto& value) { return value.has_value(); });
    if (values.size() == 1 || !all) return values[0];
    text = joined;
    Expression list{Kind::kList, "", {}, 0, 0};
    for (std::optional<Expression>& value : values) {
      if (value->kind == Kind::kList || value->kind == Kind::kSet) {
        list.args.insert(list.args.end(), value->args.begin(), value->args.end());
      } else {
        list.args.push_back(std::move(*value));
      }
    }
    return list;
  }

  std::string_view text_;
  const Budget& budget_;
  AnswerPatterns patterns_;
  std::vector<Place> places_;
  std::vector<Pattern> patterns_of_group_;
  uint64_t steps_ = 0;
};

}  // namespace

FoundAnswer FindAnswer(std::string_view response, const Budget& budget) { return Extraction(response, budget).Run(); }

}  // namespace tidemark::math
