"""Oracle values for tests/reports/statistics_test.cc, written to statistics.json beside this script.

Wilson intervals and quantiles come from scipy and numpy. The bootstrap is repeated here with an independent Philox4x32-10, so
that the C++ code must agree draw for draw. Made with numpy 2.4.6 and scipy 1.17.1; seeds are fixed below.
"""
import json
import pathlib

import numpy as np
from scipy.stats import binomtest

MASK = 0xFFFFFFFF


def philox(counter, key):
    counter, key = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [(b >> 32) ^ counter[1] ^ key[0], b & MASK, (a >> 32) ^ counter[3] ^ key[1], a & MASK]
        key = [(key[0] + 0x9E3779B9) & MASK, (key[1] + 0xBB67AE85) & MASK]
    return counter


def uniform(seed, stream, index):
    bits = philox([index & MASK, index >> 32, stream & MASK, stream >> 32], [seed & MASK, seed >> 32])
    return (((bits[0] << 32) | bits[1]) >> 11) * 2.0**-53


def bootstrap(sums, counts, seed, stream, resamples):
    """sums, counts: [clusters, parts]."""
    n = len(sums)
    chosen = np.array([int(uniform(seed, stream, i) * n) for i in range(resamples * n)]).reshape(resamples, n)
    draws = (sums[chosen].sum(1) / counts[chosen].sum(1)).mean(1)
    return [float(np.quantile(draws, 0.025)), float(np.quantile(draws, 0.975))]


def main():
    out = {"wilson": [], "quantiles": [], "bootstrap": []}
    for n in (1, 2, 5, 20, 541, 834, 100000):
        for k in sorted({0, 1, n // 3, n // 2, n - 1, n}):
            ci = binomtest(k, n).proportion_ci(0.95, method="wilson")
            out["wilson"].append({"k": k, "n": n, "low": ci.low, "high": ci.high})
    rng = np.random.default_rng(7)
    for n in (1, 2, 3, 10, 101):
        values = rng.exponential(size=n).round(6)
        out["quantiles"].append({"values": values.tolist(), "p": np.quantile(values, [0.5, 0.95, 0.99]).tolist()})
    for n, parts in ((2, 1), (7, 1), (20, 1), (20, 4)):
        counts = rng.integers(1, 4, size=(n, parts))
        sums = rng.binomial(counts, 0.7)
        low, high = bootstrap(sums, counts, 99, 12345678901234567890, 300)
        out["bootstrap"].append({"sums": sums.tolist(), "counts": counts.tolist(), "seed": 99, "stream": 12345678901234567890,
                                 "resamples": 300, "low": low, "high": high})
    path = pathlib.Path(__file__).with_name("statistics.json")
    path.write_text(json.dumps(out) + "\n")


main()
