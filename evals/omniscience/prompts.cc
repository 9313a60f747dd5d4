#include "evals/omniscience/prompts.h"

#include <nlohmann/json.hpp>

#include "engine/core/error.h"

namespace tidemark::omniscience {

const PromptTexts& OwnPrompts() {
  static const PromptTexts texts = {
      "The question is about {domain}, more precisely about {topic}. Give just the answer and no explanation. If you do not know "
      "it, or need more context or a tool to find it, say so: that is better than a wrong answer.",
      "{question}",
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

Reply with one letter, A, B, C or D, and nothing else.)"};
  return texts;
}

PromptTexts ParsePrompts(std::string_view json, const std::string& place) {
  const auto root = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object())
    throw Error(place, "not a JSON object", "prompt texts",
                "compare with `tidemark eval --help`, --prompts: a JSON object of prompt texts with their placeholders");
  const auto text = [&](const char* key) {
    const auto it = root.find(key);
    if (it == root.end() || !it->is_string())
      throw Error(place, fmt::format("no text under \"{}\"", key), "a prompt template",
                  "compare with `tidemark eval --help`, --prompts: a JSON object of prompt texts with their placeholders");
    return it->get<std::string>();
  };
  PromptTexts texts{text("answer_system_prompt"), text("answer_user_prompt"), text("grader_prompt")};
  const auto needs = [&](const char* key, const std::string& value, std::initializer_list<const char*> names) {
    for (const char* name : names) {
      if (value.find(name) == value.npos)
        throw Error(place, fmt::format("\"{}\" without {}", key, name), "every placeholder it needs",
                    "compare with `tidemark eval --help`, --prompts: a JSON object of prompt texts with their placeholders");
    }
  };
  needs("answer_user_prompt", texts.answer_user, {"{question}"});
  needs("grader_prompt", texts.grader, {"{question}", "{target}", "{predicted_answer}"});
  return texts;
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
