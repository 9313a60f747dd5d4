"""Kinds of perturbation of a gold answer (LaTeX) into whole responses, for make_math_verify.py.

Each kind is a function (gold, rng) -> response, or None where it does not apply. DEVELOPMENT kinds were looked at while the grader
was written; HELD_OUT kinds only afterwards.
"""
import re
from fractions import Fraction

FRAC = re.compile(r"\\[dt]?frac\{(-?\d+)\}\{(-?\d+)\}")
DEVELOPMENT, HELD_OUT = {}, {}


def kind(table):
    def register(function):
        table[function.__name__] = function
        return function

    return register


def box(x):
    return "The answer is $\\boxed{" + x + "}$."


def value(gold):
    """The gold as a Fraction when it is a plain number or fraction."""
    g = gold.replace(" ", "").replace(",\\!", "").replace("\\$", "")
    m = re.fullmatch(r"(-?)\\[dt]?frac\{?(\d+)\}?\{?(\d+)\}?", g)
    if m and not (len(m[2]) > 1 and "{" not in g):
        return Fraction(int(m[2]), int(m[3])) * (-1 if m[1] else 1)
    if re.fullmatch(r"-?\d*\.?\d+", g):
        return Fraction(g if not g.startswith(".") else "0" + g)
    return None


def split_top(s, separators):
    """Parts of s between separators outside of all brackets."""
    parts, depth, last = [], 0, 0
    for i, c in enumerate(s):
        if c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif depth == 0 and c in separators and i > last:
            parts.append(s[last:i])
            last = i
    return parts + [s[last:]]


def fixed(v, digits):
    scaled = round(v * 10**digits)
    sign, scaled = ("-" if scaled < 0 else ""), abs(scaled)
    text = str(scaled).rjust(digits + 1, "0")
    return sign + text[:-digits] + "." + text[-digits:]


@kind(DEVELOPMENT)
def spaces(g, r):
    out = re.sub(r"([-+=,(){}\[\]])", lambda m: r.choice(["", " "]) + m[1] + r.choice(["", " ", "  "]), g)
    return box(r.choice([" " + g + " ", out, out, g.replace(" ", "")]))


@kind(DEVELOPMENT)
def thin_spaces(g, r):
    space = r.choice(["\\,", "\\;", "\\!", "\\ ", "~", "\\quad "])
    places = [i for i, c in enumerate(g) if c in "+-=,()[]" or (c.isdigit() and i and g[i - 1] in " +-")]
    if not places:
        return box(g + space)
    at = r.choice(places)
    return box(g[:at] + space + g[at:])


@kind(DEVELOPMENT)
def fraction_command(g, r):
    if "frac" not in g:
        return None
    return box(re.sub(r"\\[dt]?frac", lambda _: "\\" + r.choice(["dfrac", "tfrac", "frac", "cfrac"]), g))


@kind(DEVELOPMENT)
def fraction_short(g, r):
    out = re.sub(r"\\([dt]?)frac\{(\d)\}\{(\d)\}", lambda m: "\\" + m[1] + "frac" + r.choice([m[2] + m[3], " " + m[2] + m[3], m[2] + "{" + m[3] + "}", "{" + m[2] + "}" + m[3]]), g)
    return box(out) if out != g else None


@kind(DEVELOPMENT)
def fraction_slash(g, r):
    out = FRAC.sub(lambda m: r.choice(["%s/%s", "(%s)/(%s)", "%s / %s"]) % (m[1], m[2]), g)
    return r.choice([box(out), "The answer is " + out]) if out != g else None


@kind(DEVELOPMENT)
def decimal(g, r):
    v = value(g)
    if v is None:
        return None
    return r.choice([box, "The final answer is {}".format])(fixed(v, r.choice([1, 2, 3, 4, 5, 6, 6, 7, 8, 10])))


@kind(DEVELOPMENT)
def decimal_wrong(g, r):
    v = value(g)
    if v is None:
        return None
    off = Fraction(1, 10 ** r.choice([1, 2, 4, 5, 6, 7, 8, 9])) * r.choice([1, -1, 3])
    return box(fixed(v + off, r.choice([4, 6, 8, 10])))


@kind(DEVELOPMENT)
def unreduced(g, r):
    k = r.choice([2, 3, 5, 10, -1])
    out = FRAC.sub(lambda m: "\\frac{%d}{%d}" % (int(m[1]) * k, int(m[2]) * k), g)
    return box(out) if out != g else None


@kind(DEVELOPMENT)
def order(g, r):
    m = re.fullmatch(r"(\\left)?(\\\{|[(\[])?(.*?)(\\right)?(\\\}|[)\]])?", g)
    if not m or bool(m[2]) != bool(m[5]):
        return None
    parts = [p.strip(" ,") for p in split_top(m[3], ",")]
    if len(parts) < 2:
        return None
    r.shuffle(parts)
    return box((m[1] or "") + (m[2] or "") + r.choice([", ", ","]).join(parts) + (m[4] or "") + (m[5] or ""))


@kind(DEVELOPMENT)
def summands(g, r):
    parts = [p.strip() for p in split_top(g, "+-")]
    if len(parts) < 2 or "," in g or "=" in g or "\\pm" in g or "\\in" in g:
        return None
    parts = [p if p[0] in "+-" else "+" + p for p in parts]
    r.shuffle(parts)
    return box(" ".join(parts).lstrip("+"))


@kind(DEVELOPMENT)
def unit_added(g, r):
    return box(g + r.choice(["\\text{ cm}", " \\text{ units}", " cm", " units", "\\text{ square units}", "\\text{cm}^2", " \\mbox{ inches}", "^\\circ", " \\mathrm{m}", " meters", "\\text{ ways}"]))


@kind(DEVELOPMENT)
def unit_dropped(g, r):
    out = re.sub(r"\\(text|mbox)\{.*?\}(\^\d)?|\^\\circ|\\\$|\\%", "", g).strip()
    return box(out) if out != g else None


@kind(DEVELOPMENT)
def thousands(g, r):
    def comma(m):
        return re.sub(r"(?<=\d)(?=(\d{3})+$)", lambda _: separator, m[0])

    separator = r.choice([",", "{,}", ",\\!", ", ", " ", "\\,"])
    out = re.sub(r"\d{4,}", comma, g)
    return r.choice([box, "Answer: {}".format])(out) if out != g else None


@kind(DEVELOPMENT)
def sign(g, r):
    return box(g[1:].strip() if g.startswith("-") else "-" + g)


@kind(DEVELOPMENT)
def brackets(g, r):
    swaps = [("(", "["), (")", "]"), ("[", "("), ("]", ")"), ("\\{", "("), ("\\}", ")")]
    swaps = [s for s in swaps if s[0] in g]
    if not swaps:
        return None
    for a, b in r.sample(swaps, r.randint(1, len(swaps))):
        g = g.replace(a, b)
    return box(g)


@kind(DEVELOPMENT)
def text_wrap(g, r):
    m = re.fullmatch(r"\\text\{(.*)\}", g)
    if m:
        return box(r.choice([m[1], "\\mathrm{" + m[1] + "}", "\\textbf{" + m[1] + "}", m[1].strip("()"), "\\text{ " + m[1] + " }"]))
    return box(r.choice(["\\text{%s}", "\\mathbf{%s}", "\\textbf{%s}", "\\text{Answer: }%s", "\\text{the answer is } %s"]) % g)


@kind(DEVELOPMENT)
def off_by_one(g, r):
    places = [i for i, c in enumerate(g) if c.isdigit()]
    if not places:
        return None
    i = r.choice(places)
    return box(g[:i] + str((int(g[i]) + r.choice([1, 9])) % 10) + g[i + 1:])


@kind(DEVELOPMENT)
def degrees(g, r):
    if "\\circ" in g:
        return box(re.sub(r"\^\{?\\circ\}?", lambda _: r.choice(["", "^{\\circ}", "\\degree", "^\\degree", " \\text{ degrees}", "\u00b0", " degrees"]), g))
    return box(g + r.choice(["^\\circ", "^{\\circ}"]))


@kind(DEVELOPMENT)
def money(g, r):
    if g.startswith("\\$"):
        return r.choice([box("$" + g[2:]), box(g[2:]), "The answer is $" + g[2:], box(g + " \\text{ dollars}"), box(g[2:] + " dollars")])
    return r.choice([box("\\$" + g), box(g + " \\text{ dollars}"), "It costs $" + g + "."])


@kind(DEVELOPMENT)
def percent(g, r):
    return r.choice([box(g + "\\%"), box(g + "%"), box(g + " \\text{ percent}"), "The answer is $" + g + "$%", box(g) + "\\%", box(g + " percent")])


@kind(DEVELOPMENT)
def base(g, r):
    m = re.fullmatch(r"(\d+)_\{?(\d)\}?", g)
    if not m:
        return box(g + "_{8}") if g.isdigit() else None
    return box(r.choice([m[1], m[1] + "_{" + m[2] + "}", m[1] + "_" + m[2], m[1] + "_9", m[1] + "_{\\text{" + m[2] + "}}", "(" + m[1] + ")_{" + m[2] + "}"]))


@kind(DEVELOPMENT)
def equation(g, r):
    if "=" in g:
        left, right = g.split("=", 1)
        return box(r.choice([right.strip(), right + "=" + left, left.strip() + " = " + right.strip() + " ", "z = " + right]))
    return box(r.choice(["x = %s", "x=%s", "y = %s", "f(x) = %s", "%s = x", "n = 2 + 3 = %s", "AB = %s", "\\text{Area} = %s", "x \\in %s", "2x = %s", "x \\approx %s", "m \\angle A = %s"]) % g)


@kind(DEVELOPMENT)
def phrasing(g, r):
    return r.choice(["\\boxed{%s}", "$\\boxed{%s}$", "So we get\n\\[\n\\boxed{%s}\n\\]", "$$\\boxed{%s}$$", "$\\boxed %s$", "\\fbox{%s}", "**$\\boxed{%s}$**", "Hence \\( \\boxed{%s} \\).", "\\boxed{\\boxed{%s}}",
                     "$\\boxed{ %s }", "\\boxed{%s", "The final answer is $\\boxed{%s}$. I hope it is correct.", "$$\n\\boxed{%s}\n$$ which completes the proof for $n = 7$.", "$x = \\boxed{%s}$", "$\\boxed{%s}$ cm"]) % g


@kind(DEVELOPMENT)
def prose(g, r):
    return r.choice(["The final answer is %s.", "The answer is $%s$.", "The final answer is $%s$. I hope it is correct.", "Final answer: %s", "Therefore the final answer to the problem is $%s$", "We conclude that the result equals %s.", "So it is %s",
                     "The final answer is: $%s$.", "Thus, the value is **%s**.", "It is $$%s$$", "Hence \\(%s\\) is what we want", "the answer is %s, as claimed"]) % g


@kind(DEVELOPMENT)
def answer_colon(g, r):
    return r.choice(["Answer: $%s$", "ANSWER: %s", "**Answer:** $%s$", "Answer: \\(%s\\)", "Since 3 + 4 = 7, answer: $%s$", "The answer: x = %s", "Answer: \\boxed{%s}", "answer:\n$%s$", "Answer: the value is $%s$ because $2 + 2 = 4$"]) % g


@kind(DEVELOPMENT)
def several_boxes(g, r):
    wrong = r.choice(["7", "\\frac{1}{9}", "x+1", "-3"])
    return r.choice(["First $\\boxed{%s}$, then after a much longer computation that needs quite a few words to write down $\\boxed{%s}$.", "$\\boxed{%s}$ and $\\boxed{%s}$", "\\boxed{%s}, \\boxed{%s}",
                     "We get \\boxed{%s} or, as we see, \\boxed{%s}"]) % r.choice([(wrong, g), (g, wrong), (g, g)])


@kind(DEVELOPMENT)
def no_box(g, r):
    return r.choice(["We have $a + b = 12$ and so $%s$", "$%s$", "\\[%s\\]", "$x = %s$ and $y = 3$", "$%s$ follows from $2 + 2$", "%s", "Let us see. $%s$ is it. Or is it 12?", "we obtain\n\n$$%s$$\n\nand are done", "The set is [ %s ] here"]) % g


@kind(DEVELOPMENT)
def garbage(g, r):
    return r.choice(["", "I do not know.", "\\boxed{}", "$\\boxed{\\text{none}}$", box(g + "}"), box("{" + g), box(g + "\\foo"), box("\\frac{" + g), box(g[: max(1, len(g) // 2)]), box(g + g), "\\boxed{?}", "$", box(g + " + "), box(g + ", "), box("\\left(" + g)])


@kind(HELD_OUT)
def left_right(g, r):
    if "\\left" in g:
        return box(r.choice([g.replace("\\left", "").replace("\\right", ""), g.replace("\\left(", "\\left (").replace("\\right)", "\\right )"), g.replace("\\left", "\\bigl").replace("\\right", "\\bigr")]))
    if "(" not in g:
        return box("\\left(" + g + "\\right)")
    return box(g.replace("(", "\\left(").replace(")", "\\right)"))


@kind(HELD_OUT)
def long_response(g, r):
    lines = ["Let $x$ be the number we look for.", "By the formula, \\[a^2 + b^2 = c^2.\\]", "There are 12 cases, of which 5 remain.", "Then $\\frac{1}{2} + \\frac{1}{3} = \\frac{5}{6}$.", "We substitute $x = 3$ and get 27.", "Note that $(1,2)$ is excluded.",
             "\\begin{align*} u &= v + 1 \\\\ &= 4 \\end{align*}", "This costs $5 and 20% more.", "The answer is not obvious."]
    r.shuffle(lines)
    body = "\n\n".join(lines[: r.randint(2, 6)])
    return body + "\n\n" + r.choice(["Thus $\\boxed{%s}$.", "\\[\\boxed{%s}\\]", "The final answer is $\\boxed{%s}$.", "So the answer is $%s$.", "**Final Answer**\n\n\\boxed{%s}", "$\\boxed{%s}$\n\nCheck: $2 \\cdot 3 = 6$."]) % g


@kind(HELD_OUT)
def root_power(g, r):
    out = re.sub(r"\\sqrt\{(\d+)\}", lambda m: r.choice(["%s^{1/2}", "%s^{\\frac{1}{2}}", "%s^{0.5}", "\\sqrt[2]{%s}", "(%s)^{1/2}", "\\sqrt %s", "\\sqrt{4 \\cdot %s}"]) % m[1], g)
    return box(out) if out != g else None


@kind(HELD_OUT)
def neutral(g, r):
    if "," in g or "=" in g or "\\in" in g or "text" in g:
        return None
    return box(r.choice(["%s + 0", "1 \\cdot %s", "%s - 0", "\\frac{%s}{1}", "(%s)", "\\frac{2(%s)}{2}", "+%s", "{%s}", "-(-(%s))"]) % g)


@kind(HELD_OUT)
def integer_forms(g, r):
    if not re.fullmatch(r"-?\d+", g):
        return None
    n = int(g)
    return box(r.choice(["%d.0" % n, "%d.00" % n, "\\frac{%d}{2}" % (2 * n), "%d + 1" % (n - 1), "\\sqrt{%d}" % (n * n), "%d^1" % n, "0%d" % n if n >= 0 else "%d" % n, "%d \\cdot 1" % n, "%d/3" % (3 * n), "%d\\frac{0}{5}" % n, "%d!" % n, "%d." % n]))


@kind(HELD_OUT)
def case(g, r):
    return box(r.choice([g.upper, g.lower, g.title])()) if re.sub(r"\\[a-z]+", "", g).upper() != re.sub(r"\\[a-z]+", "", g) and "\\" not in g.replace("\\text", "") and "\\text" not in g else (
        box("\\text{" + r.choice([str.upper, str.lower, str.title])(g[6:-1]) + "}") if re.fullmatch(r"\\text\{[^{}]*\}", g) else None)


@kind(HELD_OUT)
def mixed_number(g, r):
    v = value(g)
    if v is None or v.denominator == 1 or abs(v) < 1:
        return None
    whole, rest = divmod(abs(v), 1)
    return box(("-" if v < 0 else "") + r.choice(["%d\\frac{%d}{%d}", "%d \\frac{%d}{%d}", "%d + \\frac{%d}{%d}", "%d\\dfrac{%d}{%d}", "%d %d/%d"]) % (whole, rest.numerator, rest.denominator))


@kind(HELD_OUT)
def unicode_signs(g, r):
    out = g.replace("\\pi", "π").replace("\\cdot", "·").replace("\\infty", "∞").replace("\\cup", "∪").replace("^\\circ", "°").replace("-", "−").replace("\\pm", "±")
    out = re.sub(r"\\sqrt\{(\d+)\}", r"√\1", out)
    return r.choice([box, "The answer is {}".format])(out) if out != g else None


@kind(HELD_OUT)
def unit_powers(g, r):
    return box(g + r.choice(["\\text{ cm}^3", " \\text{ ft}^{2}", "\\mbox{ m}^2", " \\text{ m/s}", " \\, \\text{cm}^2", "\\text{ miles per hour}", " \\text{sq. units}", "\\ \\mathrm{km}", " km/h", "\\text{ and more}"]))


@kind(HELD_OUT)
def joined(g, r):
    parts = [p.strip(" ,") for p in split_top(g, ",")]
    if len(parts) > 1 and g[0] not in "([\\":
        return r.choice([box(" \\text{ and } ".join(parts)), box(" or ".join(parts)), "The answers are " + " and ".join("$%s$" % p for p in parts), box("\\{" + ", ".join(parts) + "\\}"), box("(" + ", ".join(parts) + ")"), ", ".join("$\\boxed{%s}$" % p for p in parts), box("; ".join(parts))])
    return r.choice([box(g + " \\text{ and } 5"), box(g + ", " + g), "The answer is $%s$ or $%s$" % (g, g), box("\\{" + g + "\\}"), "$%s$ and $17$" % g])


@kind(HELD_OUT)
def interval_forms(g, r):
    m = re.fullmatch(r"(?:x \\in )?(?:\\left)?([(\[])(.*),(.*?)(?:\\right)?([)\]])", g)
    if not m or m[2].count(",") or "cup" in g:
        return None
    a, b = m[2].strip(), m[3].strip()
    return box(r.choice(["%s %s x %s %s" % (a, "<" if m[1] == "(" else "\\le", "<" if m[4] == ")" else "\\leq", b), "x \\in " + g, "x = %s, y = %s" % (a, b), "(x, y) = " + g, "%s, %s" % (a, b), "%s %s > x > %s" % ("", b, a), "x > " + a, "\\{%s, %s\\}" % (a, b),
                         g + " \\cup \\emptyset"]))


@kind(HELD_OUT)
def matrix_forms(g, r):
    if "pmatrix" not in g:
        return None
    rows = g[len("\\begin{pmatrix}"):-len("\\end{pmatrix}")]
    return box(r.choice([g.replace("pmatrix", "bmatrix"), g.replace("pmatrix", "matrix"), re.sub(r"(-?)(\d+)/(\d+)", r"\1\\frac{\2}{\3}", g), "(" + rows.replace("\\\\", ",") + ")", g.replace("\\\\", "&"), "\\left(\\begin{array}{c}" + rows + "\\end{array}\\right)", g.replace("\\\\", "\\\\ \n"),
                         "\\left[" + g.replace("pmatrix", "matrix") + "\\right]", g.replace("\\end", " \\\\ \\end"), "\\mathbf{v} = " + g]))
