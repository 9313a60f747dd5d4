"""Oracle values for tests/reports/intervals_test.cc and paired_test.cc, written to comparison.json beside this script.

McNemar, Holm and quantiles come from scipy and statsmodels; the power of the exact McNemar test is enumerated
over all outcomes; the cluster interval and the spread over runs are written a second time, in matrix form. Made with numpy
2.4.6, scipy 1.17.1 and statsmodels 0.15.0; seeds are fixed below.
"""
import json
import pathlib

import numpy as np
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests


def cluster_interval(sums, counts, k=0.05):
    """sums, counts: [clusters, parts]. The smoothed effective sample size of reports/intervals.h."""
    n = len(sums)
    m = counts.mean(0)
    value = (sums.sum(0) / counts.sum(0)).mean()
    # Pseudo-clusters as rows with weights: one all right, one all wrong, each of weight k / 2.
    s = np.vstack([sums, m, 0 * m])
    c = np.vstack([counts, m, m])
    w = np.array([1.0] * n + [k / 2, k / 2])
    ratio = (w @ s) / (w @ c)
    p = ratio.mean()
    z = ((s - ratio * c) / m).mean(1)
    v = (w @ z**2) / w.sum()  # as z has mean 0 under w
    assert abs(w @ z) < 1e-9 * w.sum()
    unbiased = v * w.sum() / (w.sum() - 1)
    effective = n / (unbiased / (p * (1 - p) + unbiased / w.sum()))
    psi = z**2 / v - 1 - z * (1 - 2 * p) / (p * (1 - p))
    q = stats.t.ppf(0.975, np.clip(2 * w.sum() ** 2 / max(w @ psi**2, 1e-12), 1, 1e6))
    centre = (value + q * q / (2 * effective)) / (1 + q * q / effective)
    half = q * np.sqrt(value * (1 - value) / effective + q * q / (4 * effective**2)) / (1 + q * q / effective)
    return float(max(centre - half, 0)), float(min(centre + half, 1))


def run_spread(sums, counts):
    """sums, counts: [samples, runs]; nothing missing."""
    n, runs = sums.shape
    z = (sums - sums.sum() / counts.sum() * counts) / counts.sum()
    total = n * np.var(z.sum(1), ddof=1)
    within = (runs * np.var(z, axis=1, ddof=1)).sum()
    return {"runs": (sums.sum(0) / counts.sum(0)).tolist(), "sampling": float(np.sqrt(max(total - within, 0))),
            "run_to_run": float(np.sqrt(within)), "total": float(np.sqrt(max(total, within)))}


def mcnemar_power(n, discordance, effect, alpha=0.05):
    gained = (discordance + effect) / 2 / discordance
    power = 0
    for m in range(n + 1):
        g = np.arange(m + 1)
        p_values = np.minimum(1, 2 * stats.binom.cdf(np.minimum(g, m - g), m, 0.5))
        power += stats.binom.pmf(m, n, discordance) * stats.binom.pmf(g, m, gained)[p_values <= alpha].sum()
    return float(power)


def main():
    rng = np.random.default_rng(11)
    out = {"mcnemar": [], "holm": [], "student": [], "cluster": [], "spread": [], "power": []}
    for b, c in ((0, 0), (0, 1), (0, 5), (0, 6), (1, 9), (7, 7), (10, 25), (40, 61), (3, 300)):
        p = float(mcnemar([[0, b], [c, 0]], exact=True).pvalue)
        assert b == c or abs(p - stats.binomtest(b, b + c).pvalue) < 1e-12
        out["mcnemar"].append({"lost": b, "gained": c, "p": 1.0 if b == c else p})
    for size in (1, 2, 5, 12):
        p = (rng.uniform(size=size) ** 3).round(6)
        out["holm"].append({"p": p.tolist(), "adjusted": multipletests(p, method="holm")[1].tolist()})
    for df in (1, 2.5, 38, 1000):
        out["student"].append({"df": df, "p": 0.975, "q": float(stats.t.ppf(0.975, df))})
    for n, parts, right in ((2, 1, 0.5), (20, 1, 0.05), (20, 1, 0), (40, 1, 1), (60, 2, 0.8), (100, 4, 0.3)):
        counts = rng.integers(1, 6, size=(n, parts))
        sums = rng.binomial(counts, right)
        low, high = cluster_interval(sums.astype(float), counts.astype(float))
        out["cluster"].append({"sums": sums.tolist(), "counts": counts.tolist(), "low": low, "high": high})
    for n, runs in ((5, 2), (30, 5)):
        counts = rng.integers(0, 4, size=(n, runs)) + (np.arange(n) % 2)[:, None]
        sums = rng.binomial(counts, rng.uniform(size=(n, 1)))
        out["spread"].append({"sums": sums.tolist(), "counts": counts.tolist()} | run_spread(sums, counts))
    for n, discordance, effect in ((20, 0.3, 0.3), (100, 0.1, -0.05), (300, 0.12, 0.05), (541, 0.15, 0.0)):
        out["power"].append({"n": n, "discordance": discordance, "effect": effect, "power": mcnemar_power(n, discordance, effect)})
    pathlib.Path(__file__).with_name("comparison.json").write_text(json.dumps(out) + "\n")


main()
