#!/usr/bin/env python3
"""Token ids of held-out examples, one per line, the question in front of a bar and the answer behind it, for `tidemark divergence --tokens`.

    python3 held_out_ids.py OUT.txt [--examples 1200]

The examples are those of perplexity.py (a third of each kind), each once: the same text twice would count as two independent ones. 500 draws
hold about 11,700 answer tokens.
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
    parser.add_argument("--examples", type=int, default=500, help="draws; those drawn before are left out")
    args = parser.parse_args()
    tokenizer, _, _ = tok.load(HERE / "tokenizer.json")
    lines = list(dict.fromkeys(line(ids, mask) for ids, mask in perplexity.held_out(tokenizer, args.examples)))
    args.out.write_text("".join(each + "\n" for each in lines))
    print(f"{args.out}: {sum(len(each.split('|')[1].split()) for each in lines)} answer tokens in {len(lines)} examples")


if __name__ == "__main__":
    main()
