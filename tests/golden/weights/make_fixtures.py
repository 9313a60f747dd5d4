#!/usr/bin/env python3
"""Write two tiny random models in every container and layout that the readers accept.

    python3 make_fixtures.py        # rewrites the files beside this script; the same bytes every time

Every weight matrix is built from integers in [-8, 7] times one power of two per 32 consecutive values, so that F32, F16, BF16, Q8_0,
Q4_0 and MLX affine (4 and 8 bits, groups of 32) all represent it exactly: a test may demand identical numbers from every file.
Models: `moe` (lfm2moe: conv dense, attention dense, conv MoE; tied head) and `dense` (lfm2: conv, attention; untied
head, width stated before adjustment in config.json). MLX packing is done here, from the description in ml-explore/mlx, because
that package needs its own platform; GGUF and safetensors are written by the reference packages.
Versions used: numpy 2.4.6, gguf 0.19.0, safetensors 0.8.0.
"""
import json
import pathlib
import shutil

import gguf
import numpy as np
from safetensors.numpy import save as serialize

HERE = pathlib.Path(__file__).resolve().parent
GROUP = 32
HIDDEN, HEADS, KV_HEADS, VOCAB, TAPS = 32, 2, 1, 64, 3
HEAD_DIM = HIDDEN // HEADS
EXPERTS, USED, EXPERT_FF, MOE_DENSE_FF, DENSE_FF = 3, 2, 32, 64, 64
MOE_LAYERS = ["conv", "full_attention", "conv"]
DENSE_LAYERS = ["conv", "full_attention"]

MOE_CONFIG = {
    "architectures": ["Lfm2MoeForCausalLM"], "model_type": "lfm2_moe", "hidden_size": HIDDEN, "num_hidden_layers": len(MOE_LAYERS),
    "layer_types": MOE_LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS, "intermediate_size": MOE_DENSE_FF,
    "moe_intermediate_size": EXPERT_FF, "num_experts": EXPERTS, "num_experts_per_tok": USED, "num_dense_layers": 2,
    "use_expert_bias": True, "norm_topk_prob": True, "routed_scaling_factor": 1.0, "vocab_size": VOCAB, "max_position_embeddings": 4096,
    "norm_eps": 1e-05, "rope_theta": 5000000.0, "conv_L_cache": TAPS, "conv_bias": False, "tie_word_embeddings": True,
    "bos_token_id": 1, "eos_token_id": 7, "pad_token_id": 0,
}
# Legacy spellings on purpose: full_attn_idxs, theta, block_ff_dim, num_heads, tie_embedding.
DENSE_CONFIG = {
    "architectures": ["Lfm2ForCausalLM"], "model_type": "lfm2", "hidden_size": HIDDEN, "num_hidden_layers": len(DENSE_LAYERS),
    "full_attn_idxs": [1], "num_heads": HEADS, "num_key_value_heads": KV_HEADS, "block_ff_dim": 90, "block_multiple_of": 32,
    "block_ffn_dim_multiplier": 1.0, "block_auto_adjust_ff_dim": True, "intermediate_size": 1, "vocab_size": VOCAB,
    "max_position_embeddings": 2048, "norm_eps": 1e-05, "theta": 1000000.0, "conv_L_cache": TAPS, "tie_embedding": False,
}


def grid(rng, *shape):
    """Random weights on the common grid; the last axis is a multiple of GROUP (or short: one exponent for the row)."""
    groups = max(1, shape[-1] // GROUP)
    q = rng.integers(-8, 8, size=shape)
    q = q.reshape(*shape[:-1], groups, -1)
    q[..., 0] = -8  # so that the largest magnitude is known to the packers
    scale = 2.0 ** -rng.integers(4, 8, size=(*shape[:-1], groups, 1))
    return (q * scale).reshape(shape).astype(np.float32)


def model(rng, layers, dense_layers, dense_ff, tied):
    """Hugging Face names -> float32 arrays."""
    t = {"model.embed_tokens.weight": grid(rng, VOCAB, HIDDEN), "model.embedding_norm.weight": 1 + grid(rng, HIDDEN)}
    if not tied:
        t["lm_head.weight"] = grid(rng, VOCAB, HIDDEN)
    for i, kind in enumerate(layers):
        p = f"model.layers.{i}."
        t[p + "operator_norm.weight"] = 1 + grid(rng, HIDDEN)
        t[p + "ffn_norm.weight"] = 1 + grid(rng, HIDDEN)
        if kind == "conv":
            t[p + "conv.in_proj.weight"] = grid(rng, 3 * HIDDEN, HIDDEN)
            t[p + "conv.conv.weight"] = grid(rng, HIDDEN, 1, TAPS)
            t[p + "conv.out_proj.weight"] = grid(rng, HIDDEN, HIDDEN)
        else:
            for name, rows in (("q_proj", HEADS * HEAD_DIM), ("k_proj", KV_HEADS * HEAD_DIM), ("v_proj", KV_HEADS * HEAD_DIM), ("out_proj", HIDDEN)):
                t[p + f"self_attn.{name}.weight"] = grid(rng, rows, HIDDEN)
            t[p + "self_attn.q_layernorm.weight"] = 1 + grid(rng, HEAD_DIM)
            t[p + "self_attn.k_layernorm.weight"] = 1 + grid(rng, HEAD_DIM)
        if i < dense_layers:
            t[p + "feed_forward.w1.weight"] = grid(rng, dense_ff, HIDDEN)
            t[p + "feed_forward.w3.weight"] = grid(rng, dense_ff, HIDDEN)
            t[p + "feed_forward.w2.weight"] = grid(rng, HIDDEN, dense_ff)
            continue
        t[p + "feed_forward.gate.weight"] = grid(rng, EXPERTS, HIDDEN)
        t[p + "feed_forward.expert_bias"] = grid(rng, EXPERTS)
        for j in range(EXPERTS):
            t[p + f"feed_forward.experts.{j}.w1.weight"] = grid(rng, EXPERT_FF, HIDDEN)
            t[p + f"feed_forward.experts.{j}.w3.weight"] = grid(rng, EXPERT_FF, HIDDEN)
            t[p + f"feed_forward.experts.{j}.w2.weight"] = grid(rng, HIDDEN, EXPERT_FF)
    return t


class Bf16(np.ndarray):
    """uint16 bit patterns of bfloat16; numpy has no such type, so the header is patched after serialising."""


def to_bf16(x):
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    assert not (bits & 0xFFFF).any(), "not representable in bfloat16"
    return (bits >> 16).astype(np.uint16).view(Bf16)


def save(path, tensors, metadata=None):
    """safetensors.numpy.save, with the dtype of Bf16 arrays corrected in the header."""
    raw = serialize({k: np.ascontiguousarray(v.view(np.ndarray)) for k, v in tensors.items()}, metadata=metadata)
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:8 + size])
    for name, value in tensors.items():
        if isinstance(value, Bf16):
            assert header[name]["dtype"] == "U16"
            header[name]["dtype"] = "BF16"
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + raw[8 + size:])


def directory(name, config):
    path = HERE / name
    if path.exists():
        shutil.rmtree(path)
    path.mkdir()
    (path / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    return path


def stacks(tensors):
    """Experts stored one by one -> {(prefix, "w1"): [E, n, k]}; and the rest."""
    rest, found = {}, {}
    for name, value in tensors.items():
        if ".experts." not in name:
            rest[name] = value
            continue
        prefix, tail = name.split("experts.")
        found.setdefault((prefix, tail.split(".")[1]), []).append(value)
    return rest, {k: np.stack(v) for k, v in found.items()}


def fused(tensors):
    rest, found = stacks(tensors)
    for (prefix, which), value in found.items():
        if which == "w1":
            rest[prefix + "experts.gate_up_proj"] = np.concatenate([value, found[prefix, "w3"]], axis=1)
            rest[prefix + "experts.down_proj"] = found[prefix, "w2"]
    return rest


def mlx_affine(w, bits):
    """(words, scales, biases) of w on the common grid: scale = the group's power of two, bias = -2^(bits-1) * scale."""
    g = w.reshape(*w.shape[:-1], -1, GROUP)
    scale = np.abs(g).max(axis=-1) / 8  # every group holds a -8
    q = np.rint(g / scale[..., None]).astype(np.int64) + 2 ** (bits - 1)
    assert q.min() >= 0 and q.max() < 2 ** bits
    per_word = 32 // bits
    q = q.reshape(*w.shape[:-1], -1, per_word)
    words = (q << (np.arange(per_word) * bits)).sum(axis=-1).astype(np.uint32)
    return words, scale.astype(np.float32), (-(2.0 ** (bits - 1)) * scale).astype(np.float32)


MLX_DENSE = {"feed_forward.w1": "feed_forward.gate_proj", "feed_forward.w3": "feed_forward.up_proj", "feed_forward.w2": "feed_forward.down_proj"}
MLX_EXPERT = {"w1": "gate_proj", "w3": "up_proj", "w2": "down_proj"}


def mlx(tensors, bits, router_bits):
    rest, found = stacks(tensors)
    for (prefix, which), value in found.items():
        rest[f"{prefix}switch_mlp.{MLX_EXPERT[which]}.weight"] = value
    out = {}
    for name, value in rest.items():
        for old, new in MLX_DENSE.items():
            name = name.replace(old + ".", new + ".")
        if name.endswith("expert_bias"):
            out[name] = value
        elif "conv.conv." in name:
            out[name] = to_bf16(value.transpose(0, 2, 1))
        elif value.ndim < 2:
            out[name] = to_bf16(value)
        else:
            module = name[: -len(".weight")]
            words, scales, biases = mlx_affine(value, router_bits if module.endswith("feed_forward.gate") else bits)
            out[name], out[module + ".scales"], out[module + ".biases"] = words, to_bf16(scales), to_bf16(biases)
    return out


GGUF_NAMES = {
    "operator_norm.weight": "attn_norm.weight", "ffn_norm.weight": "ffn_norm.weight", "conv.in_proj.weight": "shortconv.in_proj.weight",
    "conv.conv.weight": "shortconv.conv.weight", "conv.out_proj.weight": "shortconv.out_proj.weight",
    "self_attn.q_proj.weight": "attn_q.weight", "self_attn.k_proj.weight": "attn_k.weight", "self_attn.v_proj.weight": "attn_v.weight",
    "self_attn.out_proj.weight": "attn_output.weight", "self_attn.q_layernorm.weight": "attn_q_norm.weight",
    "self_attn.k_layernorm.weight": "attn_k_norm.weight", "feed_forward.w1.weight": "ffn_gate.weight",
    "feed_forward.w3.weight": "ffn_up.weight", "feed_forward.w2.weight": "ffn_down.weight", "feed_forward.gate.weight": "ffn_gate_inp.weight",
    "feed_forward.expert_bias": "exp_probs_b.bias",
}
GGUF_GLOBAL = {"model.embed_tokens.weight": "token_embd.weight", "model.embedding_norm.weight": "token_embd_norm.weight", "lm_head.weight": "output.weight"}
GGUF_EXPERT = {"w1": "ffn_gate_exps", "w3": "ffn_up_exps", "w2": "ffn_down_exps"}


def gguf_tensors(tensors):
    rest, found = stacks(tensors)
    out = {}
    for name, value in rest.items():
        if name in GGUF_GLOBAL:
            out[GGUF_GLOBAL[name]] = value
        else:
            _, _, layer, tail = name.split(".", 3)
            out[f"blk.{layer}.{GGUF_NAMES[tail]}"] = value.reshape(value.shape[0], -1) if "conv.conv" in name else value
    for (prefix, which), value in found.items():
        out[f"blk.{prefix.split('.')[2]}.{GGUF_EXPERT[which]}.weight"] = value
    return out


def vocabulary():
    """64 tokens: seven control tokens in front, printable bytes, two merges; the last ids are padding."""
    tokens = ["<|pad|>", "<|startoftext|>", "<|endoftext|>", "<|a|>", "<|b|>", "<|c|>", "<|im_start|>", "<|im_end|>"]
    types = [3] * len(tokens)
    tokens += [chr(c) for c in range(ord("a"), ord("z") + 1)] + ["Ġ", "th", "the"]
    types += [1] * (len(tokens) - len(types))
    tokens += [f"[PAD{i}]" for i in range(len(tokens), VOCAB)]
    types += [5] * (VOCAB - len(types))
    return tokens, types, ["t h", "th e"]


def pack_q8_0(w):
    """Blocks of half d and 32 int8, with d = the group's power of two (the usual max/127 would round)."""
    g = w.reshape(*w.shape[:-1], -1, GROUP)
    d = np.abs(g).max(axis=-1, keepdims=True) / 8
    blocks = np.concatenate([d.astype("<f2").view(np.uint8), (g / d).astype(np.int8).view(np.uint8)], axis=-1)
    return blocks.reshape(*w.shape[:-1], -1)


def save_gguf(path, arch, tensors, layers, kind, theta, context):
    w = gguf.GGUFWriter(str(path), arch)
    moe = arch == "lfm2moe"
    w.add_block_count(len(layers))
    w.add_context_length(context)
    w.add_embedding_length(HIDDEN)
    w.add_feed_forward_length(MOE_DENSE_FF if moe else DENSE_FF)
    w.add_head_count(HEADS)
    w.add_head_count_kv([KV_HEADS if kind == "full_attention" else 0 for kind in layers])
    w.add_layer_norm_rms_eps(1e-5)
    w.add_rope_freq_base(theta)
    w.add_vocab_size(VOCAB)
    w.add_shortconv_l_cache(TAPS)
    if moe:
        w.add_expert_count(EXPERTS)
        w.add_expert_used_count(USED)
        w.add_expert_feed_forward_length(EXPERT_FF)
        w.add_expert_gating_func(gguf.ExpertGatingFuncType.SIGMOID)
        w.add_leading_dense_block_count(2)
    tokens, types, merges = vocabulary()
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("lfm2")
    w.add_token_list(tokens)
    w.add_token_types(types)
    w.add_token_merges(merges)
    w.add_bos_token_id(1)
    w.add_eos_token_id(7)
    w.add_pad_token_id(0)
    w.add_add_bos_token(False)
    w.add_chat_template("{{- bos_token -}}{%- for m in messages -%}{{- m.content -}}{%- endfor -%}")
    for name, value in gguf_tensors(tensors).items():
        plain = value.ndim < 2 or "shortconv.conv" in name or "ffn_gate_inp" in name
        stored = gguf.GGMLQuantizationType.F32 if plain else kind
        if stored == gguf.GGMLQuantizationType.F32:
            data = value
        else:
            data = pack_q8_0(value) if stored == gguf.GGMLQuantizationType.Q8_0 else gguf.quants.quantize(value, stored)
        if not plain:
            assert np.array_equal(gguf.quants.dequantize(data, stored), value), name
        w.add_tensor(name, data, raw_dtype=stored)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def main():
    t = gguf.GGMLQuantizationType
    moe = model(np.random.default_rng(20261122), MOE_LAYERS, 2, MOE_DENSE_FF, tied=True)
    dense = model(np.random.default_rng(20261123), DENSE_LAYERS, len(DENSE_LAYERS), DENSE_FF, tied=False)
    bf16 = lambda tensors: {k: v if k.endswith("expert_bias") else to_bf16(v) for k, v in tensors.items()}

    save_gguf(HERE / "moe-f32.gguf", "lfm2moe", moe, MOE_LAYERS, t.F32, 5e6, 4096)
    save_gguf(HERE / "moe-q4_0.gguf", "lfm2moe", moe, MOE_LAYERS, t.Q4_0, 5e6, 4096)
    save_gguf(HERE / "dense-q8_0.gguf", "lfm2", dense, DENSE_LAYERS, t.Q8_0, 1e6, 2048)

    path = directory("moe-single-bf16", MOE_CONFIG)
    save(path / "model.safetensors", bf16(moe), {"format": "pt"})
    tokens, _, merges = vocabulary()
    added = [{"id": i, "content": s, "special": True} for i, s in enumerate(tokens[:8])]
    (path / "tokenizer.json").write_text(json.dumps({"added_tokens": added, "model": {"type": "BPE", "vocab": {}, "merges": merges}}))
    (path / "tokenizer_config.json").write_text(json.dumps({"add_bos_token": True, "bos_token": "<|startoftext|>", "chat_template": "{{ 1 }}"}))
    (path / "generation_config.json").write_text(json.dumps({"eos_token_id": [7, 2], "bos_token_id": 1}))

    path = directory("moe-sharded-f16", MOE_CONFIG)
    names = sorted(moe)
    halves = {"model-00001-of-00002.safetensors": names[: len(names) // 2], "model-00002-of-00002.safetensors": names[len(names) // 2 :]}
    for file, part in halves.items():
        save(path / file, {k: moe[k] if k.endswith("expert_bias") else moe[k].astype(np.float16) for k in part}, {"format": "pt"})
    index = {"metadata": {"total_size": 0}, "weight_map": {k: file for file, part in halves.items() for k in part}}
    (path / "model.safetensors.index.json").write_text(json.dumps(index, indent=0) + "\n")

    # As transformers 5 may write it: fused experts and rope_parameters.
    config = {k: v for k, v in MOE_CONFIG.items() if k != "rope_theta"} | {"rope_parameters": {"rope_theta": 5e6, "rope_type": "default"}}
    save(directory("moe-fused-bf16", config) / "model.safetensors", bf16(fused(moe)))

    for bits in (4, 8):
        gates = {f"model.layers.{i}.feed_forward.gate": {"group_size": GROUP, "bits": 8} for i in (2,)}
        quantization = {"group_size": GROUP, "bits": bits, "mode": "affine", **gates}
        config = MOE_CONFIG | {"quantization": quantization, "quantization_config": quantization}
        save(directory(f"moe-mlx-{bits}bit", config) / "model.safetensors", mlx(moe, bits, 8), {"format": "mlx"})

    save(directory("dense-untied-bf16", DENSE_CONFIG) / "model.safetensors", bf16(dense), {"format": "pt"})
    total = sum(f.stat().st_size for f in HERE.rglob("*") if f.is_file())
    print(f"{total:,} bytes")


if __name__ == "__main__":
    main()
