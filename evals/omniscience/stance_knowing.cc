// Not knowing, in English. Grammar where there is one (a first person, a negation and a verb of knowing or telling near each
// other; a negation and a noun of information), a short list of idioms where there is none.
#include <algorithm>
#include <span>

#include "evals/omniscience/stance_rules.h"
#include "evals/omniscience/text.h"

namespace tidemark::omniscience {
namespace {

bool Has(std::span<const std::string_view> tokens, bool (*is)(std::string_view)) {
  return std::any_of(tokens.begin(), tokens.end(), is);
}

std::span<const std::string_view> Slice(const std::vector<std::string_view>& tokens, size_t begin, size_t length) {
  begin = std::min(begin, tokens.size());
  return std::span(tokens).subspan(begin, std::min(length, tokens.size() - begin));
}

// "We" and "our" speak for the speaker where a main clause begins, not in "which we cannot see directly".
bool BeginsMainClause(const std::vector<std::string_view>& t, size_t i) {
  if (i == 0) return true;
  return IsOneOf(t[i - 1], {"but", "and", "as", "since", "because", "if", "yet", "or", "to", "in", "from", "of", "beyond"}) ||
         IsOneOf(t[0], {"in", "at", "for", "given", "with", "without", "based", "from", "to", "according", "as", "while",
                        "although", "though", "since", "until", "after", "on"});
}

// A speaker among tokens [begin, end): "I" only before a verb, as it numbers articles too.
bool Speaks(const std::vector<std::string_view>& t, size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) {
    if (IsOneOf(t[i], {"im", "ive", "my", "me"})) return true;
    if (IsOneOf(t[i], {"we", "our"}) && BeginsMainClause(t, i)) return true;
    if (t[i] == "i" && i + 1 < t.size() &&
        (IsNegation(t[i + 1]) ||
         IsOneOf(t[i + 1], {"am", "do", "did", "could", "have", "was", "will", "would", "must", "lack", "wish", "forget",
                            "forgot", "decline", "refuse", "can", "need", "also", "should"})))
      return true;
    if (IsOneOf(t[i], {"id", "ill"}) && i + 1 < t.size() && IsOneOf(t[i + 1], {"need", "have", "want", "rather", "not", "never"}))
      return true;
  }
  return false;
}

bool IsSure(std::string_view w) { return IsOneOf(w, {"sure", "certain", "confident", "positive"}); }

bool Knows(std::string_view w) {
  return IsOneOf(
      w, {"know",      "knew",     "known",       "recall",    "remember",   "aware",    "familiar", "sure",      "certain",
          "confident", "find",     "locate",      "determine", "determined", "verify",   "verified", "confirm",   "confirmed",
          "provide",   "answer",   "say",         "tell",      "give",       "identify", "access",   "recognize", "recognise",
          "name",      "state",    "guess",       "help",      "assist",     "comply",   "discuss",  "share",     "ascertain",
          "establish", "retrieve", "look",        "check",     "browse",     "search",   "see",      "place",     "offer",
          "speculate", "pinpoint", "specify",     "disclose",  "comment",    "respond",  "predict",  "cover",     "include",
          "contain",   "heard",    "encountered", "seen",      "think",      "supply",   "deduce",   "fabricate", "assess"});
}

bool IsInformation(std::string_view w) {
  return IsOneOf(w, {"information", "data",         "details", "detail",  "context", "knowledge",    "documentation",
                     "info",        "recollection", "answer",  "clue",    "idea",    "access",       "sources",
                     "memory",      "specifics",    "record",  "records", "tools",   "clarification"});
}

bool LacksIt(std::string_view w) {
  return IsOneOf(w, {"unavailable", "lacking", "missing", "limited", "insufficient", "incomplete"});
}

// "I", a negation within three words, and a verb of knowing or telling within six behind it; "have" needs something known.
bool SpeakerDoesNot(const std::vector<std::string_view>& t) {
  for (size_t i = 0; i < t.size(); ++i) {
    const bool negates = IsNegation(t[i]);
    if (!negates && !IsOneOf(t[i], {"lack", "decline", "refuse", "forget", "forgot", "wish"})) continue;
    const size_t from = i >= 4 ? i - 4 : 0;
    if (!Speaks(t, from, i) && !(i == 0 && IsOneOf(t[i], {"cannot", "cant", "unable", "dont"}))) continue;
    if (IsOneOf(t[i], {"unsure", "unaware", "unfamiliar", "uncertain", "lack", "decline", "refuse", "forget", "forgot"}))
      return true;
    const bool of_mine = i > 1 && t[i - 2] == "my" && IsOneOf(t[i - 1], {"knowledge", "training", "data", "memory"});
    if (of_mine) return true;  // "my knowledge does not extend to this"
    const auto behind = Slice(t, i + 1, 6);
    for (size_t k = 0; k < behind.size(); ++k) {
      if (IsOneOf(behind[k], {"doubt", "but", "only", "just", "merely"})) break;
      if (Knows(behind[k])) return true;
      if (IsInformation(behind[k]) && !IsOneOf(behind[k], {"answer"})) return true;
    }
    if (Has(behind, [](std::string_view w) { return w == "have" || w == "possess"; }) && Has(Slice(t, i + 1, 9), IsInformation))
      return true;
    if (t[i] == "wish" && Has(behind, [](std::string_view w) { return w == "knew" || w == "could"; })) return true;
  }
  return false;
}

bool IsFurther(std::string_view w) { return IsOneOf(w, {"more", "additional", "further", "some", "enough", "sufficient"}); }

// The noun t[i] of information is missing: "no reliable data", "not enough context", "lack of information". "Not" needs more
// than a noun behind it: "not the data link layer" denies something else.
bool LacksBefore(const std::vector<std::string_view>& t, size_t i) {
  for (size_t k = i; k-- > (i > 4 ? i - 4 : 0);) {
    if (IsOneOf(t[k], {"no", "without", "insufficient", "lack", "limited"})) return true;
    const bool negated = IsOneOf(t[k], {"not", "isnt", "arent", "wasnt"});
    if (negated && std::any_of(t.begin() + static_cast<std::ptrdiff_t>(k), t.begin() + static_cast<std::ptrdiff_t>(i),
                               [](std::string_view w) {
                                 return IsFurther(w) || IsOneOf(w, {"any", "have", "provided", "given"});
                               }))
      return true;
    if (IsOneOf(t[k], {"the", "a", "an"}) && k + 1 < i) break;  // "without the physical layer, data ..."
  }
  return false;
}

// "I would need access to", "answering this requires access to": what is needed is needed for the answer.
bool AboutAnswering(const std::vector<std::string_view>& t, size_t i) {
  constexpr size_t kBack = 8;
  const size_t from = i > kBack ? i - kBack : 0;
  return Speaks(t, from, i) || Has(Slice(t, from, i - from), [](std::string_view w) {
           return IsOneOf(w, {"would", "answering", "answer", "question", "determining", "verifying", "know"});
         });
}

// "not enough information", "without more context", "the information is not available", "would need access to".
bool InformationIsLacking(const std::vector<std::string_view>& t) {
  for (size_t i = 0; i < t.size(); ++i) {
    if (!IsInformation(t[i])) continue;
    const size_t from = i >= 4 ? i - 4 : 0;
    const auto before = Slice(t, from, i - from);
    const bool noun = !IsOneOf(t[i], {"answer", "idea", "clue", "access", "tools", "memory", "knowledge"});
    const auto needs_it = [](std::string_view w) { return IsOneOf(w, {"need", "needs", "require", "requires"}); };
    if (Has(before, needs_it) && Has(Slice(t, from > 0 ? from - 1 : 0, i - from + 1), IsNegation) && !Speaks(t, 0, i))
      continue;  // "requires no further data"
    if (noun && LacksBefore(t, i)) return true;
    const bool needed = Has(before, [](std::string_view w) {
      return IsOneOf(w, {"need", "needs", "needed", "require", "requires", "required", "provide", "requiring"});
    });
    if (needed && (Has(before, IsFurther) || AboutAnswering(t, i))) return true;
    const auto behind = Slice(t, i + 1, 6);
    const bool negated = Has(behind.first(std::min<size_t>(behind.size(), 3)), IsNegation);
    if (noun && (Has(behind, LacksIt) || (negated && Has(behind, [](std::string_view w) {
                                            return IsOneOf(w, {"available", "provided", "public", "something", "enough",
                                                               "sufficient", "included", "known", "i", "me", "my", "possess",
                                                               "accessible", "given", "within", "part"});
                                          }))))
      return true;
    const bool needs = Has(behind, [](std::string_view w) { return IsOneOf(w, {"needed", "required", "necessary", "needs"}); });
    if (noun && needs && (Has(before, IsFurther) || Has(behind.first(std::min<size_t>(behind.size(), 2)), [](std::string_view w) {
                            return w == "is" || w == "are" || w == "would";
                          })))
      return true;
  }
  return false;
}

// "I would need to look that up", "I'd have to see the opinion".
bool SpeakerMustLook(const std::vector<std::string_view>& t) {
  for (size_t i = 0; i + 1 < t.size(); ++i) {
    if (!IsOneOf(t[i], {"need", "have", "want"}) || !Speaks(t, i >= 3 ? i - 3 : 0, i)) continue;
    if (Has(Slice(t, i + 1, 4), [](std::string_view w) {
          return IsOneOf(w, {"look", "check", "see", "consult", "search", "verify", "review", "more", "access", "additional",
                             "further", "tools", "know"});
        }))
      return true;
  }
  return false;
}

bool Is(const Sentence& s, std::initializer_list<std::string_view> whole) {
  return std::any_of(whole.begin(), whole.end(), [&](std::string_view w) { return s == " " + std::string(w) + " "; });
}

// clang-format off
constexpr std::string_view kIdioms[] = {
    " answer is unknown ", " it is unknown ", " its unknown ", " it is not known ",
    " its not known ", " this is unknown ", " beyond my ", " outside my ",
    " outside of my ", " outside the scope ", " beats me ", " escapes me ",
    " eludes me ", " escaping me ", " slipped my mind ", " slips my mind ",
    " nothing comes to mind ", " drawing a blank ", " my mind is blank ", " memory fails ",
    " rather not ", " known to me ", " unclear to me ", " not clear to me ",
    " available to me ", " as a language model ", " as a large language model ", " am a language model ",
    " im a language model ", " am a large language model ", " as an ai ", " am an ai ",
    " im an ai ", " possible for me ", " impossible for me ", " couldnt tell you ",
    " isnt something i ", " not something i ", " no way for me ", " not publicly available ",
    " not publicly known ", " not publicly disclosed ", " cannot be determined ", " cannot be answered ",
    " cannot be verified ", " not able to answer ", " as good as mine ", " as good as yours ", " no lo se ",
    " je ne sais pas ", " ich weiss es nicht ", " ich weiss nicht ", " non lo so ",
    " nao sei ", " keine ahnung ",
};
// clang-format on

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

}  // namespace

bool Starts(const Sentence& s, std::initializer_list<std::string_view> openings) {
  return std::any_of(openings.begin(), openings.end(), [&](std::string_view o) { return s.compare(1, o.size(), o) == 0; });
}

bool IsAboutKnowing(std::string_view word) {
  return IsSure(word) || Knows(word) || IsInformation(word) || IsNegation(word) ||
         IsOneOf(word, {"want", "exact", "wrong", "best", "fairly", "pretty", "further", "am"});
}

std::vector<std::string_view> Tokens(const Sentence& s) {
  std::vector<std::string_view> tokens;
  for (size_t at = 1; at < s.size();) {
    const size_t end = std::min(s.find(' ', at), s.size());
    if (end > at) tokens.push_back(std::string_view(s).substr(at, end - at));
    at = end + 1;
  }
  return tokens;
}

bool IsNegation(std::string_view w) {
  return IsOneOf(
      w, {"not",     "dont",   "didnt",  "doesnt",  "cannot",  "cant",  "couldnt",    "wont",      "wouldnt", "isnt",
          "arent",   "wasnt",  "werent", "havent",  "hasnt",   "hadnt", "never",      "no",        "unable",  "unsure",
          "unaware", "nobody", "none",   "nothing", "neither", "nor",   "unfamiliar", "uncertain", "without", "insufficient"});
}

bool OnlyDoubts(const Sentence& s) {
  const std::vector<std::string_view> t = Tokens(s);
  for (size_t i = 0; i < t.size(); ++i) {
    if (IsOneOf(t[i], {"unsure", "uncertain"})) return true;
    if (!IsSure(t[i]) || i == 0) continue;
    const size_t from = i >= 3 ? i - 3 : 0;
    if (Has(Slice(t, from, i - from), IsNegation)) return true;
  }
  return false;
}

bool DoesNotKnow(const Sentence& s) {
  if (SureOfIt(s)) return false;
  const std::vector<std::string_view> t = Tokens(s);
  if (SpeakerDoesNot(t) || InformationIsLacking(t) || SpeakerMustLook(t)) return true;
  if (HasAny(s, kIdioms)) return true;
  return Starts(s, {"not sure ", "no idea ", "no clue ", "not certain ", "not known ", "idk ", "dunno ", "hard to say ",
                    "difficult to say ", "tough to say ", "impossible to say ", "no comment ", "unable to ", "couldnt say ",
                    "no reliable ", "do not know ", "dont know "}) ||
         Is(s, {"unknown", "unclear", "n a", "na", "pass", "no answer", "not available", "not applicable", "unsure", "uncertain",
                "im lost", "skip"});
}

bool Defers(const Sentence& s) {
  if (Starts(s, {"please ", "could you ", "can you ", "would you ", "i recommend ", "i suggest ", "i would recommend ",
                 "i would suggest ", "id recommend ", "id suggest ", "you should ", "you may want ", "you might ",
                 "you would need ", "it depends ", "that depends ", "this depends "}))
    return true;
  return HasAny(s,
                {" rephrase ", " please consult ", " please refer ", " please check ", " please provide ", " please clarify "});
}

bool Unknowable(const Sentence& s) {
  if (HasAny(s, {" i have no way ", " ive no way ", " for me "})) return false;  // of oneself alone
  if (HasAny(s,
             {" unknowable ", " never recorded ", " not recorded ", " not knowable ", " no way to know ", " no way of knowing "}))
    return true;
  if (const size_t way = s.find(" no way ");
      way != s.npos && HasAny(s.substr(way), {" know ", " tell ", " determine ", " predict "}))
    return true;
  const std::vector<std::string_view> t = Tokens(s);
  // "Nobody can know", "impossible to predict", "cannot be determined", "no surviving record".
  for (size_t i = 0; i < t.size(); ++i) {
    const bool nobody = IsOneOf(t[i], {"nobody", "impossible"}) ||
                        (t[i] == "no" && i + 1 < t.size() && IsOneOf(t[i + 1], {"one", "human", "person", "historian"})) ||
                        (t[i] == "not" && i + 1 < t.size() && t[i + 1] == "possible") ||
                        (IsOneOf(t[i], {"cannot", "cant", "couldnt"}) && i + 1 < t.size() && t[i + 1] == "be") ||
                        (IsOneOf(t[i], {"not", "never"}) && i > 0 && IsOneOf(t[i - 1], {"could", "can", "is", "was"}));
    if (!nobody) continue;
    if (Has(Slice(t, i + 1, 5), [](std::string_view w) {
          return IsOneOf(w, {"know",     "known",      "knows",       "predict",   "predicted",   "determine",   "determined",
                             "say",      "said",       "tell",        "answer",    "answered",    "forecast",    "foresee",
                             "foreseen", "count",      "counted",     "knowable",  "knew",        "measure",     "measured",
                             "recorded", "documented", "established", "ascertain", "ascertained", "predictable", "verify"});
        }))
      return !HasAny(s, {" it is not known to me "});
  }
  return false;
}

}  // namespace tidemark::omniscience
