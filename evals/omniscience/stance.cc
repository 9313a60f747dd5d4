#include "evals/omniscience/stance.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "evals/omniscience/stance_rules.h"
#include "evals/omniscience/text.h"

namespace tidemark::omniscience {
namespace {

constexpr size_t kNone = Sentence::npos;

bool Colours(std::string_view word) {
  return IsOneOf(word, {"really",       "honestly",     "actually",   "simply",    "just",       "currently",  "unfortunately",
                        "sorry",        "afraid",       "personally", "still",     "truly",      "definitely", "frankly",
                        "apologies",    "apologize",    "quite",      "entirely",  "completely", "fully",      "reliably",
                        "confidently",  "accurately",   "therefore",  "so",        "however",    "100",        "absolutely",
                        "definitively", "specifically", "with",       "certainty", "confidence", "well",       "hmm",
                        "hm",           "um",           "oh",         "alas",      "precisely"});
}

// Not part of what the sentence says: a word that only colours it, or a "No" with a pause behind it ("No, 1655").
bool Skipped(const Words& words, size_t i) {
  const bool interjection = words[i].text == "no" && BeginsSentence(words, i) && i + 1 < words.size() &&
                            words[i + 1].before != " " && !BeginsSentence(words, i + 1);
  return interjection || Colours(words[i].text);
}

std::vector<Sentence> Sentences(const Words& words) {
  std::vector<Sentence> sentences;
  for (size_t i = 0; i < words.size(); ++i) {
    if (BeginsSentence(words, i)) sentences.emplace_back(" ");
    if (!Skipped(words, i)) sentences.back() += words[i].text + " ";
  }
  return sentences;
}

// For each sentence, where in it the first word stands that claims something of its own: a number, or a name inside the sentence,
// that is not in the question; kNone: nowhere. What introduces the sentence ("According to the IUPAC, ...") claims nothing.
std::vector<size_t> Claims(const Words& words, const Words& question) {
  std::vector<size_t> claims;
  size_t length = 0, begin = 0;
  bool introduction = false;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& text = words[i].text;
    if (BeginsSentence(words, i)) {
      claims.push_back(kNone);
      length = 1;
      begin = i;
      introduction = IsOneOf(text, {"as", "according", "in", "since", "to", "under", "by", "until", "among", "of", "while",
                                    "although", "though", "per", "if", "unlike", "like"});
    } else if (BeginsClause(words, i)) {
      introduction = false;
    }
    // "has only 99 articles" bounds what there is.
    const bool limit = i > 0 && IsOneOf(words[i - 1].text, {"only", "just", "merely", "than"});
    const bool digits = text.find_first_of("0123456789") != text.npos && !limit;
    const bool name = words[i].capital && i > begin && text != "i" && text != "im" && text != "ive";
    const bool asked = std::any_of(question.begin(), question.end(), [&](const Word& w) { return w.text == text; });
    if ((digits || name) && !asked && !introduction && claims.back() == kNone) claims.back() = length;
    if (!Skipped(words, i)) length += text.size() + 1;
  }
  return claims;
}

// "not 100 % sure", "not entirely certain" only hedges where something else is said: such words are taken out then.
Words WithoutPartialDoubt(const Words& words, const Words& question) {
  for (size_t i = 0; i + 2 < words.size(); ++i) {
    if (words[i].text != "not" || !IsOneOf(words[i + 1].text, {"100", "entirely", "completely", "fully", "absolutely", "totally",
                                                               "quite", "altogether", "wholly", "perfectly"}))
      continue;
    size_t end = i + 2;
    if (words[end].text == "percent" && end + 1 < words.size()) ++end;
    if (!IsOneOf(words[end].text, {"sure", "certain", "confident", "positive"})) continue;
    size_t begin = i;
    if (begin > 0 && IsOneOf(words[begin - 1].text, {"im", "am"})) --begin;
    if (begin > 0 && words[begin].text == "am" && words[begin - 1].text == "i") --begin;
    const auto says = [&](const Word& w) {
      const bool asked = std::any_of(question.begin(), question.end(), [&](const Word& q) { return q.text == w.text; });
      return !asked && !IsFiller(w.text) && !Colours(w.text) &&
             !IsOneOf(w.text, {"but", "though", "however", "although", "yet", "if", "me", "you", "can", "cannot", "cant", "about",
                               "say"});
    };
    Words rest(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(begin));
    rest.insert(rest.end(), words.begin() + static_cast<std::ptrdiff_t>(end) + 1, words.end());
    if (std::any_of(rest.begin(), rest.end(), says)) return rest;
  }
  return words;
}

bool IsQuestionRoot(std::string_view word, const Words& question) {
  if (IsFunctionWord(word)) return false;
  const std::string stem = Stem(word);
  return std::any_of(question.begin(), question.end(), [&](const Word& q) { return SameRoot(q.stem, stem); });
}

// Being, happening, belonging or being made; the base form where "did not" asks for it.
bool IsBeing(std::string_view w) {
  return IsOneOf(
      w, {"exist",   "exists",   "existed",   "existent",   "existing",   "happen",     "happened",   "occur",       "occurred",
          "real",    "actual",   "valid",     "genuine",    "recognized", "recognised", "legitimate", "authentic",   "documented",
          "defined", "define",   "specified", "specify",    "assigned",   "assign",     "part",       "member",      "thing",
          "awarded", "award",    "held",      "hold",       "signed",     "sign",       "ratified",   "ratify",      "issued",
          "issue",   "released", "release",   "published",  "publish",    "founded",    "found",      "established", "built",
          "build",   "created",  "create",    "invented",   "invent",     "discovered", "discover",   "written",     "write",
          "made",    "make",     "born",      "won",        "win",        "appointed",  "elected",    "launched",    "launch",
          "include", "included", "contain",   "contained",  "contains",   "have",       "has",        "had",         "end",
          "ends",    "finite",   "place",     "introduced", "introduce",  "correspond", "described",  "listed",      "supported",
          "compose", "composed", "paint",     "painted",    "receive",    "received",   "possess",    "registered",  "attested"});
}

// "does not exist", "was never formally ratified", "isn't a recognised member", "is not a Git command": a negation, and right
// behind it (articles and adverbs aside) a word of being, or what the question calls the thing. "did not write a work called
// Martiad": the thing itself a few words on. Where the negation stands, kNone: nowhere.
size_t FindNegatedBeing(const Sentence& s, const Words& question) {
  constexpr int kMostBetween = 7;
  size_t at = 0;
  while (at + 1 < s.size()) {
    const size_t begin = at + 1, end = s.find(' ', begin);
    const std::string_view word = std::string_view(s).substr(begin, end - begin);
    const bool negates = IsOneOf(word, {"not", "never", "isnt", "arent", "wasnt", "werent", "hasnt", "havent", "hadnt", "doesnt",
                                        "dont", "didnt", "neither", "cannot", "cant"});
    const std::string_view before = std::string_view(s).substr(0, begin);
    const bool copula = IsOneOf(word, {"isnt", "arent", "wasnt", "werent", "never"}) ||  // "there never was a Duchy of Lorn"
                        before.ends_with(" is ") || before.ends_with(" are ") || before.ends_with(" was ") ||
                        before.ends_with(" were ");
    size_t next = end;
    for (int skipped = 0; negates && skipped < kMostBetween && next + 1 < s.size(); ++skipped) {
      const size_t stop = s.find(' ', next + 1);
      const std::string_view what = std::string_view(s).substr(next + 1, stop - next - 1);
      if (IsBeing(what) || (word == "never" && what.size() > 4 && what.ends_with("ed"))) return at;
      if (copula && IsOneOf(what, {"a", "an", "any", "one"})) {  // "is not a country", "isn't a Git command"
        const size_t noun = std::min(s.find(' ', stop + 1), s.size());
        if (stop + 1 < s.size() && IsQuestionRoot(std::string_view(s).substr(stop + 1, noun - stop - 1), question)) return at;
      }
      if (!IsOneOf(what, {"a",          "an",        "the",   "any",  "been", "be",    "ever", "yet",  "formally",
                          "officially", "currently", "known", "take", "took", "taken", "in",   "fact", "widely",
                          "appear",     "seem",      "to",    "even", "one",  "was",   "were"}))
        break;
      next = stop;
    }
    at = end;
  }
  return kNone;
}

// "no header", "no real number", "possess no tail fin": "no" before what the question names. Not at a comma: "No, ...".
size_t FindNoThing(const Sentence& s, const Words& question) {
  for (size_t at = s.find(" no "); at != s.npos; at = s.find(" no ", at + 1)) {
    const std::string_view rest = std::string_view(s).substr(at, 60);
    if (HasAny(rest.substr(0, 40),
               {" called ", " named ", " exists ", " exist ", " existed ", " by that name ", " of that name "}))
      return at;
    size_t next = at + 3;
    for (int skipped = 0; skipped < 3 && next + 1 < s.size(); ++skipped) {
      const size_t stop = std::min(s.find(' ', next + 1), s.size());
      const std::string_view what = std::string_view(s).substr(next + 1, stop - next - 1);
      if (what == "such" || IsQuestionRoot(what, question)) return at;
      if (!IsOneOf(what, {"real", "known", "actual", "recorded", "single", "second", "separate", "official", "valid", "other"}))
        break;
      next = stop;
    }
  }
  return kNone;
}

// "is fictional", "a made-up drug", "the premise is false", "infinitely many": what is said of things that are not.
size_t FindUnreal(const Sentence& s) {
  const std::vector<std::string_view> t = Tokens(s);
  bool premise = false, neither = false;  // looked at
  for (size_t i = 0; i < t.size(); ++i) {
    const size_t at = static_cast<size_t>(t[i].data() - s.data()) - 1;
    if (IsOneOf(t[i], {"fictional", "fictitious", "imaginary", "mythical", "legendary", "nonexistent", "fabricated", "hoax",
                       "imagined", "invented", "undefined", "infinite", "infinitely", "endless", "unbounded", "fake", "bogus"})) {
      const std::string_view before = i > 0 ? t[i - 1] : "";
      const bool said = IsOneOf(before, {"is", "are", "was", "be", "a", "an", "entirely", "purely", "completely", "likely",
                                         "probably", "apparently", "clearly", "seems", "appears", "as", "and", "or"});
      if (said || i == 0 || IsOneOf(t[i], {"nonexistent", "infinitely"})) return at;
    }
    const std::string_view next = i + 1 < t.size() ? t[i + 1] : "";
    if ((t[i] == "made" && next == "up") ||
        (IsOneOf(t[i], {"false", "flawed", "mistaken", "incorrect", "wrong"}) && next == "premise"))
      return at;
    if (t[i] == "premise" && !std::exchange(premise, true) &&
        HasAny(std::string_view(s).substr(at), {" false ", " incorrect ", " mistaken ", " wrong ", " flawed ", " not "}))
      return at;
    if (t[i] == "neither" && !std::exchange(neither, true) &&
        HasAny(std::string_view(s).substr(at), {" exists ", " exist ", " existed "}))
      return at;
    if (IsOneOf(t[i], {"myth", "legend", "fiction"}) && i > 0 && IsOneOf(t[i - 1], {"a", "of", "pure", "just", "only"}))
      return at;
  }
  return kNone;
}

// Where in the sentence the denial stands; kNone: it denies nothing.
size_t FindDenial(const Sentence& s, size_t claim, const Words& question) {
  static constexpr std::string_view kDenials[] = {" no such ", " nothing called ", " nothing named ", " nothing by that name ",
                                                  " neither exists "};
  size_t first = kNone;
  for (const std::string_view denial : kDenials) first = std::min(first, s.find(denial));
  first = std::min({first, FindNegatedBeing(s, question), FindNoThing(s, question), FindUnreal(s)});
  for (const std::string_view lack : {" lack ", " lacks ", " lacked "}) {
    const size_t at = s.find(lack);
    const Sentence rest = at == s.npos ? Sentence() : " " + s.substr(at + lack.size(), 40);
    for (const std::string_view w : Tokens(rest)) {
      if (IsQuestionRoot(w, question)) first = std::min(first, at);
    }
  }
  for (const std::string_view nobody : {" nobody ", " no one "}) {
    const size_t at = s.find(nobody);
    if (at != s.npos && std::string_view(s).substr(at + nobody.size(), 5) != "else ") first = std::min(first, at);
  }
  if (Starts(s, {"nobody ", "no one ", "none ", "nothing ", "no "}) && s != " no " &&
      !Starts(s, {"nobody else ", "no one else "}))
    first = 0;
  for (const std::string_view no :
       {" there is no ", " there are no ", " there was no ", " there were no ", " theres no ", " there isnt ", " there arent ",
        " there wasnt ", " there is not ", " has no ", " have no ", " had no ", " defines no ", " contains no "}) {
    const size_t at = s.find(no);
    if (at == s.npos) continue;
    // "The treaty, which had no effect, was signed ..." denies something else.
    const std::string_view before = std::string_view(s).substr(0, at + 1);
    if (before.ends_with(" which ") || before.ends_with(" who ") || before.ends_with(" that ")) continue;
    const size_t begin = at + no.size();
    const std::string_view what = std::string_view(s).substr(begin, s.find(' ', begin) - begin);
    if (!IsOneOf(what, {"information", "record",    "evidence",   "data",          "way",     "publicly", "reliable",
                        "known",       "consensus", "definitive", "documentation", "mention", "doubt",    "context",
                        "question",    "need",      "official",   "single",        "idea",    "only",     "just"})) {
      first = std::min(first, at);
    }
  }
  // "not in 1912 but in 1921": the other is claimed.
  const size_t but =
      first == kNone ? kNone : std::min({s.find(" but ", first), s.find(" rather ", first), s.find(" instead ", first)});
  if (but != kNone && claim != kNone && claim > first && s.find_first_of("0123456789", but) != s.npos) return kNone;
  return first;
}

// "It was signed in 1654 but was never ratified": what is denied is beside a claim, so the thing itself is not denied.
bool DeniesBesideClaim(const Sentence& s, size_t denial, size_t claim) {
  if (claim >= denial) return false;
  const Sentence between = s.substr(claim, denial + 1 - claim);
  return HasAny(between, {" but ", " though ", " although ", " which ", " who ", " that ", " and ", " by ", " yet ", " while "});
}

bool Hedged(const Sentence& s) {
  return HasAny(s, {" may ", " might ", " perhaps ", " possibly ", " maybe ", " could be ", " if ", " i suspect "});
}

// The answer begins with nothing but a name or a number, not in the question: "Riga, I don't know why you ask". What follows is
// about something else, or only doubts it. A guess behind an abstention ("I'm not sure, perhaps Riga") is none.
bool BeginsWithAnswer(const Words& words, const Words& question) {
  constexpr size_t kMost = 4;
  size_t end = 0;
  Sentence clause = " ";
  do {
    const Word& w = words[end];
    const bool number = w.text.find_first_of("0123456789") != w.text.npos;
    const bool asked = std::any_of(question.begin(), question.end(), [&](const Word& q) { return q.text == w.text; });
    const bool interjection = IsOneOf(
        w.text, {"no",   "yes",  "ok",   "okay", "sure", "hi",  "hello", "hey",  "please", "thanks",  "look",     "listen",
                 "nope", "yeah", "ah",   "eh",   "er",   "uh",  "wow",   "i",    "im",     "ive",     "we",       "as",
                 "dear", "man",  "dude", "sir",  "gosh", "god", "again", "note", "maybe",  "perhaps", "possibly", "probably"});
    if ((!w.capital && !number) || asked || interjection || Colours(w.text) || IsFiller(w.text)) return false;
    clause += w.text + " ";
    ++end;
  } while (end < words.size() && end < kMost && !BeginsClause(words, end));
  if (end < words.size() && (!BeginsClause(words, end) || words[end].before.find('?') != std::string::npos)) return false;
  return !DoesNotKnow(clause) && !Unknowable(clause) && FindDenial(clause, kNone, question) == kNone;
}

// Words with which an answer is given for what the speaker takes it to be: "I think it is", "probably", "it was". Not those of
// mere possibility.
bool Commits(const Sentence& s, const Words& question) {
  if (HasAny(s, {" may ", " might ", " could ", " maybe ", " perhaps ", " possibly ", " can be "})) return false;
  if (!HasAny(s, {" i think ", " i believe ", " i would say ", " id say ", " i would guess ", " probably ", " likely ",
                  " best guess ", " it is ", " its ", " it was ", " answer is ", " should be ", " must be ", " am fairly ",
                  " pretty sure ", " is ", " was "}))
    return false;
  const std::vector<std::string_view> tokens = Tokens(s);
  return std::any_of(tokens.begin(), tokens.end(), [&](std::string_view w) {
    return !IsFunctionWord(w) && !IsAboutKnowing(w) && !IsQuestionRoot(w, question) && !Colours(w);
  });
}

}  // namespace

Stance ReadStance(std::string_view cleaned, std::string_view question) {
  const Words asked = SplitWords(question);
  const Words words = WithoutPartialDoubt(SplitWords(cleaned), asked);
  Stance stance;
  stance.empty = words.empty();
  size_t hedges = 0;
  bool claimed = false;  // by an earlier sentence
  bool doubts = false, ignorant = false, commits = false;
  const std::vector<Sentence> sentences = Sentences(words);
  const std::vector<size_t> claims = Claims(words, asked);
  const bool answered = !words.empty() && BeginsWithAnswer(words, asked);
  for (size_t i = 0; i < sentences.size(); ++i) {
    const Sentence& s = sentences[i];
    const bool unknowable = Unknowable(s), unknown = DoesNotKnow(s), doubt = unknown && OnlyDoubts(s);
    stance.unknowable = stance.unknowable || unknowable;
    const size_t denial = FindDenial(s, claims[i], asked);
    commits = commits || Commits(s, asked);
    if (unknowable || unknown) {
      (doubt ? doubts : ignorant) = true;
    } else if (denial != kNone && !claimed && !DeniesBesideClaim(s, denial, claims[i])) {
      if (Hedged(s)) ++hedges;
      stance.denies = stance.denies || !Hedged(s);
    }
    stance.defers = stance.defers || Defers(s);
    claimed = claimed || claims[i] != kNone;
  }
  // "I'm not sure, but I think it's Riga" answers; "I don't know, perhaps Riga" does not.
  stance.abstains = !answered && (ignorant || (doubts && !commits));
  stance.defers = stance.defers && !claimed;
  stance.only_hedges = hedges > 0 && hedges == sentences.size();
  return stance;
}

}  // namespace tidemark::omniscience
