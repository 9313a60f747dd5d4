#include "evals/agreement.h"

#include <algorithm>
#include <cmath>

#include "datasets/rows.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/random.h"
#include "engine/core/sha256.h"
#include "reports/intervals.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;
using omniscience::FindGrade;
using omniscience::Grade;
using omniscience::GradeLetter;
using Confusion = std::array<std::array<int64_t, 4>, 4>;

constexpr int kResamples = 2000;

std::optional<double> Kappa(const Confusion& confusion) {
  std::array<double, 4> rows = {}, columns = {};
  double n = 0, equal = 0;
  for (size_t i = 0; i < 4; ++i) {
    for (size_t j = 0; j < 4; ++j) {
      const auto count = static_cast<double>(confusion[i][j]);
      rows[i] += count;
      columns[j] += count;
      n += count;
      if (i == j) equal += count;
    }
  }
  double expected = 0;
  for (size_t i = 0; i < 4; ++i) expected += rows[i] * columns[i];
  expected /= n * n;
  if (expected >= 1) return std::nullopt;
  return (equal / n - expected) / (1 - expected);
}

// Resamples whole samples, since repeats of one are no independent answers. Resamples without a kappa are left out.
Interval BootstrapKappa(const std::vector<Confusion>& samples, uint64_t seed) {
  const uint64_t stream = StableHash("kappa");
  const size_t n = samples.size();
  std::vector<double> kappas;
  for (uint64_t r = 0; r < kResamples; ++r) {
    Confusion total = {};
    for (size_t k = 0; k < n; ++k) {
      const double u = UniformAt(seed, stream, r * n + k);
      const Confusion& one = samples[std::min(static_cast<size_t>(u * static_cast<double>(n)), n - 1)];
      for (size_t i = 0; i < 4; ++i) {
        for (size_t j = 0; j < 4; ++j) total[i][j] += one[i][j];
      }
    }
    if (const auto kappa = Kappa(total)) kappas.push_back(*kappa);
  }
  if (kappas.empty()) return {-1, 1};
  std::sort(kappas.begin(), kappas.end());
  return {Quantile(kappas, 0.025), Quantile(kappas, 0.975)};
}

std::string IdText(const Json& id, const std::string& place) {
  if (id.is_string()) return id.get<std::string>();
  if (!id.is_number_integer())
    throw Error(place, "no \"id\"", "an integer or a text under \"id\"",
                "name the folders of two judge runs, or their scores.jsonl");
  return id.dump();
}

std::string AnswersHash(const std::filesystem::path& folder) {
  std::error_code ignored;
  if (std::filesystem::exists(folder / "report.json", ignored)) {
    const Json report = Json::parse(ReadFile(folder / "report.json", uint64_t{1} << 30), nullptr, /*allow_exceptions=*/false);
    const Json::json_pointer at("/settings/judge/answers_sha256");
    if (report.is_object() && report.contains(at) && report[at].is_string()) return report[at];
  }
  const std::filesystem::path completions = folder / "completions.jsonl";
  return std::filesystem::exists(completions, ignored) ? Sha256Hex(ReadFile(completions, uint64_t{8} << 30)) : std::string();
}

}  // namespace

GradedAnswers LoadGrades(const std::filesystem::path& where) {
  GradedAnswers graded;
  graded.name = where.string();
  std::error_code ignored;
  std::filesystem::path file = where;
  if (std::filesystem::is_directory(where, ignored)) {
    file = where / "scores.jsonl";
    if (!std::filesystem::exists(file, ignored)) file = where / "omniscience" / "scores.jsonl";
  }
  graded.answers_sha256 = AnswersHash(file.parent_path());
  for (const DatasetRow& row : ParseJsonLines(ReadFile(file, uint64_t{1} << 30), file.string())) {
    const std::string place = fmt::format("{}:{}", file.string(), row.line);
    const Json& json = row.json;
    const auto grade = json.find("grade");
    const bool text = grade != json.end() && grade->is_string();
    if (grade == json.end() || (!text && !grade->is_null()))
      throw Error(place, "no \"grade\"", "a letter or null", "a row of a judged run");
    const auto found = text ? FindGrade(grade->get_ref<const std::string&>()) : std::nullopt;
    if (text && !found)
      throw Error(place, "grade " + Printable(grade->dump()), "A, B, C or D",
                  "name the folders of two judge runs, or their scores.jsonl");
    const auto scored = json.find("scored");
    if (scored != json.end() && *scored == false) continue;
    const auto repeat = json.find("repeat");
    const bool counts = repeat != json.end() && repeat->is_number_unsigned() && repeat->get<uint64_t>() < (uint64_t{1} << 30);
    if (repeat != json.end() && !counts)
      throw Error(place, "\"repeat\"", "a count", "name the folders of two judge runs, or their scores.jsonl");
    const std::pair<std::string, int> key = {IdText(json.value("id", Json()), place), counts ? repeat->get<int>() : 0};
    if (!graded.grades.emplace(key, found).second)
      throw Error(place, "a second grade of " + Printable(key.first), "one per answer",
                  "name the folders of two judge runs, or their scores.jsonl");
  }
  if (graded.grades.empty())
    throw Error(file.string(), "no graded answers", "rows of a judged run",
                "name the folders of two judge runs, or their scores.jsonl");
  return graded;
}

Agreement CompareGrades(const GradedAnswers& a, const GradedAnswers& b, uint64_t seed) {
  if (!a.answers_sha256.empty() && !b.answers_sha256.empty() && a.answers_sha256 != b.answers_sha256) {
    throw Error(b.name, "grades of answers with sha256 " + b.answers_sha256,
                "the answers of " + a.name + ", sha256 " + a.answers_sha256,
                "judge the same completions twice; `tidemark judge --completions` says which");
  }
  Agreement result;
  std::map<std::string, Confusion> samples;
  std::vector<Tally> equal;
  for (const auto& [key, grade_a] : a.grades) {
    const auto it = b.grades.find(key);
    if (it == b.grades.end()) {
      ++result.only_a;
      continue;
    }
    result.ungraded_a += grade_a ? 0 : 1;
    result.ungraded_b += it->second ? 0 : 1;
    if (!grade_a || !it->second) continue;
    const auto i = static_cast<size_t>(*grade_a), j = static_cast<size_t>(*it->second);
    ++result.both;
    ++result.confusion[i][j];
    const bool added = samples.count(key.first) == 0;
    ++samples[key.first][i][j];
    if (added) equal.emplace_back();  // the map is sorted by id, so repeats of a sample are neighbours
    equal.back().sum += i == j ? 1 : 0;
    equal.back().count += 1;
    if (i != j) result.disagreements.push_back({key.first, key.second, *grade_a, *it->second});
  }
  for (const auto& [key, grade] : b.grades) result.only_b += a.grades.count(key) == 0 ? 1 : 0;
  if (result.both == 0)
    throw Error(a.name + ", " + b.name, "no answer with a grade of both", "two judges of the same answers",
                "a judge run whose replies have grades is needed on both sides");
  result.observed = 1 - static_cast<double>(result.disagreements.size()) / static_cast<double>(result.both);
  const bool single = static_cast<size_t>(result.both) == samples.size();
  result.observed_ci = single ? WilsonInterval(result.observed, static_cast<double>(result.both)) : ClusterInterval(equal, 1);
  result.kappa = Kappa(result.confusion);
  if (!result.kappa) return result;
  if (result.disagreements.empty()) {
    const double expected = [&] {
      double sum = 0;
      for (size_t i = 0; i < 4; ++i)
        sum += std::pow(static_cast<double>(result.confusion[i][i]) / static_cast<double>(result.both), 2);
      return sum;
    }();
    result.kappa_ci = {(result.observed_ci.low - expected) / (1 - expected), 1};
  } else {
    std::vector<Confusion> clusters;
    for (const auto& [id, confusion] : samples) clusters.push_back(confusion);
    const Interval interval = BootstrapKappa(clusters, seed);
    result.kappa_ci = {std::min(interval.low, *result.kappa), std::max(interval.high, *result.kappa)};
  }
  return result;
}

Json AgreementToJson(const GradedAnswers& a, const GradedAnswers& b, const Agreement& r) {
  Json json = {
      {"a", a.name},        {"b", b.name},       {"both", r.both}, {"ungraded_a", r.ungraded_a}, {"ungraded_b", r.ungraded_b},
      {"only_a", r.only_a}, {"only_b", r.only_b}};
  if (!a.answers_sha256.empty()) json["answers_sha256"] = a.answers_sha256;
  json["observed"] = {{"value", r.observed}, {"ci95_low", r.observed_ci.low}, {"ci95_high", r.observed_ci.high}};
  json["kappa"] = nullptr;
  if (r.kappa) json["kappa"] = {{"value", *r.kappa}, {"ci95_low", r.kappa_ci.low}, {"ci95_high", r.kappa_ci.high}};
  for (const Grade from : omniscience::kGrades) {
    for (const Grade to : omniscience::kGrades) {
      json["confusion"][std::string(GradeLetter(from))][std::string(GradeLetter(to))] =
          r.confusion[static_cast<size_t>(from)][static_cast<size_t>(to)];
    }
  }
  json["disagreements"] = Json::array();
  for (const Disagreement& d : r.disagreements) {
    json["disagreements"].push_back({{"id", d.id}, {"repeat", d.repeat}, {"a", GradeLetter(d.a)}, {"b", GradeLetter(d.b)}});
  }
  return json;
}

}  // namespace tidemark
