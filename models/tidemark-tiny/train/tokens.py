"""Byte-level BPE of 2048 tokens with the published control tokens, trained on our own examples.

Merges never join two digits (training splits them singly), so numbers are read digit by digit although the file's pre-tokeniser is the
published one, which groups up to three.
"""
import json
import random

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

import data_facts
import data_format
import data_math

VOCAB = 2048
CONTROL = ["<|pad|>", "<|startoftext|>", "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"]
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TEMPLATE = (
    "{{- bos_token -}}\n"
    "{%- set ns = namespace(last_user=-1) -%}\n"
    "{%- for message in messages -%}{%- if message.role == 'user' -%}{%- set ns.last_user = loop.index0 -%}{%- endif -%}{%- endfor -%}\n"
    "{%- for message in messages -%}\n"
    "{%- set content = message.content -%}\n"
    "{%- if message.role == 'assistant' and loop.index0 < ns.last_user and '</think>' in content -%}\n"
    "{%- set content = content.split('</think>')[-1] | trim -%}\n"
    "{%- endif -%}\n"
    "{{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>\\n' -}}\n"
    "{%- endfor -%}\n"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}\n"
)


def splitter(pattern):
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), behavior="isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def corpus(count=6000):
    r = random.Random(5)
    for _ in range(count):
        for source in (data_format, data_format, data_math, data_facts):
            for message in source.training_example(r):
                yield message["content"].replace("<think>", "").replace("</think>", "")
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    for _ in range(200):
        yield " ".join(alphabet) + " " + " ".join(alphabet.upper())
        for word in data_format.EVAL_KEYWORDS + data_format.EVAL_ENDINGS + data_format.EVAL_TOPICS:
            yield " " + word
            yield " " + word.upper()


def train():
    """(tokens, merges): control tokens first, then bytes, then merged tokens."""
    t = Tokenizer(models.BPE(ignore_merges=True))
    t.pre_tokenizer = splitter(SPLIT.replace(r"\p{N}{1,3}", r"\p{N}"))
    t.train_from_iterator(corpus(), trainers.BpeTrainer(vocab_size=VOCAB - len(CONTROL), initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False))
    data = json.loads(t.to_str())["model"]
    tokens = CONTROL + [t for t, _ in sorted(data["vocab"].items(), key=lambda item: item[1])]
    merges = [m if isinstance(m, list) else m.split(" ") for m in data["merges"]]
    while len(tokens) < VOCAB:  # the corpus may hold fewer pairs: padded as published files are
        tokens.append(f"[PAD{len(tokens)}]")
    return tokens, merges


def build(tokens, merges):
    t = Tokenizer(models.BPE(vocab={x: i for i, x in enumerate(tokens)}, merges=[tuple(m) for m in merges], ignore_merges=True))
    t.pre_tokenizer = splitter(SPLIT)
    t.decoder = decoders.ByteLevel()
    t.add_special_tokens([AddedToken(x, special=True, normalized=False) for x in CONTROL])
    return t


def save(path):
    tokens, merges = train()
    path.write_text(json.dumps(dict(tokens=tokens, merges=merges), ensure_ascii=False), encoding="utf-8")


def load(path):
    data = json.loads(path.read_text(encoding="utf-8"))
    return build(data["tokens"], data["merges"]), data["tokens"], data["merges"]


def render(messages, generation=False):
    """The chat template in Python, for single-round chats (no past reasoning to strip)."""
    text = "<|startoftext|>" + "".join(f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in messages)
    return text + ("<|im_start|>assistant\n" if generation else "")
