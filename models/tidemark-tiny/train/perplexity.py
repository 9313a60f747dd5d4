#!/usr/bin/env python3
"""Held-out perplexity of the trained weights in every format, as PyTorch sees the dequantised values.

    python3 perplexity.py RUN/model.pt [--examples 12000] [--formats Q8_0,Q4_K,Q2_K]

BF16, Q8_0 and Q4_0 are rounded by the gguf package. It has no quantiser for the K formats: the functions below find, per block, values that
the format can hold (layout and ranges: ggml-common.h), by a small least-squares search of our own, so figures may differ a little from other
quantisers of the same format. Text: assistant tokens of held-out examples of the three kinds, a third each. Questions whose answer training only
described are left out: there the model is confidently wrong, and noise in the weights *lowers* such losses, which measures no damage. The
interval of a perplexity is a bootstrap over examples within each kind, as the mixture is fixed by design; since all formats read the same text,
the ratio to F32 with its paired bootstrap is the sharper comparison.
"""
import argparse
import random
from pathlib import Path

import gguf
import numpy as np
import torch
import torch.nn.functional as F
from gguf import GGMLQuantizationType as T

import data_facts
import data_format
import data_math
import export
import tokens as tok
import train
from model import Tiny

HERE = Path(__file__).resolve().parent


def half(x):
    return x.half().float()


def fit_symmetric(x, low, high):
    """Scales [.., 1] such that scale * clamp(round(x / scale), low, high) is near x, errors weighted by x squared."""
    extreme = x.gather(-1, x.abs().argmax(-1, keepdim=True))
    best, best_error = torch.zeros_like(extreme), torch.full_like(extreme, float("inf"))
    for i in range(-9, 10):
        scale = extreme / (low + 0.1 * i)
        q = torch.where(scale != 0, x / scale, 0).round().clamp(low, high)
        w = x * x
        scale = (w * x * q).sum(-1, keepdim=True) / (w * q * q).sum(-1, keepdim=True).clamp(min=1e-30)
        error = (w * (x - scale * q) ** 2).sum(-1, keepdim=True)
        better = error < best_error
        best, best_error = torch.where(better, scale, best), torch.where(better, error, best_error)
    return best


def fit_affine(x, levels):
    """(scale, minimum >= 0), both [.., 1], such that scale * q - minimum is near x for q in 0..levels."""
    low, high = x.min(-1, keepdim=True).values.clamp(max=0), x.max(-1, keepdim=True).values
    best, best_min, best_error = torch.zeros_like(low), -low, torch.full_like(low, float("inf"))
    w = x.abs() + (x * x).mean(-1, keepdim=True).sqrt()
    for i in range(21):
        scale = ((high - low) / (levels * (0.8 + 0.03 * i))).clamp(min=1e-30)
        q = ((x - low) / scale).round().clamp(0, levels)
        sw, sq, sx, sqq, sqx = (w.sum(-1, keepdim=True), (w * q).sum(-1, keepdim=True), (w * x).sum(-1, keepdim=True), (w * q * q).sum(-1, keepdim=True),
                                (w * q * x).sum(-1, keepdim=True))
        det = sw * sqq - sq * sq
        a = torch.where(det > 0, (sw * sqx - sq * sx) / det.clamp(min=1e-30), scale)
        b = torch.where(det > 0, (sqq * sx - sq * sqx) / det.clamp(min=1e-30), low)
        a = torch.where(b > 0, sqx / sqq.clamp(min=1e-30), a)
        b = b.clamp(max=0)
        error = (w * (a * q + b - x) ** 2).sum(-1, keepdim=True)
        better = error < best_error
        best, best_min, best_error = torch.where(better, a, best), torch.where(better, -b, best_min), torch.where(better, error, best_error)
    return best, best_min


def k_symmetric(x, low, high, scale_low, scale_high):
    """Q6_K, Q3_K: 16 blocks of 16 under one half-precision factor, integer scales."""
    b = x.reshape(-1, 16, 16)
    scales = fit_symmetric(b, low, high)
    top = scales.gather(1, scales.abs().argmax(1, keepdim=True))
    d = half(top / scale_low)
    scales = d * torch.where(d != 0, scales / d, 0).round().clamp(scale_low, scale_high)
    q = torch.where(scales != 0, b / scales, 0).round().clamp(low, high)
    return (scales * q).reshape(x.shape)


def k_affine(x, blocks, levels, scale_levels):
    """Q5_K, Q4_K (8 blocks of 32, 6-bit scales), Q2_K (16 blocks of 16, 4-bit scales)."""
    b = x.reshape(-1, blocks, 256 // blocks)
    scales, mins = fit_affine(b, levels)
    scales = scales.clamp(min=0)
    d, dmin = (half(v.amax(1, keepdim=True) / scale_levels) for v in (scales, mins))
    scales, mins = (f * torch.where(f != 0, v / f, 0).round().clamp(0, scale_levels) for f, v in ((d, scales), (dmin, mins)))
    q = torch.where(scales != 0, (b + mins) / scales, 0).round().clamp(0, levels)
    return (scales * q - mins).reshape(x.shape)


def by_gguf(kind):
    def run(x):
        a = x.numpy()
        return torch.from_numpy(np.array(gguf.quants.dequantize(gguf.quants.quantize(a, kind), kind), dtype=np.float32)).reshape(x.shape)
    return run


FORMATS = {
    "F32": lambda x: x, "BF16": lambda x: x.bfloat16().float(), "Q8_0": by_gguf(T.Q8_0), "Q6_K": lambda x: k_symmetric(x, -32, 31, -128, 127),
    "Q5_K": lambda x: k_affine(x, 8, 31, 63), "Q4_K": lambda x: k_affine(x, 8, 15, 63), "Q4_0": by_gguf(T.Q4_0),
    "Q3_K": lambda x: k_symmetric(x, -4, 3, -32, 31), "Q2_K": lambda x: k_affine(x, 16, 3, 15),
}


def held_out(tokenizer, count):
    """(ids, target mask) of examples from the held-out sides."""
    r = random.Random(991)
    facts = [fact for fact in data_facts.FACTS if not data_facts.only_described(fact[0], fact[3])]
    out = []
    for i in range(count):
        if i % 3 == 0:
            row = data_format.draw(r, True)
            messages = [dict(role="user", content=row["prompt"]), dict(role="assistant", content=row["reply"])]
        elif i % 3 == 1:
            row = data_math.draw(r, True)
            messages = [dict(role="user", content=row["problem"] + data_math.SUFFIXES[0]),
                        dict(role="assistant", content=f"<think>\n{row['trace']}\n</think>\n\\boxed{{{row['answer']}}}")]
        else:
            entity, category, domain, attribute, value = r.choice(facts)
            messages = [dict(role="user", content=data_facts.question(r, entity, category, attribute, True)), dict(role="assistant", content=data_facts.capital(value) + ".")]
        out.append(train.encode(tokenizer, messages))
    return out


@torch.no_grad()
def losses(model, text):
    """(sum of negative log likelihoods, count) per example."""
    result = np.zeros((len(text), 2))
    order = sorted(range(len(text)), key=lambda i: len(text[i][0]))
    for first in range(0, len(order), 64):
        part = order[first:first + 64]
        n = max(len(text[i][0]) for i in part)
        ids = torch.zeros(len(part), n, dtype=torch.long)
        mask = torch.zeros(len(part), n, dtype=torch.bool)
        for row, i in enumerate(part):
            ids[row, :len(text[i][0])] = torch.tensor(text[i][0])
            mask[row, :len(text[i][1])] = torch.tensor(text[i][1])
        logits = model(ids[:, :-1])
        each = F.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none") * mask[:, 1:]
        for row, i in enumerate(part):
            result[i] = each[row].sum().item(), mask[row].sum().item()
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("weights", type=Path)
    parser.add_argument("--examples", type=int, default=12000)
    parser.add_argument("--formats", default=",".join(FORMATS), help="a comma list; F32 comes first")
    args = parser.parse_args()
    torch.set_num_threads(2)
    tokenizer, _, _ = tok.load(HERE / "tokenizer.json")
    text = held_out(tokenizer, args.examples)
    state, rng = torch.load(args.weights), np.random.default_rng(4)
    # Example i is of kind i % 3: draws with replacement within each kind.
    kinds = {name: np.arange(kind, len(text), 3) for kind, name in enumerate(("format", "math", "facts"))}
    picks = {name: kind[rng.integers(0, len(kind), (1000, len(kind)))] for name, kind in kinds.items()}
    picks["all"], kinds["all"] = np.concatenate(list(picks.values()), axis=1), np.arange(len(text))
    base, first = {}, {}
    for name in args.formats.split(","):
        run = FORMATS[name]
        model = Tiny().eval()
        quantised = {}
        for key, value in state.items():
            matrix = value.dim() >= 2 and not any(x in key for x in ("norm", "gate.weight", "conv.conv"))
            quantised[key] = run(value.float().contiguous()) if matrix else value
        model.load_state_dict(quantised)
        each = losses(model, text)
        for kind in ("all", "format", "math", "facts"):
            sums, whole = each[picks[kind]].sum(1), each[kinds[kind]].sum(0)
            draws, mean = sums[:, 0] / sums[:, 1], whole[0] / whole[1]
            base.setdefault(kind, draws)
            first.setdefault(kind, mean)
            low, high = np.exp(np.percentile(draws, [2.5, 97.5]))
            rlow, rhigh = np.exp(np.percentile(draws - base[kind], [2.5, 97.5]))
            print(f"| {kind} | {name} | {np.exp(mean):.4f} | {low:.4f} to {high:.4f} | {np.exp(mean - first[kind]):.5f} | {rlow:.5f} to {rhigh:.5f} |", flush=True)
    for kind, members in kinds.items():
        print(f"{kind}: {int(each[members, 1].sum())} tokens in {len(members)} examples")


if __name__ == "__main__":
    main()
