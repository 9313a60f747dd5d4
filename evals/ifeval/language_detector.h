// Which language is a text in? Naive Bayes over character n-grams, as the reference's langdetect 1.0.9 does it.
//
// The text is cleaned (no URLs, blanks collapsed, Latin letters dropped when another script rules), each character is
// normalised by its Unicode block, and every run of 1-3 characters that some language profile knows becomes a feature. Seven
// trials start from equal probabilities and multiply in P(feature | language) for randomly drawn features until one language is
// almost sure; the mean over the trials decides. The draws come from CPython's generator with a fixed seed, so the verdict is
// reproducible and, with the same seed, the probabilities equal the reference's bit for bit.
// Sources: Mimino666/langdetect langdetect/detector.py, utils/ngram.py; Shuyo 2010, "Language Detection Library for Java".
#ifndef TIDEMARK_EVALS_IFEVAL_LANGUAGE_DETECTOR_H_
#define TIDEMARK_EVALS_IFEVAL_LANGUAGE_DETECTOR_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tidemark {

struct LanguageProbability {
  std::string code;  // "en", "zh-cn": the profile's name
  double probability;
};

class LanguageDetector {
 public:
  // bytes: the table written by tables/build_langdetect_table.py. Throws Error if it is malformed.
  explicit LanguageDetector(std::string_view bytes);

  const std::vector<std::string>& languages() const { return languages_; }

  // Languages above 0.1, most probable first. Empty in two cases told apart by has_features: the text has no known n-gram
  // (false), or no language reaches 0.1 (true). O(text) with a bounded number of draws.
  std::vector<LanguageProbability> Probabilities(std::u32string_view text, uint32_t seed, bool& has_features) const;

  // The reference's verdict: "" if the text has no features, "unknown" if no language stands out, else the best language's code.
  std::string Detect(std::u32string_view text, uint32_t seed = 0) const;

  // The stages, open to tests. Clean: everything up to the text whose characters are then normalised one by one.
  std::u32string Clean(std::u32string_view text) const;
  char32_t Normalize(char32_t c) const;
  std::vector<uint32_t> Features(std::u32string_view cleaned) const;  // indices of known n-grams, in text order

 private:
  struct Posting {
    uint32_t language;
    double probability;  // count of the n-gram / total of that length in the language's profile
  };

  std::u32string ComposeVietnamese(std::u32string_view text) const;
  void Trial(const std::vector<uint32_t>& features, double alpha, class PythonRandom& random, std::vector<double>& prob) const;

  std::vector<std::string> languages_;
  std::vector<uint64_t> grams_;          // sorted; three code points of 21 bits, unused ones zero at the low end
  std::vector<uint32_t> first_posting_;  // per gram, and one past the end
  std::vector<Posting> postings_;
  std::u32string latin1_excluded_, vietnamese_letters_, vietnamese_marks_;
  std::vector<std::u32string> vietnamese_composed_;  // per mark, in the order of the letters
  std::unordered_map<char32_t, char32_t> kanji_class_;
};

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_IFEVAL_LANGUAGE_DETECTOR_H_
