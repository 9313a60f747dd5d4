#include "evals/omniscience/stance.h"

#include <algorithm>
#include <string>
#include <vector>

#include "evals/omniscience/text.h"

namespace tidemark::omniscience {
namespace {

// One sentence as " w1 w2 w3 ", without words that only colour it.
using Sentence = std::string;

constexpr size_t kNone = Sentence::npos;

bool Colours(std::string_view word) {
  return IsOneOf(word, {"really",       "honestly",     "actually",   "simply",    "just",       "currently",  "unfortunately",
                        "sorry",        "afraid",       "personally", "still",     "truly",      "definitely", "frankly",
                        "apologies",    "apologize",    "quite",      "entirely",  "completely", "fully",      "reliably",
                        "confidently",  "accurately",   "therefore",  "so",        "however",    "100",        "absolutely",
                        "definitively", "specifically", "with",       "certainty", "confidence", "well",       "hmm",
                        "hm",           "um",           "oh",         "alas",      "precisely"});
}

std::vector<Sentence> Sentences(const Words& words) {
  std::vector<Sentence> sentences;
  for (size_t i = 0; i < words.size(); ++i) {
    if (BeginsSentence(words, i)) sentences.emplace_back(" ");
    if (!Colours(words[i].text)) sentences.back() += words[i].text + " ";
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
    const bool digits = text.find_first_of("0123456789") != text.npos;
    const bool name = words[i].capital && i > begin && text != "i" && text != "im" && text != "ive";
    const bool asked = std::any_of(question.begin(), question.end(), [&](const Word& w) { return w.text == text; });
    if ((digits || name) && !asked && !introduction && claims.back() == kNone) claims.back() = length;
    if (!Colours(text)) length += text.size() + 1;
  }
  return claims;
}

bool Starts(const Sentence& s, std::initializer_list<std::string_view> openings) {
  return std::any_of(openings.begin(), openings.end(), [&](std::string_view o) { return s.compare(1, o.size(), o) == 0; });
}

bool Is(const Sentence& s, std::initializer_list<std::string_view> whole) {
  return std::any_of(whole.begin(), whole.end(), [&](std::string_view w) { return s == " " + std::string(w) + " "; });
}

// "I cannot" alone is too wide: "I cannot praise Paris, the capital, enough".
bool CannotTell(const Sentence& s) {
  static constexpr std::string_view kCannot[] = {
      " i cannot ",         " i cant ",         " i can not ",      " i could not ",  " i couldnt ",  " we cannot ",
      " we cant ",          " cannot be ",      " cant be ",        " i wont ",       " i will not ", " i was not able to ",
      " i am not able to ", " im not able to ", " i am unable to ", " im unable to ", " unable to ",  " not possible to ",
      " impossible to ",    " no way to "};
  for (const std::string_view cannot : kCannot) {
    const size_t at = s.find(cannot);
    if (at == s.npos) continue;
    const size_t begin = at + cannot.size();
    const std::string_view verb = std::string_view(s).substr(begin, s.find(' ', begin) - begin);
    if (IsOneOf(verb, {"determine", "determined",  "answer",    "answered",    "say",      "said",    "tell",      "told",
                       "verify",    "verified",    "confirm",   "confirmed",   "find",     "found",   "provide",   "provided",
                       "identify",  "identified",  "recall",    "give",        "given",    "help",    "assist",    "be",
                       "know",      "known",       "guess",     "access",      "name",     "predict", "predicted", "state",
                       "stated",    "locate",      "remember",  "offer",       "think",    "comply",  "discuss",   "share",
                       "establish", "established", "ascertain", "ascertained", "retrieve", "look",    "check",     "see",
                       "browse",    "search",      "place"})) {
      return true;
    }
  }
  return false;
}

// "I do not know much, yet I am certain it is nitrogen."
bool SureOfIt(const Sentence& s) {
  for (const std::string_view sure :
       {" i am certain it ", " im certain it ", " i am sure it ", " im sure it ", " i am certain that ", " i am certain its ",
        " im certain its ", " i am sure its ", " im sure its "}) {
    const size_t at = s.find(sure);
    if (at != s.npos && HasAny(s.substr(0, at + 1), {" yet ", " but ", " though ", " although "})) return true;
  }
  return false;
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

bool DoesNotKnow(const Sentence& s) {
  if (SureOfIt(s)) return false;
  static constexpr std::string_view kAnywhere[] = {" i dont know ",
                                                   " i do not know ",
                                                   " i didnt know ",
                                                   " i did not know ",
                                                   " we dont know ",
                                                   " we do not know ",
                                                   " i dont have ",
                                                   " i do not have ",
                                                   " i have no ",
                                                   " ive no ",
                                                   " i am not sure ",
                                                   " im not sure ",
                                                   " i am unsure ",
                                                   " im unsure ",
                                                   " i am not certain ",
                                                   " im not certain ",
                                                   " i am uncertain ",
                                                   " im uncertain ",
                                                   " i am not aware ",
                                                   " im not aware ",
                                                   " i am unaware ",
                                                   " im unaware ",
                                                   " i am not familiar ",
                                                   " im not familiar ",
                                                   " i am unfamiliar ",
                                                   " im unfamiliar ",
                                                   " i lack ",
                                                   " need more context ",
                                                   " need more information ",
                                                   " need more details ",
                                                   " need more detail ",
                                                   " need more data ",
                                                   " need additional ",
                                                   " need further ",
                                                   " needs more context ",
                                                   " needs more information ",
                                                   " more context is ",
                                                   " more context needed ",
                                                   " more information is needed ",
                                                   " more information is required ",
                                                   " require more ",
                                                   " requires more context ",
                                                   " would need ",
                                                   " not enough information ",
                                                   " not enough context ",
                                                   " not enough data ",
                                                   " insufficient ",
                                                   " i dont recall ",
                                                   " i do not recall ",
                                                   " i dont remember ",
                                                   " i do not remember ",
                                                   " i cannot recall ",
                                                   " not heard of ",
                                                   " never heard of ",
                                                   " answer is unknown ",
                                                   " it is unknown ",
                                                   " its unknown ",
                                                   " it is not known ",
                                                   " its not known ",
                                                   " beyond my knowledge ",
                                                   " outside my knowledge ",
                                                   " outside of my knowledge ",
                                                   " my knowledge does not ",
                                                   " my knowledge doesnt ",
                                                   " need access to ",
                                                   " need tools ",
                                                   " need a tool ",
                                                   " i must decline ",
                                                   " i decline ",
                                                   " i refuse ",
                                                   " i would rather not ",
                                                   " id rather not ",
                                                   " no reliable information ",
                                                   " there is no information ",
                                                   " there is no record ",
                                                   " no information available ",
                                                   " not publicly ",
                                                   " not in my training ",
                                                   " without more context ",
                                                   " without more information ",
                                                   " without additional ",
                                                   " without further ",
                                                   " i forget ",
                                                   " i forgot ",
                                                   " couldnt tell you ",
                                                   " cant tell ",
                                                   " i have not been able to ",
                                                   " is unclear to me ",
                                                   " known to me ",
                                                   " available to me ",
                                                   " beats me ",
                                                   " isnt enough information ",
                                                   " is not enough information ",
                                                   " need to look ",
                                                   " need to check ",
                                                   " have to look ",
                                                   " have to check ",
                                                   " escapes me ",
                                                   " eludes me ",
                                                   " slipped my mind ",
                                                   " slips my mind ",
                                                   " nothing comes to mind ",
                                                   " drawing a blank ",
                                                   " my mind is blank ",
                                                   " memory fails ",
                                                   " no way for me ",
                                                   " not something i ",
                                                   " isnt something i ",
                                                   " i dont recognize ",
                                                   " i dont recognise ",
                                                   " i do not recognize ",
                                                   " i do not recognise ",
                                                   " a language model ",
                                                   " rephrase the question ",
                                                   " rephrase your question ",
                                                   " no lo se ",
                                                   " je ne sais pas ",
                                                   " ich weiss es nicht ",
                                                   " ich weiss nicht ",
                                                   " non lo so ",
                                                   " nao sei "};
  if (HasAny(s, kAnywhere) || CannotTell(s)) return true;
  return Starts(s, {"dont know ",
                    "do not know ",
                    "not sure ",
                    "unsure ",
                    "no idea ",
                    "no clue ",
                    "not certain ",
                    "no information ",
                    "not known ",
                    "uncertain ",
                    "please provide ",
                    "could you provide ",
                    "could you please ",
                    "can you provide ",
                    "can you please ",
                    "could you clarify ",
                    "can you clarify ",
                    "need more ",
                    "cannot determine ",
                    "cant determine ",
                    "cannot say ",
                    "cant say ",
                    "cannot answer ",
                    "cant answer ",
                    "idk ",
                    "dunno ",
                    "unable to ",
                    "cant recall ",
                    "cannot recall ",
                    "cant remember ",
                    "cannot remember ",
                    "dont recall ",
                    "dont remember ",
                    "hard to say ",
                    "difficult to say ",
                    "tough to say ",
                    "no comment "}) ||
         Is(s, {"unknown", "unclear", "n a", "na", "pass", "no answer", "not available", "not applicable", "unsure", "im lost",
                "skip"});
}

bool Unknowable(const Sentence& s) {
  if (HasAny(s, {" i have no way ", " ive no way "})) return false;  // of oneself alone
  return HasAny(s, {" cannot be known ",
                    " cant be known ",
                    " unknowable ",
                    " nobody knows ",
                    " no one knows ",
                    " nobody can know ",
                    " no one can know ",
                    " impossible to know ",
                    " impossible to say ",
                    " impossible to tell ",
                    " impossible to determine ",
                    " impossible to predict ",
                    " not possible to know ",
                    " not possible to say ",
                    " not possible to predict ",
                    " not possible to determine ",
                    " cannot be predicted ",
                    " cant be predicted ",
                    " cannot be determined ",
                    " cant be determined ",
                    " no way to know ",
                    " no way of knowing ",
                    " no one could know ",
                    " nobody could know ",
                    " not recorded ",
                    " was never recorded ",
                    " is not knowable ",
                    " cannot be answered ",
                    " cant be answered "});
}

// "does not exist", "was never formally ratified", "isn't a recognised member": a negation, and right behind it (articles and
// adverbs aside) a word of being, happening, belonging or being made. Where the negation stands, kNone: nowhere.
size_t FindNegatedBeing(const Sentence& s) {
  size_t at = 0;
  while (at + 1 < s.size()) {
    const size_t begin = at + 1, end = s.find(' ', begin);
    const std::string_view word = std::string_view(s).substr(begin, end - begin);
    const bool negates = IsOneOf(word, {"not", "never", "isnt", "arent", "wasnt", "werent", "hasnt", "havent", "hadnt", "doesnt",
                                        "dont", "didnt", "neither"});
    size_t next = end;
    for (int skipped = 0; negates && skipped < 4 && next + 1 < s.size(); ++skipped) {
      const size_t stop = s.find(' ', next + 1);
      const std::string_view what = std::string_view(s).substr(next + 1, stop - next - 1);
      if (IsOneOf(what, {"exist",      "exists",   "existed",   "existent",  "happen",      "happened",   "occur",    "occurred",
                         "real",       "actual",   "valid",     "genuine",   "recognized",  "recognised", "defined",  "define",
                         "specified",  "assigned", "part",      "member",    "country",     "element",    "standard", "thing",
                         "word",       "term",     "awarded",   "held",      "signed",      "ratified",   "ratify",   "issued",
                         "released",   "publish",  "published", "founded",   "established", "built",      "created",  "invented",
                         "discovered", "written",  "made",      "born",      "won",         "appointed",  "elected",  "launched",
                         "include",    "included", "contain",   "contains",  "have",        "has",        "had",      "end",
                         "ends",       "finite",   "place",     "introduced"})) {
        return at;
      }
      if (!IsOneOf(what, {"a", "an", "the", "any", "been", "be", "ever", "yet", "formally", "officially", "currently", "known",
                          "take", "took", "taken", "in", "fact", "widely"}))
        break;
      next = stop;
    }
    at = end;
  }
  return kNone;
}

// Where in the sentence the denial stands; kNone: it denies nothing.
size_t FindDenial(const Sentence& s, size_t claim) {
  static constexpr std::string_view kDenials[] = {
      " no such ",        " is fictional ",  " be fictional ",   " are fictional ",   " a fictional ", " fictitious ",
      " is imaginary ",   " an imaginary ",  " is mythical ",    " a mythical ",      " is a myth ",   " is legendary ",
      " a legendary ",    " is a legend ",   " made up ",        " is invented ",     " an invented ", " nonexistent ",
      " false premise ",  " undefined ",     " is infinite ",    " infinitely many ", " was never ",   " has never been ",
      " nothing called ", " nothing named ", " neither exists ", " lack a ",          " lack any ",    " not a known ",
      " lacks a ",        " lacks any ",     " no real "};
  size_t first = kNone;
  for (const std::string_view denial : kDenials) first = std::min(first, s.find(denial));
  first = std::min(first, FindNegatedBeing(s));
  if (!HasAny(s, {" nobody else ", " no one else "})) first = std::min({first, s.find(" nobody "), s.find(" no one ")});
  // "No, 1655" negates something else.
  const bool number_behind_no = s.size() > 4 && s[4] >= '0' && s[4] <= '9' && claim == 4;
  if (Starts(s, {"nobody ", "no one ", "none ", "nothing ", "no "}) && s != " no " && !number_behind_no) first = 0;
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
  return first;
}

// "It was signed in 1654 but was never ratified": what is denied is beside a claim, so the thing itself is not denied.
bool DeniesBesideClaim(const Sentence& s, size_t denial, size_t claim) {
  if (claim >= denial) return false;
  const Sentence between = s.substr(claim, denial + 1 - claim);
  return HasAny(between, {" but ", " though ", " although ", " which ", " who ", " that ", " and ", " by ", " yet ", " while "});
}

bool Hedged(const Sentence& s) {
  return HasAny(s, {" may ", " might ", " perhaps ", " possibly ", " maybe ", " could be ", " if ", " i think ", " i suspect "});
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
  return !DoesNotKnow(clause) && !Unknowable(clause) && FindDenial(clause, kNone) == kNone;
}

}  // namespace

Stance ReadStance(std::string_view cleaned, std::string_view question) {
  const Words words = WithoutPartialDoubt(SplitWords(cleaned), SplitWords(question));
  Stance stance;
  stance.empty = words.empty();
  size_t hedges = 0;
  bool claimed = false;  // by an earlier sentence
  const std::vector<Sentence> sentences = Sentences(words);
  const std::vector<size_t> claims = Claims(words, SplitWords(question));
  const bool answered = !words.empty() && BeginsWithAnswer(words, SplitWords(question));
  for (size_t i = 0; i < sentences.size(); ++i) {
    const Sentence& s = sentences[i];
    const bool unknowable = Unknowable(s), unknown = DoesNotKnow(s);
    stance.unknowable = stance.unknowable || unknowable;
    const size_t denial = FindDenial(s, claims[i]);
    if (unknowable || unknown) {
      stance.abstains = stance.abstains || !answered;
    } else if (denial != kNone && !claimed && !DeniesBesideClaim(s, denial, claims[i])) {
      if (Hedged(s)) ++hedges;
      stance.denies = stance.denies || !Hedged(s);
    }
    claimed = claimed || claims[i] != kNone;
  }
  stance.only_hedges = hedges > 0 && hedges == sentences.size();
  return stance;
}

}  // namespace tidemark::omniscience
