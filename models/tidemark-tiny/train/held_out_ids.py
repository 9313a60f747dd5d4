#!/usr/bin/env python3
"""Token ids of held-out examples, one per line, the question in front of a bar and the answer behind it, for `tidemark divergence --tokens`.

    python3 held_out_ids.py OUT.txt [--examples 1200]

The examples are those of perplexity.py (a third of each kind), so 1,200 of them hold about 28,000 answer tokens.
"""
import argparse
from pathlib import Path

import perplexity
import tokens as tok

HERE = Path(__file__).resolve().parent


def line(ids, mask):
    """What follows the last answer token is left out: nothing there was trained."""
    answer = [i for i, wanted in enumerate(mask) if wanted]
    first, end = answer[0], answer[-1] + 1
    assert all(mask[first:end]), "an answer in one piece"
    return " ".join(map(str, ids[:first])) + " | " + " ".join(map(str, ids[first:end]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--examples", type=int, default=1200)
    args = parser.parse_args()
    tokenizer, _, _ = tok.load(HERE / "tokenizer.json")
    examples = perplexity.held_out(tokenizer, args.examples)
    args.out.write_text("".join(line(ids, mask) + "\n" for ids, mask in examples))
    print(f"{args.out}: {sum(sum(mask) for _, mask in examples)} answer tokens in {len(examples)} examples")


if __name__ == "__main__":
    main()
