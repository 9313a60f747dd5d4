#include "evals/omniscience/prompts.h"

#include <nlohmann/json.hpp>

#include "engine/core/error.h"

namespace tidemark::omniscience {
namespace {

struct Key {
  const char* name;
  std::vector<const char*> placeholders;  // that its text must have
};

// The texts under the keys; hint: where a user reads what the file must hold.
std::vector<std::string> ReadTexts(std::string_view json, const std::string& place, const std::vector<Key>& keys,
                                   const std::string& hint) {
  const auto root = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) throw Error(place, "not a JSON object", "prompt texts", hint);
  std::vector<std::string> texts;
  for (const Key& key : keys) {
    const auto it = root.find(key.name);
    if (it == root.end() || !it->is_string())
      throw Error(place, fmt::format("no text under \"{}\"", key.name), "a prompt template", hint);
    const auto& text = it->get_ref<const std::string&>();
    for (const char* placeholder : key.placeholders) {
      if (text.find(placeholder) == text.npos)
        throw Error(place, fmt::format("\"{}\" without {}", key.name, placeholder), "every placeholder it needs", hint);
    }
    texts.push_back(text);
  }
  return texts;
}

}  // namespace

const AnswerPrompts& OwnAnswerPrompts() {
  static const AnswerPrompts texts = {
      "The question is about {domain}, more precisely about {topic}. Give just the answer and no explanation. If you do not know "
      "it, or need more context or a tool to find it, say so: that is better than a wrong answer.",
      "{question}"};
  return texts;
}

const std::string& OwnGraderPrompt() {
  static const std::string text =
      R"(Grade an answer. You see a question, the reference answer, and the answer that was given.

Grades:
A (correct): the given answer means the same as the reference, as far as the question asks for it.
B (incorrect): the given answer contradicts the reference or means something else. Two different candidates without a decision are incorrect.
C (partial): the given answer is true but at the wrong level of detail, for example more precise than the reference.
D (not attempted): there is no answer: it is empty, declines, says that it does not know, or needs more context or tools. This holds even if guesses follow.

Rules:
- A number is correct if it agrees with the reference to the reference's last significant digit. Numbers of sections, versions, standards and the like must agree exactly; an incomplete version is incorrect.
- The reference may say more than was asked; only what was asked is needed.
- Units and words that the question implies may be missing. Slips in the spelling of a person's name do not matter if it is clearly the same name.
- Code that does the same is the same, whatever its variables are called.
- If the reference says that there is no such thing, an answer that says so is correct, one that merely does not know is D, and one that answers anyway is incorrect.

Question: {question}
Reference answer: {target}
Given answer: {predicted_answer}

Reply with one letter, A, B, C or D, and nothing else.)";
  return text;
}

AnswerPrompts ParseAnswerPrompts(std::string_view json, const std::string& place) {
  std::vector<std::string> texts =
      ReadTexts(json, place, {{"answer_system_prompt", {}}, {"answer_user_prompt", {"{question}"}}},
                "`tidemark eval --help` names the keys and placeholders at --prompts; an empty answer_system_prompt is none");
  return {std::move(texts[0]), std::move(texts[1])};
}

std::string ParseGraderPrompt(std::string_view json, const std::string& place) {
  return ReadTexts(json, place, {{"grader_prompt", {"{question}", "{target}", "{predicted_answer}"}}},
                   "`tidemark judge --help` names the key and its placeholders at --prompts")[0];
}

std::string Fill(std::string_view text, const std::vector<std::pair<std::string_view, std::string_view>>& values) {
  std::string out;
  while (!text.empty()) {
    const size_t open = std::min(text.find('{'), text.size());
    out += text.substr(0, open);
    text.remove_prefix(open);
    if (text.empty()) break;
    const size_t close = text.find('}');
    bool known = false;
    for (const auto& [name, value] : values) {
      if (close == text.npos || text.substr(1, close - 1) != name) continue;
      out += value;
      text.remove_prefix(close + 1);
      known = true;
      break;
    }
    if (known) continue;
    out += '{';
    text.remove_prefix(1);
  }
  return out;
}

}  // namespace tidemark::omniscience
