"""Write math500.jsonl: 60 rows of our own in the shape of MATH-500. 36 are held-out rows of the kinds that the embedded model was
trained for, the first of each subject and level in the order of models/tidemark-tiny/eval/math.jsonl, so none was chosen by its
result; 24 are harder, one per kind of answer that MATH-500 has. Every answer of the 24 is checked with sympy (1.14) before anything is written.

    python3 make_math500.py
"""
import json
import random
import sys
from itertools import product
from math import comb
from pathlib import Path

import sympy as sp

HERE = Path(__file__).resolve().parent
TINY = HERE.parents[1] / "models" / "tidemark-tiny"
sys.path.insert(0, str(TINY / "train"))
import data_math  # noqa: E402
import make_rows  # noqa: E402

TAKE = {("Prealgebra", 1): 8, ("Prealgebra", 2): 6, ("Prealgebra", 3): 4, ("Prealgebra", 4): 1, ("Algebra", 2): 4, ("Algebra", 3): 3, ("Algebra", 4): 2,
        ("Algebra", 5): 2, ("Number Theory", 3): 3, ("Geometry", 2): 2, ("Geometry", 3): 1}

x, y, t = sp.symbols("x y t")
R = sp.Rational


def fraction():
    p = R(comb(5, 2), comb(12, 2))
    return p == R(5, 33)


def two_dice():
    return sum(a + b == 8 for a, b in product(range(1, 7), repeat=2)) == 5


# (kind of answer, subject, level, problem, solution with the answer in its box, check)
HARD = [
    ("fraction", "Counting & Probability", 3,
     r"A crate holds $5$ green and $7$ white buoys. Two of them are drawn at once, at random. What is the probability that both are green?",
     r"There are $\binom{12}{2} = 66$ equally likely pairs, of which $\binom{5}{2} = 10$ are green. The probability is $\frac{10}{66} = \boxed{\frac{5}{33}}.$",
     fraction),
    ("radical", "Geometry", 3,
     r"A rectangle has sides $4$ and $6.$ How long is its diagonal? Give the answer in simplest radical form.",
     r"By the Pythagorean theorem the diagonal is $\sqrt{4^2 + 6^2} = \sqrt{52} = \boxed{2\sqrt{13}}.$",
     lambda: sp.sqrt(4**2 + 6**2) == 2 * sp.sqrt(13)),
    ("multiple of pi", "Geometry", 3,
     r"A cone has radius $6$ and height $5.$ What is its volume? Leave $\pi$ in the answer.",
     r"The volume is $\frac{1}{3} \pi r^2 h = \frac{1}{3} \pi \cdot 36 \cdot 5 = \boxed{60\pi}.$",
     lambda: sp.pi * 36 * 5 / 3 == 60 * sp.pi),
    ("complex number", "Intermediate Algebra", 3,
     r"Write $\frac{7 - i}{2 + i}$ in the form $a + bi.$",
     r"Multiplying above and below by $2 - i$ gives $\frac{(7 - i)(2 - i)}{5} = \frac{14 - 7i - 2i + i^2}{5} = \frac{13 - 9i}{5} = \boxed{\frac{13}{5} - \frac{9}{5}i}.$",
     lambda: sp.simplify((7 - sp.I) / (2 + sp.I) - (R(13, 5) - R(9, 5) * sp.I)) == 0),
    ("polynomial", "Algebra", 3,
     r"Expand $(x - 2)(x^2 + 3x + 5)$ and collect like terms.",
     r"We get $x^3 + 3x^2 + 5x - 2x^2 - 6x - 10 = \boxed{x^3 + x^2 - x - 10}.$",
     lambda: sp.expand((x - 2) * (x**2 + 3 * x + 5)) == x**3 + x**2 - x - 10),
    ("factored polynomial", "Algebra", 4,
     r"Factor $6x^2 - x - 12$ over the integers.",
     r"The product $6 \cdot (-12) = -72$ splits into $8$ and $-9,$ whose sum is $-1.$ So $6x^2 + 8x - 9x - 12 = 2x(3x + 4) - 3(3x + 4) = \boxed{(2x - 3)(3x + 4)}.$",
     lambda: sp.expand((2 * x - 3) * (3 * x + 4)) == 6 * x**2 - x - 12),
    ("point", "Precalculus", 3,
     r"A point has polar coordinates $(r, \theta) = \left(4, \frac{5\pi}{6}\right).$ What are its rectangular coordinates $(x, y)$?",
     r"We have $x = 4 \cos \frac{5\pi}{6} = -2\sqrt{3}$ and $y = 4 \sin \frac{5\pi}{6} = 2,$ so the point is $\boxed{(-2\sqrt{3}, 2)}.$",
     lambda: (4 * sp.cos(5 * sp.pi / 6), 4 * sp.sin(5 * sp.pi / 6)) == (-2 * sp.sqrt(3), 2)),
    ("comma list", "Intermediate Algebra", 4,
     r"Find all real solutions of $x^3 - 4x^2 + x + 6 = 0.$ List them separated by commas.",
     r"Since $-1$ is a root, the polynomial is $(x + 1)(x^2 - 5x + 6) = (x + 1)(x - 2)(x - 3).$ The solutions are $\boxed{-1, 2, 3}.$",
     lambda: sorted(sp.solve(x**3 - 4 * x**2 + x + 6)) == [-1, 2, 3]),
    ("plus or minus", "Algebra", 4,
     r"Solve $x^2 - 6x + 2 = 0.$ Give both solutions in one expression.",
     r"Completing the square gives $(x - 3)^2 = 7,$ so $x = \boxed{3 \pm \sqrt{7}}.$",
     lambda: set(sp.solve(x**2 - 6 * x + 2)) == {3 + sp.sqrt(7), 3 - sp.sqrt(7)}),
    ("set", "Number Theory", 4,
     r"What is the set of all positive integers $n$ for which $\frac{24}{n + 3}$ is an integer?",
     r"The sum $n + 3$ has to be a divisor of $24$ above $3,$ which leaves $4, 6, 8, 12$ and $24.$ Hence the set is $\boxed{\{1, 3, 5, 9, 21\}}.$",
     lambda: [n for n in range(1, 100) if 24 % (n + 3) == 0] == [1, 3, 5, 9, 21]),
    ("half-open interval", "Intermediate Algebra", 5,
     r"Solve $\frac{x - 1}{x + 3} \ge 2.$ Express the answer in interval notation.",
     r"Subtracting $2$ gives $\frac{-x - 7}{x + 3} \ge 0,$ so $\frac{x + 7}{x + 3} \le 0.$ The left side is zero at $-7,$ undefined at $-3$ and negative between them, so the solution is $\boxed{[-7,-3)}.$",
     lambda: sp.solveset((x - 1) / (x + 3) >= 2, x, sp.S.Reals) == sp.Interval.Ropen(-7, -3)),
    ("union of intervals", "Intermediate Algebra", 4,
     r"For which real $x$ is $x^2 - x > 6$? Express the answer in interval notation.",
     r"The inequality is $(x - 3)(x + 2) > 0,$ which holds outside the roots: $x \in \boxed{(-\infty,-2) \cup (3,\infty)}.$",
     lambda: sp.solveset(x**2 - x > 6, x, sp.S.Reals) == sp.Union(sp.Interval.open(-sp.oo, -2), sp.Interval.open(3, sp.oo))),
    ("matrix", "Precalculus", 4,
     r"Find the inverse of $\begin{pmatrix} 3 & 5 \\ 1 & 2 \end{pmatrix}.$",
     r"The determinant is $3 \cdot 2 - 5 \cdot 1 = 1,$ so the inverse is $\boxed{\begin{pmatrix} 2 & -5 \\ -1 & 3 \end{pmatrix}}.$",
     lambda: sp.Matrix([[3, 5], [1, 2]]).inv() == sp.Matrix([[2, -5], [-1, 3]])),
    ("vector", "Precalculus", 4,
     r"Find the cross product $\begin{pmatrix} 1 \\ 2 \\ 0 \end{pmatrix} \times \begin{pmatrix} 3 \\ 0 \\ -1 \end{pmatrix}.$",
     r"It is $\begin{pmatrix} 2 \cdot (-1) - 0 \cdot 0 \\ 0 \cdot 3 - 1 \cdot (-1) \\ 1 \cdot 0 - 2 \cdot 3 \end{pmatrix} = \boxed{\begin{pmatrix} -2 \\ 1 \\ -6 \end{pmatrix}}.$",
     lambda: sp.Matrix([1, 2, 0]).cross(sp.Matrix([3, 0, -1])) == sp.Matrix([-2, 1, -6])),
    ("numeral in another base", "Number Theory", 3,
     r"Write the number $150$ in base $7.$",
     r"We have $150 = 3 \cdot 49 + 0 \cdot 7 + 3,$ so the numeral is $\boxed{303_7}.$",
     lambda: int("303", 7) == 150),
    ("degrees", "Geometry", 2,
     r"Two angles of a triangle measure $47^\circ$ and $68^\circ.$ What is the measure of the third angle in degrees?",
     r"The angles add up to $180^\circ,$ so the third one measures $180^\circ - 47^\circ - 68^\circ = \boxed{65^\circ}.$",
     lambda: 180 - 47 - 68 == 65),
    ("money", "Prealgebra", 3,
     r"A rope costs $\$2.60$ per meter. What do $7.5$ meters of it cost?",
     r"The price is $7.5 \cdot \$2.60 = \boxed{\$19.50}.$",
     lambda: R(15, 2) * R(26, 10) == R(1950, 100)),
    ("mixed number", "Prealgebra", 4,
     r"What is $2\frac{3}{4} + 3\frac{5}{6}$? Give the answer as a mixed number.",
     r"The whole numbers give $5$ and the fractions $\frac{9}{12} + \frac{10}{12} = \frac{19}{12} = 1\frac{7}{12}.$ Together that is $\boxed{6\frac{7}{12}}.$",
     lambda: 2 + R(3, 4) + 3 + R(5, 6) == 6 + R(7, 12)),
    ("text", "Algebra", 2,
     r"Three lighthouses flash: Aster every $8$ seconds, Birch $7$ times a minute, Cove every $9$ seconds. Which one flashes most often?",
     r"Aster flashes $\frac{60}{8} = 7.5$ times a minute, Birch $7$ times and Cove $\frac{60}{9} < 7$ times. So it is $\boxed{\text{Aster}}.$",
     lambda: max([(R(60, 8), "Aster"), (7, "Birch"), (R(60, 9), "Cove")])[1] == "Aster"),
    ("letter of a choice", "Counting & Probability", 2,
     r"Two fair dice are rolled. Which sum is most likely: (A) $5,$ (B) $6,$ (C) $8,$ (D) $7$? Answer with the letter.",
     r"There are $4$ ways to roll $5,$ $5$ ways to roll $6,$ $5$ ways to roll $8$ and $6$ ways to roll $7.$ The answer is $\boxed{\text{(D)}}.$",
     lambda: two_dice() and max(range(2, 13), key=lambda s: sum(a + b == s for a, b in product(range(1, 7), repeat=2))) == 7),
    ("equation", "Algebra", 3,
     r"Find the equation of the line through $(2, 1)$ and $(5, 10).$ Give it in the form $y = mx + b.$",
     r"The slope is $\frac{10 - 1}{5 - 2} = 3,$ and $1 = 3 \cdot 2 + b$ gives $b = -5.$ The line is $\boxed{y = 3x - 5}.$",
     lambda: all(3 * a - 5 == b for a, b in ((2, 1), (5, 10)))),
    ("membership", "Intermediate Algebra", 3,
     r"Find all real $x$ with $|2x - 5| \le 9.$ Write the answer in the form $x \in \ldots$ with an interval.",
     r"The inequality means $-9 \le 2x - 5 \le 9,$ hence $-4 \le 2x \le 14$ and $\boxed{x \in [-2,7]}.$",
     lambda: sp.solveset(sp.Abs(2 * x - 5) <= 9, x, sp.S.Reals) == sp.Interval(-2, 7)),
    ("unit", "Prealgebra", 3,
     r"A tank of $0.35$ cubic meters is filled at $14$ liters per minute. How long does it take to fill it? Give the answer in minutes.",
     r"The tank holds $350$ liters, which takes $\frac{350}{14} = \boxed{25\text{ minutes}}.$",
     lambda: R(350, 14) == 25),
    ("thousands", "Counting & Probability", 4,
     r"How many ways are there to arrange $8$ different flags on a pole if the red flag must be directly above the blue one?",
     r"Taking the two flags as one, there are $7$ things to arrange, which can be done in $7! = \boxed{5,\!040}$ ways.",
     lambda: sp.factorial(7) == 5040),
]


def trained_kinds():
    held_out = make_rows.math_rows(random.Random(102))
    stored = [json.loads(line) for line in open(TINY / "eval" / "math.jsonl", encoding="utf-8")]
    rows = []
    left = dict(TAKE)
    replay = random.Random(102)
    seen = set()
    traces = []
    while len(traces) < len(stored):  # make_rows.math_rows once more, with the traces that it drops
        row = data_math.draw(replay, True, data_math.BAG[len(traces) % len(data_math.BAG)])
        if row["problem"] in seen:
            continue
        seen.add(row["problem"])
        traces.append(row)
    for row, trace, again in zip(stored, traces, held_out):
        assert row == again and row["problem"] == trace["problem"] and row["answer"] == trace["answer"]
        key = row["subject"], row["level"]
        if left.get(key, 0) == 0:
            continue
        left[key] -= 1
        rows.append(dict(row, solution=trace["trace"] + "\n\\boxed{" + row["answer"] + "}"))
    assert not any(left.values()), left
    return rows


def box(solution):
    """Content of the last box, braces balanced."""
    start = solution.rindex("\\boxed{") + 7
    depth = 1
    for i in range(start, len(solution)):
        depth += (solution[i] == "{") - (solution[i] == "}")
        if depth == 0:
            return solution[start:i]
    raise ValueError(solution)


def main():
    rows = trained_kinds()
    for number, (kind, subject, level, problem, solution, check) in enumerate(HARD, 1):
        assert check(), kind
        rows.append(dict(problem=problem, answer=box(solution), subject=subject, level=level, solution=solution,
                         unique_id=f"tidemark/{subject.lower().replace(' & ', '_and_').replace(' ', '_')}/hard-{number}.json"))
    assert len(rows) == 60 and len({r["unique_id"] for r in rows}) == 60
    keys = ("problem", "solution", "answer", "subject", "level", "unique_id")
    with open(HERE / "math500.jsonl", "w", encoding="utf-8") as out:
        for row in rows:
            assert box(row["solution"]) == row["answer"]
            out.write(json.dumps({k: row[k] for k in keys}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
