// A name that stands in an answer: does the answer claim it, or mention, negate, outdo or continue it?
#include <algorithm>
#include <span>

#include "evals/omniscience/name_rules.h"

namespace tidemark::omniscience {
namespace {

constexpr size_t kFurthest = 60;  // words back in a sentence: more would only cost time

// A further word in capitals behind a person's name makes another name of it: "Martin Luther King". A word of the question, what
// follows a possessive, or "Jr." does not.
bool ContinuesPerson(const NameReading& answer, size_t end) {
  const Word& next = answer.words[end];
  if (IsOneOf(next.text, {"fils", "sr", "senior"})) return true;
  if (!next.capital || answer.words[end - 1].original.ends_with("'s") || Contains(answer.question, next.text)) return false;
  if (IsRegnalNumber(next) || IsTitle(next.text)) return true;
  return !IsFunctionWord(next.text) && !IsGeneric(next.text) && !IsOneOf(next.text, {"jr", "junior", "esq"});
}

// "Henry IV of England" where the gold says "of France".
bool OfElsewhere(const NameReading& answer, size_t end, const std::vector<Words>& forms) {
  const Words& words = answer.words;
  if (words[end].text != "of" || end + 1 >= words.size() || !words[end + 1].capital) return false;
  const std::string& where = words[end + 1].text;
  const auto holds = [&](std::string_view text) {
    return std::any_of(forms.begin(), forms.end(), [&](const Words& form) { return Contains(form, text); });
  };
  return holds("of") && !holds(where) && !Contains(answer.question, where);
}

// The occurrence at [at, at + size) is part of a longer name: "New York" for York, "sodium chloride" for sodium.
bool InLongerName(const NameReading& answer, size_t at, size_t size, const std::vector<Words>& forms) {
  const Words& words = answer.words;
  const auto foreign = [&](const Word& w) {
    return !Contains(answer.question, w.text) && !IsFiller(w.text) && !IsGeneric(w.text);
  };
  const size_t end = at + size;
  const bool right = end < words.size() && words[end].before == " " && !BeginsClause(words, end);
  const bool left_joined = at > 0 && words[at].before == "-", right_joined = end < words.size() && words[end].before == "-";
  if (answer.person && right && OfElsewhere(answer, end, forms)) return true;
  if (answer.person) return (right || right_joined) && ContinuesPerson(answer, end);
  if ((left_joined && foreign(words[at - 1])) || (right_joined && foreign(words[end]))) return true;
  const bool left = at > 0 && words[at].before == " " && !BeginsClause(words, at);
  // A capital in the middle of a sentence marks a name; at its beginning it marks nothing.
  if (left && words[at - 1].capital && !BeginsSentence(words, at - 1) && foreign(words[at - 1])) return true;
  if (left && words[at - 1].capital && words[at].capital && foreign(words[at - 1])) return true;
  if (right && words[end].capital && foreign(words[end])) return true;
  // In a bare phrase every further noun changes what is meant; a verb in the past does not.
  if (words.size() > size + 2) return false;
  if (!words[at].capital && left && foreign(words[at - 1])) return true;
  return right && foreign(words[end]) && !words[end].text.ends_with("ed");
}

// Another candidate offered beside the occurrence: "X or Y", "X/Y", "either", "X and Y".
bool OneOfTwo(const Words& words, size_t at, size_t size, const std::vector<Words>& forms, const Words& question) {
  const auto is_gold = [&](size_t from) {
    return std::any_of(forms.begin(), forms.end(), [&](const Words& f) { return Matches(words, from, f); });
  };
  const size_t end = at + size;
  const auto ends_with_gold = [&](size_t stop) {
    return std::any_of(forms.begin(), forms.end(),
                       [&](const Words& f) { return f.size() <= stop && Matches(words, stop - f.size(), f); });
  };
  if (end < words.size() && words[end].before == "/" && !is_gold(end)) return true;
  if (at > 0 && words[at].before == "/" && !ends_with_gold(at)) return true;
  if (end + 1 < words.size() && words[end].text == "or" && words[end].before.find('(') == std::string::npos) {
    size_t next = end + 1;
    while (next + 1 < words.size() &&
           IsOneOf(words[next].text, {"maybe", "perhaps", "possibly", "even", "simply", "just", "more", "precisely"}))
      ++next;
    if (!is_gold(next)) return true;
  }
  if (at > 0 && (words[at - 1].text == "or" || words[at - 1].text == "either")) {
    if (words[at - 1].text == "either" || !ends_with_gold(at - 1)) return true;
  }
  if (at > 1 && words[at - 2].text == "or" && IsOneOf(words[at - 1].text, {"maybe", "perhaps", "possibly"}) &&
      !ends_with_gold(at - 2))
    return true;
  // "X and Y" where one was asked for; "X and the others", "X and it" name nobody else.
  const auto other = [&](size_t i) {
    return words[i].capital && !Contains(question, words[i].text) && !IsFiller(words[i].text) && !IsGeneric(words[i].text) &&
           words[i].text != "i";
  };
  const auto joins = [&](size_t i) { return words[i].text == "and" && words[i].before == " "; };
  if (end + 1 < words.size() && joins(end) && other(end + 1) && !is_gold(end + 1)) return true;
  if (at > 1 && joins(at - 1) && other(at - 2) && !ends_with_gold(at - 1) && !Negated(words, at - 2)) return true;
  // A list that ends in "or": every member is a candidate, but not "Oslo, once called Christiania or Kristiania".
  for (size_t i = end; i < words.size() && i < end + 6 && !BeginsSentence(words, i); ++i) {
    if (IsOneOf(words[i].text, {"once", "formerly", "previously", "also", "then", "called", "known", "named", "written",
                                "spelled", "which", "who", "whose", "where"}))
      break;
    if (words[i].text == "or" && words[end].before.find(',') != std::string::npos && words.size() <= 12) return true;
  }
  return false;
}

bool IsRelation(std::string_view w) {
  return IsOneOf(w, {"student",   "pupil",     "successor", "predecessor",  "son",     "daughter", "brother",
                     "sister",    "wife",      "husband",   "father",       "mother",  "friend",   "rival",
                     "colleague", "assistant", "nephew",    "contemporary", "teacher", "neighbour"});
}

// A name stands before words[at] in its sentence that is not in the question: a candidate beside which the other is mentioned.
// For what is written in lower case another noun is enough.
bool BehindCandidate(const Words& words, size_t at, const Words& question) {
  for (size_t i = at; i-- > 0 && at - i <= kFurthest;) {
    const Word& w = words[i];
    const bool name = (w.capital || !words[at].capital) && !IsFunctionWord(w.text) && !IsGeneric(w.text) && !IsTitle(w.text) &&
                      w.text != "i" &&
                      std::none_of(question.begin(), question.end(), [&](const Word& q) { return SameRoot(q.stem, w.stem); });
    if (name && i + 1 < at) return true;
    if (BeginsSentence(words, i)) break;
  }
  return false;
}

// "It is Lyon, near Paris": what stands in such a place behind another candidate is not what is claimed.
bool OnlyMentioned(const Words& words, size_t at, const Words& question) {
  if (at == 0 || BeginsSentence(words, at)) return false;
  const std::string& before = words[at - 1].text;
  const auto asked = [&](const Word& w) {
    return std::any_of(question.begin(), question.end(), [&](const Word& q) { return SameRoot(q.stem, w.stem); });
  };
  if (asked(words[at - 1])) return false;
  if (IsOneOf(before, {"near", "besides", "replaced", "replacing", "succeeded", "succeeding", "preceding", "preceded",
                       "resembles", "beside", "after", "behind"}))
    return BehindCandidate(words, at, question);
  if (at < 2 || asked(words[at - 2])) return false;
  const std::string& relation = words[at - 2].text;
  if (before == "of") return IsRelation(relation) || IsOneOf(relation, {"north", "south", "east", "west", "outside", "instead"});
  // "written by Pound and edited by Eliot": who is named first did what was asked.
  for (size_t i = at - 1; before == "by" && i-- > 1 && at - i <= kFurthest && !BeginsSentence(words, i + 1);) {
    if (words[i].text == "by" && words[i + 1].capital && !Contains(question, words[i + 1].text)) return true;
  }
  return before == "by" && BehindCandidate(words, at, question) &&
         IsOneOf(relation, {"inspired", "influenced", "followed", "preceded", "succeeded", "assisted", "encouraged", "supported",
                            "commissioned", "accompanied"});
}

// "X did not discover it", "X is wrong".
bool NegatedBehind(const Words& words, size_t end) {
  if (end >= words.size() || BeginsSentence(words, end)) return false;
  if (end > 0 && words[end - 1].original.ends_with("'s") && IsRelation(words[end].text)) return true;  // "X's rival"
  if (IsOneOf(words[end].text, {"didnt", "doesnt", "isnt", "wasnt", "cannot"})) return true;
  return end + 1 < words.size() && !BeginsClause(words, end + 1) &&
         IsOneOf(words[end].text, {"did", "does", "is", "was", "has", "had", "would", "could"}) &&
         IsOneOf(words[end + 1].text, {"not", "never", "wrong", "incorrect", "false", "wrongly", "mistakenly", "incorrectly",
                                       "falsely", "erroneously"}) &&
         !(end + 2 < words.size() && IsOneOf(words[end + 2].text, {"only", "just", "merely"}));
}

// "in Nevada and later moved to Delaware": what came later, behind another name in the same sentence.
bool CameLater(const Words& words, size_t at, const Words& question) {
  bool later = false;
  for (size_t i = at; i-- > 0 && at - i <= kFurthest;) {
    const std::string& w = words[i].text;
    if (IsOneOf(w, {"later", "subsequently", "eventually", "afterwards"}) && !Contains(question, w)) later = true;
    const bool name = words[i].capital && !BeginsSentence(words, i) && !Contains(question, w) && !IsFunctionWord(w) &&
                      !IsGeneric(w) && !IsTitle(w) && !Negated(words, i);
    if (later && name) return true;
    if (BeginsSentence(words, i)) break;
  }
  return false;
}

// "It used to be called Urga, but today ...": an older name, unless the question is after it.
bool OfThePast(const Words& words, size_t begin, size_t end, const Words& question, size_t last_now) {
  bool past = false;
  for (size_t i = begin; i < end; ++i) {
    const bool used_to = words[i].text == "used" && i + 1 < end && words[i + 1].text == "to";
    past = past || used_to ||
           (IsOneOf(words[i].text, {"formerly", "once", "previously", "originally", "initially"}) &&
            !Contains(question, words[i].text));
  }
  return past && last_now >= end;
}

// "Saturn? No: Jupiter."
bool Retracted(const Words& words, size_t end) {
  return end < words.size() && words[end].before.find('?') != std::string::npos &&
         IsOneOf(words[end].text, {"no", "nope", "not"});
}

// The end of the first clause that says something else than the gold behind it would: "Lyon, which is larger than Paris".
size_t EndOfLeadingClause(const Words& words, const Words& question, size_t last_now) {
  size_t begin = 0;
  bool subject = false;  // the clause before repeats words of the question and says nothing yet
  while (begin < words.size()) {
    size_t end = begin + 1;
    while (end < words.size() && !BeginsClause(words, end) &&
           !IsOneOf(words[end].text, {"which", "who", "because", "whose", "where"}))
      ++end;
    if (end == words.size()) break;  // nothing stands behind it
    const bool adverbial =
        IsOneOf(words[begin].text, {"without", "despite",  "in",     "on",     "at",    "by",    "during", "as",    "according",
                                    "for",     "of",       "after",  "before", "under", "since", "with",   "among", "while",
                                    "when",    "although", "though", "if",     "like",  "born",  "from"});
    if (OfThePast(words, begin, end, question, last_now) || Retracted(words, end)) {
      begin = end;
      continue;
    }
    size_t telling = 0;
    bool capital = false, all_capital = true;
    for (size_t i = begin; i < end; ++i) {
      if (IsFiller(words[i].text) || Contains(question, words[i].text) || IsGeneric(words[i].text)) continue;
      ++telling;
      if (IsOneOf(words[i].text, {"no", "not", "nope"})) continue;
      all_capital = all_capital && words[i].capital;
      capital = capital || (words[i].capital && i > 0) || (i == 0 && words[i].capital && end - begin <= 3);
    }
    if (begin == 0 && end - begin == 3 && !all_capital) capital = false;  // a sentence, and not the name asked for
    const std::span<const Word> clause(words.data() + begin, end - begin);
    const bool asked =
        std::any_of(clause.begin(), clause.end(), [&](const Word& w) { return !IsFiller(w.text) && Contains(question, w.text); });
    // "The first reactor, Chicago Pile-1, was built by ...": an apposition.
    const bool bare = std::none_of(clause.begin(), clause.end(), [](const Word& w) { return IsFunctionWord(w.text); });
    const bool apposition = subject && bare && clause.size() <= 4 && !BeginsSentence(words, end);
    if (!adverbial && !apposition && telling > 0 && telling <= 4 && capital && !Negated(words, end - 1)) return end;
    subject = telling == 0 && asked;
    begin = end;
  }
  return std::string::npos;
}

// "Note that X does something else": a sentence that leaves the subject, behind one that has said something.
bool InAside(const Words& words, size_t at) {
  size_t begin = at;
  while (begin > 0 && !BeginsSentence(words, begin)) --begin;
  if (begin == 0) return false;
  const std::string& first = words[begin].text;
  const std::string_view second = begin + 1 < words.size() ? std::string_view(words[begin + 1].text) : "";
  return IsOneOf(first, {"note", "other", "others", "another", "similarly", "compare", "later", "unlike", "conversely"}) ||
         (IsOneOf(first, {"by", "in"}) && IsOneOf(second, {"contrast", "comparison"}));
}

// The end of the first sentence that answers with a name: it repeats two words of the question and names somebody or something
// that the question does not, without "although" or "many think".
size_t EndOfLeadingSentence(const Words& words, const Words& question) {
  size_t begin = 0;
  while (begin < words.size()) {
    size_t end = begin + 1;
    while (end < words.size() && !BeginsSentence(words, end)) ++end;
    size_t shared = 0;
    bool named = false;
    for (size_t i = begin; i < end; ++i) {
      const Word& w = words[i];
      if (IsFunctionWord(w.text)) continue;
      if (std::any_of(question.begin(), question.end(), [&](const Word& q) { return SameRoot(q.stem, w.stem); })) {
        ++shared;
      } else if (w.capital && i > begin && !IsGeneric(w.text) && !IsTitle(w.text) && !Negated(words, i)) {
        named = true;
      }
    }
    const bool aside = IsOneOf(words[begin].text, {"although", "while", "though", "many", "some", "people", "despite", "let"});
    if (shared >= 2 && named && !aside && end < words.size() && words[end].before.find('?') == std::string::npos) return end;
    begin = end;
  }
  return std::string::npos;
}

// Where the question names the options ("a debit or a credit"), the other one: the word beside "or" that is not in the gold.
std::string OtherOption(const Words& question, const Words& form) {
  for (size_t i = 1; i + 1 < question.size(); ++i) {
    if (question[i].text != "or") continue;
    size_t left = i - 1, right = i + 1;
    while (left > 0 && IsFiller(question[left].text)) --left;
    while (right + 1 < question.size() && IsFiller(question[right].text)) ++right;
    const bool gold_left = Contains(form, question[left].text);
    if (gold_left != Contains(form, question[right].text)) return gold_left ? question[right].text : question[left].text;
  }
  return {};
}

}  // namespace

NameReading ReadForNames(const Words& words, const Words& question, bool person) {
  NameReading answer{words, question, person};
  for (size_t i = words.size(); i-- > 0 && answer.last_now == 0;) {
    if (IsOneOf(words[i].text, {"today", "now", "nowadays", "currently", "but"})) answer.last_now = i;
  }
  answer.led = std::min(EndOfLeadingClause(words, question, answer.last_now), EndOfLeadingSentence(words, question));
  return answer;
}

bool Claims(const NameReading& answer, size_t at, size_t size, const std::vector<Words>& forms) {
  const Words &words = answer.words, &question = answer.question;
  if (Negated(words, at) || NegatedBehind(words, at + size) || OnlyMentioned(words, at, question) ||
      CameLater(words, at, question))
    return false;
  if (OneOfTwo(words, at, size, forms, question) || InLongerName(answer, at, size, forms)) return false;
  const Words form(words.begin() + static_cast<std::ptrdiff_t>(at), words.begin() + static_cast<std::ptrdiff_t>(at + size));
  const bool in_question = std::all_of(form.begin(), form.end(), [&](const Word& w) { return Contains(question, w.text); });
  if (in_question) {
    const std::string other = OtherOption(question, form);
    if (other.empty()) return words.size() <= size + 3;
    for (size_t i = 0; i < at; ++i) {
      if (words[i].text == other && !Negated(words, i)) return false;
    }
    return true;
  }
  return !InAside(words, at) && (answer.led == std::string::npos || answer.led > at);
}

}  // namespace tidemark::omniscience
