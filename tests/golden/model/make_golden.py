#!/usr/bin/env python3
"""Small random LFM2 / LFM2-MoE models with the logits and greedy continuations of Hugging Face transformers in float32.

    python3 make_golden.py [OUTPUT_DIRECTORY]        (default: the directory of this script)

Made with python 3.11, torch 2.15.0, transformers 5.23.0, gguf 0.19.0, safetensors 0.8.0, numpy 2.4.6. Weights, tokens and prompts
follow from the seeds below.

Models (weights are exact in bfloat16 and float16, so one set of logits holds for every float container):
  lfm2/                  conv, attention, conv, all dense, H = 64; safetensors BF16
  lfm2-untied/           the same with its own lm_head and with conv_bias
  lfm2moe/               conv dense, attention MoE, conv MoE, H = 64, 6 experts top-2; safetensors BF16, tokenizer.json
  lfm2moe-TYPE.gguf      the same in F32, F16, BF16, Q8_0, Q4_0, with vocabulary and chat template
  lfm2moe-wide-q4_k.gguf conv dense, attention MoE, H = 256 (rows of whole K-blocks), 3 experts top-2, embedding Q6_K
  lfm2-wide-q6_k.gguf    conv, attention, dense, H = 256, own lm_head
Quantised files: the oracle runs on the weights as gguf.quants.dequantize reads them back from the file. gguf cannot quantise
K-blocks, so pack_q4_k and pack_q6_k do (layout: ggml-common.h); their roundings are simple, which no test depends on.

golden.json, per case: the files it holds for; `tokens`, a sequence of 200 ids whose logits [200, V] lie in CASE.logits.f32; `prompts` with
64 greedy ids each. Prompts and tokens are the candidates furthest from a tie: `greedy_margin` is the smallest gap between the best
two logits, `route_margin` the smallest gap between the last expert taken and the first one left.
"""
import json
import os
import sys

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as T
from gguf.quants import dequantize, quantize
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

OUT = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__)))
VOCAB, LENGTH, GREEDY = 288, 200, 64
SPECIALS = ["<|pad|>", "<|startoftext|>", "<|endoftext|>", "<|fim_pre|>", "<|fim_mid|>", "<|fim_suf|>", "<|im_start|>", "<|im_end|>"]
MERGES = ["Ġ t", "h e", "Ġt he", "i n", "e r", "r e", "o n", "Ġ a", "n d", "Ġa nd", "o u", "Ġ w", "e s", "i s", "i t", "Ġ o", "Ġo f", "a t",
          "Ġ in", "in g"]
CHAT_TEMPLATE = ("{{- bos_token -}}{%- for message in messages -%}{{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' -}}"
                 "{%- endfor -%}{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}")
SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


# ---- models --------------------------------------------------------------------------------------------------------------------

def base_config(layer_types, **kwargs):
    config = dict(vocab_size=VOCAB, hidden_size=64, num_hidden_layers=len(layer_types), layer_types=layer_types, num_attention_heads=4,
                  num_key_value_heads=2, intermediate_size=96, max_position_embeddings=2048, norm_eps=1e-5, conv_L_cache=3, conv_bias=False,
                  tie_word_embeddings=True, rope_parameters={"rope_theta": 10000.0, "rope_type": "default"}, bos_token_id=1, eos_token_id=7,
                  pad_token_id=0, torch_dtype="bfloat16")
    return config | kwargs


def dense_config(**kwargs):
    return base_config(["conv", "full_attention", "conv"], architectures=["Lfm2ForCausalLM"], model_type="lfm2", block_auto_adjust_ff_dim=False,
                       block_ffn_dim_multiplier=1.0, block_multiple_of=32, **kwargs)


def moe_config(layer_types, **kwargs):
    return base_config(layer_types, **(dict(architectures=["Lfm2MoeForCausalLM"], model_type="lfm2_moe", num_dense_layers=1, num_experts=6,
                                            num_experts_per_tok=2, moe_intermediate_size=32, use_expert_bias=True, norm_topk_prob=True,
                                            routed_scaling_factor=1.0) | kwargs))


def exact(array):
    """Nearest values that bfloat16 and float16 both hold."""
    return torch.from_numpy(array.astype(np.float32)).to(torch.bfloat16).to(torch.float16).to(torch.float32).numpy()


def make_weights(config, seed):
    """Tensors by their Hugging Face names, experts one by one; gains chosen so that every block changes the residual visibly."""
    rng = np.random.default_rng(seed)
    h, heads, kv = config["hidden_size"], config["num_attention_heads"], config["num_key_value_heads"]
    d, taps, w = h // heads, config["conv_L_cache"], {}

    def linear(name, n, k, gain):
        w[name + ".weight"] = exact(rng.normal(0, gain / np.sqrt(k), (n, k)))

    def norm(name, n):
        w[name + ".weight"] = exact(rng.uniform(0.6, 1.4, n))

    def mlp(prefix, width):
        linear(prefix + "w1", width, h, 1.8)
        linear(prefix + "w3", width, h, 1.8)
        linear(prefix + "w2", h, width, 1.0)

    linear("model.embed_tokens", VOCAB, h, 4.0)
    for i, kind in enumerate(config["layer_types"]):
        p = f"model.layers.{i}."
        norm(p + "operator_norm", h)
        norm(p + "ffn_norm", h)
        if kind == "conv":
            linear(p + "conv.in_proj", 3 * h, h, 1.4)
            w[p + "conv.conv.weight"] = exact(rng.normal(0, 0.6, (h, 1, taps)))
            linear(p + "conv.out_proj", h, h, 1.0)
            if config["conv_bias"]:
                for part, n in (("conv", h), ("in_proj", 3 * h), ("out_proj", h)):
                    w[p + f"conv.{part}.bias"] = exact(rng.normal(0, 0.5, n))
        else:
            linear(p + "self_attn.q_proj", heads * d, h, 1.0)
            linear(p + "self_attn.k_proj", kv * d, h, 1.0)
            linear(p + "self_attn.v_proj", kv * d, h, 2.0)
            linear(p + "self_attn.out_proj", h, heads * d, 2.0)
            norm(p + "self_attn.q_layernorm", d)
            norm(p + "self_attn.k_layernorm", d)
        if i < config.get("num_dense_layers", len(config["layer_types"])):
            mlp(p + "feed_forward.", config["intermediate_size"])
        else:
            linear(p + "feed_forward.gate", config["num_experts"], h, 1.5)
            w[p + "feed_forward.expert_bias"] = rng.normal(0, 0.15, config["num_experts"]).astype(np.float32)
            for e in range(config["num_experts"]):
                mlp(p + f"feed_forward.experts.{e}.", config["moe_intermediate_size"])
    norm("model.embedding_norm", h)
    if not config["tie_word_embeddings"]:
        linear("lm_head", VOCAB, h, 4.0)
    return w


# ---- files ---------------------------------------------------------------------------------------------------------------------

def byte_alphabet():
    """GPT-2's printable stand-in for each byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in printable]
    return [chr(b) if b in printable else chr(256 + rest.index(b)) for b in range(256)]


def vocabulary():
    tokens = SPECIALS + byte_alphabet() + [m.replace(" ", "") for m in MERGES]
    return tokens, [3] * len(SPECIALS) + [1] * (len(tokens) - len(SPECIALS))


def write_tokenizer(directory):
    tokens, _ = vocabulary()
    special = lambda i: dict(id=i, content=SPECIALS[i], single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
    bos = [{"SpecialToken": {"id": SPECIALS[1], "type_id": 0}}]
    tokenizer = dict(
        version="1.0", truncation=None, padding=None, added_tokens=[special(i) for i in range(len(SPECIALS))], normalizer=None,
        pre_tokenizer=dict(type="Sequence", pretokenizers=[
            dict(type="Split", pattern={"Regex": SPLIT}, behavior="Isolated", invert=False),
            dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=False)]),
        post_processor=dict(type="TemplateProcessing", single=bos + [{"Sequence": {"id": "A", "type_id": 0}}],
                            pair=bos + [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                            special_tokens={SPECIALS[1]: dict(id=SPECIALS[1], ids=[1], tokens=[SPECIALS[1]])}),
        decoder=dict(type="ByteLevel", add_prefix_space=True, trim_offsets=True, use_regex=True),
        model=dict(type="BPE", dropout=None, unk_token=None, continuing_subword_prefix=None, end_of_word_suffix=None, fuse_unk=False,
                   byte_fallback=False, ignore_merges=True, vocab={t: i for i, t in enumerate(tokens)}, merges=[m.split(" ") for m in MERGES]))
    write_json(f"{directory}/tokenizer.json", tokenizer)
    write_json(f"{directory}/tokenizer_config.json", dict(tokenizer_class="PreTrainedTokenizerFast", bos_token=SPECIALS[1], eos_token=SPECIALS[7],
                                                          pad_token=SPECIALS[0], chat_template=CHAT_TEMPLATE))


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(value, f, ensure_ascii=False, indent=1)
        f.write("\n")


def write_safetensors(directory, config, weights, with_tokenizer):
    os.makedirs(directory, exist_ok=True)
    write_json(f"{directory}/config.json", config)
    tensors = {n: torch.from_numpy(a).to(torch.float32 if n.endswith("expert_bias") else torch.bfloat16).contiguous() for n, a in weights.items()}
    save_file(tensors, f"{directory}/model.safetensors", metadata={"format": "pt"})
    if with_tokenizer:
        write_tokenizer(directory)


RENAMES = [("model.embed_tokens", "token_embd"), ("model.embedding_norm", "token_embd_norm"), ("lm_head", "output"), ("model.layers.", "blk."),
           ("operator_norm", "attn_norm"), ("conv.in_proj", "shortconv.in_proj"), ("conv.conv", "shortconv.conv"), ("conv.out_proj", "shortconv.out_proj"),
           ("self_attn.q_layernorm", "attn_q_norm"), ("self_attn.k_layernorm", "attn_k_norm"), ("self_attn.q_proj", "attn_q"),
           ("self_attn.k_proj", "attn_k"), ("self_attn.v_proj", "attn_v"), ("self_attn.out_proj", "attn_output"),
           ("feed_forward.gate", "ffn_gate_inp"), ("feed_forward.expert_bias", "exp_probs_b.bias"), ("feed_forward.w1", "ffn_gate"),
           ("feed_forward.w3", "ffn_up"), ("feed_forward.w2", "ffn_down")]


def gguf_name(name):
    for old, new in RENAMES:
        name = name.replace(old, new)
    return name


def gguf_tensors(config, weights):
    """{GGUF name: (array, list of Hugging Face names)}; experts stacked, the convolution kernel squeezed."""
    tensors = {}
    for name, array in weights.items():
        if ".experts." in name:
            head, tail = name.split(".experts.")
            if not tail.startswith("0."):
                continue
            part = tail.split(".")[1]
            names = [f"{head}.experts.{e}.{part}.weight" for e in range(config["num_experts"])]
            key = gguf_name(head).split("feed_forward")[0] + {"w1": "ffn_gate_exps", "w3": "ffn_up_exps", "w2": "ffn_down_exps"}[part] + ".weight"
            tensors[key] = (np.stack([weights[n] for n in names]), names)
        else:
            tensors[gguf_name(name)] = (array[:, 0, :] if name.endswith("conv.conv.weight") else array, [name])
    return tensors


def stays_float(name, array):
    return array.ndim < 2 or "norm" in name or "ffn_gate_inp" in name or "shortconv.conv" in name


def pack_q4_k(x):
    """[rows, k] float32 to Q4_K blocks: 8 sub-blocks of 32, value = d * scale * q - dmin * min."""
    b = x.reshape(-1, 8, 32)
    low = np.minimum(b.min(-1), 0)
    d = np.float16((b.max(-1) - low).max(-1) / 15 / 63)
    dmin = np.float16(-low.min(-1) / 63)
    df, mf = d.astype(np.float32)[:, None], dmin.astype(np.float32)[:, None]
    sc = np.clip(np.rint((b.max(-1) - low) / 15 / df), 0, 63).astype(np.uint8)
    mn = np.clip(np.rint(-low / np.where(mf > 0, mf, 1)), 0, 63).astype(np.uint8)
    step, offset = (df * sc)[..., None], (mf * mn)[..., None]
    q = np.clip(np.rint((b + offset) / np.where(step > 0, step, 1)), 0, 15).astype(np.uint8)
    scales = np.zeros((len(b), 12), np.uint8)
    scales[:, 0:4] = sc[:, :4] | (sc[:, 4:] >> 4) << 6
    scales[:, 4:8] = mn[:, :4] | (mn[:, 4:] >> 4) << 6
    scales[:, 8:12] = (sc[:, 4:] & 15) | (mn[:, 4:] & 15) << 4
    qs = (q[:, 0::2] | q[:, 1::2] << 4).reshape(len(b), 128)
    blocks = np.concatenate([d[:, None].view(np.uint8), dmin[:, None].view(np.uint8), scales, qs], 1)
    return blocks.reshape(*x.shape[:-1], -1)


def pack_q6_k(x):
    """[rows, k] float32 to Q6_K blocks: 16 sub-blocks of 16, value = d * scale * (q - 32)."""
    b = x.reshape(-1, 16, 16)
    want = np.abs(b).max(-1) / 31
    d = np.float16(want.max(-1) / 127)
    df = d.astype(np.float32)[:, None]
    sc = np.clip(np.rint(want / df), 0, 127).astype(np.int8)
    step = (df * sc)[..., None]
    q = (np.clip(np.rint(b / np.where(step > 0, step, 1)), -32, 31) + 32).astype(np.uint8).reshape(-1, 2, 4, 32)  # half, quarter, l
    ql = np.concatenate([(q[:, :, 0] & 15) | (q[:, :, 2] & 15) << 4, (q[:, :, 1] & 15) | (q[:, :, 3] & 15) << 4], -1).reshape(len(b), 128)
    qh = (q[:, :, 0] >> 4 | (q[:, :, 1] >> 4) << 2 | (q[:, :, 2] >> 4) << 4 | (q[:, :, 3] >> 4) << 6).reshape(len(b), 64)
    return np.concatenate([ql, qh, sc.view(np.uint8), d[:, None].view(np.uint8)], 1).reshape(*x.shape[:-1], -1)


def encode(array, kind):
    return {T.Q4_K: pack_q4_k, T.Q6_K: pack_q6_k}.get(kind, lambda x: quantize(x, kind))(array)


def write_gguf(path, config, weights, kind, embedding_kind=None):
    moe = config["model_type"] == "lfm2_moe"
    w = gguf.GGUFWriter(path, "lfm2moe" if moe else "lfm2")
    kv_heads = [config["num_key_value_heads"] if k != "conv" else 0 for k in config["layer_types"]]
    w.add_block_count(config["num_hidden_layers"])
    w.add_context_length(config["max_position_embeddings"])
    w.add_embedding_length(config["hidden_size"])
    w.add_feed_forward_length(config["intermediate_size"])
    w.add_head_count(config["num_attention_heads"])
    w.add_head_count_kv(kv_heads)
    w.add_layer_norm_rms_eps(config["norm_eps"])
    w.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    w.add_vocab_size(config["vocab_size"])
    w.add_shortconv_l_cache(config["conv_L_cache"])
    if moe:
        w.add_expert_count(config["num_experts"])
        w.add_expert_used_count(config["num_experts_per_tok"])
        w.add_expert_feed_forward_length(config["moe_intermediate_size"])
        w.add_expert_gating_func(gguf.ExpertGatingFuncType.SIGMOID)
        w.add_leading_dense_block_count(config["num_dense_layers"])
    tokens, types = vocabulary()
    padding = VOCAB - len(tokens)
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("lfm2")
    w.add_token_list(tokens + [f"[PAD{len(tokens) + i}]" for i in range(padding)])
    w.add_token_types(types + [5] * padding)
    w.add_token_merges(MERGES)
    w.add_bos_token_id(1)
    w.add_eos_token_id(7)
    w.add_pad_token_id(0)
    w.add_add_bos_token(True)
    w.add_chat_template(CHAT_TEMPLATE)
    for name, (array, _) in gguf_tensors(config, weights).items():
        k = T.F32 if stays_float(name, array) else embedding_kind if embedding_kind and name == "token_embd.weight" else kind
        if k in (T.F32, T.F16):
            w.add_tensor(name, array.astype(np.float32 if k == T.F32 else np.float16))
        else:
            w.add_tensor(name, encode(array, k), raw_dtype=k)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def read_gguf(path, config, weights):
    """Weights by Hugging Face names as the file's values dequantise."""
    names, result = gguf_tensors(config, weights), {}
    for t in gguf.GGUFReader(path).tensors:
        original, hf = names[t.name]
        values = dequantize(t.data, t.tensor_type).reshape(original.shape).astype(np.float32)
        error = np.abs(values - original).max() / np.abs(original).max()
        assert error < 0.15, (t.name, error)
        for n, v in zip(hf, values if len(hf) > 1 else [values]):
            result[n] = v[:, None, :] if n.endswith("conv.conv.weight") else v
    assert result.keys() == weights.keys()
    return result


# ---- oracle --------------------------------------------------------------------------------------------------------------------

def load_oracle(config, weights, scratch):
    """Transformers' own loader on float32 files of these weights."""
    os.makedirs(scratch, exist_ok=True)
    write_json(f"{scratch}/config.json", config)
    save_file({n: torch.from_numpy(np.ascontiguousarray(a)) for n, a in weights.items()}, f"{scratch}/model.safetensors", metadata={"format": "pt"})
    return load_directory(scratch)


def load_directory(path):
    model, info = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"], info
    if hasattr(model, "set_experts_implementation"):
        model.set_experts_implementation("eager")
    return model.eval()


@torch.no_grad()
def run(model, ids):
    """Logits [batch, t, V] of full sequences without a cache, and each sequence's smallest routing margin."""
    margins = []

    def record(block, inputs):
        scores = torch.sigmoid(inputs[0] @ block.gate.weight.T) + block.expert_bias
        top = scores.topk(block.gate.top_k + 1, dim=-1).values
        margins.append((top[..., -2] - top[..., -1]).flatten(1).min(1).values)

    hooks = [m.register_forward_pre_hook(record) for m in model.modules() if type(m).__name__ == "Lfm2MoeSparseMoeBlock"]
    logits = model(ids, use_cache=False).logits
    for hook in hooks:
        hook.remove()
    return logits, torch.stack(margins).min(0).values if margins else torch.full((len(ids),), torch.inf)


def greedy(model, prompts):
    ids, gap = prompts, torch.full((len(prompts),), torch.inf)
    for _ in range(GREEDY):
        logits, _ = run(model, ids)
        best = logits[:, -1].topk(2)
        gap = torch.minimum(gap, best.values[:, 0] - best.values[:, 1])
        ids = torch.cat([ids, best.indices[:, :1]], 1)
    return ids[:, prompts.shape[1]:], gap, run(model, ids)[1]


def make_case(name, files, model, seed):
    generator = torch.Generator().manual_seed(seed)
    draw = lambda count, length: torch.randint(0, VOCAB, (count, length), generator=generator)
    candidates = draw(24, LENGTH)
    best = run(model, candidates)[1].argmax()
    tokens = candidates[best:best + 1]
    logits, route_margin = run(model, tokens)
    logits[0].numpy().astype("<f4").tofile(f"{OUT}/{name}.logits.f32")
    prompts = []
    for length in (1, 5, 12, 30):
        starts = draw(24, length)
        continuations, gaps, routes = greedy(model, starts)
        varied = torch.tensor([len(set(c.tolist())) for c in continuations]) >= 30  # not stuck in a short loop
        for i in (torch.minimum(gaps, 20 * routes) * varied).argsort(descending=True)[:2]:
            prompts.append(dict(prompt=starts[i].tolist(), greedy=continuations[i].tolist(), greedy_margin=round(gaps[i].item(), 6),
                                route_margin=None if routes[i].isinf() else round(routes[i].item(), 7)))
    print(f"{name}: logit std {logits.std():.2f}, largest {logits.abs().max():.2f}, route margin {route_margin.item():.2e}, greedy margins",
          [p["greedy_margin"] for p in prompts], "distinct greedy tokens", [len(set(p["greedy"])) for p in prompts])
    return dict(name=name, files=files, vocab_size=VOCAB, logits=f"{name}.logits.f32", tokens=tokens[0].tolist(),
                route_margin=None if route_margin.isinf() else round(route_margin.item(), 7), prompts=prompts)


def main():
    torch.manual_seed(0)
    torch.set_num_threads(2)
    cases = []
    for name, config, seed in (("lfm2", dense_config(), 11), ("lfm2-untied", dense_config(tie_word_embeddings=False, conv_bias=True), 12)):
        weights = make_weights(config, seed)
        write_safetensors(f"{OUT}/{name}", config, weights, False)
        cases.append(make_case(name, [name], load_directory(f"{OUT}/{name}"), 100 + seed))

    config = moe_config(["conv", "full_attention", "conv"])
    weights = make_weights(config, 13)
    write_safetensors(f"{OUT}/lfm2moe", config, weights, True)
    scratch = os.environ.get("TMPDIR", "/tmp") + "/tidemark_golden"
    floats = [T.F32, T.F16, T.BF16]
    for kind in floats + [T.Q8_0, T.Q4_0]:
        write_gguf(f"{OUT}/lfm2moe-{kind.name.lower()}.gguf", config, weights, kind)
    for kind in floats:
        read = read_gguf(f"{OUT}/lfm2moe-{kind.name.lower()}.gguf", config, weights)
        assert all((read[n] == weights[n]).all() for n in weights), kind
    cases.append(make_case("lfm2moe", ["lfm2moe"] + [f"lfm2moe-{k.name.lower()}.gguf" for k in floats], load_directory(f"{OUT}/lfm2moe"), 113))

    wide = dict(hidden_size=256, intermediate_size=256)
    wide_moe = moe_config(["conv", "full_attention"], moe_intermediate_size=256, num_experts=3, **wide)
    wide_dense = dense_config(tie_word_embeddings=False, **wide) | dict(layer_types=["conv", "full_attention"], num_hidden_layers=2)
    wide_moe_weights, wide_dense_weights = make_weights(wide_moe, 14), make_weights(wide_dense, 15)
    write_gguf(f"{OUT}/lfm2moe-wide-q4_k.gguf", wide_moe, wide_moe_weights, T.Q4_K, T.Q6_K)
    write_gguf(f"{OUT}/lfm2-wide-q6_k.gguf", wide_dense, wide_dense_weights, T.Q6_K)
    for name, c, w, seed in (("lfm2moe-q8_0", config, weights, 114), ("lfm2moe-q4_0", config, weights, 115),
                             ("lfm2moe-wide-q4_k", wide_moe, wide_moe_weights, 116), ("lfm2-wide-q6_k", wide_dense, wide_dense_weights, 117)):
        read = read_gguf(f"{OUT}/{name}.gguf", c, w)
        cases.append(make_case(name, [f"{name}.gguf"], load_oracle(c, read, scratch), seed))
    with open(f"{OUT}/golden.json", "w", encoding="utf-8") as f:
        f.write("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")


if __name__ == "__main__":
    main()
