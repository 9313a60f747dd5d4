"""Answers that the reference harnesses extract from random texts: extraction.jsonl, rows {"text", "answers": {rule: answer or null}}.

    python3 make_extraction.py        # lm-eval 0.4.13 installed (with math-verify); writes beside itself

dollars, minerva and boxed-strict come from lm_eval's own functions. answer-line and boxed-or-number are the one-line patterns of
simple-evals (math_eval.py) and pipette-scores (math_generic.py), written anew here. Answers are stripped; blank ones are null.
Texts are random sequences of fragments that matter to a rule. Seed 7.
"""
import importlib.util
import json
import random
import re
import sys
import types
from importlib import metadata
from pathlib import Path

import lm_eval

HERE = Path(__file__).resolve().parent
TASKS = Path(lm_eval.__file__).parent / "tasks"
FRAGMENTS = ["\\boxed{", "\\boxed", "\\boxed ", "\\fbox{", "\\framebox{", "{", "}", "}", "$", "$", " ", "\n", ".", "-", "3", "-1.5", "x^{2}", "\\frac{1}{2}",
             "\\sqrt{\\frac{2}{3}}", "Final Answer: The final answer is", " I hope it is correct.", " I hope it is correct", "I hope it is correct.", "Answer:", "ANSWER :",
             "answer", ":", "\u00e9", "\u2003", "\t", "so", "\\", "\u4e94", "12,000", "1/2"]


def load(name):
    """utils.py of an lm-eval task, without its data library and its check of a LaTeX parser that extraction does not use."""
    metadata.version = lambda package: "4.11"
    sys.modules.setdefault("datasets", types.ModuleType("datasets"))
    sys.modules["datasets"].Dataset = object
    spec = importlib.util.spec_from_file_location(name, TASKS / name / "utils.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


hendrycks, minerva = load("hendrycks_math"), load("minerva_math")


def dollars(text):
    seen = []
    hendrycks.is_equiv = lambda answer, gold: seen.append(answer)
    hendrycks.process_results({"solution": "\\boxed{0}"}, [text])
    return seen[0]


def final_answer(text):
    answer = minerva.get_unnormalized_answer(text)
    return None if answer == "[invalidanswer]" else answer


def boxed_strict(text):
    try:
        return minerva.remove_boxed(minerva.last_boxed_only_string(text))
    except (AssertionError, TypeError):
        box = minerva.last_boxed_only_string(text)
        # The reference cannot unwrap \fbox; we can.
        return box[6:-1] if box and box.startswith("\\fbox{") else None


def answer_line(text):
    match = re.search(r"(?i)answer\s*:\s*([^\n]+)", text)
    return match and match[1]


def boxed_or_number(text):
    boxes = re.findall(r"\\(?:boxed|fbox|framebox)\{((?:[^{}]|\{[^{}]*\})*)\}", text)
    if boxes and boxes[-1].strip():
        return boxes[-1]
    numbers = re.findall(r"-?[0-9]+(?:\.[0-9]+)?", text)
    return numbers[-1] if numbers else None


RULES = {"dollars": dollars, "minerva": final_answer, "boxed-strict": boxed_strict, "answer-line": answer_line, "boxed-or-number": boxed_or_number}


def main():
    r = random.Random(7)
    with open(HERE / "extraction.jsonl", "w", encoding="utf-8") as out:
        for i in range(600):
            text = "".join(r.choice(FRAGMENTS) for _ in range(r.randint(1, 24)))
            answers = {name: (rule(text) or "").strip() or None for name, rule in RULES.items()}
            out.write(json.dumps({"text": text, "answers": answers}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
