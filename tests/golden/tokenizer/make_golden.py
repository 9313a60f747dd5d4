#!/usr/bin/env python3
"""Writes the tokenizer oracles: tiny vocabularies of each class and hashes of what HF tokenizers makes of generated strings.

    python make_golden.py [--gguf llama-bpe.gguf]

Needs tokenizers (0.23.3 was used) and, for --gguf, gguf (0.19.0). Everything is deterministic; generator.json is the hand-written
input: snippets, white space, contractions and code-point ranges. The same generator stands in tests/tokenizer/oracle.h.

  llama3.json, gpt2.json, qwen2.json   vocabularies trained here on generated strings
  hashes.json                          variants (a vocabulary and a JSON merge patch); for each, one 64-bit hash per block of 1000
                                       strings: ids with special tokens parsed, ids without, and text of random ids
                                       splits: for each split, word lengths around every character that Unicode 14 assigns
With --gguf the real Llama 3 vocabulary (not part of the repository) is one more entry, "llama-bpe".
"""
import argparse
import collections
import copy
import json
import pathlib
import unicodedata

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

HERE = pathlib.Path(__file__).parent
MASK = (1 << 64) - 1
PRIME = 0x100000001B3
BLOCK = 1000

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
CL100K = (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+")
MIXED = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+")
QWEN2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
GPT2_SHORT = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


class Generator:
    """A 64-bit linear congruential generator over the tables of generator.json; one stream for each block of strings."""

    def __init__(self, tables, stream):
        self.tables = tables
        self.state = (0x9E3779B97F4A7C15 * (stream + 1)) & MASK

    def below(self, n):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & MASK
        return (self.state >> 33) % n

    def pick(self, name):
        return self.tables[name][self.below(len(self.tables[name]))]

    def string(self):
        out = []
        for _ in range(1 + self.below(12)):
            kind = self.below(100)
            if kind < 30:
                out.append(self.pick("snippets"))
            elif kind < 45:
                low, high = self.pick("ranges")
                for _ in range(1 + self.below(8)):
                    out.append(chr(low + self.below(high - low + 1)))
            elif kind < 62:
                for _ in range(1 + self.below(4)):
                    out.append(self.pick("spaces"))
            elif kind < 70:
                for _ in range(1 + self.below(6)):
                    out.append(chr(48 + self.below(10)))
            elif kind < 78:
                for _ in range(1 + self.below(3)):
                    out.append(chr(33 + self.below(15)))
            elif kind < 86:
                out.append(self.pick("contractions"))
            else:
                low, high = self.pick("ranges")
                out.append(chr(low + self.below(high - low + 1)))
        return "".join(out)


def hash_values(h, values):
    for value in values:
        h = ((h ^ (value + 1)) * PRIME) & MASK
    return (h * PRIME) & MASK


def split_then_bytes(pattern):
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"),
                                    pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def train(name, tables, size):
    tokenizer = Tokenizer(models.BPE())
    if name == "gpt2":
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    else:
        tokenizer.pre_tokenizer = split_then_bytes(LLAMA3 if name == "llama3" else QWEN2)
    if name == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.decoder = decoders.ByteLevel()
    source = Generator(tables, 1_000_000)
    texts = [source.string() for _ in range(20_000)]
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=[], show_progress=False))
    data = json.loads(tokenizer.to_str())
    vocab = data["model"]["vocab"]
    if name == "llama3":
        # Words that no merge makes, so that ignore_merges shows.
        data["model"]["ignore_merges"] = True
        counts = collections.Counter(word for text in texts for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text))
        unreachable = [word for word, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if word not in vocab]
        for word in unreachable[:80]:
            vocab[word] = len(vocab)
    if name == "gpt2":
        data["model"]["merges"] = [" ".join(merge) for merge in data["model"]["merges"]]
    for content, special in tables["added"]:
        data["added_tokens"].append(added_token(len(vocab) + len(data["added_tokens"]), content, special=special))
    return data


def added_token(number, content, **flags):
    return {"id": number, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
            "special": False, **flags}


def merge_patch(target, patch):
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    target = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        else:
            target[key] = merge_patch(target.get(key), value)
    return target


def variants(vocabularies):
    """(name, base, patch, blocks of 1000 strings)"""
    def flagged(base):
        vocab = vocabularies[base]["model"]["vocab"]
        contents = {
            "<mask>": dict(special=True, lstrip=True), "<sep>": dict(special=True, rstrip=True), "for": dict(single_word=True),
            "cafe\u0301": dict(normalized=True), "<|im_end|>": dict(special=True, lstrip=True, rstrip=True),
            "\uac00\u11a8": dict(normalized=True, single_word=True), "    ": dict(), "return x": dict(normalized=True, rstrip=True)}
        tokens, fresh = [], len(vocab)
        for content, flags in contents.items():
            tokens.append(added_token(vocab.get(content, fresh), content, **flags))
            fresh += content not in vocab
        return {"added_tokens": tokens}

    def split(pattern):
        return {"pre_tokenizer": json.loads(split_then_bytes(pattern).__getstate__())}

    yield "llama3", "llama3", {}, 100
    yield "gpt2", "gpt2", {}, 100
    yield "qwen2", "qwen2", {}, 100
    yield "llama3 by merges alone", "llama3", {"model": {"ignore_merges": False}}, 20
    yield "llama3 in cl100k writing", "llama3", split(CL100K), 20
    yield "llama3 in mixed writing", "llama3", split(MIXED), 20
    yield "gpt2 as a Split", "gpt2", split(GPT2), 10
    yield "gpt2 as a short Split", "gpt2", split(GPT2_SHORT), 10
    yield "gpt2 with a prefix space", "gpt2", {"pre_tokenizer": {"add_prefix_space": True}}, 10
    yield "gpt2 without a split", "gpt2", {"pre_tokenizer": {"use_regex": False}}, 10
    yield "gpt2 with flags", "gpt2", flagged("gpt2"), 20
    yield "qwen2 with flags", "qwen2", flagged("qwen2"), 20


def block_hashes(tokenizer, tables, blocks):
    ids_special, ids_plain, texts = [], [], []
    size = tokenizer.get_vocab_size()
    for block in range(blocks):
        source = Generator(tables, block)
        strings = [source.string() for _ in range(BLOCK)]
        for special, out in ((True, ids_special), (False, ids_plain)):
            tokenizer.encode_special_tokens = not special
            h = 0
            for encoding in tokenizer.encode_batch(strings, add_special_tokens=False):
                h = hash_values(h, encoding.ids)
            out.append(f"{h:016x}")
        h = 0
        for i in range(BLOCK):
            ids = [source.below(size) for _ in range(1 + source.below(12))]
            h = hash_values(h, tokenizer.decode(ids, skip_special_tokens=i % 2 == 0).encode())
        texts.append(f"{h:016x}")
    return {"special": ids_special, "plain": ids_plain, "decoded": texts}


def split_text(c):
    return f"a{c}b {c}1'{c}s{c}{c} \n{c}\n {c}2{c}3'r{c}  {c}x!{c}"


def split_hashes(pattern):
    """One hash for each 0x4000 code points: lengths in UTF-8 bytes of the words of split_text."""
    splitter = pre_tokenizers.Split(Regex(pattern), "isolated")
    out = []
    for start in range(0, 0x110000, 0x4000):
        h = 0
        for code_point in range(start, start + 0x4000):
            c = chr(code_point)
            if unicodedata.category(c) not in ("Cn", "Cs"):
                h = hash_values(h, [len(word.encode()) for word, _ in splitter.pre_tokenize_str(split_text(c))])
        out.append(f"{h:016x}")
    return out


def from_gguf(path):
    import gguf
    fields = gguf.GGUFReader(path).fields
    tokens, types, merges = (fields["tokenizer.ggml." + key].contents() for key in ("tokens", "token_type", "merges"))
    data = json.loads(Tokenizer(models.BPE()).to_str())
    data["pre_tokenizer"] = json.loads(split_then_bytes(LLAMA3).__getstate__())
    data["decoder"] = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    data["added_tokens"] = [added_token(i, text, special=True) for i, text in enumerate(tokens) if types[i] != 1]
    data["model"].update(ignore_merges=True, vocab={text: i for i, text in enumerate(tokens) if types[i] == 1}, merges=merges)
    return data


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gguf")
    arguments = parser.parse_args()
    assert unicodedata.unidata_version == "14.0.0", "the list of assigned characters must be that of Unicode 14"
    tables = json.loads((HERE / "generator.json").read_text())
    for low, high in tables["ranges"]:
        for c in range(low, high + 1):
            assert unicodedata.category(chr(c)) not in ("Cn", "Cs"), hex(c)
    vocabularies = {name: train(name, tables, size) for name, size in (("llama3", 1200), ("gpt2", 900), ("qwen2", 900))}
    for name, data in vocabularies.items():
        (HERE / f"{name}.json").write_text(json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n")
    result = {"unicode": 14, "splits": {}, "variants": []}
    for name, base, patch, blocks in variants(vocabularies):
        data = merge_patch(copy.deepcopy(vocabularies[base]), patch)
        tokenizer = Tokenizer.from_str(json.dumps(data))
        result["variants"].append({"name": name, "base": base, "patch": patch, **block_hashes(tokenizer, tables, blocks)})
        print(name, flush=True)
    if arguments.gguf:
        tokenizer = Tokenizer.from_str(json.dumps(from_gguf(arguments.gguf)))
        result["llama-bpe"] = block_hashes(tokenizer, tables, 100)
    for name, pattern in (("llama3", LLAMA3), ("gpt2", GPT2), ("qwen2", QWEN2)):
        result["splits"][name] = split_hashes(pattern)
    (HERE / "hashes.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
