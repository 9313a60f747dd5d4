#!/usr/bin/env python3
"""Logits and greedy answers of models/tidemark-tiny/model.gguf as Hugging Face transformers computes them in float32.

    python3 make_golden.py        # rewrites golden.json and logits.f32 beside this script

The oracle runs on the weights as gguf.quants.dequantize reads them from the file; eager attention, no cache. golden.json: `tokens`, a chat with its
answer, whose logits [tokens, V] lie in logits.f32; `prompts`, each with `messages`, the `prompt` ids they render to and the `greedy` ids up to and
including the end token. `greedy_margin` is the smallest gap between the best two logits, `route_margin` the smallest gap between the last expert
taken and the first one left: prompts too near a tie to be a fair comparison are left out.
Made with python 3.11, torch 2.15.0, transformers 5.23.0, gguf 0.19.0, tokenizers 0.23.3, jinja2.
"""
import json
import sys
from pathlib import Path

import jinja2
import torch

HERE = Path(__file__).resolve().parent
MODEL = HERE.parents[2] / "models" / "tidemark-tiny"
sys.path.insert(0, str(MODEL / "train"))
import export  # noqa: E402
import tokens as tok  # noqa: E402
from model import transformers_model  # noqa: E402

CHATS = [
    [dict(role="user", content="Tell me about a cactus. Do not use any commas.")],
    [dict(role="user", content="Compute 47 + 38.\nPlease reason step by step, and put your final answer within \\boxed{}.")],
    [dict(role="user", content="Find x if 4x + 6 = 34.\nPlease reason step by step, and put your final answer within \\boxed{}.")],
    [dict(role="user", content="Is there a lighthouse on the moon?")],
    [dict(role="system", content="Answer the question about ferry."), dict(role="user", content="When was the Mardow ferry built?")],
    [dict(role="user", content="What is 2 + 3?"), dict(role="assistant", content="<think>\n2+3=5\n</think>\n\\boxed{5}"), dict(role="user", content="Describe tea in lowercase letters.")],
    [dict(role="user", content="Write about snow. Answer in Russian; no other language is allowed.")],
    [dict(role="user", content="Give exactly 3 markdown bullet points. What is good about a dog?")],
]


@torch.no_grad()
def run(model, ids):
    margins = []

    def record(block, inputs):
        top = (torch.sigmoid(inputs[0] @ block.gate.weight.T) + block.expert_bias).topk(block.gate.top_k + 1, dim=-1).values
        margins.append((top[..., -2] - top[..., -1]).min().item())

    hooks = [m.register_forward_pre_hook(record) for m in model.modules() if type(m).__name__ == "Lfm2MoeSparseMoeBlock"]
    logits = model(torch.tensor([ids]), use_cache=False).logits[0]
    for hook in hooks:
        hook.remove()
    return logits, min(margins)


def main():
    torch.set_num_threads(2)
    model = transformers_model(export.state_from_gguf(MODEL / "model.gguf"))
    tokenizer, _, _ = tok.load(MODEL / "train" / "tokenizer.json")
    template = jinja2.Environment(trim_blocks=True, lstrip_blocks=True).from_string(tok.TEMPLATE)
    prompts = []
    for messages in CHATS:
        text = template.render(messages=messages, bos_token="<|startoftext|>", add_generation_prompt=True)
        if len(messages) < 3:
            assert text == tok.render(messages, True)
        prompt = tokenizer.encode(text, add_special_tokens=False).ids
        ids, margin = list(prompt), float("inf")
        while len(ids) - len(prompt) < 96 and ids[-1] != 4:
            logits, _ = run(model, ids)
            best = logits[-1].topk(2)
            margin = min(margin, (best.values[0] - best.values[1]).item())
            ids.append(best.indices[0].item())
        _, route = run(model, ids[:-1])
        print(f"margin {margin:.4f}, route {route:.1e}: {tokenizer.decode(ids[len(prompt):], skip_special_tokens=False)!r}")
        prompts.append(dict(messages=messages, prompt=prompt, greedy=ids[len(prompt):], greedy_margin=round(margin, 5), route_margin=round(route, 8)))
    fair = [p for p in prompts if p["greedy_margin"] > 0.005]
    chosen = max((p for p in fair if len(p["prompt"] + p["greedy"]) <= 64), key=lambda p: p["route_margin"])
    ids = (chosen["prompt"] + chosen["greedy"])[:-1]
    logits, route = run(model, ids)
    logits.numpy().astype("<f4").tofile(HERE / "logits.f32")
    with open(HERE / "golden.json", "w", encoding="utf-8") as f:
        json.dump(dict(tokens=ids, route_margin=round(route, 8), prompts=fair), f, ensure_ascii=False)
        f.write("\n")
    print(f"{len(ids)} positions, {len(fair)} of {len(prompts)} prompts")


if __name__ == "__main__":
    main()
