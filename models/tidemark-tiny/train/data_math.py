"""Arithmetic and simple algebra: problem, short trace, boxed answer. All text and numbers are generated here.

The split is by numbers: a problem whose (kind, numbers) hashes to 0 modulo 8 belongs to the held-out side and is never trained on, whatever
its wording; the last wording of each kind is held out as well. Levels follow the number of written steps.
"""
import hashlib
from math import gcd

SUFFIXES = [
    "\nPlease reason step by step, and put your final answer within \\boxed{}.",
    " Put the final answer in \\boxed{}.",
    "\nThink step by step. Give the answer in \\boxed{}.",
    "\nReason step by step and put your final answer in \\boxed{}.",
]
EVAL_SUFFIX = "\n\nReason step by step, then write the final answer within \\boxed{}."


def held_out(*key):
    return hashlib.sha256(repr(key).encode()).digest()[0] % 8 == 0


def add(a, b):
    """Column addition from the last digit."""
    x, y, carry, lines = str(a)[::-1], str(b)[::-1], 0, []
    for i in range(max(len(x), len(y))):
        p, q = int(x[i]) if i < len(x) else 0, int(y[i]) if i < len(y) else 0
        s = p + q + carry
        lines.append(f"{p}+{q}{'+1' if carry else ''}={s}")
        carry = s // 10
    return "\n".join(lines + [f"{a}+{b}={a + b}"])


def subtract(a, b):
    """Column subtraction for a >= b."""
    x, y, borrow, lines = str(a)[::-1], str(b)[::-1], 0, []
    for i in range(len(x)):
        p, q = int(x[i]), int(y[i]) if i < len(y) else 0
        need = p - borrow < q
        lines.append(f"{p + 10 * need}-{q}{'-1' if borrow else ''}={p + 10 * need - borrow - q}")
        borrow = int(need)
    return "\n".join(lines + [f"{a}-{b}={a - b}"])


def multiply(a, b):
    """One digit times at most two digits."""
    if b < 10:
        return f"{a}*{b}={a * b}"
    tens, ones = b // 10 * 10, b % 10
    return f"{a}*{tens}={a * tens}\n{a}*{ones}={a * ones}\n{a * tens}+{a * ones}={a * b}\n{a}*{b}={a * b}"


def k_add(r):
    a, b = r.randint(2, 99), r.randint(2, 99)
    w = ["What is {0} + {1}?", "Compute {0} + {1}.", "Add {0} and {1}.", "Find the sum of {0} and {1}.", "Calculate {0} + {1}.",
         "How much is {0} plus {1}?"]
    return (a, b), w, add(a, b), a + b, "Prealgebra", 1


def k_sub(r):
    a, b = sorted((r.randint(2, 99), r.randint(2, 99)), reverse=True)
    w = ["What is {0} - {1}?", "Compute {0} - {1}.", "Subtract {1} from {0}.", "Find the difference {0} - {1}.", "Calculate {0} - {1}.",
         "How much is {0} minus {1}?"]
    return (a, b), w, subtract(a, b), a - b, "Prealgebra", 1


def k_mul(r):
    a, b = r.randint(2, 9), r.randint(2, 30)
    w = ["What is {0} \\cdot {1}?", "Compute {0} * {1}.", "Multiply {0} by {1}.", "Find the product of {0} and {1}.",
         "What is {0} times {1}?", "Calculate the product {0} * {1}."]
    return (a, b), w, multiply(a, b), a * b, "Prealgebra", 2


def k_div(r):
    b, q = r.randint(2, 9), r.randint(2, 20)
    w = ["What is {0} / {1}?", "Compute {0} / {1}.", "Divide {0} by {1}.", "What is {0} divided by {1}?", "How many times does {1} go into {0}?"]
    return (b * q, b), w, f"{b}*{q}={b * q}\n{b * q}/{b}={q}", q, "Prealgebra", 2


def k_add3(r):
    a, b = r.randint(100, 899), r.randint(11, 899)
    w = ["What is {0} + {1}?", "Compute {0} + {1}.", "Find the sum of {0} and {1}.", "How much is {0} plus {1}?"]
    return (a, b), w, add(a, b), a + b, "Prealgebra", 3


def k_eq1(r):
    x, a = r.randint(1, 60), r.randint(1, 39)
    w = ["Solve for x: x + {1} = {2}", "Find x if x + {1} = {2}.", "If x + {1} = {2}, what is x?", "What value of x makes x + {1} = {2}?"]
    return (x, a, x + a), w, f"x={x + a}-{a}\n" + subtract(x + a, a) + f"\nx={x}", x, "Algebra", 2


def k_eq2(r):
    x, a = r.randint(2, 15), r.randint(2, 9)
    w = ["Solve for x: {1}x = {2}", "Find x if {1}x = {2}.", "If {1}x = {2}, what is x?", "What value of x makes {1}x = {2}?"]
    return (x, a, a * x), w, f"x={a * x}/{a}\n{a}*{x}={a * x}\nx={x}", x, "Algebra", 2


def k_eq3(r):
    x, a, b = r.randint(1, 12), r.randint(2, 9), r.randint(1, 29)
    c = a * x + b
    w = ["Solve for x: {1}x + {2} = {3}", "Find x if {1}x + {2} = {3}.", "If {1}x + {2} = {3}, what is x?",
         "What value of x makes {1}x + {2} = {3}?"]
    return (x, a, b, c), w, f"{a}x={c}-{b}\n" + subtract(c, b) + f"\n{a}x={a * x}\n{a}*{x}={a * x}\nx={x}", x, "Algebra", 4


def k_eval(r):
    a, x, b = r.randint(2, 9), r.randint(2, 9), r.randint(1, 29)
    w = ["What is the value of {0}x + {2} when x = {1}?", "Evaluate {0}x + {2} for x = {1}.", "If f(x) = {0}x + {2}, what is f({1})?",
         "Let x = {1}. Find {0}x + {2}."]
    return (a, x, b), w, f"{a}*{x}={a * x}\n" + add(a * x, b), a * x + b, "Algebra", 3


def k_mod(r):
    b, q = r.randint(2, 9), r.randint(1, 11)
    m = r.randint(0, b - 1)
    a = b * q + m
    w = ["What is the remainder when {0} is divided by {1}?", "Find the remainder of {0} divided by {1}.", "Compute {0} mod {1}.",
         "Divide {0} by {1}. What is the remainder?"]
    return (a, b), w, f"{b}*{q}={b * q}\n{a}-{b * q}={m}", m, "Number Theory", 3


def k_seq(r):
    s, d = r.randint(1, 30), r.randint(2, 12)
    w = ["What is the next number in the sequence {0}, {1}, {2}, {3}?", "Find the next term: {0}, {1}, {2}, {3}, ...",
         "The sequence {0}, {1}, {2}, {3} goes on in equal steps. What comes next?"]
    return (s, s + d, s + 2 * d, s + 3 * d), w, f"{s + d}-{s}={d}\n" + add(s + 3 * d, d), s + 4 * d, "Algebra", 3


def k_rect(r):
    a, b = r.randint(2, 9), r.randint(2, 20)
    if r.random() < 0.5:
        w = ["What is the area of a rectangle with sides {0} and {1}?", "A rectangle is {0} long and {1} wide. Find its area.",
             "Find the area of a {0} by {1} rectangle."]
        return ("area", a, b), [t.replace("{1}", "{2}").replace("{0}", "{1}") for t in w], multiply(a, b), a * b, "Geometry", 2
    w = ["What is the perimeter of a rectangle with sides {1} and {2}?", "A rectangle is {1} long and {2} wide. Find its perimeter.",
         "Find the perimeter of a {1} by {2} rectangle."]
    return ("around", a, b), w, add(a, b) + f"\n2*{a + b}={2 * (a + b)}", 2 * (a + b), "Geometry", 3


def k_word(r):
    kind = r.randint(0, 2)
    things = r.choice(["shells", "apples", "lamps", "ropes", "stamps", "crates"])
    if kind == 0:
        a, b = r.randint(5, 89), r.randint(5, 89)
        w = [f"A ferry carries {{1}} {things} and takes on {{2}} more. How many {things} are on board?",
             f"A shop has {{1}} {things} and gets {{2}} more. How many {things} does it have now?",
             f"There are {{1}} {things} in one room and {{2}} in another. How many {things} are there in all?"]
        return ("w+", a, b), w, add(a, b), a + b, "Prealgebra", 2
    if kind == 1:
        a, b = sorted((r.randint(5, 89), r.randint(5, 89)), reverse=True)
        w = [f"A shop has {{1}} {things} and sells {{2}}. How many {things} are left?",
             f"Of {{1}} {things} on a boat {{2}} are taken ashore. How many {things} stay on board?",
             f"There were {{1}} {things} in a box. Then {{2}} were lost. How many {things} remain?"]
        return ("w-", a, b), w, subtract(a, b), a - b, "Prealgebra", 2
    a, b = r.randint(2, 9), r.randint(3, 20)
    w = [f"There are {{1}} boxes with {{2}} {things} in each. How many {things} are there?",
         f"Each of {{1}} boats carries {{2}} {things}. How many {things} do they carry?",
         f"A shelf holds {{2}} {things}. How many {things} do {{1}} such shelves hold?"]
    return ("w*", a, b), w, multiply(a, b), a * b, "Prealgebra", 3


def k_frac(r):
    while True:
        p, q, f = r.randint(1, 9), r.randint(2, 10), r.randint(2, 6)
        if p < q and gcd(p, q) == 1:
            break
    w = ["Simplify \\frac{{{0}}}{{{1}}}.", "Reduce the fraction \\frac{{{0}}}{{{1}}}.", "Write \\frac{{{0}}}{{{1}}} in lowest terms.",
         "Express {0}/{1} as a fraction in lowest terms."]
    return (p * f, q * f), w, f"{p * f}={f}*{p}\n{q * f}={f}*{q}", f"\\frac{{{p}}}{{{q}}}", "Prealgebra", 4


def k_expr(r):
    a, b, c, d = r.randint(2, 9), r.randint(2, 9), r.randint(2, 9), r.randint(1, 15)
    s = a * (b + c)
    w = ["Compute {0}({1} + {2}) + {3}.", "What is {0}({1} + {2}) + {3}?", "Evaluate {0}({1} + {2}) + {3}."]
    return (a, b, c, d), w, f"{b}+{c}={b + c}\n{a}*{b + c}={s}\n" + add(s, d), s + d, "Algebra", 5


KINDS = [(k_add, 3), (k_sub, 3), (k_mul, 3), (k_div, 2), (k_add3, 2), (k_eq1, 2), (k_eq2, 1), (k_eq3, 3), (k_eval, 2), (k_mod, 2),
         (k_seq, 2), (k_rect, 2), (k_word, 3), (k_frac, 1), (k_expr, 2)]
BAG = [k for k, weight in KINDS for _ in range(weight)]


def draw(r, evaluation, kind=None):
    """One problem of the wanted side of the split: dict(problem, answer, trace, subject, level, kind)."""
    while True:
        make = kind or r.choice(BAG)
        numbers, wordings, trace, answer, subject, level = make(r)
        if held_out(make.__name__, numbers) != evaluation:
            continue
        wording = r.choice(wordings if evaluation else wordings[:-1])
        return dict(problem=wording.format(*numbers), answer=str(answer), trace=trace, subject=subject, level=level, kind=make.__name__)


def training_example(r):
    row = draw(r, False)
    suffix = SUFFIXES[0] if r.random() < 0.4 else r.choice(SUFFIXES)
    reply = f"<think>\n{row['trace']}\n</think>\n\\boxed{{{row['answer']}}}"
    return [dict(role="user", content=row["problem"] + suffix), dict(role="assistant", content=reply)]
