// Names and other short texts: is the gold what the answer commits itself to?
#include <algorithm>
#include <span>
#include <utility>

#include "evals/omniscience/match_rules.h"

namespace tidemark::omniscience {
namespace {

constexpr size_t kMostOccurrences = 32;  // of a gold in one answer: more would only cost time

bool Contains(const Words& words, std::string_view text) {
  return std::any_of(words.begin(), words.end(), [&](const Word& w) { return w.text == text; });
}

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(' ');
  return begin == text.npos ? std::string_view() : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// Ways to write a gold that ask for less: without what stands in brackets, either side of a colon, a place without its region.
std::vector<std::string> Variants(const std::string& gold) {
  std::vector<std::string> all = {gold};
  const auto add = [&all](std::string_view text) {
    text = Trim(text);
    if (text.size() > 1) all.emplace_back(text);
  };
  const size_t open = gold.find(" ("), close = gold.find(')');
  if (open != gold.npos && close != gold.npos && open < close) {
    add(gold.substr(0, open));
    add(std::string_view(gold).substr(open + 2, close - open - 2));
  }
  if (const size_t colon = gold.find(": "); colon != gold.npos) {
    add(std::string_view(gold).substr(0, colon));
    add(std::string_view(gold).substr(colon + 2));
  }
  if (const size_t comma = gold.find(", "); comma != gold.npos && gold.find(',', comma + 1) == gold.npos) {
    const Words rest = SplitWords(gold.substr(comma + 2)), first = SplitWords(gold.substr(0, comma));
    const auto capital = [](const Word& w) { return w.capital; };
    if (!first.empty() && first[0].capital && std::all_of(rest.begin(), rest.end(), capital)) add(gold.substr(0, comma));
  }
  return all;
}

// The noun asked for, with what stands beside it: up to three words after "which" or "what" ("which county contained the").
Words HeadOf(const Words& question) {
  Words head;
  size_t i = 0;
  while (i < question.size() && !IsOneOf(question[i].text, {"which", "what"})) ++i;
  for (++i; i < question.size() && head.size() < 3; ++i) {
    if (!IsFiller(question[i].text)) head.push_back(question[i]);
  }
  return head;
}

// "S.D.N.Y." is SDNY and the other way round.
void AddAcronym(const Words& words, std::vector<Words>& forms) {
  const auto letter = [](const Word& w) { return w.text.size() == 1 && w.capital; };
  const auto dotted = [](const Word& w) { return w.before.empty() || w.before == "." || w.before == ". "; };
  if (words.size() >= 2 && std::all_of(words.begin(), words.end(), letter) && std::all_of(words.begin(), words.end(), dotted)) {
    Word whole = words.front();
    for (size_t i = 1; i < words.size(); ++i) whole.text += words[i].text;
    whole.stem = whole.original = whole.text;
    forms.push_back({whole});
  }
  const std::string& acronym = words.front().original;
  const bool capitals = std::all_of(acronym.begin(), acronym.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (words.size() != 1 || !capitals || acronym.size() < 2 || acronym.size() > 8) return;
  Words letters;
  for (const char c : words.front().text) {
    Word w = words.front();
    w.text = w.stem = w.original = std::string(1, c);
    letters.push_back(w);
  }
  forms.push_back(std::move(letters));
}

// "Schenck v. United States" is "Schenck v. U.S." and Schenck, if the first party is no public one.
void AddCaseName(const Words& words, std::vector<Words>& forms) {
  const auto v = std::find_if(words.begin(), words.end(), [](const Word& w) { return IsOneOf(w.text, {"v", "vs", "versus"}); });
  if (v == words.begin() || v == words.end() || v + 1 == words.end()) return;
  const Words first(words.begin(), v), second(v + 1, words.end());
  const auto is_public = [](const Words& party) {
    return IsOneOf(party.front().text,
                   {"united", "state", "people", "commonwealth", "r", "us", "u", "regina", "rex", "re", "city", "in"});
  };
  if (second.size() == 2 && second[0].text == "united" && second[1].text == "states") {
    Words shorter = first;
    for (const std::string_view letter : {"v", "u", "s"}) {
      Word w = *v;
      w.text = w.stem = w.original = letter;
      shorter.push_back(w);
    }
    forms.push_back(shorter);
  }
  if (!is_public(first) && first.front().text.size() >= 4) forms.push_back(first);
}

// Every form of the gold as words. What kind of thing it is may be left out if the question says it ("Outstanding Paper
// [Award]").
// Persons also without titles and second given names.
std::vector<Words> Forms(const Gold& gold, const Words& question, bool person) {
  std::vector<Words> forms;
  const Words head = HeadOf(question);
  const auto add_person = [&](Words words) {
    while (words.size() > 1 && IsTitle(words.front().text)) words.erase(words.begin());
    if (words.size() < forms.back().size()) forms.push_back(words);
    if (words.size() > 2) forms.push_back({words.front(), words.back()});
  };
  for (const std::string& text : AllGolds(gold)) {
    for (const std::string& variant : Variants(text)) {
      Words words = ContentWords(Clean(variant));
      if (words.empty()) continue;
      forms.push_back(words);
      if (person) add_person(words);
      AddAcronym(words, forms);
      AddCaseName(words, forms);
      const auto asked = [&](const Word& w) { return Contains(head, w.text) || IsFiller(w.text); };
      while (!words.empty() && asked(words.back())) words.pop_back();
      while (!words.empty() && asked(words.front())) words.erase(words.begin());
      const bool telling = std::any_of(words.begin(), words.end(), [](const Word& w) { return w.text.size() >= 3; });
      if (telling && words.size() < forms.back().size()) forms.push_back(std::move(words));
    }
  }
  return forms;
}

bool IsGeneric(std::string_view w) {
  return IsOneOf(w,
                 {"organ",        "gland",    "city",    "country",   "river",     "planet",  "particle", "particles", "element",
                  "metal",        "atom",     "atoms",   "number",    "symbol",    "command", "clause",   "keyword",   "function",
                  "method",       "score",    "scale",   "law",       "award",     "prize",   "language", "languages", "family",
                  "bone",         "standard", "theorem", "unit",      "bond",      "bonds",   "itself",   "today",     "again",
                  "respectively", "only",     "all",     "here",      "system",    "test",    "colour",   "color",     "sir",
                  "dr",           "mr",       "mrs",     "professor", "president", "king",    "queen",    "emperor",   "lord",
                  "saint",        "because",  "when",    "where",     "while",     "since",   "with",     "although",  "whose",
                  "whom",         "if",       "then",    "first",     "in",        "then",    "now",      "s",         "side",
                  "writ",         "person",   "company", "state",     "place",     "town",    "village",  "species",   "disease",
                  "tool",         "manager",  "package", "means",     "stands",    "denotes", "refers",   "equals",    "or",
                  "during",       "between",  "near"});
}

// The occurrence at [at, at + size) is part of a longer name: "New York" for York, "sodium chloride" for sodium.
bool InLongerName(const Words& words, size_t at, size_t size, const Words& question, bool person) {
  const auto foreign = [&](const Word& w) { return !Contains(question, w.text) && !IsFiller(w.text) && !IsGeneric(w.text); };
  const size_t end = at + size;
  const bool left_joined = at > 0 && words[at].before == "-", right_joined = end < words.size() && words[end].before == "-";
  if (!person && ((left_joined && foreign(words[at - 1])) || (right_joined && foreign(words[end])))) return true;
  if (person) return false;
  const bool left = at > 0 && words[at].before == " " && !BeginsClause(words, at);
  const bool right = end < words.size() && words[end].before == " " && !BeginsClause(words, end);
  // A capital in the middle of a sentence marks a name; at its beginning it marks nothing.
  if (left && words[at - 1].capital && !BeginsSentence(words, at - 1) && foreign(words[at - 1])) return true;
  if (left && words[at - 1].capital && words[at].capital && foreign(words[at - 1])) return true;
  if (right && words[end].capital && foreign(words[end])) return true;
  // In a bare phrase every further noun changes what is meant.
  if (words.size() <= size + 2 && !words[at].capital) {
    if ((right && foreign(words[end])) || (left && foreign(words[at - 1]))) return true;
  }
  return words.size() <= size + 2 && right && foreign(words[end]) &&
         !IsOneOf(words[end].text, {"did", "wrote", "painted", "discovered"});
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
  // A list that ends in "or": every member is a candidate.
  for (size_t i = end; i < words.size() && i < end + 6 && !BeginsSentence(words, i); ++i) {
    if (words[i].text == "or" && words[end].before.find(',') != std::string::npos && words.size() <= 12) return true;
  }
  return false;
}

bool IsRelation(std::string_view w) {
  return IsOneOf(w, {"student",   "pupil",     "successor", "predecessor",  "son",     "daughter", "brother",
                     "sister",    "wife",      "husband",   "father",       "mother",  "friend",   "rival",
                     "colleague", "assistant", "nephew",    "contemporary", "teacher", "neighbour"});
}

// "It is Lyon, near Paris": what stands in such a place is not what is claimed.
bool OnlyMentioned(const Words& words, size_t at, const Words& question) {
  if (at == 0 || BeginsSentence(words, at)) return false;
  const std::string& before = words[at - 1].text;
  const auto asked = [&](const Word& w) {
    return std::any_of(question.begin(), question.end(), [&](const Word& q) { return SameRoot(q.stem, w.stem); });
  };
  if (asked(words[at - 1])) return false;
  if (IsOneOf(before, {"near", "besides", "replaced", "replacing", "succeeded", "succeeding", "preceding", "preceded",
                       "resembles", "beside", "after", "behind"}))
    return true;
  if (at < 2 || asked(words[at - 2])) return false;
  const std::string& relation = words[at - 2].text;
  if (before == "of") return IsRelation(relation) || IsOneOf(relation, {"north", "south", "east", "west", "outside", "instead"});
  // "written by Pound and edited by Eliot": who is named first did what was asked.
  for (size_t i = at - 1; before == "by" && i-- > 1 && !BeginsSentence(words, i + 1);) {
    if (words[i].text == "by" && words[i + 1].capital && !Contains(question, words[i + 1].text)) return true;
  }
  return before == "by" && IsOneOf(relation, {"inspired", "influenced", "followed", "preceded", "succeeded", "assisted",
                                              "encouraged", "supported", "commissioned", "accompanied"});
}

// "X did not discover it", "X is wrong".
bool NegatedBehind(const Words& words, size_t end) {
  if (end >= words.size() || BeginsSentence(words, end)) return false;
  if (end > 0 && words[end - 1].original.ends_with("'s") && IsRelation(words[end].text)) return true;  // "X's rival"
  if (IsOneOf(words[end].text, {"didnt", "doesnt", "isnt", "wasnt", "cannot"})) return true;
  return end + 1 < words.size() && !BeginsClause(words, end + 1) &&
         IsOneOf(words[end].text, {"did", "does", "is", "was", "has", "had", "would", "could"}) &&
         IsOneOf(words[end + 1].text, {"not", "never", "wrong", "incorrect", "false"}) &&
         !(end + 2 < words.size() && IsOneOf(words[end + 2].text, {"only", "just", "merely"}));
}

// "in Nevada and later moved to Delaware": what came later, behind another name in the same sentence.
bool CameLater(const Words& words, size_t at, const Words& question) {
  bool later = false;
  for (size_t i = at; i-- > 0;) {
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
bool OfThePast(const Words& words, size_t begin, size_t end, const Words& question) {
  bool past = false;
  for (size_t i = begin; i < end; ++i) {
    const bool used_to = words[i].text == "used" && i + 1 < end && words[i + 1].text == "to";
    past = past || used_to ||
           (IsOneOf(words[i].text, {"formerly", "once", "previously", "originally", "initially"}) &&
            !Contains(question, words[i].text));
  }
  const auto now = [](const Word& w) { return IsOneOf(w.text, {"today", "now", "nowadays", "currently", "but"}); };
  return past && std::any_of(words.begin() + static_cast<std::ptrdiff_t>(end), words.end(), now);
}

// "Saturn? No: Jupiter."
bool Retracted(const Words& words, size_t end) {
  return end < words.size() && words[end].before.find('?') != std::string::npos &&
         IsOneOf(words[end].text, {"no", "nope", "not"});
}

// The first clause that says something says something else: "Lyon, which is larger than Paris".
bool LedByAnother(const Words& words, size_t at, const Words& question) {
  size_t begin = 0;
  bool subject = false;  // the clause before repeats words of the question and says nothing yet
  while (begin < at) {
    size_t end = begin + 1;
    while (end < words.size() && !BeginsClause(words, end) &&
           !IsOneOf(words[end].text, {"which", "who", "because", "whose", "where"}))
      ++end;
    if (at < end) return false;  // the gold stands in the first clause that commits itself
    const bool adverbial =
        IsOneOf(words[begin].text,
                {"in",    "on",   "at",    "by",    "during", "as",       "according", "for", "of",   "after", "before", "under",
                 "since", "with", "among", "while", "when",   "although", "though",    "if",  "like", "born",  "from"});
    if (OfThePast(words, begin, end, question) || Retracted(words, end)) {
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
    if (!adverbial && !apposition && telling > 0 && telling <= 4 && capital && !Negated(words, end - 1)) return true;
    subject = telling == 0 && asked;
    begin = end;
  }
  return false;
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

// An earlier sentence answers with another name: it repeats two words of the question and names somebody or something that the
// question does not, without "although" or "many think".
bool LedBySentence(const Words& words, size_t at, const Words& question) {
  size_t begin = 0;
  while (begin < at) {
    size_t end = begin + 1;
    while (end < words.size() && !BeginsSentence(words, end)) ++end;
    if (at < end) return false;
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
    if (shared >= 2 && named && !aside && end < words.size() && words[end].before.find('?') == std::string::npos) return true;
    begin = end;
  }
  return false;
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

bool Claims(const Words& words, size_t at, const Words& form, const std::vector<Words>& forms, const Words& question,
            bool person) {
  if (Negated(words, at) || NegatedBehind(words, at + form.size()) || OnlyMentioned(words, at, question) ||
      CameLater(words, at, question))
    return false;
  if (OneOfTwo(words, at, form.size(), forms, question) || InLongerName(words, at, form.size(), question, person)) return false;
  const bool in_question = std::all_of(form.begin(), form.end(), [&](const Word& w) { return Contains(question, w.text); });
  if (in_question) {
    const std::string other = OtherOption(question, form);
    if (other.empty()) return words.size() <= form.size() + 3;
    for (size_t i = 0; i < at; ++i) {
      if (words[i].text == other && !Negated(words, i)) return false;
    }
    return true;
  }
  return !InAside(words, at) && !LedByAnother(words, at, question) && !LedBySentence(words, at, question);
}

// The answer gives part of the gold and nothing that is not in it.
bool PartOfGold(const Words& words, const Words& gold, const Words& question, bool person) {
  size_t shared = 0;
  for (const Word& w : words) {
    if (Contains(gold, w.text) && !IsFiller(w.text)) {
      shared += Contains(question, w.text) ? 0 : 1;
    } else if (!IsFiller(w.text) && !Contains(question, w.text) && !IsGeneric(w.text)) {
      return false;
    }
  }
  return shared > 0 && shared < gold.size() && !(person && gold.size() < 2);
}

}  // namespace

namespace {

// The surname alone: the last word of a gold of several.
std::vector<Words> Surnames(const std::vector<Words>& forms) {
  std::vector<Words> surnames;
  for (const Words& form : forms) {
    if (form.size() > 1 && form.back().text.size() >= 3 && form.back().capital) surnames.push_back({form.back()});
  }
  return surnames;
}

// A part of the gold and nothing else. nullopt: it is not that.
std::optional<Verdict> MatchPart(const Gold& gold, const Words& words, const Words& question, bool person) {
  for (const std::string& text : AllGolds(gold)) {
    const Words full = ContentWords(Clean(text));
    if (!PartOfGold(words, full, question, person)) continue;
    const std::vector<std::string> variants = Variants(text);
    // "California" for "San Francisco, California" says too little.
    const size_t place = variants.size() > 1 && text.find(", ") != text.npos ? ContentWords(Clean(variants.back())).size() : 0;
    const auto in_place = [&](const Word& w) {
      return std::any_of(full.begin(), full.begin() + static_cast<std::ptrdiff_t>(std::min(place, full.size())),
                         [&](const Word& g) { return g.text == w.text && !IsFiller(g.text); });
    };
    if (place > 0 && std::none_of(words.begin(), words.end(), in_place)) return Verdict{Grade::kIncorrect, "name: its region"};
    // What is missing may be in the question: the first name of somebody's wife.
    const bool presumed = std::all_of(full.begin(), full.end(),
                                      [&](const Word& w) { return Contains(words, w.text) || Contains(question, w.text); });
    const bool surname = person && (presumed || Contains(words, full.back().text));
    // "C" where the question asks which vitamin.
    const Words head = HeadOf(question);
    const bool kind_left_out = std::any_of(variants.begin(), variants.end(), [&](const std::string& variant) {
      const Words whole = ContentWords(Clean(variant));
      const auto known = [&](const Word& w) { return Contains(words, w.text) || Contains(head, w.text) || IsFiller(w.text); };
      const auto given = [&](const Word& w) { return Contains(words, w.text) && !IsFiller(w.text) && !Contains(head, w.text); };
      return std::all_of(whole.begin(), whole.end(), known) && std::any_of(whole.begin(), whole.end(), given);
    });
    if (!person && kind_left_out) return Verdict{Grade::kCorrect, "name: its kind left out"};
    return surname ? Verdict{Grade::kCorrect, "name: surname"} : Verdict{Grade::kPartial, "name: part of it"};
  }
  return std::nullopt;
}

}  // namespace

Verdict MatchName(const Gold& gold, std::string_view focus, bool person) {
  const Words words = ContentWords(focus), question = ContentWords(Clean(gold.question));
  const bool case_name = HasAny(Joined(ContentWords(Clean(gold.answer))), {" v ", " vs "});  // of persons, so it may be misspelt
  std::vector<Words> forms = Forms(gold, question, person);
  // Before the forms: a list with one item too many contains the right one word for word.
  const std::optional<Verdict> list = MatchList(gold, GoldItems(gold, question), focus, question, person);
  if (list && (list->grade == Grade::kCorrect || list->rule == "list: something else in it")) return *list;
  if (list && list->grade == Grade::kPartial && gold.aliases.empty()) return *list;
  bool mentioned = false;
  const size_t full = forms.size();
  const std::vector<Words> surnames = person && !list ? Surnames(forms) : std::vector<Words>();
  std::vector<Words> all = forms;
  all.insert(all.end(), surnames.begin(), surnames.end());
  for (size_t f = 0; f < all.size(); ++f) {
    size_t seen = 0;
    for (size_t at = 0; at < words.size() && seen < kMostOccurrences; ++at) {
      const bool equal = Matches(words, at, all[f]);
      const size_t taken = equal ? all[f].size() : (person && f < full) || case_name ? NamedAt(words, at, all[f]) : 0;
      if (taken == 0) continue;
      if (person && all[f].size() == 1 && OfAnotherBearer(words, at, forms, question)) continue;
      size_t begin = at;  // of the whole name, of which a surname is the end
      while (f >= full && begin > 0 && words[begin - 1].capital && !BeginsClause(words, begin) &&
             !IsFunctionWord(words[begin - 1].text))
        --begin;
      mentioned = true;
      ++seen;
      const Words claimed(words.begin() + static_cast<std::ptrdiff_t>(begin),
                          words.begin() + static_cast<std::ptrdiff_t>(at + taken));
      if (Claims(words, begin, claimed, all, question, person))
        return {Grade::kCorrect, equal ? "name" : "name: another writing"};
    }
  }
  if (list && list->grade == Grade::kPartial) return *list;
  if (mentioned) return {Grade::kIncorrect, "name: mentioned, not claimed"};
  if (const auto part = MatchPart(gold, words, question, person)) return *part;
  for (const std::string& text : AllGolds(gold)) {
    if (!person && SaysInOtherWords(text, words)) return {Grade::kCorrect, "name: in other words"};
  }
  return list ? *list : Verdict{Grade::kIncorrect, "name: differs"};
}

}  // namespace tidemark::omniscience
