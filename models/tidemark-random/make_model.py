#!/usr/bin/env python3
"""Write model.gguf: a small LFM2-MoE with random weights and a real tokenizer, for tests.

    python3 make_model.py            # rewrites model.gguf beside this script; the same bytes every time

Layers: conv + dense, attention + dense, conv + experts, attention + experts, so every branch of the architecture runs. Matrices are Q8_0, norms,
router, bias and convolution F32. The tokenizer is a byte-level BPE trained on the sentences below. What the model writes is noise: it shows that
everything runs, not what a model can do. Made with numpy 2.x, gguf 0.17 or newer, tokenizers 0.22.
"""
import itertools
from pathlib import Path

import gguf
import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers, Regex

H, HEADS, KV_HEADS, D, DENSE, EXPERTS, USED, EXPERT_FF, LAYERS, VOCAB = 256, 4, 2, 64, 256, 8, 2, 64, 4, 1024
ATTENTION = (1, 3)
CONTROL = ["<|pad|>", "<|startoftext|>", "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"]
TEMPLATE = (
    "{{- bos_token -}}\n"
    "{%- for message in messages -%}\n"
    "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' -}}\n"
    "{%- endfor -%}\n"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}\n"
)
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def sentences():
    who = ["The harbour", "A small boat", "The old lighthouse", "My neighbour", "The library", "Every morning the ferry", "Nobody", "The tide table"]
    does = ["waits for", "remembers", "measures", "forgets", "describes", "carries", "answers", "counts"]
    what = ["the rising water", "three letters", "a list of names", "the weather report", "your question", "two wooden crates", "an empty page", "the north wind"]
    how = ["without a word.", "in fewer than fifty words.", "before noon!", "again and again.", "with some care?", "on the 21st of March.", "at 7:45, as always.", "and then stops."]
    for parts in itertools.product(who, does, what, how):
        yield " ".join(parts)
    for a, b in itertools.product(range(0, 100, 7), range(0, 1000, 13)):
        yield f"{a} + {b} = {a + b}; {a} * {b} = {a * b}."


def train_tokenizer():
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=VOCAB - len(CONTROL), initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False)
    tokenizer.train_from_iterator(sentences(), trainer)
    return tokenizer


def vocabulary():
    import json
    data = json.loads(train_tokenizer().to_str())["model"]
    tokens = [t for t, _ in sorted(data["vocab"].items(), key=lambda item: item[1])]
    merges = [" ".join(m) if isinstance(m, list) else m for m in data["merges"]]
    types = [gguf.TokenType.NORMAL] * len(tokens)
    while len(tokens) < VOCAB - len(CONTROL):  # the corpus may not hold enough pairs: padded as published files are
        tokens.append(f"[PAD{len(tokens)}]")
        types.append(gguf.TokenType.UNUSED)
    return tokens + CONTROL, types + [gguf.TokenType.CONTROL] * len(CONTROL), merges


def main():
    rng = np.random.default_rng(20250720)
    path = Path(__file__).with_name("model.gguf")
    writer = gguf.GGUFWriter(path, "lfm2moe")
    writer.add_name("Tidemark random")
    writer.add_description("Random weights; shows that everything runs")
    writer.add_license("apache-2.0")
    writer.add_block_count(LAYERS)
    writer.add_context_length(4096)
    writer.add_embedding_length(H)
    writer.add_feed_forward_length(DENSE)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv([KV_HEADS if i in ATTENTION else 0 for i in range(LAYERS)])
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(1e6)
    writer.add_vocab_size(VOCAB)
    writer.add_uint32("lfm2moe.shortconv.l_cache", 3)
    writer.add_expert_count(EXPERTS)
    writer.add_expert_used_count(USED)
    writer.add_expert_feed_forward_length(EXPERT_FF)
    writer.add_uint32("lfm2moe.expert_gating_func", 2)
    writer.add_leading_dense_block_count(2)
    tokens, types, merges = vocabulary()
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("lfm2")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(tokens.index("<|startoftext|>"))
    writer.add_eos_token_id(tokens.index("<|im_end|>"))
    writer.add_pad_token_id(tokens.index("<|pad|>"))
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)

    def matrix(name, *shape, std=None):
        values = rng.standard_normal(shape, dtype=np.float32) * np.float32(std or shape[-1] ** -0.5)
        kind = gguf.GGMLQuantizationType.Q8_0
        writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)

    def plain(name, values):
        writer.add_tensor(name, np.ascontiguousarray(values, dtype=np.float32))

    ones = lambda n: 1 + 0.05 * rng.standard_normal(n)
    matrix("token_embd.weight", VOCAB, H, std=0.15)
    plain("token_embd_norm.weight", ones(H))
    for i in range(LAYERS):
        p = f"blk.{i}."
        plain(p + "attn_norm.weight", ones(H))
        plain(p + "ffn_norm.weight", ones(H))
        if i in ATTENTION:
            for part, rows in (("q", HEADS * D), ("k", KV_HEADS * D), ("v", KV_HEADS * D), ("output", H)):
                matrix(f"{p}attn_{part}.weight", rows, H)
            plain(p + "attn_q_norm.weight", ones(D))
            plain(p + "attn_k_norm.weight", ones(D))
        else:
            plain(p + "shortconv.conv.weight", 0.5 * rng.standard_normal((H, 3)))
            matrix(p + "shortconv.in_proj.weight", 3 * H, H)
            matrix(p + "shortconv.out_proj.weight", H, H)
        if i < 2:
            matrix(p + "ffn_gate.weight", DENSE, H)
            matrix(p + "ffn_up.weight", DENSE, H)
            matrix(p + "ffn_down.weight", H, DENSE)
        else:
            plain(p + "ffn_gate_inp.weight", rng.standard_normal((EXPERTS, H)) * H ** -0.5)
            plain(p + "exp_probs_b.bias", 0.01 * rng.standard_normal(EXPERTS))
            matrix(p + "ffn_gate_exps.weight", EXPERTS, EXPERT_FF, H)
            matrix(p + "ffn_up_exps.weight", EXPERTS, EXPERT_FF, H)
            matrix(p + "ffn_down_exps.weight", EXPERTS, H, EXPERT_FF)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    print(f"{path.name}: {path.stat().st_size:,} bytes, {len(merges)} merges")


if __name__ == "__main__":
    main()
