#!/usr/bin/env python3
"""Writes own_pairs.jsonl: gold answers of our own (own_answers.py), answers to compare, and Math-Verify's verdicts.

Usage: make_own_pairs.py [--output FILE]

Reference as in make_math_verify.py: math-verify 0.9.0, latex2sympy2_extended 1.11.0, sympy 1.14.0. No randomness. One line per gold:
{"id": gold, "gold": gold, "pairs": [["written", response, verdict], ...]}; every response is "The answer is $\\boxed{...}$.".
"""
import argparse
import json
import os

from make_math_verify import verdict
from own_answers import OWN


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "own_pairs.jsonl"))
    args = parser.parse_args()
    with open(args.output, "w") as out:
        for gold, answers in OWN.items():
            pairs = []
            for answer in dict.fromkeys([gold] + answers):
                response = "The answer is $\\boxed{" + answer + "}$."
                pairs.append(["written", response, verdict(gold, response)])
            out.write(json.dumps({"id": gold, "gold": gold, "pairs": pairs}, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
