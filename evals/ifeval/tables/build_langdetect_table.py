#!/usr/bin/env python3
"""Writes langdetect.bin: the n-gram profiles and character tables of langdetect 1.0.9, compactly and without loss.

Usage: build_langdetect_table.py [OUTPUT]      (needs the Python package langdetect==1.0.9)

The counts stay exact integers, so that count / n_words gives the very doubles of the reference. Languages are ordered by
their code; the reference takes whatever order the directory listing has, which matters only for the last bit of a sum.

Layout; "v" is an unsigned LEB128 number, "string" is v length, then v code points:
  8 bytes "TMLANG01"
  v languages; for each: string code, 3 x v total number of n-grams of length 1, 2, 3
  string excluded Latin-1 characters
  string Vietnamese letters, string diacritics; for each diacritic: string composed letters, same order as the letters
  v kanji classes; for each: string, whose first member represents all
  v grams, sorted; for each: v (number of code points shared with the previous gram) * 4 + length; the first other code
    point, minus the previous gram's at that place if it has one; further code points;
    v postings; for each: v language, v count
"""
import hashlib
import json
import os
import sys

import langdetect
from langdetect.utils import messages
from langdetect.utils.ngram import NGram


def varint(out, n):
    assert n >= 0
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)


def string(out, text):
    varint(out, len(text))
    for c in text:
        varint(out, ord(c))


def read_profiles():
    folder = os.path.join(os.path.dirname(langdetect.__file__), "profiles")
    profiles = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            profile = json.load(f)
        profiles[profile["name"]] = profile
    return [profiles[code] for code in sorted(profiles)]


def write_grams(out, profiles):
    postings = {}
    for lang, profile in enumerate(profiles):
        for gram, count in profile["freq"].items():
            assert 1 <= len(gram) <= 3 and "\0" not in gram
            postings.setdefault(gram, []).append((lang, count))
    varint(out, len(postings))
    previous = ""
    for gram in sorted(postings):
        shared = 0
        while shared < min(len(previous), len(gram)) and previous[shared] == gram[shared]:
            shared += 1
        varint(out, shared * 4 + len(gram))
        for i in range(shared, len(gram)):
            base = ord(previous[i]) if i == shared and i < len(previous) else 0
            varint(out, ord(gram[i]) - base)
        varint(out, len(postings[gram]))
        for lang, count in postings[gram]:
            varint(out, lang)
            varint(out, count)
        previous = gram


def main():
    target = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "langdetect.bin")
    out = bytearray(b"TMLANG01")
    profiles = read_profiles()
    varint(out, len(profiles))
    for profile in profiles:
        string(out, profile["name"])
        for total in profile["n_words"]:
            varint(out, total)
    string(out, messages.get_string("NGram.LATIN1_EXCLUDE"))
    string(out, messages.get_string("TO_NORMALIZE_VI_CHARS"))
    string(out, messages.get_string("DMARK_CLASS"))
    for mark in messages.get_string("DMARK_CLASS"):
        string(out, messages.get_string("NORMALIZED_VI_CHARS_%04X" % ord(mark)))
    varint(out, len(NGram.CJK_CLASS))
    for members in NGram.CJK_CLASS:
        string(out, members)
    write_grams(out, profiles)
    with open(target, "wb") as f:
        f.write(out)
    print(f"{target}: {len(out)} bytes, sha256 {hashlib.sha256(out).hexdigest()}")


if __name__ == "__main__":
    main()
