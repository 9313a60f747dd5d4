#include "evals/ifeval/language_detector.h"

#include <algorithm>

#include "engine/core/utf8.h"
#include "evals/ifeval/language_text.h"
#include "evals/ifeval/mersenne_twister.h"
#include "evals/ifeval/python_text.h"
#include "evals/ifeval/table_reader.h"

namespace tidemark {
namespace {

constexpr double kAlpha = 0.5, kAlphaWidth = 0.05;
constexpr double kBaseFrequency = 10000;
constexpr int kTrials = 7, kIterationLimit = 1000, kNormalizeEvery = 5;
constexpr double kConverged = 0.99999, kReportAbove = 0.1;
constexpr size_t kMaxTextLength = 10000;

uint64_t PackGram(const char32_t* c, size_t length) {
  uint64_t key = 0;
  for (size_t i = 0; i < 3; ++i) key = (key << 21) | (i < length ? c[i] : 0);
  return key;
}

// Scales prob to sum 1 and returns the largest. Sum in index order, as the reference's sum().
double NormalizeProbabilities(std::vector<double>& prob) {
  double sum = 0, largest = 0;
  for (double p : prob) sum += p;
  for (double& p : prob) {
    p /= sum;
    largest = std::max(largest, p);
  }
  return largest;
}

// The last up to three normalised characters, and whether they end inside a word of capitals.
class GramWindow {
 public:
  void Add(char32_t c) {
    const char32_t last = chars_[size_ - 1];
    if (last == ' ') {
      chars_[0] = ' ';
      size_ = 1;
      in_capitals_ = false;
      if (c == ' ') return;
    } else if (size_ == 3) {
      chars_[0] = chars_[1];
      chars_[1] = chars_[2];
      size_ = 2;
    }
    chars_[size_++] = c;
    if (!python::IsUpper(c)) {
      in_capitals_ = false;
    } else if (python::IsUpper(last)) {
      in_capitals_ = true;
    }
  }

  bool in_capitals() const { return in_capitals_; }
  size_t size() const { return size_; }
  const char32_t* Last(size_t n) const { return chars_ + size_ - n; }

 private:
  char32_t chars_[3] = {' ', 0, 0};
  size_t size_ = 1;
  bool in_capitals_ = false;
};

}  // namespace

LanguageDetector::LanguageDetector(std::string_view bytes) {
  TableReader in("langdetect", bytes, "TMLANG01");
  std::vector<std::array<double, 3>> totals(in.Count());
  for (auto& total : totals) {
    languages_.push_back(EncodeUtf8(in.String()));
    for (double& n : total) n = in.Varint();
  }
  latin1_excluded_ = in.String();
  vietnamese_letters_ = in.String();
  vietnamese_marks_ = in.String();
  for (size_t i = 0; i < vietnamese_marks_.size(); ++i) {
    vietnamese_composed_.push_back(in.String());
    if (vietnamese_composed_.back().size() != vietnamese_letters_.size())
      in.Fail("a shorter list", "one letter for each base letter");
  }
  for (uint32_t n = in.Count(); n > 0; --n) {
    const std::u32string members = in.String();
    for (char32_t c : members) kanji_class_[c] = members[0];
  }
  const uint32_t gram_count = in.Count();
  grams_.reserve(gram_count);
  first_posting_.reserve(gram_count + 1);
  postings_.reserve(2 * static_cast<size_t>(gram_count));
  char32_t gram[3] = {0, 0, 0};
  size_t previous_length = 0;
  for (uint32_t g = 0; g < gram_count; ++g) {
    const uint32_t head = in.Varint();
    const size_t shared = head >> 2, length = head & 3;
    if (length == 0 || shared >= length || shared > previous_length) in.Fail("a malformed n-gram", "1 to 3 characters");
    for (size_t i = shared; i < length; ++i) gram[i] = (i == shared && i < previous_length ? gram[i] : 0) + in.Varint();
    previous_length = length;
    grams_.push_back(PackGram(gram, length));
    first_posting_.push_back(static_cast<uint32_t>(postings_.size()));
    for (uint32_t n = in.Count(); n > 0; --n) {
      const uint32_t language = in.Varint();
      if (language >= totals.size()) in.Fail("an unknown language", "an index below the number of languages");
      postings_.push_back({language, in.Varint() / totals[language][length - 1]});
    }
  }
  first_posting_.push_back(static_cast<uint32_t>(postings_.size()));
  in.ExpectEnd();
}

std::u32string LanguageDetector::ComposeVietnamese(std::u32string_view text) const {
  std::u32string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t mark = i + 1 < text.size() ? vietnamese_marks_.find(text[i + 1]) : std::u32string::npos;
    const size_t letter = mark == std::u32string::npos ? mark : vietnamese_letters_.find(text[i]);
    if (letter == std::u32string::npos) {
      out += text[i];
    } else {
      out += vietnamese_composed_[mark][letter];
      ++i;
    }
  }
  return out;
}

std::u32string LanguageDetector::Clean(std::u32string_view text) const {
  const std::u32string composed = ComposeVietnamese(BlankMailAddresses(BlankUrls(text)));
  std::u32string out;
  char32_t previous = 0;
  for (size_t i = 0; i < std::min(composed.size(), kMaxTextLength); ++i) {
    if (composed[i] != ' ' || previous != ' ') out += composed[i];
    previous = composed[i];
  }
  // A text mostly in another script loses its Latin letters (and what lies between Z and a). The reference means to leave the
  // block Latin Extended Additional out of the count but compares a number with a name, so nothing is left out.
  size_t latin = 0, other = 0;
  for (char32_t c : out) {
    if (c >= 'A' && c <= 'z') {
      ++latin;
    } else if (c >= 0x300) {
      ++other;
    }
  }
  if (latin * 2 < other) std::erase_if(out, [](char32_t c) { return c >= 'A' && c <= 'z'; });
  return out;
}

char32_t LanguageDetector::Normalize(char32_t c) const {
  if (c >= 0x4E00 && c <= 0x9FFF) {
    const auto found = kanji_class_.find(c);
    return found == kanji_class_.end() ? c : found->second;
  }
  if (c >= 0x80 && c <= 0xFF) return latin1_excluded_.find(c) != std::u32string::npos ? U' ' : c;
  return NormalizeByBlock(c);
}

std::vector<uint32_t> LanguageDetector::Features(std::u32string_view cleaned) const {
  std::vector<uint32_t> features;
  GramWindow window;
  for (char32_t c : cleaned) {
    window.Add(Normalize(c));
    if (window.in_capitals()) continue;
    for (size_t n = 1; n <= window.size(); ++n) {
      if (n == 1 && *window.Last(1) == ' ') continue;
      const uint64_t key = PackGram(window.Last(n), n);
      const auto found = std::lower_bound(grams_.begin(), grams_.end(), key);
      if (found != grams_.end() && *found == key) features.push_back(static_cast<uint32_t>(found - grams_.begin()));
    }
  }
  return features;
}

void LanguageDetector::Trial(const std::vector<uint32_t>& features, double alpha, PythonRandom& random,
                             std::vector<double>& prob) const {
  std::fill(prob.begin(), prob.end(), 1.0 / static_cast<double>(languages_.size()));
  std::vector<double> factor(languages_.size());
  const double weight = alpha / kBaseFrequency;
  for (int step = 0;; ++step) {
    const uint32_t gram = features[random.Below(static_cast<uint32_t>(features.size()))];
    std::fill(factor.begin(), factor.end(), weight);
    for (uint32_t i = first_posting_[gram]; i < first_posting_[gram + 1]; ++i) {
      factor[postings_[i].language] = weight + postings_[i].probability;
    }
    for (size_t j = 0; j < prob.size(); ++j) prob[j] *= factor[j];
    if (step % kNormalizeEvery != 0) continue;
    if (NormalizeProbabilities(prob) > kConverged || step >= kIterationLimit) return;
  }
}

std::vector<LanguageProbability> LanguageDetector::Probabilities(std::u32string_view text, uint32_t seed,
                                                                 bool& has_features) const {
  const std::vector<uint32_t> features = Features(Clean(text));
  has_features = !features.empty();
  if (features.empty()) return {};
  PythonRandom random(seed);
  std::vector<double> mean(languages_.size(), 0.0), prob(languages_.size());
  for (int trial = 0; trial < kTrials; ++trial) {
    const double alpha = kAlpha + random.Gauss() * kAlphaWidth;
    Trial(features, alpha, random, prob);
    for (size_t j = 0; j < mean.size(); ++j) mean[j] += prob[j] / kTrials;
  }
  std::vector<LanguageProbability> ranked;
  for (size_t j = 0; j < mean.size(); ++j) {
    if (mean[j] > kReportAbove) ranked.push_back({languages_[j], mean[j]});
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.probability > b.probability; });
  return ranked;
}

std::string LanguageDetector::Detect(std::u32string_view text, uint32_t seed) const {
  bool has_features = false;
  const std::vector<LanguageProbability> ranked = Probabilities(text, seed, has_features);
  if (!has_features) return "";
  return ranked.empty() ? "unknown" : ranked[0].code;
}

}  // namespace tidemark
