#!/usr/bin/env python3
"""Writes math500_pairs.jsonl: perturbed answers to the 500 official rows and Math-Verify's verdicts on them.

Usage: TIDEMARK_DATA=DIR make_math_verify.py [--seed S] [--part development|held_out|all] [--workers N] [--output FILE]

Reference: math-verify 0.9.0, latex2sympy2_extended 1.11.0, sympy 1.14.0, antlr4-python3-runtime 4.13.2 on CPython 3.11, with the
default configuration: verify(parse("\\boxed{gold}"), parse(response)). Seed 20250601.

The gold answers stay where they are ($TIDEMARK_DATA/math500/test.jsonl): a response holds "@@" where it repeats its row's gold.
Output: one line per row, {"id": unique_id, "pairs": [[kind, response, verdict], ...]} with verdict 0 or 1; kinds that were held out
during development are marked with a "*" in front.
"""
import argparse
import json
import multiprocessing
import os
import random

from math_verify import parse, verify
from perturbations import DEVELOPMENT, HELD_OUT

INTEGER_KINDS = {"development": 11, "held_out": 5}
OTHER_KINDS = {"development": 26, "held_out": 10}


def verdict(gold, response):
    try:
        return int(verify(parse("\\boxed{" + gold + "}"), parse(response)))
    except Exception:
        return 0


def judge(job):
    gold, entries = job
    return [[kind, response, verdict(gold, response)] for kind, response in entries]


def candidates(gold, seed, part):
    entries, seen = [], set()
    counts = INTEGER_KINDS if gold.lstrip("-").isdigit() else OTHER_KINDS
    for name, table, mark in (("development", DEVELOPMENT, ""), ("held_out", HELD_OUT, "*")):
        rng = random.Random(f"{seed} {name} {gold}")
        kinds = list(table)
        rng.shuffle(kinds)
        made = 0
        for kind in kinds:
            if made == counts[name]:
                break
            response = table[kind](gold, rng)
            if response is None or response in seen:
                continue
            made += 1
            seen.add(response)
            if part in (name, "all"):
                entries.append((mark + kind, response))
    return entries


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", default="20250601")
    parser.add_argument("--part", default="all")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--output", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "math500_pairs.jsonl"))
    args = parser.parse_args()
    with open(os.path.join(os.environ["TIDEMARK_DATA"], "math500", "test.jsonl")) as f:
        rows = [json.loads(line) for line in f]
    jobs = [(row["answer"], candidates(row["answer"], args.seed, args.part)) for row in rows]
    with multiprocessing.Pool(args.workers, maxtasksperchild=40) as pool, open(args.output, "w") as out:
        for row, judged in zip(rows, pool.imap(judge, jobs, chunksize=4)):
            gold = row["answer"]
            short = len(gold) < 3
            pairs = [[k, r if short else r.replace("@@", "").replace(gold, "@@"), v] for k, r, v in judged]
            out.write(json.dumps({"id": row["unique_id"], "pairs": pairs}, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
