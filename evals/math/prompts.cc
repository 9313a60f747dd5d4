#include "evals/math/prompts.h"

#include <algorithm>

#include "engine/core/error.h"

namespace tidemark::math {
namespace {

constexpr std::string_view kSlot = "{problem}";

// Four worked examples in the shape of Minerva's (Lewkowycz et al. 2022, appendix D), which are third-party text: these are ours.
constexpr std::string_view kMinerva =
    R"(Problem:
Write $\frac{18}{48}$ in lowest terms.

Solution:
The greatest common divisor of $18$ and $48$ is $6$. Dividing both by it gives $\frac{18}{48} = \frac{18 \div 6}{48 \div 6} = \boxed{\frac{3}{8}}.$
Final Answer: The final answer is $\frac{3}{8}$. I hope it is correct.

Problem:
For which real numbers $x$ is $\sqrt{3x - 6} + \sqrt{7 - x}$ defined?

Solution:
Both radicands must be non-negative. From $3x - 6 \ge 0$ we get $x \ge 2,$ and from $7 - x \ge 0$ we get $x \le 7.$ Both hold on $\boxed{[2,7]}.$
Final Answer: The final answer is $[2,7]$. I hope it is correct.

Problem:
A ferry crosses a bay of $12$ kilometers in $40$ minutes. How many kilometers does it cover in two hours at the same speed?

Solution:
Two hours are $120$ minutes, which is $\frac{120}{40} = 3$ crossings. Three crossings are $3 \cdot 12 = \boxed{36}$ kilometers.
Final Answer: The final answer is $36$. I hope it is correct.

Problem:
The numbers $p$ and $q$ satisfy $p + q = 5$ and $pq = 3.$ Find $p^2 + q^2.$

Solution:
Squaring the sum gives $(p + q)^2 = p^2 + 2pq + q^2,$ so
\[p^2 + q^2 = (p + q)^2 - 2pq = 25 - 6 = \boxed{19}.\]
Final Answer: The final answer is $19$. I hope it is correct.

Problem:
{problem}

Solution:)";

constexpr PromptForm kForms[] = {
    {"boxed", "the problem, then: reason step by step, answer in \\boxed{} (the custom for reasoning models)",
     "{problem}\nReason step by step and put your final answer in \\boxed{}."},
    {"framed", "instruction, problem, reminder, all three of \\boxed{} (shape of Artificial Analysis and pipette)",
     "Work out this math problem step by step and give the answer in \\boxed{}.\n\n{problem}\n\nDo not forget to put the answer "
     "in \\boxed{}."},
    {"hendrycks", "\"Problem: ... Answer:\" (lm-eval hendrycks_math500)", "Problem: {problem}\nAnswer:"},
    {"minerva", "four worked examples of our own, then the problem (shape of lm-eval minerva_math500)", kMinerva},
    {"boxed-before", "the answer alone in \\boxed{}, then the problem (shape of NeMo-Skills)",
     "Work out the math problem below. Put the answer, and nothing but the answer, in \\boxed{}.\n\n{problem}"},
    {"answer-line", "reason step by step, last line \"ANSWER: ...\" (shape of lighteval)",
     "Work out the following math problem step by step. End with a line of its own that reads \"ANSWER: \" and then the answer, "
     "without "
     "the quotation marks.\n\n{problem}"},
    {"answer-line-framed", "step by step, last line \"Answer: ...\", problem, reminder without \\boxed{} (shape of simple-evals)",
     "Work out this math problem step by step. Let the last line be \"Answer: \" and then the answer, without the quotation "
     "marks.\n\n{problem}\n\nKeep the answer on a line of its own, after \"Answer:\"; it needs no \\boxed{}."},
};

}  // namespace

std::span<const PromptForm> AllPromptForms() { return kForms; }

std::string FormatPrompt(std::string_view form, std::string_view own_text, std::string_view problem) {
  const auto* it =
      std::find_if(std::begin(kForms), std::end(kForms), [&](const PromptForm& f) { return form.empty() || f.name == form; });
  TM_CHECK(it != std::end(kForms), "no prompt form {}", form);
  const std::string_view text = own_text.empty() ? it->text : own_text;
  const size_t slot = text.find(kSlot);
  TM_CHECK(slot != text.npos, "no {} in the prompt form {}", kSlot, it->name);
  std::string prompt(text.substr(0, slot));
  prompt += problem;
  prompt += text.substr(slot + kSlot.size());
  return prompt;
}

}  // namespace tidemark::math
