#!/usr/bin/env python3
"""log.jsonl of a training run -> loss.svg: the mean loss of each kind over tokens.

    python3 plot_loss.py log.jsonl ../loss.svg
"""
import json
import sys
from math import log10
from pathlib import Path

W, H, LEFT, TOP, RIGHT, BOTTOM = 720, 360, 60, 20, 700, 310
COLOURS = dict(format="#1f6fb4", math="#c4501b", facts="#3a8a3a")


def main():
    lines = [json.loads(x) for x in Path(sys.argv[1]).read_text().splitlines()]
    top = max(x["tokens"] for x in lines)
    low, high = log10(0.02), log10(10)

    def x(tokens):
        return LEFT + (RIGHT - LEFT) * tokens / top

    def y(loss):
        return BOTTOM - (BOTTOM - TOP) * (log10(max(loss, 0.02)) - low) / (high - low)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {W} {H}" font-family="sans-serif" font-size="12">',
           f'<rect width="{W}" height="{H}" fill="white"/>']
    for v in (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10):
        out.append(f'<line x1="{LEFT}" x2="{RIGHT}" y1="{y(v):.1f}" y2="{y(v):.1f}" stroke="#ddd"/><text x="{LEFT - 8}" y="{y(v) + 4:.1f}" text-anchor="end">{v}</text>')
    for m in range(0, int(top / 1e6) + 1):
        out.append(f'<text x="{x(m * 1e6):.1f}" y="{BOTTOM + 18}" text-anchor="middle">{m} M</text>')
    for i, (kind, colour) in enumerate(COLOURS.items()):
        points = " ".join(f"{x(r['tokens']):.1f},{y(r[kind]):.1f}" for r in lines)
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        out.append(f'<text x="{RIGHT - 120}" y="{TOP + 16 + 18 * i}" fill="{colour}">{kind}</text>')
    decay = next((r["tokens"] for r in lines[5:] if r["scale"] < 1), None)
    if decay:
        out.append(f'<line x1="{x(decay):.1f}" x2="{x(decay):.1f}" y1="{TOP}" y2="{BOTTOM}" stroke="#888" stroke-dasharray="4 3"/>'
                   f'<text x="{x(decay) + 4:.1f}" y="{TOP + 12}">rate decays</text>')
    out.append(f'<text x="{(LEFT + RIGHT) / 2}" y="{H - 12}" text-anchor="middle">training tokens (loss per assistant token, logarithmic)</text></svg>')
    Path(sys.argv[2]).write_text("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
