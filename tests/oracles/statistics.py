"""Tests of luck, written from their definitions: every sum a loop, every split listed."""

import itertools
import math
from statistics import NormalDist


def mean(values):
    return math.fsum(values) / len(values)


def moments(values):
    """Return count, mean, variance over n - 1, skewness and kurtosis of what isn't NaN."""
    values = [v for v in values if v == v]
    n = len(values)
    if n == 0:
        return [0, math.nan, math.nan, math.nan, math.nan]
    m = mean(values)
    if n == 1:
        return [1, m, math.nan, math.nan, math.nan]
    if len(set(values)) == 1:
        return [n, m, 0.0, math.nan, math.nan]
    m2, m3, m4 = (mean([(v - m) ** k for v in values]) for k in (2, 3, 4))
    return [n, m, m2 * n / (n - 1), m3 / m2**1.5, m4 / m2**2]


def correlation(x, y):
    mx, my = mean(x), mean(y)
    xy = math.fsum((a - mx) * (b - my) for a, b in zip(x, y, strict=True))
    xx, yy = math.fsum((a - mx) ** 2 for a in x), math.fsum((b - my) ** 2 for b in y)
    return xy / math.sqrt(xx * yy)


def average_correlation(columns):
    return mean([correlation(x, y) for x, y in itertools.combinations(columns, 2)])


# ---- Sharpe ratios -------------------------------------------------------------------------


def sharpe(returns):
    """Return mean over deviation, 0 where there's none."""
    returns = [r for r in returns if r == r]
    if len(returns) < 2 or len(set(returns)) == 1:
        return 0.0
    m = mean(returns)
    return m / math.sqrt(math.fsum((r - m) ** 2 for r in returns) / (len(returns) - 1))


def probabilistic_sharpe(sr, n, skew, kurtosis, benchmark):
    spread = 1 - skew * sr + (kurtosis - 1) / 4 * sr**2
    return NormalDist().cdf((sr - benchmark) * math.sqrt(n - 1) / math.sqrt(spread))


def expected_maximum(n):
    """Return the expected maximum of n standard normal draws, by integration."""
    normal, step = NormalDist(), 1e-3
    grid = [-12 + step * i for i in range(24_001)]
    return math.fsum(x * n * normal.pdf(x) * normal.cdf(x) ** (n - 1) for x in grid) * step


# ---- overfitting -----------------------------------------------------------------------------


def overfitting(columns, blocks):
    """Return a row for every split: choice, its performance inside and outside, logit."""
    n = len(columns[0])
    edges = [k * n // blocks for k in range(blocks + 1)]
    rows = []
    for inside in itertools.combinations(range(blocks), blocks // 2):
        within, without = [], []
        for column in columns:
            cut = [column[edges[k] : edges[k + 1]] for k in range(blocks)]
            within.append(sharpe([r for k in inside for r in cut[k]]))
            without.append(sharpe([r for k in range(blocks) if k not in inside for r in cut[k]]))
        best = within.index(max(within))
        below = sum(value < without[best] for value in without)
        same = sum(value == without[best] for value in without)
        ranks = range(below + 1, below + same + 1)
        omega = mean(ranks) / (len(columns) + 1)
        rows.append((best, within[best], without[best], math.log(omega / (1 - omega))))
    return rows


# ---- superior ability ------------------------------------------------------------------------


def long_run_variance(series, block_size):
    n, p, m = len(series), 1 / block_size, mean(series)
    x = [value - m for value in series]
    total = math.fsum(v * v for v in x) / n
    for lag in range(1, n):
        kernel = (1 - lag / n) * (1 - p) ** lag + lag / n * (1 - p) ** (n - lag)
        total += 2 * kernel * math.fsum(x[t] * x[t + lag] for t in range(n - lag)) / n
    return total


def superior_ability(columns, draws, block_size, studentize):
    """Return the reality check's p-value and Hansen's three."""
    n = len(columns[0])
    means = [mean(column) for column in columns]
    deviations = [math.sqrt(max(long_run_variance(c, block_size), 0.0)) for c in columns]
    resampled = [[mean([c[i] for i in draw]) for draw in draws] for c in columns]

    def share(kept, scales, centres):
        """Return how often the best centred mean exceeds the best mean."""
        observed = max(means[s] / scales[s] for s in kept)
        best = [
            max((resampled[s][b] - centres[s]) / scales[s] for s in kept) for b in range(len(draws))
        ]
        return sum(value > observed for value in best) / len(draws)

    everything = range(len(columns))
    ones = [1.0] * len(columns)
    varying = [s for s in everything if len(set(columns[s])) > 1] if studentize else everything
    scales = deviations if studentize else ones
    threshold = [-d * math.sqrt(2 * math.log(math.log(n)) / n) for d in deviations]
    if not varying:
        return [share(everything, ones, means), math.nan, math.nan, math.nan]
    return [
        share(everything, ones, means),
        share(varying, scales, [max(m, 0.0) for m in means]),
        share(
            varying,
            scales,
            [m if m >= least else 0.0 for m, least in zip(means, threshold, strict=True)],
        ),
        share(varying, scales, means),
    ]


# ---- splits ----------------------------------------------------------------------------------


def purged(n, groups, tested, purge, embargo):
    """Return the bars that a split learns from and those it's tested on."""
    edges = [g * n // groups for g in range(groups + 1)]
    test = [t for g in tested for t in range(edges[g], edges[g + 1])]
    dropped = set(test)
    for g in tested:
        dropped.update(range(edges[g] - purge, edges[g]))
        dropped.update(range(edges[g + 1], edges[g + 1] + embargo))
    return [t for t in range(n) if t not in dropped], test
