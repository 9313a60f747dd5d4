#!/usr/bin/env python3
"""Train the model on freshly generated examples; resumable.

    python3 train.py --out RUN --steps 1008 --decay-start 890          # the pinned schedule
    (with OMP_WAIT_POLICY=passive: on a busy machine spinning threads cost half of the time)
    python3 train.py --out RUN --minutes 50 --decay-minutes 15         # by the clock: constant rate, then a linear decay to the deadline

Matrices move by Muon (orthogonalised momentum), the embedding, router, norms and convolution by AdamW. The loss counts assistant tokens only.
After every step each expert's selection bias moves against its load (auxiliary-loss-free balancing). One pool of examples follows from the
seed and its number, so a resumed run sees the same data. RUN holds model.pt (weights), state.pt (to resume) and log.jsonl.
"""
import argparse
import json
import os
import random
import time
from pathlib import Path

import torch
import torch.nn.functional as F

import data_facts
import data_format
import data_math
import tokens as tok
from model import Tiny

HERE = Path(__file__).resolve().parent
SOURCES = [(data_format, 0.40), (data_math, 0.35), (data_facts, 0.25)]
WIDE_FROM = 40  # from this pool on, six in ten format examples carry composed topics and invented words, which teaches to copy
POOL = 1024  # examples sorted by length before they are cut into batches


def encode(tokenizer, messages):
    """ids and, per id, whether it is a target of the loss."""
    prompt = tokenizer.encode(tok.render(messages[:-1], True), add_special_tokens=False).ids
    reply = tokenizer.encode(messages[-1]["content"] + "<|im_end|>", add_special_tokens=False).ids
    return prompt + reply, [False] * len(prompt) + [True] * len(reply)


def pool(tokenizer, seed, number, batch_tokens):
    """Batches (ids, targets mask, source of each row) of one pool, in random order."""
    r = random.Random(seed * 1000003 + number)
    rows = []
    for _ in range(POOL):
        source = r.choices(range(len(SOURCES)), [w for _, w in SOURCES])[0]
        module = SOURCES[source][0]
        wide = module is data_format and number >= WIDE_FROM and r.random() < 0.6
        rows.append((*encode(tokenizer, module.training_example(r, True) if wide else module.training_example(r)), source))
    def padded(ids):
        return -(-len(ids) // 16) * 16 + 1

    rows.sort(key=lambda row: len(row[0]))
    batches, current = [], []
    for row in rows:
        if current and (len(current) + 1) * padded(row[0]) > batch_tokens:
            batches.append(current)
            current = []
        current.append(row)
    batches.append(current)
    r.shuffle(batches)
    for batch in batches:
        n = padded(batch[-1][0])
        ids = torch.zeros(len(batch), n, dtype=torch.long)
        mask = torch.zeros(len(batch), n, dtype=torch.bool)
        for i, (a, b, _) in enumerate(batch):
            ids[i, :len(a)] = torch.tensor(a)
            mask[i, :len(b)] = torch.tensor(b)
        yield ids, mask, torch.tensor([row[2] for row in batch])


def orthogonalise(g, iterations=5):
    """Newton-Schulz iteration towards the nearest orthogonal matrix, over a batch of matrices [.., m, n]."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g / (g.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    tall = x.shape[-2] > x.shape[-1]
    x = x.transpose(-2, -1) if tall else x
    x = x.bfloat16()
    for _ in range(iterations):
        s = x @ x.transpose(-2, -1)
        x = a * x + (b * s + c * s @ s) @ x
    return (x.transpose(-2, -1) if tall else x).float()


class Muon:
    def __init__(self, params, rate, momentum=0.95, decay=0.01):
        self.params, self.rate, self.momentum, self.decay = params, rate, momentum, decay
        self.buffers = [torch.zeros_like(p) for p in params]

    @torch.no_grad()
    def step(self, scale):
        rate = self.rate * scale
        for p, m in zip(self.params, self.buffers):
            m.lerp_(p.grad, 1 - self.momentum)
            update = orthogonalise(p.grad.lerp(m, self.momentum))
            p.mul_(1 - rate * self.decay).add_(update, alpha=-rate * max(1, p.shape[-2] / p.shape[-1]) ** 0.5)


def schedule(args, step, started):
    """(fraction of the full rate, done?)"""
    warm = min(1.0, (step + 1) / 30)
    if args.minutes:
        left = args.minutes * 60 - (time.time() - started)
        return warm * max(0.0, min(1.0, left / (args.decay_minutes * 60))), left <= 0
    return warm * min(1.0, (args.steps - step) / max(1, args.steps - args.decay_start)), step >= args.steps


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=1008)
    parser.add_argument("--decay-start", type=int, default=890)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--decay-minutes", type=float, default=15)
    parser.add_argument("--started", type=float, help="epoch seconds the clock counts from (default: now)")
    parser.add_argument("--batch-tokens", type=int, default=4096)
    parser.add_argument("--muon-rate", type=float, default=0.02)
    parser.add_argument("--adam-rate", type=float, default=0.004)
    parser.add_argument("--seed", type=int, default=20251122)
    parser.add_argument("--float32", action="store_true")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(2)
    args.out.mkdir(parents=True, exist_ok=True)
    if not (HERE / "tokenizer.json").exists():
        tok.save(HERE / "tokenizer.json")
    tokenizer, _, _ = tok.load(HERE / "tokenizer.json")

    model = Tiny()
    matrices = [p for n, p in model.named_parameters() if p.dim() >= 2 and not any(x in n for x in ("embed", "gate.weight", "conv.conv"))]
    chosen = {id(p) for p in matrices}
    muon = Muon(matrices, args.muon_rate)
    adam = torch.optim.AdamW([p for p in model.parameters() if id(p) not in chosen], lr=args.adam_rate, betas=(0.9, 0.95), weight_decay=0.0)
    step = number = seen = 0
    skip, spent = 0, 0.0
    if (args.out / "state.pt").exists():
        s = torch.load(args.out / "state.pt", weights_only=False)
        model.load_state_dict(s["model"])
        adam.load_state_dict(s["adam"])
        for m, saved in zip(muon.buffers, s["muon"]):
            m.copy_(saved)
        step, number, skip, seen, spent = s["step"], s["number"], s["skip"], s["seen"], s["spent"]

    started = args.started or time.time()
    last_save = last_log = begin = time.time()
    sums = torch.zeros(len(SOURCES), 3)

    def save():
        state = dict(model=model.state_dict(), adam=adam.state_dict(), muon=muon.buffers, step=step, number=number, skip=skip, seen=seen,
                     spent=spent + time.time() - begin)
        torch.save(state, args.out / "state.tmp")
        os.replace(args.out / "state.tmp", args.out / "state.pt")

    done = False
    while not done:
        for i, (ids, mask, source) in enumerate(pool(tokenizer, args.seed, number, args.batch_tokens)):
            if i < skip:
                continue
            scale, done = schedule(args, step, started)
            if done:
                break
            target = mask[:, 1:]
            with torch.autocast("cpu", torch.bfloat16, enabled=not args.float32):
                where = target.reshape(-1).nonzero()[:, 0]
                count = len(where)
                where = torch.cat([where, where.new_zeros(-count % 512)])  # few distinct shapes
                logits = model(ids[:, :-1], where)[:count]
            losses = F.cross_entropy(logits.float(), ids[:, 1:][target], reduction="none")
            losses.mean().backward()
            for group in adam.param_groups:
                group["lr"] = args.adam_rate * scale
            torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if id(p) not in chosen], 1.0)
            muon.step(scale)
            adam.step()
            model.zero_grad(set_to_none=True)
            with torch.no_grad():
                for m in model.mixtures():
                    m.expert_bias.add_(torch.sign(m.load.mean() - m.load) * 0.004 * scale)
                rows = source[:, None].expand_as(target)[target]
                right = (logits.argmax(-1) == ids[:, 1:][target]).float()
                for k in range(len(SOURCES)):
                    sums[k] += torch.tensor([losses[rows == k].sum(), right[rows == k].sum(), (rows == k).sum()])
            step, skip, seen = step + 1, i + 1, seen + int((ids != 0).sum())
            if time.time() - last_log > 30:
                last_log = time.time()
                n = sums[:, 2].clamp(min=1)
                shares = [(m.load / m.load.sum()).min().item() for m in model.mixtures()]
                line = dict(step=step, tokens=seen, seconds=round(spent + time.time() - begin), scale=round(scale, 3), loss=round((sums[:, 0].sum() / n.sum()).item(), 4),
                            format=round((sums[0, 0] / n[0]).item(), 4), math=round((sums[1, 0] / n[1]).item(), 4), facts=round((sums[2, 0] / n[2]).item(), 4),
                            right=[round(x, 3) for x in (sums[:, 1] / n).tolist()], least_expert_share=round(min(shares), 4))
                sums.zero_()
                with open(args.out / "log.jsonl", "a") as f:
                    f.write(json.dumps(line) + "\n")
                print(line, flush=True)
            if time.time() - last_save > 150:
                last_save = time.time()
                save()
        else:
            number, skip = number + 1, 0
    save()
    torch.save(model.state_dict(), args.out / "model.pt")
    print("finished", step, "steps", seen, "tokens", round(spent + time.time() - begin), "s", flush=True)


if __name__ == "__main__":
    main()
