"""Time volatility from bars, weights and regressions beside pandas, NumPy and arch.

EWMA and RiskMetrics 2006 volatility, volatility from bars in trailing windows, HAR forecasts
that are refitted, and a DCC fit. Beside each stands what one writes without nanobook, and how far
apart the two are.

Run it from a checkout, with nanobook installed: ``python bench/bench_realized.py``.
"""

import argparse
import math

import numpy as np
import pandas as pd
from timing import Clock, machine, print_firsts, print_table, race

import nanobook

BARS, COLUMNS, WINDOW = 2520, 500, 63
METHODS = ("close_to_close", "parkinson", "garman_klass", "rogers_satchell", "yang_zhang")


def main():
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    rounds = 2 if parser.parse_args().quick else 6
    print(machine("numba", "numpy", "pandas", "scipy", "arch", "nanobook"))
    rng = np.random.default_rng(7)
    returns = pd.DataFrame(rng.normal(0.0004, 0.01, (BARS, COLUMNS)))
    _bench(
        f"ewma_volatility, {BARS} x {COLUMNS}",
        lambda: nanobook.ewma_volatility(returns),
        lambda: returns.pow(2).ewm(alpha=0.06, min_periods=10).mean() ** 0.5,
        rounds,
    )
    _bench(
        f"riskmetrics2006_volatility, {BARS} x {COLUMNS}",
        lambda: nanobook.riskmetrics2006_volatility(returns),
        lambda: pandas_riskmetrics(returns),
        max(1, rounds // 3),
    )
    bars = random_bars(rng)
    for method in METHODS:
        _bench(
            f"rolling_realized_vol, {method}, {BARS} x {COLUMNS}, windows of {WINDOW}",
            lambda method=method: nanobook.rolling_realized_vol(*bars, WINDOW, method),
            lambda method=method: pandas_realized(*bars, method),
            max(1, rounds // 2),
        )
    variance = np.exp(rng.normal(-9, 0.8, (1000, 5)))
    _bench(
        "rolling_har, 1000 x 5, windows of 500, refitted every day",
        lambda: nanobook.rolling_har(variance, 500),
        lambda: numpy_rolling_har(variance, 500),
        1,
    )
    series = 1e4 * variance[:, 0]
    _bench(
        "har_fit, 1000 variances (arch.HARX beside it)",
        lambda: nanobook.har_fit(series).params.to_numpy(),
        lambda: arch_har(series),
        rounds,
    )
    residuals = rng.normal(size=(1000, 10))
    kernel, target = _joint(), residuals.T @ residuals / 1000
    _bench(
        "likelihood of a DCC model, 1000 x 10",
        lambda: kernel(residuals, target, 0.03, 0.95, np.empty(1000)),
        lambda: numpy_dcc(residuals, target, 0.03, 0.95),
        rounds,
    )


def _bench(title, ours, plain, rounds):
    print(f"\n{title}")
    clocks = [Clock("ours", ours), Clock("plain", plain)]
    print_firsts(clocks)
    print_table(race(clocks, rounds))
    left, right = np.asarray(ours()), np.asarray(plain())
    apart = np.abs(left - right) / np.abs(right)
    nans = "same" if np.array_equal(np.isnan(left), np.isnan(right)) else "OTHER"
    print(f"largest relative difference {np.nanmax(apart):.1e}, {nans} NaNs")


def random_bars(rng):
    """Return open, high, low and close as frames."""
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, (BARS, COLUMNS)), axis=0))
    opened = close * np.exp(rng.normal(0, 0.008, close.shape))
    high = np.maximum(opened, close) * np.exp(np.abs(rng.normal(0, 0.004, close.shape)))
    low = np.minimum(opened, close) * np.exp(-np.abs(rng.normal(0, 0.004, close.shape)))
    return [pd.DataFrame(prices) for prices in (opened, high, low, close)]


def pandas_riskmetrics(returns):
    """Return RiskMetrics 2006 volatility, by one EWMA of pandas a component."""
    taus = 4.0 * 2.0 ** (np.arange(14) / 2.0)
    weights = 1.0 - np.log(taus) / math.log(1560.0)
    squares = returns.pow(2)
    parts = (
        weight * squares.ewm(alpha=1.0 - math.exp(-1.0 / tau), min_periods=10).mean()
        for tau, weight in zip(taus, weights / weights.sum(), strict=True)
    )
    return sum(parts) ** 0.5


def pandas_realized(opened, high, low, close, method):
    """Return volatility from bars in trailing windows, by pandas."""
    if method == "close_to_close":
        return np.log(close / close.shift()).rolling(WINDOW - 1).std()
    if method == "parkinson":
        return (np.log(high / low) ** 2).rolling(WINDOW).mean().div(4 * math.log(2)) ** 0.5
    body = np.log(close / opened)
    if method == "garman_klass":
        bars = np.log(high / low) ** 2 / 2 - (2 * math.log(2) - 1) * body**2
        return bars.rolling(WINDOW).mean() ** 0.5
    up, down = np.log(high / opened), np.log(low / opened)
    bars = up * (up - body) + down * (down - body)
    if method == "rogers_satchell":
        return bars.rolling(WINDOW).mean() ** 0.5
    count = WINDOW - 1
    share = 0.34 / (1.34 + (count + 1) / (count - 1))
    overnight = np.log(opened / close.shift()).rolling(count).var()
    spread = bars.iloc[1:].rolling(count).mean()
    variance = overnight + share * body.iloc[1:].rolling(count).var() + (1 - share) * spread
    return variance**0.5


def numpy_rolling_har(variance, window):
    """Return HAR forecasts, each window regressed afresh by NumPy."""
    out = np.full(variance.shape, np.nan)
    for s in range(variance.shape[1]):
        rv = variance[:, s]
        sums = np.concatenate([[0.0], np.cumsum(rv)])
        x = np.full((len(rv), 4), np.nan)
        x[:, 0] = 1.0
        for k, lag in enumerate((1, 5, 22)):
            x[lag - 1 :, k + 1] = (sums[lag:] - sums[:-lag]) / lag
        for t in range(21 + window // 2, len(rv)):
            rows = slice(max(21, t - window), t)
            params = np.linalg.lstsq(x[rows], rv[rows.start + 1 : t + 1], rcond=None)[0]
            out[t, s] = x[t] @ params
    return out


def arch_har(series):
    """Return the parameters of a HAR regression by arch."""
    from arch.univariate import HARX

    return np.asarray(HARX(series, lags=[1, 5, 22]).fit(disp="off").params)[:4]


def numpy_dcc(residuals, target, a, b):
    """Return the correlations' log-likelihood, by NumPy."""
    q, total = target, 0.0
    for z in residuals:
        scale = np.sqrt(np.diag(q))
        correlation = q / np.outer(scale, scale)
        _, logarithm = np.linalg.slogdet(correlation)
        total -= 0.5 * (logarithm + z @ np.linalg.solve(correlation, z) - z @ z)
        q = (1 - a - b) * target + a * np.outer(z, z) + b * q
    return total


def _joint():
    from nanobook.volatility.dcc_likelihood import joint_likelihood

    return joint_likelihood


if __name__ == "__main__":
    main()
