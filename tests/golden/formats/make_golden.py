#!/usr/bin/env python3
"""Makes the golden files of tests/formats.

blocks.bin / blocks.json   stored blocks of every block format and their float32 values, by gguf.quants.dequantize; random
                           bytes with sane scales, then adversarial blocks (infinite, NaN, subnormal, zero, huge scales).
mlx.bin / mlx.json         MLX affine groups and their values, by numpy in float32 (product rounded, then sum rounded).
quantize.bin / .json       float32 blocks and what gguf.quants.quantize makes of them.
shared_files.json          for each small GGUF file of the shared data (--shared DIR): where its tensors lie and a hash of
                           their dequantised float32 bits. The files themselves are not part of the repository.

NaNs are written as 0x7fc00000: which NaN an operation yields is not specified.

    python3 make_golden.py [--shared ../../../../shared/data/golden]

Made with gguf 0.19.0 and numpy 2.4.6, Python 3.11. Random seed 20261122.
"""

import argparse
import json
import pathlib

import gguf
import numpy as np
from gguf import GGMLQuantizationType as T

HERE = pathlib.Path(__file__).parent
RNG = np.random.default_rng(20261122)

# Offsets of half-precision scales within a block: what random bytes must not fill.
HALVES = {
    T.F16: [0], T.BF16: [], T.Q8_0: [0], T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2],
    T.Q2_K: [80, 82], T.Q3_K: [108], T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208],
    T.IQ4_NL: [0], T.IQ4_XS: [0], T.MXFP4: [],
}
ADVERSARIAL_HALVES = [0x0000, 0x8000, 0x0001, 0x83FF, 0x0400, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7E00, 0x7C01]


def float_bits(values):
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32).ravel().copy()
    bits[(bits & 0x7FFFFFFF) > 0x7F800000] = 0x7FC00000
    return bits


def hash_bits(bits):
    """Sum over i of splitmix64's finaliser of (i << 32 | bits[i]), modulo 2^64."""
    z = (np.arange(bits.size, dtype=np.uint64) << np.uint64(32)) | bits.astype(np.uint64)
    with np.errstate(over="ignore"):
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return f"{int(np.sum(z ^ (z >> np.uint64(31)), dtype=np.uint64)):016x}"


class Bin:
    """A binary file and the index of what was appended to it."""

    def __init__(self):
        self.data = bytearray()

    def add(self, array):
        raw = np.ascontiguousarray(array).tobytes()
        start = len(self.data)
        self.data += raw
        return {"offset": start, "bytes": len(raw)}


def blocks_of(qtype):
    block_values, block_bytes = gguf.GGML_QUANT_SIZES[qtype]
    sane = 8 if block_values == 256 else 32 if block_values == 32 else 64
    rows = []
    for i in range(sane):
        block = RNG.integers(0, 256, block_bytes, dtype=np.uint8)
        for at in HALVES[qtype]:
            block[at:at + 2] = np.array([RNG.normal() * 0.01], dtype=np.float16).view(np.uint8)
        if qtype == T.MXFP4:
            block[0] = [0, 1, 2, 3, 126, 127, 254, 255][i] if i < 8 else RNG.integers(100, 140)
        rows.append(block)
    if qtype == T.BF16:
        extra = np.array([0, 0x8000, 1, 0x7F80, 0xFF80, 0x7FC0, 0x7F7F, 0x007F], dtype=np.uint16)
        rows += list(extra.view(np.uint8).reshape(-1, 2))
    for k, half in enumerate(ADVERSARIAL_HALVES if HALVES[qtype] else []):
        block = RNG.integers(0, 256, block_bytes, dtype=np.uint8)
        for j, at in enumerate(HALVES[qtype]):
            value = ADVERSARIAL_HALVES[(k + 3 * j) % len(ADVERSARIAL_HALVES)] if j else half
            block[at:at + 2] = np.array([value], dtype=np.uint16).view(np.uint8)
        rows.append(block)
    return np.stack(rows)


def make_blocks():
    out, index = Bin(), []
    with np.errstate(all="ignore"):
        for qtype in HALVES:
            blocks = blocks_of(qtype)
            values = gguf.quants.dequantize(blocks, qtype)
            index.append({"format": qtype.name.lower(), "ggml_type": int(qtype), "blocks": len(blocks),
                          "src": out.add(blocks), "dst": out.add(float_bits(values))})
    return out, index


def make_mlx():
    out, index = Bin(), []
    for bits in (2, 3, 4, 5, 6, 8):
        for group in (32, 64, 128):
            for scale_format in ("bf16", "f16", "f32"):
                groups = 2
                q = RNG.integers(0, 1 << bits, groups * group, dtype=np.uint64)
                stream = ((q[:, None] >> np.arange(bits, dtype=np.uint64)) & np.uint64(1)).astype(np.uint8).ravel()
                scales, biases = (RNG.normal(size=groups) * 0.02).astype(np.float32), RNG.normal(size=groups).astype(np.float32)
                if scale_format == "bf16":
                    stored = [(a.view(np.uint32) >> 16).astype(np.uint16) for a in (scales, biases)]
                    scales, biases = [(a.astype(np.uint32) << 16).view(np.float32) for a in stored]
                elif scale_format == "f16":
                    stored = [a.astype(np.float16) for a in (scales, biases)]
                    scales, biases = [a.astype(np.float32) for a in stored]
                else:
                    stored = [scales, biases]
                values = q.astype(np.float32).reshape(groups, group) * scales[:, None] + biases[:, None]
                index.append({"format": f"mlx_q{bits}_g{group}", "scale_format": scale_format,
                              "quants": out.add(np.packbits(stream, bitorder="little")), "scales": out.add(stored[0]),
                              "biases": out.add(stored[1]), "dst": out.add(float_bits(values))})
    return out, index


def quantize_inputs():
    blocks = [RNG.normal(size=32).astype(np.float32) * np.float32(10.0 ** RNG.integers(-4, 3)) for _ in range(40)]
    blocks.append(np.zeros(32, dtype=np.float32))
    blocks.append(np.full(32, 0.37, dtype=np.float32))
    blocks.append(-np.full(32, 3.0, dtype=np.float32))
    blocks.append(np.arange(32, dtype=np.float32) - 16)           # ties
    blocks.append((np.arange(32, dtype=np.float32) - 16) / 2)
    blocks.append(np.abs(RNG.normal(size=32)).astype(np.float32))
    blocks.append(np.where(np.arange(32) % 2 == 0, 1.0, -1.0).astype(np.float32))  # two values of the same magnitude
    blocks.append((RNG.normal(size=32) * 1e5).astype(np.float32))   # scale near the largest half
    blocks.append((RNG.normal(size=32) * 1e-6).astype(np.float32))  # subnormal half scale
    return np.stack(blocks)


def make_quantize():
    out, x = Bin(), quantize_inputs()
    index = {"src": out.add(x), "formats": []}
    with np.errstate(all="ignore"):
        for qtype in (T.F16, T.BF16, T.Q8_0, T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1):
            index["formats"].append({"format": qtype.name.lower(), "dst": out.add(gguf.quants.quantize(x, qtype))})
    return out, index


def make_shared(directory):
    files = []
    for path in sorted(pathlib.Path(directory).glob("*.gguf")):
        tensors = []
        for t in gguf.GGUFReader(path).tensors:
            values = gguf.quants.dequantize(t.data, t.tensor_type)
            tensors.append([t.name, t.tensor_type.name.lower(), int(t.data_offset), int(t.n_elements), hash_bits(float_bits(values))])
        files.append({"file": path.name, "tensors": tensors})
    return files


def write(name, binary, index):
    if binary is not None:
        (HERE / f"{name}.bin").write_bytes(binary.data)
    text = json.dumps(index, separators=(",", ":")).replace('},{"f', '},\n{"f').replace("],[", "],\n[")
    (HERE / f"{name}.json").write_text(text + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=pathlib.Path, help="folder of the small GGUF files")
    arguments = parser.parse_args()
    write("blocks", *make_blocks())
    write("mlx", *make_mlx())
    write("quantize", *make_quantize())
    if arguments.shared is not None:
        write("shared_files", None, make_shared(arguments.shared))


if __name__ == "__main__":
    main()
