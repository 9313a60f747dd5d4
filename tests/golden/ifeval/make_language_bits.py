#!/usr/bin/env python3
"""Writes language_bits.jsonl: probabilities of langdetect 1.0.9 for texts of our own under several seeds, as hexadecimal floats.

Usage: NLTK_DATA=DIR make_language_bits.py [--output FILE]     (versions and set-up: README.md)

Per line {"text", "seed", "languages": [[code, probability], ...]}; "languages" is null where the text has no features.
"""
import argparse
import json
import os

import langdetect
from langdetect import detector_factory
from make_pairs import Builder, prepare_langdetect
from texts import LANGUAGES, SNIPPETS, WORDS


def probabilities(text, seed):
    factory = detector_factory._factory
    factory.seed = seed
    detector = factory.create()
    detector.append(text)
    try:
        return [[language.lang, language.prob.hex()] for language in detector.get_probabilities()]
    except langdetect.LangDetectException:
        return None


def main():
    parser = argparse.ArgumentParser()
    default = os.path.join(os.path.dirname(os.path.abspath(__file__)), "language_bits.jsonl")
    parser.add_argument("--output", default=default)
    parser.add_argument("--random", type=int, default=300)
    args = parser.parse_args()
    prepare_langdetect()
    builder = Builder(5)
    texts = [line for lines in LANGUAGES.values() for line in lines] + WORDS + SNIPPETS
    texts += [line.upper() for lines in LANGUAGES.values() for line in lines[:1]]
    texts += ["Tie\u0302\u0301ng Vie\u0323\u0302t co\u0301 da\u0302\u0301u", "a" * 70 + "@" + "b" * 300 + ".c d", "x@y", "x@y.", "x@yy", "http://", "https://a b", "httphttp://c.d e", "\u0219i \u021bara \u015fi"]
    texts += [" ".join(builder.text("language") for _ in range(n)) for n in (150, 300)]
    texts += [builder.text("language") for _ in range(args.random)]
    with open(args.output, "w", encoding="utf-8") as f:
        for i, text in enumerate(texts):
            seed = (0, 0, 1, 12345, 4294967295)[i % 5]
            row = {"text": text, "seed": seed, "languages": probabilities(text, seed)}
            f.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
