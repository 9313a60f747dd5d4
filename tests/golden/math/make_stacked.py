#!/usr/bin/env python3
"""Writes stacked_pairs.jsonl: answers perturbed by one to three kinds at once, and Math-Verify's verdicts on them.

Usage: TIDEMARK_DATA=DIR make_stacked.py [--seed S] [--pairs N] [--workers N] [--output FILE]

Reference and file format as in make_math_verify.py, but with time limits of a minute, so that a busy machine does not change a
verdict. Seed 20251122, 2 pairs per row. Nobody looked at these pairs before the grader was compared with them.
"""
import argparse
import json
import multiprocessing
import os
import random

from math_verify import parse, verify
from stacked_perturbations import KINDS, TEMPLATES


def verdict(gold, response):
    try:
        read = [parse(text, parsing_timeout=60) for text in ("\\boxed{" + gold + "}", response)]
        return int(verify(*read, timeout_seconds=60))
    except Exception:
        return 0


def judge(job):
    gold, entries = job
    return [verdict(gold, response) for _, response in entries]


def candidates(gold, seed, count):
    rng, entries = random.Random(f"{seed} {gold}"), {}
    for _ in range(100):
        if len(entries) == count:
            break
        answer, names = gold, []
        for _ in range(rng.choice([1, 1, 2, 3])):
            names.append(rng.choice(list(KINDS)))
            try:
                answer = KINDS[names[-1]](answer, rng)
            except (TypeError, ValueError, ZeroDivisionError):  # does not apply to what the kind before made
                break
        if answer != gold:
            entries[rng.choice(TEMPLATES).replace("@", answer)] = "+".join(names)
    return [(kinds, response) for response, kinds in entries.items()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", default="20251122")
    parser.add_argument("--pairs", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--output", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "stacked_pairs.jsonl"))
    args = parser.parse_args()
    with open(os.path.join(os.environ["TIDEMARK_DATA"], "math500", "test.jsonl")) as f:
        rows = [json.loads(line) for line in f]
    jobs = [(row["answer"], candidates(row["answer"], args.seed + row["unique_id"], args.pairs)) for row in rows]
    with multiprocessing.Pool(args.workers, maxtasksperchild=100) as pool, open(args.output, "w") as out:
        for row, (gold, entries), verdicts in zip(rows, jobs, pool.imap(judge, jobs, chunksize=4)):
            short = len(gold) < 3
            pairs = [[k, r if short else r.replace("@@", "").replace(gold, "@@"), v] for (k, r), v in zip(entries, verdicts)]
            out.write(json.dumps({"id": row["unique_id"], "pairs": pairs}, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
