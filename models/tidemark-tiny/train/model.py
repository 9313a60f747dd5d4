"""The forward pass of Lfm2MoeForCausalLM written for training on a CPU: same parameter names, same results (check with `python3 model.py`).

What differs from the class: the routed tokens are sorted and go through batched products instead of a mask per expert, and logits only where they are wanted. Batches are
padded on the right, so a causal model needs no attention mask.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

CONFIG = dict(
    architectures=["Lfm2MoeForCausalLM"], model_type="lfm2_moe", vocab_size=2048, hidden_size=256, num_hidden_layers=6,
    layer_types=["conv", "conv", "full_attention", "conv", "full_attention", "conv"], num_attention_heads=4, num_key_value_heads=2,
    intermediate_size=512, moe_intermediate_size=256, num_dense_layers=2, num_experts=8, num_experts_per_tok=2, use_expert_bias=True,
    norm_topk_prob=True, routed_scaling_factor=1.0, max_position_embeddings=4096, norm_eps=1e-5, conv_L_cache=3, conv_bias=False,
    tie_word_embeddings=True, rope_parameters={"rope_theta": 10000.0, "rope_type": "default"}, bos_token_id=1, eos_token_id=4, pad_token_id=0,
)
H, HEADS, KV, D, EPS = 256, 4, 2, 64, 1e-5


class Norm(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n))

    def forward(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.weight, EPS)


def linear(n, k):
    return nn.Linear(n, k, bias=False)


class Conv(nn.Module):
    def __init__(self):
        super().__init__()
        self.in_proj, self.out_proj = linear(H, 3 * H), linear(H, H)
        self.conv = nn.Conv1d(H, H, 3, groups=H, bias=False)

    def forward(self, x, rope):
        b, c, v = self.in_proj(x).chunk(3, -1)
        u = F.pad(b * v, (0, 0, 2, 0))
        w = self.conv.weight[:, 0]
        t = x.shape[1]
        return self.out_proj(c * (u[:, :t] * w[:, 0] + u[:, 1:t + 1] * w[:, 1] + u[:, 2:] * w[:, 2]))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = linear(H, HEADS * D), linear(H, KV * D), linear(H, KV * D), linear(HEADS * D, H)
        self.q_layernorm, self.k_layernorm = Norm(D), Norm(D)

    def forward(self, x, rope):
        b, t, _ = x.shape
        cos, sin = rope

        def turn(y):
            first, second = y.chunk(2, -1)
            return y * cos[:t] + torch.cat((-second, first), -1) * sin[:t]
        q = turn(self.q_layernorm(self.q_proj(x).view(b, t, HEADS, D)).transpose(1, 2))
        k = turn(self.k_layernorm(self.k_proj(x).view(b, t, KV, D)).transpose(1, 2))
        v = self.v_proj(x).view(b, t, KV, D).transpose(1, 2)
        k, v = k.repeat_interleave(HEADS // KV, 1), v.repeat_interleave(HEADS // KV, 1)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out_proj(y.transpose(1, 2).reshape(b, t, HEADS * D))


class Dense(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.w1, self.w3, self.w2 = linear(H, width), linear(H, width), linear(width, H)

    def forward(self, x):
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class Experts(nn.Module):
    def __init__(self, e, width):
        super().__init__()
        self.gate_up_proj = nn.Parameter(torch.empty(e, 2 * width, H))
        self.down_proj = nn.Parameter(torch.empty(e, H, width))


class Gate(nn.Module):
    def __init__(self, e):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(e, H))


class Mixture(nn.Module):
    def __init__(self, e=8, k=2, width=256):
        super().__init__()
        self.e, self.k = e, k
        self.experts, self.gate = Experts(e, width), Gate(e)
        self.register_buffer("expert_bias", torch.zeros(e))
        self.load = torch.zeros(e)  # tokens per expert of the last forward pass

    def forward(self, x):
        shape = x.shape
        x = x.reshape(-1, H)
        scores = torch.sigmoid(F.linear(x.float(), self.gate.weight.float()))
        chosen = (scores.detach() + self.expert_bias).topk(self.k, -1).indices
        w = scores.gather(1, chosen)
        w = w / (w.sum(-1, keepdim=True) + 1e-6)
        flat = chosen.reshape(-1)
        order = flat.argsort()
        counts = torch.bincount(flat, minlength=self.e)
        self.load = counts.float()
        # Every expert's rows padded to one capacity, a multiple of 256: few distinct shapes, so that compiled kernels are reused.
        capacity = -(-int(counts.max()) // 256) * 256
        starts = counts.cumsum(0) - counts
        experts = flat[order]
        place = experts * capacity + torch.arange(len(order)) - starts[experts]
        rows = x.new_zeros(self.e * capacity, H).index_copy(0, place, x[order // self.k]).view(self.e, capacity, H)
        gate, up = torch.bmm(rows, self.experts.gate_up_proj.transpose(1, 2)).chunk(2, -1)
        out = torch.bmm(F.silu(gate) * up, self.experts.down_proj.transpose(1, 2)).view(-1, H)
        back = torch.empty_like(order)
        back[order] = place
        y = out[back].view(-1, self.k, H) * w[..., None]
        return y.sum(1).view(shape)


class Layer(nn.Module):
    def __init__(self, i):
        super().__init__()
        self.operator_norm, self.ffn_norm = Norm(H), Norm(H)
        if CONFIG["layer_types"][i] == "conv":
            self.conv = Conv()
        else:
            self.self_attn = Attention()
        self.feed_forward = Dense(CONFIG["intermediate_size"]) if i < CONFIG["num_dense_layers"] else Mixture()

    def forward(self, x, rope):
        operator = self.conv if hasattr(self, "conv") else self.self_attn
        x = x + operator(self.operator_norm(x), rope)
        return x + self.feed_forward(self.ffn_norm(x))


class Body(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed_tokens = nn.Embedding(CONFIG["vocab_size"], H)
        self.layers = nn.ModuleList(Layer(i) for i in range(CONFIG["num_hidden_layers"]))
        self.embedding_norm = Norm(H)


class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.model = Body()
        inv = 1.0 / (CONFIG["rope_parameters"]["rope_theta"] ** (torch.arange(0, D, 2).float() / D))
        angle = torch.arange(CONFIG["max_position_embeddings"]).float()[:, None] * inv
        angle = torch.cat((angle, angle), -1)
        self.rope = (angle.cos(), angle.sin())
        self.start()

    def start(self):
        for name, p in self.named_parameters():
            if p.dim() >= 2:
                nn.init.normal_(p, std=0.02 if "embed" in name else p.shape[-1] ** -0.5 * (0.4 if ("out_proj" in name or "w2" in name or "down" in name) else 0.8))
            if name.endswith("conv.conv.weight"):
                nn.init.normal_(p, std=0.5)

    def forward(self, ids, where=None):
        """Logits of all positions, or [n, V] of the flat positions in `where`."""
        x = self.model.embed_tokens(ids)
        for layer in self.model.layers:
            x = layer(x, self.rope)
        x = self.model.embedding_norm(x)
        if where is not None:
            x = x.reshape(-1, H)[where]
        return F.linear(x, self.model.embed_tokens.weight)

    def mixtures(self):
        return [layer.feed_forward for layer in self.model.layers if isinstance(layer.feed_forward, Mixture)]


def transformers_model(state):
    from transformers import Lfm2MoeConfig, Lfm2MoeForCausalLM
    config = Lfm2MoeConfig(**CONFIG)
    config._attn_implementation = "eager"
    oracle = Lfm2MoeForCausalLM(config).float().eval()
    missing, unexpected = oracle.load_state_dict(state, strict=False)
    assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
    oracle.tie_weights()
    return oracle


def main():
    torch.manual_seed(1)
    ours = Tiny()
    for m in ours.mixtures():
        m.expert_bias.normal_(0, 0.05)
    oracle = transformers_model(ours.state_dict())
    ids = torch.randint(0, 2048, (2, 120))
    with torch.no_grad():
        a, b = ours(ids), oracle(ids, use_cache=False).logits
    print("largest difference", (a - b).abs().max().item(), "largest logit", b.abs().max().item())
    print("parameters", sum(p.numel() for p in ours.parameters()))


if __name__ == "__main__":
    main()
