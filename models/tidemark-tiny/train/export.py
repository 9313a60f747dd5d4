#!/usr/bin/env python3
"""Trained weights -> a Hugging Face directory (safetensors, BF16) and GGUF (Q8_0; norms, router, bias and convolution F32).

    python3 export.py RUN/model.pt OUTPUT_DIRECTORY [--gguf ../model.gguf]
"""
import argparse
import json
from pathlib import Path

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as T
from safetensors.torch import save_file

import tokens as tok
from model import CONFIG

HERE = Path(__file__).resolve().parent
LAYER_NAMES = {  # Hugging Face -> GGUF, within a layer
    "operator_norm": "attn_norm", "ffn_norm": "ffn_norm", "conv.in_proj": "shortconv.in_proj", "conv.conv": "shortconv.conv", "conv.out_proj": "shortconv.out_proj",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.out_proj": "attn_output",
    "self_attn.q_layernorm": "attn_q_norm", "self_attn.k_layernorm": "attn_k_norm", "feed_forward.w1": "ffn_gate", "feed_forward.w3": "ffn_up",
    "feed_forward.w2": "ffn_down", "feed_forward.gate": "ffn_gate_inp",
}


def is_matrix(name):
    """Whether the tensor is stored in blocks rather than in float32."""
    return not any(x in name for x in ("norm", "ffn_gate_inp", "exp_probs_b", "shortconv.conv"))


def gguf_tensors(state):
    """{GGUF name: float32 array} of a state dict with fused experts."""
    out = {"token_embd.weight": state["model.embed_tokens.weight"], "token_embd_norm.weight": state["model.embedding_norm.weight"]}
    for name, value in state.items():
        if not name.startswith("model.layers."):
            continue
        _, _, i, rest = name.split(".", 3)
        p = f"blk.{i}."
        if rest == "feed_forward.experts.gate_up_proj":
            out[p + "ffn_gate_exps.weight"], out[p + "ffn_up_exps.weight"] = value.chunk(2, 1)
        elif rest == "feed_forward.experts.down_proj":
            out[p + "ffn_down_exps.weight"] = value
        elif rest == "feed_forward.expert_bias":
            out[p + "exp_probs_b.bias"] = value
        else:
            value = value[:, 0] if rest == "conv.conv.weight" else value
            out[p + LAYER_NAMES[rest.removesuffix(".weight")] + ".weight"] = value
    return {n: np.ascontiguousarray(v.float().numpy()) for n, v in out.items()}


def state_from_gguf(path):
    """The state dict, experts fused, with the values the file dequantises to."""
    named = {}
    for t in gguf.GGUFReader(path).tensors:
        named[t.name] = torch.from_numpy(np.array(gguf.quants.dequantize(t.data, t.tensor_type), dtype=np.float32)).reshape(*[int(n) for n in reversed(t.shape)])
    back = {v: k for k, v in LAYER_NAMES.items()}
    out = {"model.embed_tokens.weight": named.pop("token_embd.weight"), "model.embedding_norm.weight": named.pop("token_embd_norm.weight")}
    for name, value in named.items():
        _, i, rest = name.split(".", 2)
        p = f"model.layers.{i}."
        if rest == "ffn_gate_exps.weight":
            out[p + "feed_forward.experts.gate_up_proj"] = torch.cat([value, named[f"blk.{i}.ffn_up_exps.weight"]], 1)
        elif rest == "ffn_down_exps.weight":
            out[p + "feed_forward.experts.down_proj"] = value
        elif rest == "exp_probs_b.bias":
            out[p + "feed_forward.expert_bias"] = value
        elif rest != "ffn_up_exps.weight":
            out[p + back[rest.removesuffix(".weight")] + ".weight"] = value[:, None] if rest == "shortconv.conv.weight" else value
    return out


def write_gguf(path, state):
    _, tokens, merges = tok.load(HERE / "tokenizer.json")
    w = gguf.GGUFWriter(path, "lfm2moe")
    w.add_name("Tidemark tiny")
    w.add_description("Trained from scratch on synthetic format instructions, arithmetic and a closed world of invented facts")
    w.add_license("apache-2.0")
    w.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    w.add_block_count(CONFIG["num_hidden_layers"])
    w.add_context_length(CONFIG["max_position_embeddings"])
    w.add_embedding_length(CONFIG["hidden_size"])
    w.add_feed_forward_length(CONFIG["intermediate_size"])
    w.add_head_count(CONFIG["num_attention_heads"])
    w.add_head_count_kv([CONFIG["num_key_value_heads"] if kind == "full_attention" else 0 for kind in CONFIG["layer_types"]])
    w.add_layer_norm_rms_eps(CONFIG["norm_eps"])
    w.add_rope_freq_base(CONFIG["rope_parameters"]["rope_theta"])
    w.add_vocab_size(CONFIG["vocab_size"])
    w.add_uint32("lfm2moe.shortconv.l_cache", CONFIG["conv_L_cache"])
    w.add_expert_count(CONFIG["num_experts"])
    w.add_expert_used_count(CONFIG["num_experts_per_tok"])
    w.add_expert_feed_forward_length(CONFIG["moe_intermediate_size"])
    w.add_uint32("lfm2moe.expert_gating_func", 2)
    w.add_leading_dense_block_count(CONFIG["num_dense_layers"])
    types = [gguf.TokenType.CONTROL if t in tok.CONTROL else gguf.TokenType.UNUSED if t.startswith("[PAD") else gguf.TokenType.NORMAL for t in tokens]
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("lfm2")
    w.add_token_list(tokens)
    w.add_token_types(types)
    w.add_token_merges([" ".join(m) for m in merges])
    w.add_bos_token_id(CONFIG["bos_token_id"])
    w.add_eos_token_id(CONFIG["eos_token_id"])
    w.add_pad_token_id(CONFIG["pad_token_id"])
    w.add_add_bos_token(False)
    w.add_chat_template(tok.TEMPLATE)
    for name, values in gguf_tensors(state).items():
        if is_matrix(name):
            w.add_tensor(name, gguf.quants.quantize(values, T.Q8_0), raw_dtype=T.Q8_0)
        else:
            w.add_tensor(name, values)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    print(f"{path}: {Path(path).stat().st_size:,} bytes")


def write_directory(path, state):
    """config.json, tokenizer and BF16 weights with one tensor per expert, as published checkpoints have them."""
    path.mkdir(parents=True, exist_ok=True)
    out = {}
    for name, value in state.items():
        stem = name.rsplit(".", 1)[0]
        if name.endswith("experts.gate_up_proj"):
            for e, both in enumerate(value):
                out[f"{stem}.{e}.w1.weight"], out[f"{stem}.{e}.w3.weight"] = both.chunk(2, 0)
        elif name.endswith("experts.down_proj"):
            for e, down in enumerate(value):
                out[f"{stem}.{e}.w2.weight"] = down
        else:
            out[name] = value
    save_file({n: v.to(torch.float32 if n.endswith("expert_bias") else torch.bfloat16).contiguous().clone() for n, v in out.items()}, path / "model.safetensors",
              metadata={"format": "pt"})
    (path / "config.json").write_text(json.dumps(CONFIG | {"dtype": "bfloat16"}, indent=1))
    tok.load(HERE / "tokenizer.json")[0].save(str(path / "tokenizer.json"))
    (path / "tokenizer_config.json").write_text(json.dumps(dict(tokenizer_class="PreTrainedTokenizerFast", bos_token="<|startoftext|>", eos_token="<|im_end|>",
                                                                pad_token="<|pad|>", chat_template=tok.TEMPLATE), indent=1))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("weights", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--gguf", type=Path, default=HERE.parent / "model.gguf")
    args = parser.parse_args()
    state = torch.load(args.weights)
    write_directory(args.out, state)
    write_gguf(args.gguf, state)
    again = gguf_tensors(state_from_gguf(args.gguf))
    for name, values in gguf_tensors(state).items():
        error = np.abs(again[name] - values).max() / np.abs(values).max()
        assert error < 0.006, (name, error)


if __name__ == "__main__":
    main()
