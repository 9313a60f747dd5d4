#!/usr/bin/env python3
"""Writes pairs.jsonl: texts of our own, instructions, and the reference's verdicts on them.

Usage: NLTK_DATA=DIR make_pairs.py [--texts N] [--seed S] [--output FILE]

Reference: the copy of google-research instruction_following_eval in lm-eval 0.4.13 (lm_eval/tasks/ifeval), with nltk 3.9.1 and
langdetect 1.0.9 on CPython 3.11. NLTK_DATA must hold tokenizers/punkt_tab/english. Two changes to the reference:
  - letter_frequency counts any character literally, as the current google-research code does; the copy replaces what is not
    a letter by a random one;
  - langdetect gets its profiles in the order of their codes instead of the directory's, and a seed.
Language verdicts are taken under ten seeds. A pair whose verdicts differ is marked unstable; the stored one is that of seed 0.

Output: first line {"instructions": [[id, kwargs], ...]}; then per text {"text": ..., "checks": [instruction, verdict, ...]} with
verdict = strict + 2 * loose + 4 * unstable.
"""
import argparse
import collections
import functools
import json
import logging
import os
import random
import re

import langdetect
import nltk
from langdetect import detector_factory
from lm_eval.tasks.ifeval import instructions, instructions_registry, instructions_util
from lm_eval.tasks.ifeval import utils as reference
from texts import FENCES, JSONS, LANGUAGES, MARKS, PUNKT, SNIPPETS, WORDS

logging.disable(logging.CRITICAL)
ENGLISH = LANGUAGES["en"]
LANGUAGE_IDS = ("language:response_language", "change_case:english_capital", "change_case:english_lowercase")
SEEDS = range(10)


def prepare_langdetect():
    folder = os.path.join(os.path.dirname(langdetect.__file__), "profiles")
    profiles = []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            profiles.append(f.read())
    factory = detector_factory.DetectorFactory()
    factory.load_json_profile(profiles)
    assert factory.langlist == sorted(factory.langlist)
    detector_factory._factory = factory

    @functools.lru_cache(maxsize=200000)
    def detect_cached(text, seed):
        factory.seed = seed
        detector = factory.create()
        detector.append(text)
        try:
            return detector.detect()
        except langdetect.LangDetectException as error:
            return error

    def detect(text):
        result = detect_cached(text, SEED[0])
        if isinstance(result, Exception):
            raise result
        return result

    instructions.langdetect.detect = detect
    # Names of languages are only for the prompt; with a default any code can be asked for.
    instructions._LANGUAGES = collections.defaultdict(str, instructions._LANGUAGES)


SEED = [0]


class LiteralLetter(instructions.LetterFrequencyChecker):
    def build_description(self, *, letter=None, let_frequency=None, let_relation=None):
        super().build_description(letter="a", let_frequency=let_frequency, let_relation=let_relation)
        self._letter = letter.lower()


def verdict(text, instruction_id, kwargs):
    row = reference.InputExample(key=0, instruction_id_list=[instruction_id], prompt="", kwargs=[kwargs])
    bits = set()
    first = None
    for seed in SEEDS if instruction_id in LANGUAGE_IDS else [0]:
        SEED[0] = seed
        strict = reference.test_instruction_following_strict(row, text).follow_instruction_list[0]
        loose = reference.test_instruction_following_loose(row, text).follow_instruction_list[0]
        bits.add(bool(strict) + 2 * bool(loose))
        if first is None:
            first = bool(strict) + 2 * bool(loose)
    return first + 4 * (len(bits) > 1)


class Builder:
    """Random texts and instructions that suit them."""

    def __init__(self, seed):
        self.r = random.Random(seed)

    def pick(self, items, low=1, high=4, seps=(" ",)):
        r = self.r
        return r.choice(seps).join(r.choice(items) for _ in range(r.randint(low, high)))

    def mutate(self, text):
        r = self.r
        for _ in range(r.choice([0, 0, 0, 1, 1, 2])):
            if not text:
                return text
            i = r.randrange(len(text) + 1)
            kind = r.randrange(9)
            if kind == 0:
                text = text[:i] + r.choice([" ", "\n", "\n\n", "*", ".", ",", '"', "'", "-", "\t", "\u00a0", "[", "]", "<", ">", "`", "\x1c"]) + text[i:]
            elif kind == 1:
                text = text[:i] + text[i + 1:]
            elif kind == 2:
                text = text.upper()
            elif kind == 3:
                text = text.lower()
            elif kind == 4:
                text = text[:i] + text[max(0, i - 6):i] + text[i:]
            elif kind == 5:
                text = r.choice(["Sure, here it is:\n", "\n", " ", '"', "**Answer**\n"]) + text
            elif kind == 6:
                text = text + r.choice(["\n", " ", "\nHope this helps!", '"', ".", "\n\n", "*"])
            elif kind == 7:
                text = text.replace(" ", r.choice(["\n", "  ", "\u00a0", "\u3000", " "]), r.randint(1, 4))
            else:
                text = '"' + text + '"'
        return text

    def text(self, kind):
        r = self.r
        joints = (" ", " ", "\n", "\n\n", "  ", "", ". ")
        if kind == "punkt":
            return self.mutate(self.pick(PUNKT + ENGLISH, 1, 4, joints))
        if kind == "words":
            return self.mutate(self.pick(WORDS + ENGLISH[:2], 1, 3, joints))
        if kind == "marks":
            return self.mutate(self.pick(MARKS + SNIPPETS[:4], 1, 5, joints))
        if kind == "json":
            return self.mutate(r.choice(FENCES) % r.choice(JSONS))
        if kind == "snippets":
            return self.mutate(self.pick(SNIPPETS + ENGLISH, 1, 4, joints))
        if kind == "language":
            code = r.choice(sorted(LANGUAGES))
            text = " ".join(r.sample(LANGUAGES[code], r.randint(1, 2)))
            if r.random() < 0.3:
                text += r.choice(joints) + r.choice(LANGUAGES[r.choice(sorted(LANGUAGES))])
            if r.random() < 0.15:
                text += r.choice([" see https://example.org/a?b=c&d#e.", " mail me.at@home-page.example now", " 12345", " \u00ab\u00bb", " a@b", " a@b.", " @ x@yy", " http://"])
            if r.random() < 0.1:
                text = text[: r.randint(1, 12)]
            return self.mutate(text) if r.random() < 0.5 else text
        if kind == "case":
            text = self.pick(ENGLISH + WORDS[:8] + LANGUAGES["de"] + LANGUAGES["ru"], 1, 2)
            text = r.choice([str.upper, str.lower, str.lower, str.upper, str.title])(text)
            if r.random() < 0.2:
                text = r.choice(["123", "123 !", "\u4f60\u597d", "\U0001f600", "A", "a", "\u01c5", "OK", "ok", "\u00aa", "THE", "\u24b6"])
            return self.mutate(text) if r.random() < 0.3 else text
        if kind == "paragraphs":
            sep = r.choice(["***", "\n***\n", " *** ", "\n\n***\n\n", "\n\n", "\n\n", "\n\n\n", "******", "\n******\n", "\n"])
            words = ["'hello there", '"World,', "I'm here", "hello.", "**bold** x", "# head", "\"'quoted'", "it's", "hello", "Hello", "", " ", "\u00c9t\u00e9 x", "\u03a3\u03a3 y", "a,b"]
            return self.mutate(sep.join(r.choice(words) + r.choice([" and more", "", "."]) for _ in range(r.randint(1, 4))))
        if kind == "ends":
            prompt = r.choice(["Write a poem.", "Tell me, why?", "\u00c9CRIS un po\u00e8me"])
            body = self.pick(ENGLISH + MARKS[-24:], 0, 2) if r.random() < 0.8 else ""
            text = r.choice([prompt, prompt.upper(), " " + prompt, "", prompt[:-1]]) + r.choice([" ", "\n", ""]) + body
            text += r.choice(["", "Any other questions?", "any other questions?\"", "Is there anything else I can help with?", "\nThe end.", " THE END. ", '"'])
            return self.mutate(text)
        return self.mutate("\n".join(self.text(r.choice(KINDS[:-1])) for _ in range(r.randint(2, 3))))

    def relation(self):
        return self.r.choice(["less than", "at least"])

    def near(self, count):
        return max(1, count + self.r.choice([0, 0, 1, 1, -1, 2]))

    def words_of(self, text):
        found = re.findall(r"\S+", text) or ["x"]
        word = self.r.choice(found + ["the", "keyword", "war", "inside", "mask", "STRASSE", "e"])
        word = self.r.choice([word, word.strip(".,!?\"'*()[]<>"), word.lower(), word.upper(), word[:3]])
        word = re.sub(r"[^\w \-'\u0300-\u036f]", "", word).strip()
        return word if word.strip() else "word"

    def kwargs(self, instruction_id, text):
        r = self.r
        name = instruction_id.split(":")[1]
        if name == "existence":
            return {"keywords": [self.words_of(text) for _ in range(r.randint(1, 2))]}
        if name == "frequency":
            word = self.words_of(text)
            count = len(re.findall(word, text, flags=re.IGNORECASE))
            return {"keyword": word, "frequency": self.near(count), "relation": self.relation()}
        if name == "forbidden_words":
            return {"forbidden_words": [self.words_of(text) for _ in range(r.randint(1, 2))]}
        if name == "letter_frequency":
            letter = r.choice(list("etaoqi#!.E*\n\u00e9\u03c3\u0130 ") + list(text[:20]))
            return {"letter": letter, "let_frequency": self.near(text.lower().count(letter.lower())), "let_relation": self.relation()}
        if name == "response_language":
            return {"language": r.choice(sorted(LANGUAGES) if r.random() < 0.4 else [self.guess(text)])}
        if name == "number_sentences":
            return {"num_sentences": self.near(instructions_util.count_sentences(text)), "relation": self.relation()}
        if name == "number_words":
            return {"num_words": self.near(instructions_util.count_words(text)), "relation": self.relation()}
        if name == "number_paragraphs":
            return {"num_paragraphs": self.near(len([p for p in text.split("***") if p.strip()]))}
        if name == "nth_paragraph_first_word":
            pieces = [p for p in text.split("\n\n") if p.strip()] or ["x"]
            nth = r.randint(1, len(pieces))
            word = re.split(r"[.,?!'\"]", pieces[nth - 1].split()[0].lstrip("'").lstrip('"'))[0] or "hello"
            return {"num_paragraphs": max(nth, self.near(len(pieces))), "nth_paragraph": nth, "first_word": r.choice([word, word, word.upper(), "hello"])}
        if name == "number_placeholders":
            return {"num_placeholders": self.near(text.count("["))}
        if name == "postscript":
            return {"postscript_marker": r.choice(["P.S.", "P.P.S"])}
        if name == "number_bullet_lists":
            return {"num_bullets": self.near(len(re.findall(r"^\s*[*-]", text, flags=re.M)))}
        if name == "number_highlighted_sections":
            return {"num_highlights": self.near(len(re.findall(r"\*[^\n*]+\*", text)))}
        if name == "multiple_sections":
            word = r.choice(["SECTION", "Section", "PARAGRAPH", "Day"])
            return {"section_spliter": word, "num_sections": self.near(len(re.findall(word, text)))}
        if name == "repeat_prompt":
            return {"prompt_to_repeat": r.choice(["Write a poem.", "Tell me, why?", "\u00c9cris un po\u00e8me", " write a POEM. ", "The cat"])}
        if name == "end_checker":
            return {"end_phrase": r.choice(["Any other questions?", "Is there anything else I can help with?", "The end.", "end", " questions? "])}
        if name == "capital_word_frequency":
            count = sum(word.isupper() for word in nltk.word_tokenize(text))
            return {"capital_frequency": self.near(count), "capital_relation": self.relation()}
        return {}

    def guess(self, text):
        SEED[0] = 0
        try:
            return instructions.langdetect.detect(text)
        except langdetect.LangDetectException:
            return "en"


KINDS = ["punkt", "words", "marks", "json", "snippets", "language", "case", "paragraphs", "ends", "mixed"]
IDS = list(instructions_registry.INSTRUCTION_DICT)
SUITED = {
    "punkt": ["length_constraints:number_sentences"] * 5 + ["change_case:capital_word_frequency"] * 2 + ["length_constraints:number_words"],
    "words": ["change_case:capital_word_frequency"] * 5 + ["length_constraints:number_words"] * 2,
    "marks": ["detectable_format:number_bullet_lists", "detectable_format:number_highlighted_sections", "detectable_format:multiple_sections", "detectable_format:title",
              "detectable_content:number_placeholders", "detectable_content:postscript", "combination:two_responses", "length_constraints:number_paragraphs",
              "detectable_format:constrained_response", "startend:quotation", "punctuation:no_comma"],
    "json": ["detectable_format:json_format", "detectable_format:json_format"],
    "snippets": ["keywords:existence", "keywords:frequency", "keywords:frequency", "keywords:forbidden_words", "keywords:forbidden_words", "keywords:letter_frequency", "keywords:letter_frequency",
                 "length_constraints:number_words", "length_constraints:number_words"],
    "language": ["language:response_language"] * 2,
    "case": ["change_case:english_capital", "change_case:english_lowercase"],
    "paragraphs": ["length_constraints:number_paragraphs"] * 2 + ["length_constraints:nth_paragraph_first_word"] * 3 + ["combination:two_responses"],
    "ends": ["combination:repeat_prompt"] * 2 + ["startend:end_checker"] * 3 + ["startend:quotation"],
    "mixed": [],
}


def make(n_texts, seed):
    builder = Builder(seed)
    texts = [(t, "punkt") for t in PUNKT] + [(t, "words") for t in WORDS] + [(t, "marks") for t in MARKS] + [(t, "snippets") for t in SNIPPETS]
    texts += [(f % j, "json") for j in JSONS for f in FENCES[:1]] + [(f % JSONS[0], "json") for f in FENCES]
    texts += [(t, "language") for lines in LANGUAGES.values() for t in lines]
    texts += [(f(t), "case") for t in ENGLISH for f in (str.upper, str.lower)] + [(t, "mixed") for t in ("", " ", "\n", "\u3000", "*", "a")]
    while len(texts) < n_texts:
        kind = builder.r.choice(KINDS)
        texts.append((builder.text(kind)[:400] if kind != "json" else builder.text(kind), kind))
    table, rows = collections.OrderedDict(), collections.OrderedDict()
    for text, kind in texts[:n_texts]:
        others = builder.r.sample([i for i in IDS if i not in LANGUAGE_IDS or builder.r.random() < 0.3], 4)
        checks = rows.setdefault(text, {})
        for instruction_id in SUITED[kind] + others:
            kwargs = builder.kwargs(instruction_id, text)
            index = table.setdefault(json.dumps([instruction_id, kwargs], ensure_ascii=False), len(table))
            if index not in checks:
                checks[index] = verdict(text, instruction_id, kwargs)
    return [json.loads(key) for key in table], rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--texts", type=int, default=3600)
    parser.add_argument("--seed", type=int, default=20260601)
    parser.add_argument("--output", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "pairs.jsonl"))
    args = parser.parse_args()
    prepare_langdetect()
    instructions_registry.INSTRUCTION_DICT["keywords:letter_frequency"] = LiteralLetter
    table, rows = make(args.texts, args.seed)
    counts = collections.Counter()
    with open(args.output, "w", encoding="utf-8") as f:
        f.write(json.dumps({"instructions": table}, ensure_ascii=False, separators=(",", ":")) + "\n")
        for text, checks in rows.items():
            flat = [x for pair in checks.items() for x in pair]
            f.write(json.dumps({"text": text, "checks": flat}, ensure_ascii=False, separators=(",", ":")) + "\n")
            for index, bits in checks.items():
                counts[table[index][0], "unstable" if bits & 4 else bits] += 1
    for instruction_id in IDS:
        parts = {key[1]: n for key, n in counts.items() if key[0] == instruction_id}
        print(f"{instruction_id:48} {sum(parts.values()):6} {parts}")
    print(sum(counts.values()), "pairs on", len(rows), "texts")


if __name__ == "__main__":
    main()
