#!/usr/bin/env python3
"""Verdicts of three reference graders on perturbed answers, for tests/math/string_graders_test.cc.

References (run, not copied; they live outside this repository):
  hendrycks  lm_eval 0.4.13, lm_eval/tasks/hendrycks_math/utils.py: is_equiv
  minerva    lm_eval 0.4.13, lm_eval/tasks/minerva_math/utils.py: is_equiv of normalize_final_answer
  prm800k    openai/prm800k, prm800k/grading/grader.py: grade_answer
with Python 3.11, sympy 1.14.0, pylatexenc 2.11, antlr4-python3-runtime 4.11.1 (the version sympy's parse_latex needs).

  make_string_graders.py --lm-eval DIR_OF_lm_eval --prm800k DIR_OF_grading --data test.jsonl [--kinds dev|held|all] [--out DIR]

Writes string_graders_own.json (golds written here, always tested) and string_graders_math500.json (the official golds stay out: unique_id, kind of
perturbation, candidate, verdicts). A verdict string is three digits: hendrycks, prm800k, minerva; "-" where a reference needed
more than ten seconds.
"""
import argparse
import importlib.util
import json
import multiprocessing
import random
import re
import signal
import sys
import types
import warnings
from fractions import Fraction
from pathlib import Path

# A quarter of the kinds, never looked at while the graders were written.
HELD_OUT = ["unreduced", "minus_inside", "drop_subscript", "and_words", "right_unit", "upper_case", "cdot", "mixed_number",
            "pi_decimal", "thin_spaces", "scientific", "reverse", "overline", "half_power"]

OWN_GOLDS = [
    r"7", r"-12", r"0", r"1{,}250", r"48,\!000", r"\frac{3}{8}", r"-\frac{5}{6}", r"\dfrac{22}{7}", r"2\frac{1}{4}", r"0.375",
    r".5", r"\sqrt{11}", r"4\sqrt{6}", r"\frac{\sqrt{5}}{3}", r"3+2\sqrt{2}", r"\frac{1+\sqrt{5}}{2}", r"2\sqrt[3]{7}", r"5\pi",
    r"\frac{\pi}{12}", r"4-3i", r"2+5i", r"(2,-7)", r"\left( \frac{1}{2}, 3 \right)", r"(3, \frac{\pi}{3})", r"[1,4)", r"(-\infty, 2]",
    r"(-\infty,-1) \cup (3,\infty)", r"\{1,2,5\}", r"2, 3, 5", r"1 \pm \sqrt{7}", r"x^2+3x-4", r"2x^3 - x + 1", r"y = 3x - 2", r"x=9",
    r"x \in [0,5]", r"\begin{pmatrix} 1 & 2 \\ 0 & -3 \end{pmatrix}", r"\begin{pmatrix} 4 \\ -1 \end{pmatrix}", r"1011_2", r"3A_{16}",
    r"75^\circ", r"45^{\circ}", r"\$12.50", r"25\%", r"\text{Tuesday}", r"\text{(B)}", r"B", r"12\text{ cm}", r"8 \text{ square meters}",
    r"\text{odd}", r"e^2", r"2^{10}", r"10^{-3}", r"\frac{x+1}{x-2}", r"\frac{2}{x}", r"(x+1)(x-4)", r"6\sqrt{2}\text{ feet}",
    r"\tan x", r"\sin^2 \theta", r"\log_2 5", r"\ln 3", r"5!", r"\binom{6}{2}", r"-4,\ 9", r"\emptyset", r"\frac{7}{20}\pi", r"3.20",
]


def numeric(gold):
    """The rational number that an answer is, or None."""
    s = gold.replace(" ", "").replace(r"\!", "").replace("{,}", "").replace(r"\dfrac", r"\frac").replace(r"\tfrac", r"\frac")
    sign = 1
    if s.startswith("-"):
        sign, s = -1, s[1:]
    m = re.fullmatch(r"\\frac\{(\d+)\}\{(\d+)\}", s) or re.fullmatch(r"\\frac(\d)(\d)", s) or re.fullmatch(r"(\d+)/(\d+)", s)
    if m and int(m[2]):
        return sign * Fraction(int(m[1]), int(m[2]))
    m = re.fullmatch(r"(\d+)\\frac\{(\d+)\}\{(\d+)\}", s)
    if m and int(m[3]):
        return sign * (int(m[1]) + Fraction(int(m[2]), int(m[3])))
    s = s.replace(",", "") if re.fullmatch(r"\d{1,3}(,\d{3})+", s) else s
    return sign * Fraction(s) if re.fullmatch(r"\d*\.?\d+", s) else None


def elements(gold):
    """(opening, elements, closing) of a tuple, set, interval or list of simple elements."""
    m = re.fullmatch(r"(\\left)?\s*(\(|\[|\\\{)?(.*?)(\\right)?\s*(\)|\]|\\\})?", gold, re.S)
    inner = m[3]
    if "," not in inner or r"\!" in inner or "{,}" in inner or re.search(r"[()\[\]]", inner) or re.fullmatch(r"[\d,]*\d,\d{3}", inner):
        return None
    return (m[1] or "") + (m[2] or ""), [p.strip() for p in inner.split(",")], (m[4] or "") + (m[5] or "")


def thousands(value):
    return f"{value:,}"


def kinds():
    """name -> function(gold, rng) -> candidate or None."""
    k = {}

    def kind(f):
        k[f.__name__] = f
        return f

    def sub(pattern, replacement):
        def f(gold, rng):
            out = re.sub(pattern, replacement, gold)
            return out if out != gold else None
        return f

    k["identity"] = lambda g, r: g
    k["wide"] = lambda g, r: re.sub(r"\s*([+\-,=]|\\cup|\\pm)\s*", r" \1 ", g)
    k["tight"] = sub(r"(?<![a-zA-Z]) | (?![a-zA-Z])", "")
    k["pad"] = lambda g, r: "  " + g + " \n"
    k["dfrac"] = sub(r"\\frac", r"\\dfrac")
    k["tfrac"] = sub(r"\\d?frac", r"\\tfrac")
    k["slash"] = sub(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}", r"\1/\2")
    k["slash_brackets"] = sub(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}", r"(\1)/(\2)")
    k["short_frac"] = sub(r"\\[dt]?frac\{(\d)\}\{(\d)\}", r"\\frac\1\2")
    k["sqrt_call"] = sub(r"\\sqrt\{([^{}]*)\}", r"sqrt(\1)")
    k["short_sqrt"] = sub(r"\\sqrt\{(\d)\}", r"\\sqrt\1")
    k["half_power"] = sub(r"\\sqrt\{([^{}]*)\}", r"(\1)^{1/2}")
    k["dollars"] = lambda g, r: "$" + g + "$"
    k["dollar_sign"] = lambda g, r: r"\$" + g
    k["boxed"] = lambda g, r: r"\boxed{" + g + "}"
    k["braces"] = lambda g, r: "{" + g + "}"
    k["text_wrap"] = lambda g, r: r"\text{" + g + "}"
    k["mbox"] = lambda g, r: g + r" \mbox{ inches}"
    k["overline"] = lambda g, r: r"\overline{" + g + "}"
    k["right_unit"] = lambda g, r: g + r"\text{ cm}"
    k["unit_power"] = lambda g, r: g + r"\text{ cm}^2"
    k["unit_tight"] = lambda g, r: g + r.choice([r"\text{cm}", r"\text{units}", r"\,\text{degrees}"])
    k["unit_word"] = lambda g, r: g + r.choice([" cm", " degrees", " dollars", " inches", " square feet", " hours"])
    k["circ"] = lambda g, r: g + r.choice([r"^\circ", r"^{\circ}", r" ^ \circ"])
    k["percent"] = lambda g, r: g + r.choice([r"\%", "%"])
    k["period"] = lambda g, r: g + "."
    k["approx_prefix"] = lambda g, r: r"\approx " + g
    k["x_equals"] = lambda g, r: r.choice(["x=", "x = ", "k=", "A = "]) + g
    k["long_prefix"] = lambda g, r: r"\text{The answer} = " + g
    k["drop_lhs"] = sub(r"^[^=]*=\s*", "")
    k["drop_member"] = sub(r"^[a-z] *\\in *", "")
    k["left_right"] = lambda g, r: re.sub(r"(?<!\\left)([(\[])(.*)([)\]])", r"\\left\1\2\\right\3", g) if re.search(r"[(\[].*[)\]]", g) else None
    k["no_left_right"] = sub(r"\\(left|right)\s*", "")
    k["square_brackets"] = lambda g, r: g.replace("(", "[").replace(")", "]") if "(" in g else None
    k["round_brackets"] = lambda g, r: g.replace("[", "(").replace("]", ")") if "[" in g else None
    k["set_braces"] = lambda g, r: re.sub(r"^(\\left)?\s*[(\[](.*?)(\\right)?[)\]]$", r"\\{\2\\}", g) if re.match(r"(\\left)?\s*[(\[]", g) else None
    k["no_brackets"] = lambda g, r: "".join(", ".join(e[1])) if (e := elements(g)) and e[0] else None
    k["reverse"] = lambda g, r: e[0] + ", ".join(reversed(e[1])) + e[2] if (e := elements(g)) else None
    k["drop_element"] = lambda g, r: e[0] + ", ".join(e[1][1:]) + e[2] if (e := elements(g)) else None
    k["repeat_element"] = lambda g, r: e[0] + ", ".join(e[1] + e[1][:1]) + e[2] if (e := elements(g)) else None
    k["and_words"] = lambda g, r: e[0] + r.choice([" and ", " or ", r"\text{ and }", r" \text{ or } "]).join(e[1]) + e[2] if (e := elements(g)) else None
    k["lower_case"] = lambda g, r: g.lower() if g.lower() != g else None
    k["upper_case"] = lambda g, r: re.sub(r"(?<![\\a-z])([a-z]+)", lambda m: m[1].upper(), g) if re.search(r"(?<![\\a-z])[a-z]", g) else None
    k["no_text"] = sub(r"\\text\{([^{}]*)\}", r"\1")
    k["parenthesis_letter"] = lambda g, r: f"({g})" if len(g) < 8 else None
    k["cdot"] = sub(r"(\d)\s*(\\sqrt|\\pi|[a-z]\b)", r"\1 \\cdot \2")
    k["times"] = sub(r"(\d)\s*(\\sqrt|\\pi|\()", r"\1 \\times \2")
    k["star"] = sub(r"(\d)\s*(\\sqrt|\\pi|[a-z]\b|\()", r"\1*\2")
    k["pi_word"] = sub(r"\\pi", "pi")
    k["pi_letter"] = sub(r"\\pi", "π")
    k["pi_decimal"] = sub(r"\\pi", "3.14159")
    k["thin_spaces"] = lambda g, r: r.choice([r"\,", r"\;", r"\!", r"\ "]).join(re.split(r"(?<=[+\-,=\d])(?=[^\d]|$)", g)) if re.search(r"[+\-,=\d]", g) else None
    k["drop_subscript"] = sub(r"_\{?\d+\}?", "")
    k["short_subscript"] = lambda g, r: re.sub(r"_\{(\d+)\}", r"_\1", g) if "_{" in g else re.sub(r"_(\d+)", r"_{\1}", g) if "_" in g else None
    k["braced_power"] = sub(r"\^(\d)", r"^{\1}")
    k["bare_power"] = sub(r"\^\{(\d+)\}", r"^\1")
    k["star_power"] = sub(r"\^", "**")
    k["negated"] = lambda g, r: g[1:] if g.startswith("-") else "-" + g
    k["minus_inside"] = sub(r"-\s*\\[dt]?frac\{", r"\\frac{-")
    k["digit_off"] = lambda g, r: re.sub(r"\d(?=\D*$)", lambda m: str((int(m[0]) + r.randint(1, 8)) % 10), g) if re.search(r"\d", g) else None
    k["digit_more"] = lambda g, r: re.sub(r"(\d)(?=\D*$)", r"\g<1>0", g) if re.search(r"\d", g) else None
    k["truncated"] = lambda g, r: g[:-1]
    k["doubled"] = lambda g, r: g + ", " + g
    k["zero_added"] = lambda g, r: g + " + 0"
    k["terms_swapped"] = lambda g, r: (m[2] + " + " + m[1]) if (m := re.fullmatch(r"([^+,()=]+)\+([^+,()=]+)", g)) else None
    k["terms_swapped_minus"] = lambda g, r: ("-" + m[2].strip() + " + " + m[1]) if (m := re.fullmatch(r"([^-+,()=]+)-([^-+,()=]+)", g)) else None
    k["junk"] = lambda g, r: r.choice(["", "?", r"\text{no solution}", "N/A", r"\frac", r"\sqrt", "{", "}", "\\", r"\left(", "1/0", "((", "x"])

    @kind
    def decimal(g, r):
        v = numeric(g)
        return None if v is None else (str(v.numerator) + ".0" if v.denominator == 1 else str(float(v)))

    @kind
    def rounded(g, r):
        v = numeric(g)
        return None if v is None or v.denominator == 1 else f"{float(v):.{r.choice([2, 3, 6])}f}"

    @kind
    def unreduced(g, r):
        v = numeric(g)
        f = r.randint(2, 5)
        return None if v is None else rf"\frac{{{v.numerator * f}}}{{{v.denominator * f}}}"

    @kind
    def over_one(g, r):
        v = numeric(g)
        return None if v is None or v.denominator != 1 else r.choice([f"{v}/1", rf"\frac{{{v}}}{{1}}", f"+{v}", f"{v}.", f"{v}.00", f"0{v}"])

    @kind
    def comma_groups(g, r):
        v = numeric(g)
        return None if v is None or v.denominator != 1 or abs(v) < 1000 else r.choice([f"{v}", thousands(v.numerator), thousands(v.numerator).replace(",", r",\!"), thousands(v.numerator).replace(",", "{,}"), thousands(v.numerator).replace(",", " ")])

    @kind
    def mixed_number(g, r):
        v = numeric(g)
        if v is None or v.denominator == 1 or abs(v) < 1:
            return None
        whole, rest = divmod(abs(v), 1)
        sign = "-" if v < 0 else ""
        return r.choice([rf"{sign}{whole}\frac{{{rest.numerator}}}{{{rest.denominator}}}", f"{sign}{whole} {rest.numerator}/{rest.denominator}", rf"{sign}{whole} \frac{{{rest.numerator}}}{{{rest.denominator}}}"])

    @kind
    def improper(g, r):
        v = numeric(g)
        return None if v is None or v.denominator == 1 else f"{v.numerator}/{v.denominator}"

    @kind
    def scientific(g, r):
        v = numeric(g)
        return None if v is None or v.denominator != 1 or v == 0 else r.choice([f"{float(v):e}", rf"{v} \times 10^0", rf"{float(v) / 10} \times 10^1", rf"{float(v) / 100} \cdot 10^{{2}}"])

    @kind
    def as_sum(g, r):
        v = numeric(g)
        return None if v is None else r.choice([f"{v - 1}+1", rf"\frac{{{v.numerator - v.denominator}}}{{{v.denominator}}}+1", f"2({v / 2})", f"({v})"])

    @kind
    def no_leading_zero(g, r):
        return re.sub(r"\b0\.", ".", g) if "0." in g else None

    return k


def sample(golds, chosen, rng, share):
    """[(id, kind, candidate)]: every chosen kind on `share` of the golds it applies to, at least on three."""
    out, seen = [], set()
    for name, function in chosen.items():
        hits = []
        for key, gold in golds:
            candidate = function(gold, rng)
            if candidate is not None and (key, candidate) not in seen:
                hits.append((key, name, candidate))
        rng.shuffle(hits)
        wanted = len(hits) if name == "identity" else max(3, round(len(hits) * share(len(hits))))
        for hit in hits[:wanted]:
            seen.add((hit[0], hit[2]))
            out.append(hit)
    return out


class Slow(Exception):
    pass


def alarm(signum, frame):
    raise Slow()


def load(path, name, stubs):
    for stub in stubs:
        module = types.ModuleType(stub)
        module.Dataset = object
        module.parse = module.verify = None
        sys.modules.setdefault(stub, module)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFERENCES = {}


def start(lm_eval, prm800k):
    warnings.filterwarnings("ignore")
    REFERENCES["hendrycks"] = load(Path(lm_eval) / "tasks/hendrycks_math/utils.py", "hendrycks_utils", ["datasets"])
    REFERENCES["minerva"] = load(Path(lm_eval) / "tasks/minerva_math/utils.py", "minerva_utils", ["math_verify"])
    sys.path.insert(0, str(prm800k))
    from grading import grader
    REFERENCES["prm800k"] = grader


def verdicts(pair):
    gold, candidate = pair
    minerva = REFERENCES["minerva"]
    out = ""
    for call in (lambda: REFERENCES["hendrycks"].is_equiv(candidate, gold),
                 lambda: REFERENCES["prm800k"].grade_answer(candidate, gold),
                 lambda: minerva.is_equiv(minerva.normalize_final_answer(candidate), minerva.normalize_final_answer(gold))):
        # The PRM800K reference swallows every exception, also the alarm's: a call that took long is not a verdict.
        fired = []
        signal.signal(signal.SIGALRM, lambda *a: (fired.append(1), alarm(*a)))
        signal.alarm(10)
        try:
            result = "1" if call() else "0"
        except Slow:
            result = "-"
        signal.alarm(0)
        out += "-" if fired else result
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lm-eval", required=True)
    parser.add_argument("--prm800k", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--kinds", choices=["dev", "held", "all"], default="all")
    parser.add_argument("--out", default=str(Path(__file__).parent))
    args = parser.parse_args()

    every = kinds()
    unknown = [n for n in HELD_OUT if n not in every]
    assert not unknown, unknown
    chosen = {n: f for n, f in every.items() if args.kinds == "all" or (n in HELD_OUT) == (args.kinds == "held")}
    rows = [json.loads(line) for line in open(args.data, encoding="utf-8")]
    official = [(row["unique_id"], row["answer"]) for row in rows]
    own = [(gold, gold) for gold in OWN_GOLDS]

    official_pairs = sample(official, chosen, random.Random(500), lambda n: min(1.0, 120 / n) if n else 0)
    string_graders_own = sample(own, chosen, random.Random(300), lambda n: min(1.0, 4 / n) if n else 0)
    golds = dict(official)
    work = [(golds[i], c) for i, _, c in official_pairs] + [(g, c) for g, _, c in string_graders_own]
    with multiprocessing.get_context("fork").Pool(2, start, (args.lm_eval, args.prm800k)) as pool:
        results = pool.map(verdicts, work, chunksize=20)

    def grouped(pairs, found):
        out = {}
        for (key, name, candidate), verdict in zip(pairs, found):
            out.setdefault(key, []).append([name, candidate, verdict])
        return out

    head = {"source": "lm_eval 0.4.13, openai/prm800k, sympy 1.14.0, pylatexenc 2.11, antlr4-python3-runtime 4.11.1",
            "verdicts": ["hendrycks", "prm800k", "minerva"]}
    first = len(official_pairs)
    for name, pairs, found in (("string_graders_math500", official_pairs, results[:first]), ("string_graders_own", string_graders_own, results[first:])):
        body = ",\n".join(json.dumps(k) + ":" + json.dumps(v, separators=(",", ":"), ensure_ascii=False) for k, v in grouped(pairs, found).items())
        with open(Path(args.out) / f"{name}.json", "w", encoding="utf-8") as f:
            f.write(json.dumps(head)[:-1] + ',\n"golds":{\n' + body + "\n}}\n")
        print(name, len(pairs), "pairs,", sum("-" in v for v in found), "slow")


if __name__ == "__main__":
    main()
