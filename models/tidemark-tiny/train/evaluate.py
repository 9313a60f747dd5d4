#!/usr/bin/env python3
"""Greedy answers of the shipped file through transformers, and their scores with Wilson intervals.

    python3 evaluate.py answer OUT.jsonl [--weights RUN/model.pt]     # answers to every held-out row (default: ../model.gguf, dequantised)
    python3 evaluate.py score OUT.jsonl                               # scores of such a file
    python3 evaluate.py prompts OUT_DIRECTORY                         # the same rows as prompts for `tidemark eval --task ifeval --dataset`
    python3 evaluate.py collect COMPLETIONS_DIRECTORY OUT.jsonl       # the engine's completions (one folder per set) in the form of `answer`
    python3 evaluate.py compare A.jsonl B.jsonl                       # share of equal answers
    python3 evaluate.py routing OUT.jsonl                                    # share of the routed tokens per expert on the held-out rows

Format rows are checked by the Python reference of IFEval in lm-evaluation-harness 0.4 (strict), which needs NLTK's punkt_tab. MATH rows count when
the last boxed text equals the answer. Facts: equal to the answer or an alias is correct, "I don't know" is not attempted, all else incorrect.
"""
import argparse
import json
import re
from math import sqrt
from pathlib import Path

import torch

import data_facts
import data_math
import export
import tokens as tok
from model import transformers_model

HERE = Path(__file__).resolve().parent
SAMPLE = HERE.parents[2] / "datasets" / "sample" / "ifeval.jsonl"
NEW_TOKENS = 160


def read(path):
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines() if line]


def rows():
    """[(set, row, messages)]"""
    out = []
    for name, path in (("sample", SAMPLE), ("format", HERE.parent / "eval" / "format.jsonl")):
        out += [(name, r, [dict(role="user", content=r["prompt"])]) for r in read(path)]
    for r in read(HERE.parent / "eval" / "math.jsonl"):
        out.append(("math", r, [dict(role="user", content=r["problem"] + data_math.SUFFIXES[0])]))
    for r in read(HERE.parent / "eval" / "facts.jsonl"):
        user = dict(role="user", content=r["question"])
        out.append(("facts", r, [user]))
        out.append(("facts-system", r, [dict(role="system", content=data_facts.SYSTEMS[1].format(d=r["domain"], t=r["topic"])), user]))
    return out


def row_id(row):
    return str(row.get("key", row.get("unique_id", row.get("question_id"))))


@torch.no_grad()
def answer(model, tokenizer, chats, batch=100):
    """Greedy replies; batches are padded on the left, which transformers masks."""
    ids = [tokenizer.encode(tok.render(c, True), add_special_tokens=False).ids for c in chats]
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    replies = [None] * len(ids)
    for first in range(0, len(order), batch):
        part = order[first:first + batch]
        n = max(len(ids[i]) for i in part)
        x = torch.tensor([[0] * (n - len(ids[i])) + ids[i] for i in part])
        mask = torch.tensor([[0] * (n - len(ids[i])) + [1] * len(ids[i]) for i in part])
        y = model.generate(x, attention_mask=mask, max_new_tokens=NEW_TOKENS, do_sample=False, pad_token_id=0, eos_token_id=4)
        for i, row in zip(part, y[:, n:].tolist()):
            row = row[:row.index(4)] if 4 in row else row
            replies[i] = tokenizer.decode(row, skip_special_tokens=False)
    return replies


def load_model(weights):
    state = torch.load(weights) if weights else export.state_from_gguf(HERE.parent / "model.gguf")
    return transformers_model(state)


def wilson(k, n, z=1.96):
    p = k / n
    centre, half = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return f"{k}/{n} = {100 * p:.1f} % ({100 * (centre - half) / (1 + z * z / n):.1f} to {100 * (centre + half) / (1 + z * z / n):.1f})"


def final(text):
    if "</think>" in text:
        return text.rsplit("</think>", 1)[1].strip()
    return "" if "<think>" in text else text


def follows(row, text):
    from lm_eval.tasks.ifeval import instructions_registry as registry
    results = []
    for kind, args in zip(row["instruction_id_list"], row["kwargs"]):
        check = registry.INSTRUCTION_DICT[kind](kind)
        check.build_description(**args)
        results.append(bool(text.strip()) and bool(check.check_following(text)))
    return results


def boxed(text):
    found = re.findall(r"\\boxed\{((?:[^{}]|\{[^{}]*\})*)\}", text)
    return found[-1].strip() if found else None


def grade(row, text):
    """'correct', 'incorrect' or 'not attempted'."""
    plain = text.strip().rstrip(".").lower()
    if not plain or "don't know" in plain or "do not know" in plain:
        return "not attempted"
    return "correct" if row["answerable"] and plain in [a.lower() for a in [row["answer"], *row["aliases"]]] else "incorrect"


def score(path):
    answers = {(a["set"], a["id"]): final(a["answer"]) for a in read(path)}
    sets = {s for s, _ in answers}
    for name in ("sample", "format"):
        part = [(r, follows(r, answers[name, row_id(r)])) for s, r, _ in rows() if s == name]
        print(f"IFEval-kind {name}: prompt strict", wilson(sum(all(f) for _, f in part), len(part)), "; instruction strict",
              wilson(sum(sum(f) for _, f in part), sum(len(f) for _, f in part)))
        kinds = {}
        for r, f in part:
            for k, ok in zip(r["instruction_id_list"], f):
                kinds.setdefault(k, []).append(ok)
        if name == "format":
            for k, v in sorted(kinds.items()):
                print(f"    {k}: {sum(v)}/{len(v)}")
    part = [(r, boxed(answers["math", row_id(r)]) == r["answer"]) for s, r, _ in rows() if s == "math"]
    print("MATH-kind:", wilson(sum(ok for _, ok in part), len(part)))
    for level in range(1, 6):
        at = [ok for r, ok in part if r["level"] == level]
        print(f"    level {level}: {sum(at)}/{len(at)}")
    for name in [n for n in ("facts", "facts-system") if n in sets]:
        part = [(r, grade(r, answers[name, row_id(r)])) for s, r, _ in rows() if s == name]
        c, i, a = (sum(g == k for _, g in part) for k in ("correct", "incorrect", "not attempted"))
        print(f"{name}: accuracy", wilson(c, len(part)), "; non-hallucination rate", wilson(a, i + a), f"; index {100 * (c - i) / len(part):.1f}")
        for kind in dict.fromkeys(r["kind"] for r, _ in part):
            g = [x for r, x in part if r["kind"] == kind]
            print(f"    {kind}: {g.count('correct')} correct, {g.count('incorrect')} incorrect, {g.count('not attempted')} not attempted")


def write_prompts(out):
    """One file per set in the shape of IFEval rows; the instruction is only a carrier where the set is not IFEval's."""
    out.mkdir(parents=True, exist_ok=True)
    parts = {}
    for name, row, messages in rows():
        if len(messages) > 1:
            continue
        number = row.get("key", len(parts.get(name, [])) + 1)
        carrier = dict(instruction_id_list=row.get("instruction_id_list", ["punctuation:no_comma"]), kwargs=row.get("kwargs", [{}]))
        parts.setdefault(name, []).append(dict(key=number, prompt=messages[0]["content"], **carrier))
    for name, part in parts.items():
        (out / f"{name}.jsonl").write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in part), encoding="utf-8")


def collect(directory, path):
    """The engine's DIRECTORY/SET/completions.jsonl in the form of `answer`."""
    out, number = [], {}
    for name, row, messages in rows():
        number[name] = number.get(name, 0) + 1
        if len(messages) == 1:
            stored = {c["id"]: c["response"] for c in read(directory / name / "completions.jsonl")}
            out.append(dict(set=name, id=row_id(row), answer=stored[row.get("key", number[name])]))
    path.write_text("".join(json.dumps(a, ensure_ascii=False) + "\n" for a in out), encoding="utf-8")


def compare(first, second):
    a, b = ({(r["set"], r["id"]): r["answer"] for r in read(path)} for path in (first, second))
    both = [k for k in a if k in b]
    for key in both:
        if a[key] != b[key]:
            print(key, "\n   first ", repr(a[key]), "\n   second", repr(b[key]))
    same = sum(a[k] == b[k] for k in both)
    print(f"same answers on {same} of {len(both)} rows ({100 * same / len(both):.2f} %)")


@torch.no_grad()
def routing(model, tokenizer, path):
    """Shares over prompts and answers of the held-out rows."""
    answers = {(a["set"], a["id"]): a["answer"] for a in read(path)}
    blocks = [m for m in model.modules() if type(m).__name__ == "Lfm2MoeSparseMoeBlock"]
    counts = torch.zeros(len(blocks), 8)

    def hook(i):
        def run(module, args, output):
            counts[i] += torch.bincount(output[2].reshape(-1), minlength=8)
        return run
    for i, b in enumerate(blocks):
        b.gate.register_forward_hook(hook(i))
    for name, row, messages in rows():
        if name != "facts-system":
            text = tok.render(messages, True) + answers[name, row_id(row)] + "<|im_end|>"
            model(torch.tensor([tokenizer.encode(text, add_special_tokens=False).ids]), use_cache=False)
    print("tokens routed per layer:", int(counts[0].sum()))
    for i, c in enumerate(counts):
        print(f"layer {i + 2}:", " ".join(f"{100 * x / c.sum():.1f}" for x in c), "%")
    print(f"least share {100 * (counts / counts.sum(1, keepdim=True)).min():.2f} %")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["answer", "score", "prompts", "compare", "collect", "routing"])
    parser.add_argument("paths", type=Path, nargs="*")
    parser.add_argument("--weights", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(2)
    tokenizer, _, _ = tok.load(HERE / "tokenizer.json")
    if args.command == "answer":
        every = rows()
        replies = answer(load_model(args.weights), tokenizer, [m for _, _, m in every])
        args.paths[0].write_text("".join(json.dumps(dict(set=s, id=row_id(r), answer=a), ensure_ascii=False) + "\n" for (s, r, _), a in zip(every, replies)),
                                 encoding="utf-8")
    elif args.command == "routing":
        routing(load_model(args.weights), tokenizer, args.paths[0])
    else:
        {"score": score, "prompts": write_prompts, "compare": compare, "collect": collect}[args.command](*args.paths)


if __name__ == "__main__":
    main()
