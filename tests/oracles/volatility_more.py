"""Weighted, range-based and regressed volatility, and DCC, written from their definitions."""

import math
from itertools import pairwise

import numpy as np

NAN = math.nan


def add(values):
    """Add from left to right."""
    total = 0.0
    for value in values:
        total += value
    return total


def variance(values):
    """Return the variance over one less than there are values, 0 below two."""
    if len(values) < 2:
        return 0.0
    mean = add(values) / len(values)
    return add([(value - mean) * (value - mean) for value in values]) / (len(values) - 1)


# ---- the seed's forecast -----------------------------------------------------------------------


def garch_ewma_forecast(returns, p=1, q=1, mean="zero"):
    """Follow section 13 of the specification step by step."""
    n = len(returns)
    if n < 2 or not all(math.isfinite(r) for r in returns):
        return 0.0
    p, q = min(max(p, 1), 8, n), min(max(q, 1), 8, n)
    shocks = list(returns)
    if mean.lower() in ("constant", "mean"):
        average = add(returns) / n
        shocks = [r - average for r in returns]
    start = max(variance(shocks), 1e-12)
    alpha, beta = falling(p, 0.80, 0.08), falling(q, 0.85, 0.90)
    omega = max(1.0 - add(alpha) - add(beta), 1e-6) * start
    h = [start]
    for t in range(1, n + 1):
        arch = add([alpha[i - 1] * shocks[t - i] * shocks[t - i] for i in range(1, min(p, t) + 1)])
        garch = add([beta[j - 1] * h[t - j] for j in range(1, min(q, t) + 1)])
        h.append(max(omega + arch + garch, 1e-12))
    arch = add([alpha[i - 1] * shocks[n - i] * shocks[n - i] for i in range(1, p + 1)])
    garch = add([beta[j - 1] * h[n + 1 - j] for j in range(1, q + 1)])
    return math.sqrt(max(omega + arch + garch, 1e-12))


def falling(count, fall, total):
    """Return weights 1, fall, fall^2, ... scaled to a total."""
    weights = [1.0]
    while len(weights) < count:
        weights.append(weights[-1] * fall)
    scale = add(weights)
    return [weight / scale * total for weight in weights]


# ---- weights by age ----------------------------------------------------------------------------


def ewma_variance(returns, decay, start=None):
    """Return at each row the weighted mean of the squares so far; what isn't finite is skipped."""
    out, squares = [], []
    for r in returns:
        if math.isfinite(r):
            squares.append(r * r)
        ages = range(len(squares))
        weights = [(1.0 - decay) * decay**age for age in ages]
        total = math.fsum(w * s for w, s in zip(weights, reversed(squares), strict=True))
        if start is not None:
            out.append(total + decay ** len(squares) * start)
        else:
            out.append(total / math.fsum(weights) if squares else NAN)
    return out


def riskmetrics2006_variance(returns, tau0, tau1, kmax, rho, start=None):
    """Return the weighted sum of `kmax` of those."""
    taus = [tau1 * rho**k for k in range(kmax)]
    weights = [1.0 - math.log(tau) / math.log(tau0) for tau in taus]
    parts = [ewma_variance(returns, math.exp(-1.0 / tau), start) for tau in taus]
    return [
        math.fsum(w * v for w, v in zip(weights, row, strict=True)) / math.fsum(weights)
        for row in zip(*parts, strict=True)
    ]


# ---- bars --------------------------------------------------------------------------------------


def realized_vol(opens, highs, lows, closes, method):
    """Follow section 18 of the specification, and Rogers and Satchell (1991)."""
    n = len(closes)
    prices = [*opens, *highs, *lows, *closes]
    lengths = {len(opens), len(highs), len(lows), n}
    if n < 2 or len(lengths) > 1 or not all(math.isfinite(x) and x > 0 for x in prices):
        return NAN
    log = math.log
    bars = list(zip(opens, highs, lows, closes, strict=True))
    satchell = [log(h / o) * log(h / c) + log(d / o) * log(d / c) for o, h, d, c in bars]
    if method == "close_to_close":
        return math.sqrt(variance([log(b / a) for a, b in pairwise(closes)]))
    if method == "parkinson":
        return math.sqrt(add([log(h / d) ** 2 for _, h, d, _ in bars]) / (4 * n * log(2)))
    if method == "garman_klass":
        body = 2 * log(2) - 1
        terms = [log(h / d) ** 2 / 2 - body * log(c / o) ** 2 for o, h, d, c in bars]
        return math.sqrt(max(add(terms) / n, 0.0))
    if method == "rogers_satchell":
        return math.sqrt(max(add(satchell) / n, 0.0))
    if n < 3:
        return NAN
    m = n - 1
    k = 0.34 / (1.34 + (m + 1) / (m - 1))
    overnight = variance([log(opens[i] / closes[i - 1]) for i in range(1, n)])
    inside = variance([log(closes[i] / opens[i]) for i in range(1, n)])
    return math.sqrt(max(overnight + k * inside + (1 - k) * add(satchell[1:]) / m, 0.0))


# ---- HAR ---------------------------------------------------------------------------------------

TRANSFORMS = {
    "level": (lambda v: v, lambda f, s2: f),
    "sqrt": (np.sqrt, lambda f, s2: f * f + s2),
    "log": (np.log, lambda f, s2: np.exp(f + s2 / 2)),
}


def har_rows(rv, lags, transform, horizon):
    """Return regressors (T, K + 1) and target (T,), NaN where they can't be had."""
    forward, _ = TRANSFORMS[transform]
    rv = np.asarray(rv, dtype=float)
    with np.errstate(divide="ignore"):
        z = forward(rv)
    z[np.isinf(z)] = NAN
    x, y = np.full((len(z), len(lags) + 1), NAN), np.full(len(z), NAN)
    for t in range(len(z)):
        if t + 1 >= max(lags):
            x[t] = [1.0, *(z[t + 1 - lag : t + 1].mean() for lag in lags)]
        ahead = rv[t + 1 : t + 1 + horizon]
        if len(ahead) == horizon and not np.isnan(z[t + 1 : t + 1 + horizon]).any():
            y[t] = forward(ahead.mean())
    return x, y


def least_squares(x, y):
    """Return parameters and residual variance over the rows without NaN."""
    fine = np.isfinite(x).all(axis=1) & np.isfinite(y)
    params = np.linalg.lstsq(x[fine], y[fine], rcond=None)[0]
    resid = y[fine] - x[fine] @ params
    return params, resid @ resid / (fine.sum() - x.shape[1])


def rolling_har(rv, window, lags, transform="level", horizon=1, refit_every=1, least=10):
    """Refit over each window of rows whose target is known; a window of None holds all."""
    x, y = har_rows(rv, lags, transform, horizon)
    _, back = TRANSFORMS[transform]
    out, params, waited = np.full(len(y), NAN), None, refit_every
    for t in range(len(y)):
        waited += 1
        end = t - horizon + 1
        rows = slice(max(0, end - window) if window else 0, max(end, 0))
        count = (np.isfinite(x[rows]).all(axis=1) & np.isfinite(y[rows])).sum()
        if waited >= refit_every and count >= least:
            params, noise = least_squares(x[rows], y[rows])
            waited = 0
        if params is not None:
            out[t] = back(x[t] @ params, noise)
    return out


# ---- DCC ---------------------------------------------------------------------------------------


def dcc_correlations(z, target, a, b):
    """Return the correlation matrices of all rows and of the next one."""
    q, out = target, []
    for row in [*z, None]:
        scale = np.sqrt(np.diag(q))
        out.append(q / np.outer(scale, scale))
        if row is not None and np.isfinite(row).all():
            q = (1 - a - b) * target + a * np.outer(row, row) + b * q
    return np.array(out)


def dcc_loglikelihood(z, target, a, b):
    """Return the correlations' part of the log-likelihood."""
    total = 0.0
    for row, r in zip(z, dcc_correlations(z, target, a, b), strict=False):
        if np.isfinite(row).all():
            _, logdet = np.linalg.slogdet(r)
            total -= 0.5 * (logdet + row @ np.linalg.solve(r, row) - row @ row)
    return total


def dcc_pairs_loglikelihood(z, target, a, b):
    """Return the sum of it over neighbouring columns."""
    pairs = [slice(i, i + 2) for i in range(len(target) - 1)]
    return sum(dcc_loglikelihood(z[:, pair], target[pair, pair], a, b) for pair in pairs)


def simulate_dcc(rng, periods, target, a, b, burn=200):
    """Return residuals whose correlations move that way."""
    q, out = target, []
    for _ in range(periods + burn):
        scale = np.sqrt(np.diag(q))
        z = np.linalg.cholesky(q / np.outer(scale, scale)) @ rng.normal(size=len(q))
        q = (1 - a - b) * target + a * np.outer(z, z) + b * q
        out.append(z)
    return np.array(out[burn:])


# ---- coverage ----------------------------------------------------------------------------------


def bernoulli(hits, count, p):
    """Return log(p^hits (1 - p)^(count - hits)), 0 log 0 being 0."""
    total = hits * math.log(p) if hits else 0.0
    return total + ((count - hits) * math.log(1 - p) if count > hits else 0.0)


def coverage(returns, var, level):
    """Return hits and the likelihood ratios of Kupiec (1995) and Christoffersen (1998)."""
    states = [
        None if math.isnan(r) or math.isnan(v) else r < -v
        for r, v in zip(returns, var, strict=True)
    ]
    known = [s for s in states if s is not None]
    hits, count = sum(known), len(known)
    kupiec = 2 * (bernoulli(hits, count, hits / count) - bernoulli(hits, count, 1 - level))
    steps = [(s, t) for s, t in pairwise(states) if None not in (s, t)]
    n = {(i, j): steps.count((i, j)) for i in (False, True) for j in (False, True)}
    apart = together = 0.0
    for i in (False, True):
        row = n[i, False] + n[i, True]
        apart += bernoulli(n[i, True], row, n[i, True] / row) if row else 0.0
    ones = n[False, True] + n[True, True]
    together = bernoulli(ones, len(steps), ones / len(steps)) if steps else NAN
    return hits, kupiec, 2 * (apart - together)
