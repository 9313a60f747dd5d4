#!/usr/bin/env python3
"""Writes punkt.bin: the parameters of the English Punkt sentence splitter, compactly and without loss.

Usage: build_punkt_table.py PARAMETERS.json [OUTPUT]

PARAMETERS.json is a JSON object with the lists "abbrev_types", "sentence_starters", "collocations" (pairs) and the object
"ortho_context" (word type -> bit mask), as in ferristseng/rust-punkt src/data/english.json, which was converted from the
English Punkt model that NLTK distributes (Kiss and Strunk 2006).

Layout; "v" is an unsigned LEB128 number. 8 bytes "TMPUNKT1", then four sorted tables (abbreviation types, sentence starters,
collocations with a blank between the two types, orthographic contexts): v entries; for each: v bytes shared with the
previous entry, v further bytes, those bytes (UTF-8), and in the last table one byte with the mask.
"""
import hashlib
import json
import os
import sys


def varint(out, n):
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)


def table(out, entries):
    varint(out, len(entries))
    previous = b""
    for word, tail in sorted((w.encode(), t) for w, t in entries):
        shared = len(os.path.commonprefix([previous, word]))
        varint(out, shared)
        varint(out, len(word) - shared)
        out += word[shared:] + tail
        previous = word


def main():
    default = os.path.join(os.path.dirname(os.path.abspath(__file__)), "punkt.bin")
    target = sys.argv[2] if len(sys.argv) > 2 else default
    with open(sys.argv[1], encoding="utf-8") as f:
        parameters = json.load(f)
    out = bytearray(b"TMPUNKT1")
    table(out, [(w, b"") for w in set(parameters["abbrev_types"])])
    table(out, [(w, b"") for w in set(parameters["sentence_starters"])])
    pairs = {tuple(pair) for pair in parameters["collocations"]}
    assert not any(c.isspace() for pair in pairs for word in pair for c in word)
    table(out, [(" ".join(pair), b"") for pair in pairs])
    table(out, [(w, bytes([mask])) for w, mask in parameters["ortho_context"].items()])
    with open(target, "wb") as f:
        f.write(out)
    print(f"{target}: {len(out)} bytes, sha256 {hashlib.sha256(out).hexdigest()}")


if __name__ == "__main__":
    main()
