// Which model a report is about: that of a claim or another, and whether several reports can be of one.
#include <algorithm>
#include <regex>

#include "engine/core/error.h"
#include "reports/claim_parts.h"

namespace tidemark::claims {
namespace {

// Lower-case letters and digits alone: "LFM2.5-8B-A1B" is in "lfm2.5_8b_a1b-Q4_0.gguf".
std::string Squeezed(const std::string& text) {
  std::string squeezed;
  for (const char c : text) {
    if (c >= 'A' && c <= 'Z') squeezed += static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) squeezed += c;
  }
  return squeezed;
}

// Whether a file or model name is the claim's model: its name at the start, upper and lower case and punctuation aside, then
// nothing but how the weights are stored and cut into files. "LFM2-8B-A1B-Base" and ".../LFM2-8B-A1B/other.gguf" are others.
bool IsNamed(const std::string& text, const std::string& name) {
  static const std::regex kStored(
      "([-_.](i?q[1-8](_([01448ksml]|xs|xxs|xl|nl))*|tq[12]_0|b?f16|fp16|f32|fp32|fp8|nvfp4|mxfp4(_moe)?|int[48]|w[48]a(8|16)"
      "|[2-8]bit|ud|imat|mlx|awq|gptq|[0-9]{5}|of|gguf|safetensors))*",
      std::regex::icase | std::regex::optimize);
  constexpr size_t kLongest = 200;
  const std::string wanted = Squeezed(name);
  size_t matched = 0, i = 0;
  for (; i < text.size() && matched < wanted.size(); ++i) {
    const std::string c = Squeezed(text.substr(i, 1));
    if (c.empty()) continue;
    if (c[0] != wanted[matched++]) return false;
  }
  return !wanted.empty() && matched == wanted.size() && text.size() <= kLongest && std::regex_match(text.substr(i), kStored);
}

// The last part of a path; of weights that only their folder names ("model.safetensors") the folder's.
std::string ModelName(std::string path) {
  const auto last = [&path] {
    while (!path.empty() && (path.back() == '/' || path.back() == '\\')) path.pop_back();
    const size_t slash = path.find_last_of("/\\");
    return slash == std::string::npos ? path : path.substr(slash + 1);
  };
  std::string name = last();
  if (IsNamed(name, "model") && path.size() > name.size()) {
    path.resize(path.size() - name.size());
    name = last();
  }
  return name;
}

// Converters that were told no name write that of the folder: "model", or the commit of a snapshot.
bool SaysNothing(const std::string& general_name) {
  const bool hash = general_name.size() == 40 && general_name.find_first_not_of("0123456789abcdef") == std::string::npos;
  return hash || Squeezed(general_name).empty() || IsNamed(general_name, "model");
}

// What the weights say of themselves; empty: nothing of use.
std::string OwnName(const Json& model) {
  const std::string own = Text(model, "general_name");
  return SaysNothing(own) ? std::string() : own;
}

bool SameName(const std::string& a, const std::string& b) { return IsNamed(a, b) || IsNamed(b, a); }

std::vector<std::string> Names(const Json& model) {
  std::vector<std::string> names;
  if (Text(model, "adapter") == "replay") return names;  // the path is that of the answers
  if (const std::string own = OwnName(model); !own.empty()) names.push_back(own);
  for (const char* key : {"name", "model", "path"}) {
    if (const std::string name = ModelName(Text(model, key)); !name.empty()) names.push_back(name);
  }
  return names;
}

// Why two reports cannot be of one model; empty: they can. `speed` records no hash, but the size of the same files.
std::string WhyDifferent(const Json& a, const Json& b) {
  const std::string hash = Text(a, "sha256"), other = Text(b, "sha256");
  if (!hash.empty() && !other.empty()) {
    return hash == other ? "" : fmt::format("SHA-256 {:.12}... against {:.12}...", Printable(hash), Printable(other));
  }
  const auto bytes = [](const Json& model) {
    return Number(model, "bytes") ? Number(model, "bytes") : Number(model, "file_bytes");
  };
  if (bytes(a) && bytes(b) && *bytes(a) != *bytes(b)) {
    return fmt::format("weights of {:.0f} bytes against {:.0f}", *bytes(a), *bytes(b));
  }
  const std::string own = OwnName(a), others = OwnName(b);
  if (!own.empty() && !others.empty()) {
    return SameName(own, others) ? "" : Printable(own) + " against " + Printable(others);
  }
  const std::vector<std::string> names = Names(a), other_names = Names(b);
  if (names.empty() || other_names.empty()) return "";
  for (const std::string& name : names) {
    for (const std::string& other_name : other_names) {
      if (SameName(name, other_name)) return "";
    }
  }
  return Printable(names.front()) + " against " + Printable(other_names.front());
}

}  // namespace

bool Holds(const std::string& text, const std::string& name) { return Squeezed(text).find(Squeezed(name)) != std::string::npos; }

const Json& AnsweringModel(const Json& report) {
  const Json& model = At(report, "model");
  if (Text(model, "adapter") == "judge") return At(At(model, "answers"), "model");
  const Json& judge = At(At(report, "settings"), "judge");  // rules that graded stored answers
  return judge.is_object() ? At(judge, "answers_model") : model;
}

const Json& AnsweringSettings(const Json& report, const Json& task) {
  const Json& model = At(report, "model");
  if (Text(model, "adapter") == "judge") return At(At(model, "answers"), "settings");
  const Json& judge = At(At(report, "settings"), "judge");
  return judge.is_object() ? At(judge, "answers_settings") : At(task, "settings");
}

double TruncatedAnswers(const Json& report) {
  const Json& model = At(report, "model");
  if (Text(model, "adapter") != "judge") return 0;
  return std::clamp(Number(At(model, "answers"), "truncated").value_or(0), 0.0, 1e12);
}

std::string WhyOtherModel(const Json& report, const Claim& claim, const std::string& given) {
  if (!given.empty()) {
    return Squeezed(given) == Squeezed(claim.model) ? "" : "another model: the report is said to be of " + Printable(given);
  }
  const Json& model = AnsweringModel(report);
  if (Text(model, "adapter") == "replay" || !model.is_object() || model.empty()) {
    return "another model, or an unknown one: stored answers do not name theirs (--model NAME does)";
  }
  std::string names;
  // What the weights say of themselves counts first; a file can be renamed.
  if (const std::string own = OwnName(model); !own.empty()) {
    if (IsNamed(own, claim.model)) return "";
    names = "the weights call themselves " + Printable(own);
  } else {
    for (const char* key : {"name", "model", "path"}) {
      const std::string text = Text(model, key);
      if (text.empty()) continue;
      if (IsNamed(ModelName(text), claim.model)) return "";
      names += (names.empty() ? "" : ", ") + Printable(text);
    }
  }
  return "another model: " + (names.empty() ? "the report does not name it" : names) + " (--model NAME if it is this one)";
}

void CheckOneModel(std::span<const ClaimReport> reports) {
  for (size_t i = 0; i < reports.size(); ++i) {
    for (size_t j = i + 1; j < reports.size(); ++j) {
      const std::string why = WhyDifferent(AnsweringModel(reports[i].json), AnsweringModel(reports[j].json));
      if (why.empty()) continue;
      throw Error(reports[i].place + " and " + reports[j].place, "two models: " + why, "reports of one model",
                  "--model NAME if they are all of it");
    }
  }
}

}  // namespace tidemark::claims
