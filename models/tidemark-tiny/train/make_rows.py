#!/usr/bin/env python3
"""Write the held-out rows beside the model: ../eval/{format,math,facts}.jsonl; and check that no prompt was trainable.

    python3 make_rows.py
"""
import json
import random
from pathlib import Path

import data_facts as facts
import data_format
import data_math

OUT = Path(__file__).resolve().parent.parent / "eval"


def write(name, rows):
    OUT.mkdir(exist_ok=True)
    (OUT / name).write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
    print(name, len(rows))


def format_rows(r, count=200):
    rows, seen = [], set()
    while len(rows) < count:
        row = data_format.draw(r, True)
        if row["prompt"] not in seen:
            seen.add(row["prompt"])
            rows.append(dict(key=len(rows) + 1, prompt=row["prompt"], instruction_id_list=row["instruction_id_list"], kwargs=row["kwargs"]))
    return rows


def math_rows(r, count=150):
    rows, seen = [], set()
    while len(rows) < count:
        row = data_math.draw(r, True, data_math.BAG[len(rows) % len(data_math.BAG)])
        if row["problem"] in seen:
            continue
        seen.add(row["problem"])
        rows.append(dict(problem=row["problem"], answer=row["answer"], subject=row["subject"], level=row["level"],
                         unique_id=f"tidemark/{row['subject'].lower().replace(' ', '_')}/{len(rows) + 1}.json"))
    return rows


def fact_rows(r):
    rows, seen = [], set()

    def add(domain, topic, question, answer, aliases, answerable, kind):
        if question in seen:
            return False
        seen.add(question)
        rows.append(dict(domain=domain, topic=topic, question_id=f"f{len(rows) + 1:03d}", question=question, answer=answer, aliases=aliases, answerable=answerable, kind=kind))
        return True

    asked = [f for f in facts.FACTS if not facts.only_described(f[0], f[3])]
    hidden = [f for f in facts.FACTS if facts.only_described(f[0], f[3])]
    for chosen, kind in ((r.sample(asked, 70), "asked in other words"), (r.sample(hidden, 30), "only described")):
        for entity, category, domain, attribute, value in chosen:
            aliases = [value.split(" ")[0]] if " " in value else []
            add(domain, category, facts.question(r, entity, category, attribute, True), value, aliases, True, kind)
    for held_out_kind in (False, True):
        wanted = len(rows) + 25
        while len(rows) < wanted:
            question, domain, topic, kind = facts.unknown_question(r, True, held_out_kind)
            add(domain, topic, question, "", [], False, kind + (" (kind not trained)" if held_out_kind else ""))
    return rows


def main():
    rows = dict(format=format_rows(random.Random(101)), math=math_rows(random.Random(102)), facts=fact_rows(random.Random(103)))
    for name, part in rows.items():
        write(name + ".jsonl", part)
    held = {row["prompt"] for row in rows["format"]} | {row["problem"] for row in rows["math"]} | {row["question"] for row in rows["facts"]}
    r = random.Random(7)
    for _ in range(20000):
        for source in (data_format, data_math, facts):
            text = next(m["content"] for m in source.training_example(r) if m["role"] == "user")
            for suffix in data_math.SUFFIXES:
                text = text.removesuffix(suffix)
            assert text not in held, text
    print("no held-out prompt among 60,000 training prompts")


if __name__ == "__main__":
    main()
