#!/usr/bin/env python3
"""Pairs of expressions and whether they are equal, for tests/math/algebra_test.cc: algebra_pairs.json.

Decided by sympy 1.14.0 (mpmath 1.3.0, Python 3.11): equal when simplify(a - b) is 0, different when the difference at one of
twelve complex points is above 1e-60 at 100 digits, equal also when it stays below 1e-90 at all of them; anything else is an error
of this script. Symbols are complex, as in sympy. The expressions are in the syntax of sympy's parse_expr.

  make_algebra.py > algebra_pairs.json
"""
import json
import random

import sympy
from sympy.parsing.sympy_parser import implicit_multiplication_application, parse_expr, standard_transformations

HAND = """
1/2 ; 0.5
22/7 ; 355/113
x(x+1) ; x^2+x
(x^2-1)/(x-1) ; x+1
(x^3-y^3)/(x-y) ; x^2+x*y+y^2
1/(x-1)-1/(x+1) ; 2/(x^2-1)
x/(x+1) ; 1-1/(x+1)
(a+b)^4 ; a^4+4a^3*b+6a^2*b^2+4a*b^3+b^4
(a+b)^4 ; a^4+4a^3*b+6a^2*b^2+4a*b^3-b^4
sqrt(2)+sqrt(3) ; sqrt(5+2sqrt(6))
sqrt(2)*sqrt(3) ; sqrt(6)
sqrt(12) ; 2sqrt(3)
sqrt(8)/2 ; sqrt(2)
1/sqrt(2) ; sqrt(2)/2
1/(sqrt(5)-2) ; sqrt(5)+2
(1+sqrt(5))^3/8 ; 2+sqrt(5)
(1+sqrt(5))^5/32 ; (11+5sqrt(5))/2
cbrt(2)*cbrt(4) ; 2
cbrt(16) ; 2cbrt(2)
cbrt(7+5sqrt(2)) ; 1+sqrt(2)
sqrt(7-4sqrt(3)) ; 2-sqrt(3)
sqrt(7-4sqrt(3)) ; sqrt(3)-2
sqrt(10)+sqrt(17) ; sqrt(53)
sqrt(x)/2 ; x/(2sqrt(x))
sqrt(4x) ; 2sqrt(x)
sqrt(x^2) ; x
sqrt(x*y) ; sqrt(x)*sqrt(y)
sqrt(x)*sqrt(x) ; x
x^(3/2) ; x*sqrt(x)
(x^2)^(1/4) ; sqrt(x)
2sqrt(3)*x ; sqrt(12)*x
(1+I)^2 ; 2I
(1+I)/(1-I) ; I
(2+3I)(2-3I) ; 13
I^7 ; -I
sqrt(-9) ; 3I
(-8)^(1/3) ; -2
(-8)^(1/3) ; 1+I*sqrt(3)
(-1)^(2/3) ; -1/2+I*sqrt(3)/2
sqrt(3+4I) ; 2+I
sqrt(-3-4I) ; 1-2I
E^(I*pi) ; -1
E^(I*pi/3) ; 1/2+I*sqrt(3)/2
E^(2I*pi/5) ; (sqrt(5)-1)/4+I*sqrt(10+2sqrt(5))/4
sin(pi/6) ; 1/2
cos(pi/5) ; (1+sqrt(5))/4
sin(pi/5) ; sqrt(10-2sqrt(5))/4
tan(pi/8) ; sqrt(2)-1
tan(pi/12) ; 2-sqrt(3)
cos(pi/7)-cos(2pi/7)+cos(3pi/7) ; 1/2
cos(2pi/17) ; 0.9324722294
sin(10) ; sin(pi-10)
sin(1)^2+cos(1)^2 ; 1
sin(2x) ; 2sin(x)cos(x)
cos(2x) ; 1-2sin(x)^2
tan(x) ; sin(x)/cos(x)
sec(x)^2-tan(x)^2 ; 1
sin(x+y) ; sin(x)cos(y)+cos(x)sin(y)
sin(x)^4 ; (3-4cos(2x)+cos(4x))/8
cosh(x)^2-sinh(x)^2 ; 1
asin(1/2) ; pi/6
acos(-1/2) ; 2pi/3
atan(1) ; pi/4
atan(1/2)+atan(1/3) ; pi/4
4atan(1/5)-atan(1/239) ; pi/4
atan(2)+atan(3) ; 3pi/4
asin(2) ; pi/2-I*log(2+sqrt(3))
log(8)/log(2) ; 3
log(8,2) ; 3
log(32,4) ; 5/2
log(6) ; log(2)+log(3)
log(12)-log(3) ; 2log(2)
log(x^2) ; 2log(x)
log(-1) ; I*pi
E^log(7) ; 7
E^(2log(3)) ; 9
2^(log(5)/log(2)) ; 5
E^(x+y) ; E^x*E^y
E^(2x) ; (E^x)^2
2^(n+3) ; 8*2^n
4^n ; 2^(2n)
2^(-n) ; 1/2^n
(2^n)^2 ; 4^n
x^a*x^b ; x^(a+b)
E^pi ; pi^E
E^(pi*sqrt(163)) ; 262537412640768744
pi ; 3.14159265358979
pi ; 355/113
E ; 2.718281828459045
E ; 2.718281828
pi^2/6 ; 1.6449340668482264
sqrt(2)^sqrt(2) ; 2^(sqrt(2)/2)
(sqrt(2)^sqrt(2))^sqrt(2) ; 2
6! ; 720
10!/8! ; 90
factorial(1/2) ; sqrt(pi)/2
binomial(10,4) ; 210
binomial(-2,3) ; -4
binomial(5,7) ; 0
gcd(84,36) ; 12
lcm(4,6) ; 12
Mod(-7,3) ; 2
Mod(7,3) ; 2
floor(-5/2) ; -3
ceiling(-5/2) ; -2
floor(pi*10) ; 31
floor(sqrt(17)) ; 4
abs(-3/2) ; 3/2
abs(3+4I) ; 5
abs(x)^2 ; x^2
conjugate(2-I) ; 2+I
re(3+2I)+im(3+2I) ; 5
max(1/2,1/3) ; 1/2
min(sqrt(2),3/2) ; sqrt(2)
10^(-3) ; 0.001
0.125+0.25 ; 3/8
1.5e3 ; 1500
(n+1)!/n! ; n+1
binomial(n,2) ; n(n-1)/2
(x^2+2x+1)/(x+1) ; x+1
(x-1)(x-2)(x-3) ; x^3-6x^2+11x-6
(x-1)(x-2)(x-3) ; x^3-6x^2+11x-5
1/(1+1/(1+1/(1+1/x))) ; (2x+1)/(3x+2)
2^10 ; 1024
2^100 ; 1267650600228229401496703205376
2^100 ; 1267650600228229401496703205377
99^99-1 ; 99^99
(10^20+1)/(10^20) ; 1
sqrt(10^20+1) ; 10^10
cbrt(10^30+1) ; 10^10
sqrt(1001)-sqrt(1000) ; 1/(sqrt(1001)+sqrt(1000))
sqrt(2)+sqrt(3)+sqrt(5) ; sqrt(10+2sqrt(6)+2sqrt(10)+2sqrt(15))
sqrt(2+sqrt(2+sqrt(2))) ; 2cos(pi/16)
x/y/z ; x/(y*z)
-x^2 ; (-x)^2
2x*3y ; 6x*y
x-(y-z) ; x-y+z
x-(y-z) ; x-y-z
"""


def families(rng):
    """Random pairs: an expression and a rewriting of it, or a near miss."""
    x, y = sympy.symbols("x y")

    def text(e):
        return str(e).replace("**", "^")

    pairs = []
    for _ in range(40):
        p = sum(rng.randint(-6, 6) * x**i * y**j for i in range(3) for j in range(2))
        q = sum(rng.randint(-6, 6) * x**i for i in range(3)) + 1
        pairs.append((f"({text(p)})*({text(q)})", text(sympy.expand(p * q) + rng.choice([0, 0, 1]))))
    for _ in range(30):
        p, q, r = (x + rng.randint(-9, 9) for _ in range(3))
        if q == r:
            continue
        pairs.append((f"({text(p)})/({text(q)})+1/({text(r)})",
                      text(sympy.together(p / q + 1 / r) + rng.choice([0, 0, sympy.Rational(1, 10**6)]))))
    for _ in range(40):
        a, b, c = (rng.randint(1, 30) for _ in range(3))
        s = sympy.sqrtdenest(sympy.sqrt(a + b + 2 * sympy.sqrt(a * b)))
        pairs.append((f"sqrt({a + b}+2*sqrt({a * b}))", f"sqrt({a})+sqrt({b})+{rng.choice([0, 0, '1/10^30'])}"))
        pairs.append((f"{c}/(sqrt({a + c})+sqrt({a}))", text(sympy.sqrt(a + c) - sympy.sqrt(a))))
        pairs.append((text(s), f"sqrt({a})-sqrt({b})"))
    for _ in range(30):
        p, q = rng.randint(-12, 12), rng.choice([2, 3, 4, 5, 6, 8, 10, 12])
        pairs.append((f"sin({p}*pi/{q})", text(sympy.sin(sympy.Rational(p, q) * sympy.pi) + rng.choice([0, 0, sympy.Rational(1, 10**9)]))))
        pairs.append((f"cos({p}*pi/{q})+I*sin({p}*pi/{q})", f"E^(I*pi*({p + rng.choice([0, 0, q])})/{q})"))
    return pairs


def read(text):
    return parse_expr(text.replace("^", "**"), transformations=standard_transformations + (implicit_multiplication_application,))


def decide(a, b):
    difference = read(a) - read(b)
    rational = sympy.nsimplify(difference, rational=True)
    try:
        if sympy.simplify(rational) == 0:
            return "equal"
    except (ValueError, NotImplementedError, TypeError):
        pass
    values = []
    rng = random.Random(7)
    for _ in range(12):
        point = {s: sympy.Rational(rng.randint(-400, 400), 128) + sympy.I * sympy.Rational(rng.randint(50, 400), 128) * rng.choice([1, -1])
                 for s in sorted(rational.free_symbols, key=str)}
        values.append(abs(sympy.N(rational.subs(point), 100, maxn=2000)))
    if any(v > sympy.Float("1e-60", 100) for v in values):
        return "different"
    assert all(v < sympy.Float("1e-90", 100) for v in values), (a, b, values)
    return "equal"


def main():
    pairs = [tuple(part.strip() for part in line.split(";")) for line in HAND.strip().splitlines()]
    pairs += families(random.Random(11))
    rows = [[a, b, decide(a, b)] for a, b in dict.fromkeys(pairs)]
    print('{"source": "sympy 1.14.0",\n"pairs": [')
    print(",\n".join(json.dumps(row) for row in rows))
    print("]}")


if __name__ == "__main__":
    main()
